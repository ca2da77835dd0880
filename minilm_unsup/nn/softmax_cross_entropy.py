"""Softmax cross-entropy against one class a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._validation import kernel_view
from ..ops.exponential import classes_dense
from ..ops.softmax import softmax
from .loss import BLOCK_VALUES, Loss, sum_over_rows
from .plan import Call
from .workspace import Workspace

__all__ = ["SoftmaxCrossEntropy"]


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """``-log softmax(a)_y`` for a class number y a row; mean over rows. Its gradient is ``softmax(a) - onehot(y)``."""

    def gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` are int32 class numbers, shape (N,)."""
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / n)
        classes, largest = kernel_view(targets), work.array("largest", (n,), logits.dtype)

        def block(start: int, stop: int) -> float:
            a, top = logits[start:stop], largest[start:stop]
            np.maximum.reduce(a, axis=1, out=top)
            return classes_dense(a, top, classes[start:stop], scale, out[start:stop])

        return sum_over_rows(block, n, d) / n

    def bind_gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> Call:
        """Return the gradient as a call without arguments, with nothing looked up where one block holds all rows."""
        n, d = logits.shape
        if n * d > BLOCK_VALUES:
            return super().bind_gradient(logits, targets, out, work=work)
        classes, scale = kernel_view(targets), logits.dtype.type(1.0 / n)
        largest, maximum = work.array("largest", (n,), logits.dtype), np.maximum.reduce

        def gradient() -> float:
            maximum(logits, axis=1, out=largest)
            return classes_dense(logits, largest, classes, scale, out) / n

        return gradient

    def mean(self, logits: NDArray) -> NDArray:
        """Return the softmax of `logits`: the probability of each class."""
        return softmax(logits)
