"""Distance of directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import kernel_view
from .loss import Loss, check_loss_arrays, sum_over_rows
from .workspace import Workspace

__all__ = ["CosineDistance"]


@dataclass(frozen=True)
class CosineDistance(Loss):
    """``1 - cos(a, x)``, mean over rows; 1 and without slope where either is zero."""

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` are dense (N, D)."""
        check_loss_arrays(logits, targets, out)
        n, d = logits.shape
        dense = kernel_view(targets)

        def block(start: int, stop: int) -> float:
            return turn_away(logits[start:stop], dense[start:stop], 1.0 / n, out[start:stop])

        return sum_over_rows(block, n, d) / n

    def mean(self, logits: NDArray) -> NDArray:
        """Return a copy of `logits`."""
        return logits.copy()


@njit(**JIT_FAST)
def turn_away(
    outputs,  # IN   (N, D)
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)
):
    """Return the summed loss."""
    # d cos / d a = x / (|a| |x|) - cos a / |a|**2
    total = 0.0
    for i in range(outputs.shape[0]):
        a, x, row = outputs[i], targets[i], out[i]
        product = squares_a = squares_x = 0.0
        for j in range(a.shape[0]):
            product += float(a[j]) * float(x[j])
            squares_a += float(a[j]) * float(a[j])
            squares_x += float(x[j]) * float(x[j])
        length = (squares_a * squares_x) ** 0.5
        if length == 0.0:
            total += 1.0
            for j in range(a.shape[0]):
                row[j] = 0.0
            continue
        cosine = product / length
        total += 1.0 - cosine
        by_x, by_a = scale / length, scale * cosine / squares_a
        for j in range(a.shape[0]):
            row[j] = by_a * a[j] - by_x * x[j]
    return total
