"""Products of a compressed-sparse-row matrix with dense ones, and the length of rows.

Every result is a function of its input alone: the split into blocks does not depend on the number of threads, and each
output value is summed by one thread in the order of the stored values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT, JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import kernel_view

__all__ = ["csr_matmul", "csr_transpose", "csr_transpose_matmul", "normalize_rows", "row_norms"]

ROW_BLOCK = 512
COLUMN_BLOCK = 32
# Sorting the values by column pays off once there are several a column; below that a direct scatter is cheaper.
VALUES_PER_COLUMN_TO_TRANSPOSE = 4


def csr_matmul(
    X: CSRMatrix, B: NDArray, out: NDArray | None = None, *, accumulate: bool = False, start: int = 0, stop: int = -1
) -> NDArray:
    """Return ``X @ B``.

    Parameters
    ----------
    X : CSRMatrix of shape (N, V), float32 or float64
        Checked by `check_matrix`.
    B : ndarray of shape (V, D)
        Brought to the common dtype of both, C-contiguous.
    out : ndarray of shape (stop - start, D), C-contiguous, optional
        Receives the result.
    accumulate : bool
        Add to `out` in place of assigning.
    start, stop : int
        Multiply these rows of `X` only; ``stop=-1`` means all.

    Returns
    -------
    ndarray of shape (stop - start, D)
    """
    stop = X.shape[0] if stop < 0 else stop
    if B.ndim != 2 or B.shape[0] != X.shape[1]:
        raise ValueError(
            f"B must have shape ({X.shape[1]}, any) to be multiplied by X of shape {X.shape}, got {B.shape}"
        )
    dtype = np.result_type(X.data, B)
    values = kernel_view(X.data.astype(dtype, copy=False))
    factor = kernel_view(np.ascontiguousarray(B, dtype=dtype))
    indices, indptr = kernel_view(X.indices), kernel_view(X.indptr)
    result = _output(out, (stop - start, B.shape[1]), dtype, accumulate)

    def multiply(first: int, last: int) -> None:
        multiply_rows(values, indices, indptr, factor, start + first, start + last, accumulate, result[first:last])

    map_blocks(multiply, stop - start, ROW_BLOCK)
    return result


def csr_transpose_matmul(
    X: CSRMatrix,
    Y: NDArray,
    out: NDArray | None = None,
    *,
    accumulate: bool = False,
    transposed: CSRMatrix | None = None,
) -> NDArray:
    """Return ``X.T @ Y``.

    Parameters
    ----------
    X : CSRMatrix of shape (N, V), float32 or float64
    Y : ndarray of shape (N, D)
    out : ndarray of shape (V, D), C-contiguous, optional
        Receives the result.
    accumulate : bool
        Add to `out` in place of assigning.
    transposed : CSRMatrix of shape (V, N), optional
        ``csr_transpose(X)``, worth keeping where the same `X` is multiplied more than once.

    Returns
    -------
    ndarray of shape (V, D)
    """
    if Y.ndim != 2 or Y.shape[0] != X.shape[0]:
        raise ValueError(
            f"Y must have shape ({X.shape[0]}, any) to be multiplied by X.T, X of shape {X.shape}, got {Y.shape}"
        )
    if transposed is None and X.nnz >= VALUES_PER_COLUMN_TO_TRANSPOSE * X.shape[1]:
        transposed = csr_transpose(X)
    if transposed is not None:
        return csr_matmul(transposed, Y, out, accumulate=accumulate)
    dtype = np.result_type(X.data, Y)
    values = kernel_view(X.data.astype(dtype, copy=False))
    factor = kernel_view(np.ascontiguousarray(Y, dtype=dtype))
    indices, indptr = kernel_view(X.indices), kernel_view(X.indptr)
    result = _output(out, (X.shape[1], Y.shape[1]), dtype, accumulate)
    if not accumulate:
        result.fill(0)

    def scatter(first: int, last: int) -> None:
        scatter_rows(values, indices, indptr, factor, first, last, result)

    map_blocks(scatter, Y.shape[1], COLUMN_BLOCK)
    return result


def csr_transpose(X: CSRMatrix) -> CSRMatrix:
    """Return the transposed matrix; in each of its rows the columns rise."""
    n_rows, n_columns = X.shape
    indptr = np.zeros(n_columns + 1, dtype=np.int64)
    np.cumsum(np.bincount(X.indices, minlength=n_columns), out=indptr[1:])
    values, rows = np.empty_like(X.data), np.empty(X.nnz, dtype=np.int32)
    cursor = indptr[:-1].copy()
    sort_by_column(kernel_view(X.data), kernel_view(X.indices), kernel_view(X.indptr), cursor, values, rows)
    return CSRMatrix(values, rows, indptr, (n_columns, n_rows))


def row_norms(X: NDArray | CSRMatrix, *, squared: bool = False) -> NDArray:
    """Return the Euclidean length of each row, shape (N,), summed in float64 and given in the dtype of `X`."""
    sums = np.empty(X.shape[0], dtype=np.float64)
    if isinstance(X, CSRMatrix):
        dtype = X.data.dtype
        sum_squares(kernel_view(X.data), kernel_view(X.indptr), sums)
    else:
        dtype = X.dtype
        values = kernel_view(np.ascontiguousarray(X)).reshape(-1)
        sum_squares(values, np.arange(X.shape[0] + 1, dtype=np.int64) * X.shape[1], sums)
    with np.errstate(over="ignore"):  # a length that the dtype cannot hold is infinite
        return (sums if squared else np.sqrt(sums)).astype(dtype, copy=False)


def normalize_rows(X: NDArray | CSRMatrix) -> NDArray | CSRMatrix:
    """Return `X` with each row brought to Euclidean length 1; rows of zeros stay zeros. The input is kept.

    Rows whose length the dtype cannot hold (values near its largest or smallest) are first scaled by a power of two.
    """
    lengths = row_norms(X)
    limits = np.finfo(lengths.dtype)
    extreme = ~((lengths > np.sqrt(limits.tiny) * 1e3) & (lengths < limits.max))
    if extreme.any():
        exponents = np.where(extreme, -np.frexp(_largest_of_rows(X))[1], 0)
        X = _scaled_by_powers(X, exponents)
        lengths = row_norms(X)
    lengths[lengths == 0] = 1
    if isinstance(X, CSRMatrix):
        values = X.data / np.repeat(lengths, np.diff(X.indptr))
        return CSRMatrix(values, X.indices, X.indptr, X.shape)
    return X / lengths[:, None]


def _largest_of_rows(X: NDArray | CSRMatrix) -> NDArray:
    """Return the largest absolute value of each row, shape (N,)."""
    if not isinstance(X, CSRMatrix):
        return np.abs(X).max(axis=1, initial=0)
    largest = np.zeros(X.shape[0], dtype=X.data.dtype)
    np.maximum.at(largest, X.row_numbers(), np.abs(X.data))
    return largest


def _scaled_by_powers(X: NDArray | CSRMatrix, exponents: NDArray) -> NDArray | CSRMatrix:
    """Return the rows of `X` times 2 to the power of their exponents."""
    if isinstance(X, CSRMatrix):
        values = np.ldexp(X.data, np.repeat(exponents, np.diff(X.indptr)))
        return CSRMatrix(values, X.indices, X.indptr, X.shape)
    return np.ldexp(X, exponents[:, None])


def _output(out: NDArray | None, shape: tuple[int, int], dtype: np.dtype, accumulate: bool) -> NDArray:
    if out is None:
        if accumulate:
            raise ValueError("accumulate=True needs out, the array to add to")
        return np.empty(shape, dtype=dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"out must be a writeable C-contiguous array of shape {shape} and dtype {dtype}, "
            f"got shape {out.shape} and dtype {out.dtype}"
        )
    return out


@njit(**JIT_FAST)
def multiply_rows(
    data,  # IN   (nnz,)
    indices,  # IN   (nnz,)       int32
    indptr,  # IN   (N + 1,)     int64
    B,  # IN   (V, D)
    start,  # IN   first row of X
    stop,  # IN   row after the last
    accumulate,  # IN   add to out
    out,  # OUT  (stop - start, D)
):
    n_columns = B.shape[1]
    for i in range(start, stop):
        row = out[i - start]
        if not accumulate:
            row[:] = 0
        p, end = indptr[i], indptr[i + 1]
        while p + 4 <= end:  # four at a time: a quarter of the loads and stores of the output row
            v0, v1, v2, v3 = data[p], data[p + 1], data[p + 2], data[p + 3]
            b0, b1, b2, b3 = B[indices[p]], B[indices[p + 1]], B[indices[p + 2]], B[indices[p + 3]]
            for d in range(n_columns):
                row[d] += v0 * b0[d] + v1 * b1[d] + v2 * b2[d] + v3 * b3[d]
            p += 4
        while p < end:
            v0 = data[p]
            b0 = B[indices[p]]
            for d in range(n_columns):
                row[d] += v0 * b0[d]
            p += 1


@njit(**JIT_FAST)
def scatter_rows(
    data,  # IN   (nnz,)
    indices,  # IN   (nnz,)       int32
    indptr,  # IN   (N + 1,)     int64
    Y,  # IN   (N, D)
    start,  # IN   first column of Y
    stop,  # IN   column after the last
    out,  # OUT  (V, D)       columns start..stop added to
):
    for i in range(Y.shape[0]):
        source = Y[i]
        for p in range(indptr[i], indptr[i + 1]):
            value = data[p]
            row = out[indices[p]]
            for d in range(start, stop):
                row[d] += value * source[d]


@njit(**JIT)
def sort_by_column(
    data,  # IN   (nnz,)
    indices,  # IN   (nnz,)     int32
    indptr,  # IN   (N + 1,)   int64
    cursor,  # WORK (V,)       int64  where each column starts in the output
    values,  # OUT  (nnz,)
    rows,  # OUT  (nnz,)     int32
):
    for i in range(indptr.shape[0] - 1):
        for p in range(indptr[i], indptr[i + 1]):
            column = indices[p]
            q = cursor[column]
            values[q] = data[p]
            rows[q] = i
            cursor[column] = q + 1


@njit(**JIT_FAST)
def sum_squares(
    data,  # IN   (nnz,)
    indptr,  # IN   (N + 1,)   int64
    sums,  # OUT  (N,)       float64
):
    for i in range(indptr.shape[0] - 1):
        total = 0.0
        for p in range(indptr[i], indptr[i + 1]):
            value = np.float64(data[p])
            total += value * value
        sums[i] = total
