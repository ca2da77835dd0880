"""Softmax cross-entropy against one class a row."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from ..ops.softmax import exp_shifted_rows, softmax
from .loss import Loss, sum_over_rows
from .workspace import Workspace

__all__ = ["SoftmaxCrossEntropy"]


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """``-log softmax(a)_y`` for a class number y a row; mean over rows. Its gradient is ``softmax(a) - onehot(y)``."""

    def gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` are int32 class numbers, shape (N,)."""
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / n)
        largest = work.array("largest", (n,), logits.dtype)

        def block(start: int, stop: int) -> float:
            a, e, top = logits[start:stop], out[start:stop], largest[start:stop]
            exp_shifted_rows(a, top, e)
            return finish_classes(a, top, targets[start:stop], scale, e)

        return sum_over_rows(block, n, d) / n

    def mean(self, logits: NDArray) -> NDArray:
        """Return the softmax of `logits`: the probability of each class."""
        return softmax(logits)


@njit(**JIT_FAST)
def finish_classes(
    logits,  # IN   (N, K)
    largest,  # IN   (N,)     of each row of logits
    targets,  # IN   (N,)     int32, in [0, K)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, K)   exp(logits - largest) in, the gradient out
):
    total = 0.0
    for i in range(logits.shape[0]):
        row, k = out[i], targets[i]
        partition = 0.0
        for j in range(row.shape[0]):
            partition += row[j]
        factor = row.dtype.type(scale / partition)
        for j in range(row.shape[0]):
            row[j] *= factor
        row[k] -= scale
        total += math.log(partition) - (logits[i, k] - largest[i])
    return total
