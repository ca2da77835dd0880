"""Places of steps as turns of pairs of features."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit

__all__ = ["turn_heads", "turns"]

_BASE = 10_000.0


@lru_cache(maxsize=16)
def turns(n_steps: int, size: int, dtype: Any) -> tuple[NDArray, NDArray]:
    """Return cosine and sine of the angle of each step and pair, both (n_steps, size / 2): step * 10000**(-2 i / size).

    Su et al. 2021 (arXiv:2104.09864), eq. 15.
    """
    rates = _BASE ** (-np.arange(0, size, 2) / size)
    angles = np.arange(n_steps)[:, None] * rates
    return np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)


@njit(**JIT_FAST)
def turn_heads(
    X,  # OUT  (B, T, W)   the first heads of each row are turned
    n_heads,  # IN   heads that are turned
    cosines,  # IN   (T, d / 2)
    sines,  # IN   (T, d / 2)
    sign,  # IN   1, or -1 to turn back
):
    half = cosines.shape[1]
    factor = X.dtype.type(sign)
    for b in range(X.shape[0]):
        for t in range(X.shape[1]):
            cosine, sine = cosines[t], sines[t]
            for h in range(n_heads):
                first = X[b, t, 2 * half * h : 2 * half * h + half]
                second = X[b, t, 2 * half * h + half : 2 * half * (h + 1)]
                for j in range(half):
                    c, s = cosine[j], factor * sine[j]
                    x, y = first[j], second[j]
                    first[j] = x * c - y * s
                    second[j] = x * s + y * c
