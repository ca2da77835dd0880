"""Poisson likelihood of counts, from logarithms of rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT_FAST, njit
from .loss import Loss, check_loss_arrays, split_targets, sum_over_rows
from .workspace import Workspace

__all__ = ["Poisson"]


@dataclass(frozen=True)
class Poisson(Loss):
    """``exp(a) - a x`` for counts x of the rate ``exp(a)``; mean over features and rows.

    The negative log-likelihood less ``log x!``, which no output changes (Keras reports the same). Its gradient is
    ``exp(a) - x``.
    """

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` may be sparse."""
        check_loss_arrays(logits, targets, out)
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / (n * d))
        sparse, dense = split_targets(targets)

        def block(start: int, stop: int) -> float:
            a, row = logits[start:stop], out[start:stop]
            np.exp(a, out=row)
            if sparse is not None:
                return subtract_sparse(a, *sparse, start, scale, row)
            return subtract_dense(a, dense[start:stop], scale, row)

        with np.errstate(over="ignore"):  # the loss is then infinite, which training tells of
            return sum_over_rows(block, n, d) / (n * d)

    def mean(self, logits: NDArray) -> NDArray:
        """Return the rates."""
        return np.exp(logits)

    def check_targets(self, targets: Any, name: str = "X", *, n_outputs: int | None = None) -> None:
        """Raise for negative targets."""
        values = targets.data if isinstance(targets, CSRMatrix) else targets
        if values.size and not values.min() >= 0:
            raise ValueError(
                f"{name} must be at least 0 for the Poisson likelihood, got {values.min():g}; pass counts, or take "
                f"loss='squared_error' for any numbers"
            )


@njit(**JIT_FAST)
def subtract_dense(
    logits,  # IN   (N, D)
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)   rates in, scale * (rates - targets) out
):
    """Return the summed loss."""
    total = 0.0
    for i in range(logits.shape[0]):
        a, x, row = logits[i], targets[i], out[i]
        part = 0.0
        for j in range(a.shape[0]):
            part += row[j] - a[j] * x[j]
            row[j] = scale * (row[j] - x[j])
        total += part
    return total


@njit(**JIT_FAST)
def subtract_sparse(
    logits,  # IN   (n, D)
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    first,  # IN   row of the targets that belongs to logits[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)   rates in, scale * (rates - targets) out
):
    """Return the summed loss."""
    total = 0.0
    for i in range(logits.shape[0]):
        a, row = logits[i], out[i]
        part = 0.0
        for j in range(a.shape[0]):
            part += row[j]
            row[j] *= scale
        for p in range(indptr[first + i], indptr[first + i + 1]):
            j = indices[p]
            part -= a[j] * data[p]
            row[j] -= scale * data[p]
        total += part
    return total
