"""Gradients cut to a largest length."""

from __future__ import annotations

import math

from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._parallel import map_blocks

__all__ = ["clip_norm"]

BLOCK = 1 << 18


def clip_norm(grad: NDArray, most: float) -> float:
    """Scale `grad` in place to the length `most` if it is longer, and return its length before (Pascanu et al. 2013).

    Parameters
    ----------
    grad : ndarray of shape (P,)
    most : float, above 0
    """
    if len(grad) <= BLOCK:
        total = sum_squares(grad)
    else:
        total = sum(map_blocks(lambda start, stop: sum_squares(grad[start:stop]), len(grad), BLOCK))
    length = math.sqrt(total)
    if length > most:
        grad *= grad.dtype.type(most / length)
    return length


@njit(**JIT_FAST)
def sum_squares(
    values,  # IN   (n,)
):
    """Return the sum of the squares, in float64."""
    total = 0.0
    for i in range(values.shape[0]):
        total += float(values[i]) * float(values[i])
    return total
