"""Softmax of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import kernel_view

__all__ = ["exp_shifted_rows", "softmax"]


def softmax(X: NDArray, out: NDArray | None = None) -> NDArray:
    """Return ``exp(X) / exp(X).sum(axis=1)`` with each row shifted by its largest value, which changes nothing.

    Parameters
    ----------
    X : ndarray of shape (N, D), float32 or float64
    out : ndarray of shape (N, D), optional
    """
    out = np.empty_like(X) if out is None else out
    largest = np.empty(X.shape[0], dtype=X.dtype)
    exp_shifted_rows(kernel_view(X), largest, out)
    out /= out.sum(axis=1, keepdims=True)
    return out


def exp_shifted_rows(X: NDArray, largest: NDArray, out: NDArray) -> None:
    """Write ``exp(X - row maximum)`` to `out` and the maxima to `largest`."""
    shift_rows(X, largest, out)
    np.exp(out, out=out)


@njit(**JIT_FAST)
def shift_rows(
    X,  # IN   (N, D)
    largest,  # OUT  (N,)
    out,  # OUT  (N, D)   X less the largest value of its row
):
    for i in range(X.shape[0]):
        row, target = X[i], out[i]
        top = row[0]
        for j in range(row.shape[0]):
            top = max(top, row[j])
        largest[i] = top
        for j in range(row.shape[0]):
            target[j] = row[j] - top
