"""Rows of the data in the order of the epoch, gathered into buffers that are used again."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT, njit
from .._validation import kernel_view
from ..nn.workspace import Workspace

__all__ = ["checksum", "take_rows"]


def take_rows(X: NDArray | CSRMatrix, rows: NDArray[np.int64], work: Workspace) -> Any:
    """Return the given rows in the given order; they are valid until the next call with the same `work`."""
    if not isinstance(X, CSRMatrix):
        shape = (len(rows), *X.shape[1:])
        return X.take(rows, axis=0, out=work.array("rows", shape, X.dtype), mode="clip")
    indptr = work.array("indptr", (len(rows) + 1,), np.int64)
    np.subtract(X.indptr[1:][rows], X.indptr[:-1][rows], out=indptr[1:])
    indptr[0] = 0
    np.cumsum(indptr[1:], out=indptr[1:])
    nnz = int(indptr[-1])
    data, indices = work.vector("data", nnz, X.dtype), work.vector("indices", nnz, np.int32)
    gather_rows(
        kernel_view(X.data), kernel_view(X.indices), kernel_view(X.indptr), kernel_view(rows), indptr, data, indices
    )
    return CSRMatrix(data, indices, indptr, (len(rows), X.shape[1]))


def checksum(X: NDArray | CSRMatrix) -> int:
    """Return a checksum of the values, to tell other data from the same."""
    if isinstance(X, CSRMatrix):
        return zlib.crc32(X.indices.data, zlib.crc32(X.data.data))
    return zlib.crc32(np.ascontiguousarray(X).data)


@njit(**JIT)
def gather_rows(
    data,  # IN   (nnz,)
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    rows,  # IN   (B,)      int64
    starts,  # IN   (B + 1,)  int64  where each row starts in the output
    out_data,  # OUT  (n,)
    out_indices,  # OUT  (n,)      int32
):
    for i in range(rows.shape[0]):
        source = indptr[rows[i]]
        for q in range(starts[i], starts[i + 1]):
            out_data[q] = data[source]
            out_indices[q] = indices[source]
            source += 1
