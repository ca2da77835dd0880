"""Multinomial cross-entropy: counts or weights of words against a softmax over the vocabulary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT_FAST, njit
from ..ops.softmax import exp_shifted_rows, softmax
from .loss import Loss, split_targets, sum_over_rows
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
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / n)
        largest = work.array("largest", (n,), logits.dtype)

        sparse, dense = split_targets(targets)

        def block(start: int, stop: int) -> float:
            a, e, top = logits[start:stop], out[start:stop], largest[start:stop]
            exp_shifted_rows(a, top, e)
            if sparse is not None:
                return finish_sparse(a, top, *sparse, start, scale, e)
            return finish_dense(a, top, dense[start:stop], scale, e)

        return sum_over_rows(block, n, d) / n

    def mean(self, logits: NDArray) -> NDArray:
        """Return the softmax of `logits`: the expected share of each feature."""
        return softmax(logits)

    def check_targets(self, targets: Any, name: str = "X") -> None:
        """Raise for negative targets."""
        values = targets.data if isinstance(targets, CSRMatrix) else targets
        if values.size and not values.min() >= 0:
            raise ValueError(
                f"{name} must be at least 0 for multinomial cross-entropy, got {values.min():g}; "
                f"pass counts or TF-IDF weights, or take loss='squared_error' for any numbers"
            )


@njit(**JIT_FAST)
def sum_row(
    e,  # IN   (D,)
):
    total = 0.0
    for first in range(0, e.shape[0], 512):  # short sums in the dtype of the row, long ones in float64
        stretch, part = e[first : first + 512], e.dtype.type(0)
        for j in range(stretch.shape[0]):
            part += stretch[j]
        total += part
    return total


@njit(**JIT_FAST)
def finish_dense(
    logits,  # IN   (N, D)
    largest,  # IN   (N,)     of each row of logits
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)   exp(logits - largest) in, the gradient out
):
    total = 0.0
    for i in range(logits.shape[0]):
        a, x, row = logits[i], targets[i], out[i]
        partition, mass = sum_row(row), sum_row(x)
        factor = a.dtype.type(scale * mass / partition)
        top, part = largest[i], a.dtype.type(0)
        for j in range(a.shape[0]):
            part += (a[j] - top) * x[j]
            row[j] = row[j] * factor - scale * x[j]
        total += mass * math.log(partition) - part
    return total


@njit(**JIT_FAST)
def finish_sparse(
    logits,  # IN   (n, D)
    largest,  # IN   (n,)     of each row of logits
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    first,  # IN   row of the targets that belongs to logits[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)    exp(logits - largest) in, the gradient out
):
    total = 0.0
    for i in range(logits.shape[0]):
        a, row, top = logits[i], out[i], largest[i]
        partition, mass, part = sum_row(row), 0.0, 0.0
        start, stop = indptr[first + i], indptr[first + i + 1]
        for p in range(start, stop):
            mass += data[p]
            part += (a[indices[p]] - top) * data[p]
        factor = a.dtype.type(scale * mass / partition)
        for j in range(a.shape[0]):
            row[j] *= factor
        for p in range(start, stop):
            row[indices[p]] -= scale * data[p]
        total += mass * math.log(partition) - part
    return total
