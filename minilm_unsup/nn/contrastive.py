"""Each row against its partner, and against the partners of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_number
from ..ops.matmul import matmul
from ..ops.softmax import softmax
from .loss import Loss, check_loss_arrays
from .workspace import Workspace

__all__ = ["Contrastive"]


@dataclass(frozen=True)
class Contrastive(Loss):
    """InfoNCE: ``-log softmax_j(cos(u_i, v_j) / temperature)_i``, mean over the N pairs (van den Oord et al. 2018).

    The rows of the output are u_1 to u_N, then v_1 to v_N: two views of each of N things. At best it is above
    ``log N - I``, with I the information that the views share (section 2.3).

    Parameters
    ----------
    temperature : float, above 0
    """

    temperature: float = 0.05

    def __post_init__(self) -> None:
        check_number(self.temperature, "temperature", low=0, low_open=True)

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient by `logits` (2 N, D); `targets` are not looked at."""
        check_loss_arrays(logits, logits, out)
        if len(logits) % 2:
            raise ValueError(f"logits must have two rows a pair, one below the other, got {len(logits)} rows")
        n = len(logits) // 2
        lengths = np.sqrt(np.einsum("ij,ij->i", logits, logits, dtype=np.float64)).astype(logits.dtype)
        factors = 1 / np.where(lengths > 0, lengths, 1)[:, None]
        unit = np.multiply(logits, factors, out=work.array("unit", logits.shape, logits.dtype))
        U, V, scale = unit[:n], unit[n:], logits.dtype.type(1 / self.temperature)
        scores = matmul(U, V, work.array("scores", (n, n), logits.dtype), transpose_b=True)
        scores *= scale
        own = scores.diagonal().astype(np.float64)
        top = scores.max(axis=1)
        shares = softmax(scores, out=work.array("shares", (n, n), logits.dtype))
        value = float(np.mean(np.log(np.exp(scores - top[:, None]).sum(axis=1, dtype=np.float64)) + top - own))
        shares[np.arange(n), np.arange(n)] -= 1
        shares *= scale / n
        matmul(shares, V, out[:n])
        matmul(shares, U, out[n:], transpose_a=True)
        # forward: u = a / |a|, so d = (d - u (u . d)) / |a|
        along = np.einsum("ij,ij->i", unit, out)[:, None]
        out -= along * unit
        out *= factors
        return value

    def mean(self, logits: NDArray) -> NDArray:
        """Return a copy of `logits`."""
        return logits.copy()
