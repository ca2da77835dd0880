"""Multinomial cross-entropy: counts or weights of words against a softmax over the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from ..ops.exponential import multinomial_dense, multinomial_sparse
from ..ops.softmax import softmax
from .loss import Loss, check_loss_arrays, split_targets, sum_over_rows
from .workspace import Workspace

__all__ = ["Multinomial"]


@dataclass(frozen=True)
class Multinomial(Loss):
    """``-sum_j x_j log softmax(a)_j`` for targets of at least 0; summed over features, mean over rows.

    With ``s = sum_j x_j`` it is ``s * logsumexp(a) - a . x``, with the gradient ``s * softmax(a) - x``. Rows need not
    sum to one: a row of counts weighs as many words as it has.
    """

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` may be sparse."""
        check_loss_arrays(logits, targets, out)
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / n)
        largest = work.array("largest", (n,), logits.dtype)
        sparse, dense = split_targets(targets)

        def block(start: int, stop: int) -> float:
            a, top, row = logits[start:stop], largest[start:stop], out[start:stop]
            np.maximum.reduce(a, axis=1, out=top)
            if sparse is not None:
                return multinomial_sparse(a, top, *sparse, start, scale, row)
            return multinomial_dense(a, top, dense[start:stop], scale, row)

        return sum_over_rows(block, n, d) / n

    def mean(self, logits: NDArray) -> NDArray:
        """Return the softmax of `logits`: the expected share of each feature."""
        return softmax(logits)

    def check_targets(self, targets: Any, name: str = "X", *, n_outputs: int | None = None) -> None:
        """Raise for negative targets."""
        values = targets.data if isinstance(targets, CSRMatrix) else targets
        if values.size and not values.min() >= 0:
            raise ValueError(
                f"{name} must be at least 0 for multinomial cross-entropy, got {values.min():g}; "
                f"pass counts or TF-IDF weights, or take loss='squared_error' for any numbers"
            )
