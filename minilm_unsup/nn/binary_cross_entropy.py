"""Binary cross-entropy, from logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._validation import kernel_view
from ..ops.exponential import binary_dense, binary_sparse
from .activations import sigmoid
from .loss import BLOCK_VALUES, Loss, check_loss_arrays, split_targets, sum_over_rows
from .plan import Call
from .workspace import Workspace

__all__ = ["BinaryCrossEntropy"]


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """``-[x log s(a) + (1 - x) log(1 - s(a))]`` with s the sigmoid, for targets in [0, 1]; mean over features and rows.

    From the logits it is ``max(a, 0) - a x + log(1 + exp(-|a|))``, in which nothing overflows, with the gradient
    ``s(a) - x``. The mean over features is what Keras reports; the sum over features, the negative log-likelihood of a
    row in nats, is the number of features times as much.
    """

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` may be sparse."""
        check_loss_arrays(logits, targets, out)
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / (n * d))

        sparse, dense = split_targets(targets)

        def block(start: int, stop: int) -> float:
            if sparse is not None:
                return binary_sparse(logits[start:stop], *sparse, start, scale, out[start:stop])
            return binary_dense(logits[start:stop], dense[start:stop], scale, out[start:stop])

        return sum_over_rows(block, n, d) / (n * d)

    def bind_gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> Call:
        """Return the gradient as a call without arguments, with nothing looked up where one block holds all rows."""
        check_loss_arrays(logits, targets, out)
        n, d = logits.shape
        if n * d > BLOCK_VALUES:
            return super().bind_gradient(logits, targets, out, work=work)
        targets, scale, count = kernel_view(targets), logits.dtype.type(1.0 / (n * d)), n * d

        def gradient() -> float:
            return binary_dense(logits, targets, scale, out) / count

        return gradient

    def mean(self, logits: NDArray) -> NDArray:
        """Return the sigmoid of `logits`."""
        return sigmoid(logits)

    def check_targets(self, targets: Any, name: str = "X", *, n_outputs: int | None = None) -> None:
        """Raise for targets outside [0, 1]."""
        values = targets.data if isinstance(targets, CSRMatrix) else targets
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"{name} must lie in [0, 1] for binary cross-entropy, got values from {values.min():g} to "
                f"{values.max():g}; scale it, make it binary, or take loss='multinomial' for counts and weights of "
                f"words, or loss='squared_error' for any numbers"
            )
