"""Softmax cross-entropy against one class a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_number, kernel_view
from ..ops.exponential import classes_dense
from ..ops.softmax import softmax
from .loss import BLOCK_VALUES, Loss, check_loss_arrays, sum_over_rows
from .plan import Call
from .workspace import Workspace

__all__ = ["SoftmaxCrossEntropy"]


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """``-log softmax(a)_y`` for a class number y a row; mean over rows. Its gradient is ``softmax(a) - onehot(y)``.

    For rows of probabilities in place of class numbers there is `Multinomial`: the same for rows that sum to 1.

    Parameters
    ----------
    smoothing : float in [0, 1)
        Share of the target that is spread over all classes alike (Szegedy et al. 2016, section 7).
    ignored : int, below 0, optional
        Class number of rows that do not count.
    """

    smoothing: float = 0.0
    ignored: int | None = None

    def __post_init__(self) -> None:
        check_number(self.smoothing, "smoothing", low=0, high=1, high_open=True)
        if self.ignored is not None:
            check_number(self.ignored, "ignored", integer=True, high=-1)

    def gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` are int32 class numbers, shape (N,).

        Raises
        ------
        ValueError
            If a class number is outside [0, D), or an array does not fit the logits.
        TypeError
            If the class numbers are no ints.
        """
        n, d = logits.shape
        check_loss_arrays(logits, targets, out, (n,))
        self.check_targets(targets, "targets", n_outputs=d)
        counted = self._count(targets)
        scale = logits.dtype.type(1.0 / counted)
        classes, largest = kernel_view(targets), work.array("largest", (n,), logits.dtype)

        def block(start: int, stop: int) -> float:
            a, top = logits[start:stop], largest[start:stop]
            np.maximum.reduce(a, axis=1, out=top)
            return classes_dense(a, top, classes[start:stop], self.smoothing, scale, out[start:stop])

        return sum_over_rows(block, n, d) / counted

    def _count(self, targets: NDArray) -> int:
        """Return how many rows count, 1 where none does."""
        return len(targets) if self.ignored is None else max(1, int(np.count_nonzero(targets >= 0)))

    def bind_gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> Call:
        """Return the gradient as a call without arguments, with nothing looked up where one block holds all rows.

        `targets` are a buffer that is filled later: its class numbers are taken to lie in [0, D), as `check_targets`
        has found for the data it is filled from.
        """
        n, d = logits.shape
        check_loss_arrays(logits, targets, out, (n,))
        if n * d > BLOCK_VALUES or self.ignored is not None:
            return super().bind_gradient(logits, targets, out, work=work)
        classes, scale, smoothing = kernel_view(targets), logits.dtype.type(1.0 / n), self.smoothing
        largest, maximum = work.array("largest", (n,), logits.dtype), np.maximum.reduce

        def gradient() -> float:
            maximum(logits, axis=1, out=largest)
            return classes_dense(logits, largest, classes, smoothing, scale, out) / n

        return gradient

    def mean(self, logits: NDArray) -> NDArray:
        """Return the softmax of `logits`: the probability of each class."""
        return softmax(logits)

    def check_targets(self, targets: Any, name: str = "y", *, n_outputs: int | None = None) -> None:
        """Raise unless `targets` are ints from 0 to ``n_outputs - 1``."""
        if targets.dtype.kind not in "iu":
            raise TypeError(f"{name} must be class numbers of an int dtype, got {targets.dtype}")
        if self.ignored is not None:
            targets = targets[targets != self.ignored]
        low, high = (int(targets.min()), int(targets.max())) if targets.size else (0, 0)
        if low < 0 or (n_outputs is not None and high >= n_outputs):
            last = "" if n_outputs is None else f" to {n_outputs - 1}, one for each output"
            raise ValueError(f"{name} must be class numbers from 0{last}, got {low} to {high}")
