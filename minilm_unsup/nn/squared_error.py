"""Squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .loss import Loss, check_loss_arrays, split_targets, sum_over_rows
from .workspace import Workspace

__all__ = ["SquaredError"]


@dataclass(frozen=True)
class SquaredError(Loss):
    """``(a - x)**2``; mean over features and rows, as Keras reports it. Its gradient is ``2 (a - x)``."""

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` may be sparse."""
        check_loss_arrays(logits, targets, out)
        n, d = logits.shape
        scale = logits.dtype.type(2.0 / (n * d))

        sparse, dense = split_targets(targets)

        def block(start: int, stop: int) -> float:
            a, row = logits[start:stop], out[start:stop]
            if sparse is not None:
                return square_sparse(a, *sparse, start, scale, row)
            return square_dense(a, dense[start:stop], scale, row)

        return sum_over_rows(block, n, d) / (n * d)

    def mean(self, logits: NDArray) -> NDArray:
        """Return a copy of `logits`."""
        return logits.copy()


@njit(**JIT_FAST)
def square_dense(
    outputs,  # IN   (N, D)
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)
):
    total = 0.0
    for i in range(outputs.shape[0]):
        a, x, row = outputs[i], targets[i], out[i]
        part = a.dtype.type(0)
        for j in range(a.shape[0]):
            difference = a[j] - x[j]
            part += difference * difference
            row[j] = scale * difference
        total += part
    return total


@njit(**JIT_FAST)
def square_sparse(
    outputs,  # IN   (n, D)
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    first,  # IN   row of the targets that belongs to outputs[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)
):
    total = 0.0
    for i in range(outputs.shape[0]):
        a, row = outputs[i], out[i]
        part = a.dtype.type(0)
        for j in range(a.shape[0]):
            part += a[j] * a[j]
            row[j] = scale * a[j]
        total += part
        for p in range(indptr[first + i], indptr[first + i + 1]):
            j = indices[p]
            # (a - x)**2 - a**2, exact where x is close to a
            difference = a[j] - data[p]
            total += (difference - a[j]) * (difference + a[j])
            row[j] = scale * difference
    return total
