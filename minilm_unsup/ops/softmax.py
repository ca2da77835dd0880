"""Softmax of rows."""

from __future__ import annotations

from numpy.typing import NDArray

from .._buffers import separate_empty
from .._validation import kernel_view
from .exponential import softmax_rows

__all__ = ["softmax"]


def softmax(X: NDArray, out: NDArray | None = None) -> NDArray:
    """Return ``exp(X) / exp(X).sum(axis=1)`` with each row shifted by its largest value, which changes nothing.

    Parameters
    ----------
    X : ndarray of shape (N, D), float32 or float64
    out : ndarray of shape (N, D), optional
        C-contiguous, and not `X`.
    """
    if out is None:
        out = separate_empty(X.shape, X.dtype)
    softmax_rows(kernel_view(X), X.max(axis=1), out)
    return out
