"""Distances between rows, taken from differences and so exact where rows are close."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import kernel_view
from .sparse import normalize_rows

__all__ = ["condensed_distances", "pairwise_distances"]

# Rows of the second factor that stay in the first-level cache while a block of the first passes over them.
TILE = 32


def pairwise_distances(X: NDArray, Y: NDArray | None = None, *, metric: str = "euclidean") -> NDArray[np.float64]:
    """Return the distance of each row of `X` to each row of `Y`.

    Parameters
    ----------
    X : ndarray of shape (N, D), float32 or float64
    Y : ndarray of shape (M, D), optional
        `X` itself where it is left out.
    metric : {"euclidean", "sqeuclidean", "cosine"}
        ``1 - cos`` is half the squared distance of unit rows; a row of zeros is at distance 1 from every other.

    Returns
    -------
    ndarray of shape (N, M), float64
    """
    A, zero_a = _prepared(X, metric)
    B, zero_b = (A, zero_a) if Y is None else _prepared(Y, metric)
    if A.shape[1] != B.shape[1]:
        raise ValueError(f"X and Y must have as many columns as each other, got {A.shape[1]} and {B.shape[1]}")
    out = np.empty((len(A), len(B)))

    def measure(start: int, stop: int) -> None:
        block = out[start:stop]
        square_differences(A, B, start, stop, block)
        if metric == "euclidean":
            np.sqrt(block, out=block)
        elif metric == "cosine":
            block *= 0.5
            block[zero_a[start:stop]] = 1
            block[:, zero_b] = 1
            if Y is None:
                rows = np.arange(start, stop)
                block[rows - start, rows] = 0

    map_blocks(measure, len(A), _rows_of_work(len(B) * A.shape[1]))
    return out


def condensed_distances(X: NDArray, *, metric: str = "euclidean") -> NDArray[np.float64]:
    """Return the distances of all pairs i < j of rows, row by row, in one vector of N (N - 1) / 2 values.

    Parameters and metrics as in `pairwise_distances`; the order is that of ``scipy.spatial.distance.pdist``.
    """
    A, zero = _prepared(X, metric)
    n = len(A)
    out = np.empty(n * (n - 1) // 2)

    def measure(start: int, stop: int) -> None:
        first, last = _offset(start, n), _offset(stop, n)
        square_upper_differences(A, start, stop, out)
        part = out[first:last]
        if metric == "euclidean":
            np.sqrt(part, out=part)
        elif metric == "cosine":
            part *= 0.5
            if zero.any():
                for i in range(start, stop):
                    row = out[_offset(i, n) : _offset(i + 1, n)]
                    row[zero[i + 1 :] | zero[i]] = 1

    map_blocks(measure, n, _rows_of_work(n * A.shape[1]))
    return out


def _offset(i: int, n: int) -> int:
    """Return where row `i` starts in the condensed form."""
    return n * i - i * (i + 1) // 2


def _rows_of_work(work_per_row: int) -> int:
    """Return the rows of a block: about four million multiply-adds, a function of the shapes alone."""
    return max(TILE, -(-4_000_000 // max(1, work_per_row)) // TILE * TILE)


def _prepared(X: NDArray, metric: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if metric not in ("euclidean", "sqeuclidean", "cosine"):
        raise ValueError(f"metric must be one of 'euclidean', 'sqeuclidean', 'cosine', got {metric!r}")
    A = np.ascontiguousarray(X, dtype=np.float64)
    if metric != "cosine":
        return kernel_view(A), np.zeros(len(A), dtype=bool)
    A = np.asarray(normalize_rows(A))
    return A, np.asarray(~A.any(axis=1))


@njit(**JIT_FAST)
def square_differences(
    A,  # IN   (N, D)
    B,  # IN   (M, D)
    start,  # IN   first row of A
    stop,  # IN   row after the last
    out,  # OUT  (stop - start, M)  squared distances
):
    for tile in range(0, B.shape[0], TILE):
        end = min(tile + TILE, B.shape[0])
        for i in range(start, stop):
            a = A[i]
            for j in range(tile, end):
                b = B[j]
                total = 0.0
                for d in range(a.shape[0]):
                    difference = a[d] - b[d]
                    total += difference * difference
                out[i - start, j] = total


@njit(**JIT_FAST)
def square_upper_differences(
    A,  # IN   (N, D)
    start,  # IN   first row i
    stop,  # IN   row after the last
    out,  # OUT  (N (N - 1) / 2,)  squared distances of the pairs i < j, rows start..stop
):
    n = A.shape[0]
    for tile in range(start + 1, n, TILE):
        end = min(tile + TILE, n)
        for i in range(start, min(stop, end - 1)):
            a = A[i]
            base = n * i - i * (i + 1) // 2 - i - 1
            for j in range(max(tile, i + 1), end):
                b = A[j]
                total = 0.0
                for d in range(a.shape[0]):
                    difference = a[d] - b[d]
                    total += difference * difference
                out[base + j] = total
