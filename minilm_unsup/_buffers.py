"""Arrays kept apart in memory, so that compiled loops make the same bits wherever they lie.

Before a vectorised loop the compiler compares addresses: where an output starts a short way behind an input it could be
one array read and written, and the loop runs one value at a time instead. A sum that may be reassociated then comes out
in another order, so that for rows of a few dozen values the last digit would depend on where the allocator put the
arrays. With a gap on both sides of every buffer the answer is always the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GAP_BYTES", "separate_empty", "separate_zeros"]

# More than the widest step of an unrolled vector loop: four vectors of 64 bytes, with room for twice that.
GAP_BYTES = 1024


def separate_empty(shape: int | tuple[int, ...], dtype: Any) -> NDArray:
    """Return an uninitialised C-contiguous array with at least `GAP_BYTES` unused bytes on either side of it."""
    dtype = np.dtype(dtype)
    shape = (shape,) if isinstance(shape, int) else shape
    size = 1
    for length in shape:
        size *= int(length)
    memory = np.empty(size * dtype.itemsize + 2 * GAP_BYTES + 64, dtype=np.uint8)
    start = GAP_BYTES + (-memory.__array_interface__["data"][0]) % 64  # on a line of the cache
    return memory[start : start + size * dtype.itemsize].view(dtype).reshape(shape)


def separate_zeros(shape: int | tuple[int, ...], dtype: Any) -> NDArray:
    """Return `separate_empty` filled with zeros."""
    array = separate_empty(shape, dtype)
    array.fill(0)
    return array
