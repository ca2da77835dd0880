"""The matrix product under every layer, the K-means scores and search: BLAS, on fixed blocks of the output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .._parallel import blas_is_held, map_blocks, one_blas_thread

__all__ = ["bind_matmul", "matmul"]

# Multiply-adds that a block must hold to be worth handing to another thread (about 0.2 ms of one core).
_BLOCK_WORK = 8_000_000
_MOST_BLOCKS = 16


def matmul(
    A: NDArray,
    B: NDArray,
    out: NDArray | None = None,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    accumulate: bool = False,
) -> NDArray:
    """Return ``op(A) @ op(B)``, where ``op`` transposes if asked.

    The output is cut into blocks along its longer side by a rule that looks at the shapes alone, and every block is one
    single-threaded BLAS call, so the bits do not depend on the number of threads.

    Parameters
    ----------
    A : ndarray of shape (M, K), or (K, M) with `transpose_a`
        float32 or float64.
    B : ndarray of shape (K, N), or (N, K) with `transpose_b`
        Of the dtype of `A`.
    out : ndarray of shape (M, N), optional
        Where the product is written.
    accumulate : bool
        Add the product to `out` in place of assigning it.

    Returns
    -------
    ndarray of shape (M, N)
        `out`, or a new array.
    """
    if transpose_a:
        A = A.T
    if transpose_b:
        B = B.T
    m, k = A.shape
    n = B.shape[1]
    if out is None:
        out = np.empty((m, n), dtype=A.dtype)
        accumulate = False
    n_blocks = _count_blocks(m, n, k)
    if n_blocks <= 1:
        if blas_is_held():
            _multiply(A, B, out, accumulate)
        else:
            with one_blas_thread():
                _multiply(A, B, out, accumulate)
        return out
    by_rows = m >= n
    length = m if by_rows else n
    # Whole multiples of 16 keep every block on the wide BLAS kernels.
    size = -(-length // n_blocks)
    size = -(-size // 16) * 16

    def block(start: int, stop: int) -> None:
        if by_rows:
            _multiply(A[start:stop], B, out[start:stop], accumulate)
        else:
            _multiply(A, B[:, start:stop], out[:, start:stop], accumulate)

    map_blocks(block, length, size)
    return out


def bind_matmul(
    A: NDArray, B: NDArray, out: NDArray, *, transpose_a: bool = False, transpose_b: bool = False
) -> Callable[[], NDArray]:
    """Return ``matmul(A, B, out, ...)`` as a call without arguments, for products that are repeated on the same arrays.

    It is the same product by the same route, decided once. It may only be called while BLAS is held to one thread.
    """
    a, b = A.T if transpose_a else A, B.T if transpose_b else B
    if _count_blocks(a.shape[0], b.shape[1], a.shape[1]) <= 1 and out.flags.c_contiguous:
        return partial(a.dot, b, out)  # the method: np.dot passes through a dispatcher first
    return partial(matmul, a, b, out)


def _count_blocks(m: int, n: int, k: int) -> int:
    # A block packs all of the other factor for itself: up to four blocks early, more for products that are large.
    work = m * n * k
    return min(_MOST_BLOCKS, max(min(4, work // _BLOCK_WORK), work // (16 * _BLOCK_WORK)))


def _multiply(A: NDArray, B: NDArray, out: NDArray, accumulate: bool) -> None:
    if accumulate:
        out += A @ B
    elif out.flags.c_contiguous and A.flags.forc and B.flags.forc:
        A.dot(B, out)  # half a microsecond less than matmul, which counts for the small products of a network
    else:
        np.matmul(A, B, out=out)  # takes a slice of columns as it is; dot would copy it
