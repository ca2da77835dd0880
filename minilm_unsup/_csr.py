"""A sparse matrix in compressed sparse row form: what the vectorisers give and the models take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CSRMatrix"]


class CSRMatrix:
    """Compressed sparse rows over three numpy arrays.

    Row ``i`` has the values ``data[indptr[i]:indptr[i + 1]]`` in the columns ``indices[indptr[i]:indptr[i + 1]]``.
    Any object with the same four attributes and ``format == "csr"`` is taken wherever this class is.

    Parameters
    ----------
    data : ndarray of shape (nnz,)
        float32 or float64 in matrices that the models take; any numeric dtype here.
    indices : ndarray of shape (nnz,), int32
        Column of each value, in ``[0, n_columns)``.
    indptr : ndarray of shape (n_rows + 1,), int64
        Where each row starts; ``indptr[0] == 0``, never falling, ``indptr[-1] == nnz``.
    shape : (int, int)
        Rows and columns.
    """

    format = "csr"
    ndim = 2
    __slots__ = ("data", "indices", "indptr", "shape")

    def __init__(self, data: NDArray, indices: NDArray, indptr: NDArray, shape: tuple[int, int]) -> None:
        self.data = data
        self.indices = indices
        self.indptr = indptr
        self.shape = (int(shape[0]), int(shape[1]))

    @property
    def nnz(self) -> int:
        """Number of stored values."""
        return int(self.data.shape[0])

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values."""
        return self.data.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return int(self.data.nbytes + self.indices.nbytes + self.indptr.nbytes)

    @classmethod
    def from_dense(cls, X: Any) -> CSRMatrix:
        """Build from a 2-D array, keeping the non-zero values."""
        X = np.asarray(X)
        if X.ndim != 2:
            raise ValueError(f"X must have 2 dimensions to become a CSRMatrix, got {X.ndim}")
        rows, columns = np.nonzero(X)
        indptr = np.zeros(X.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=X.shape[0]), out=indptr[1:])
        return cls(X[rows, columns], columns.astype(np.int32), indptr, X.shape)

    def toarray(self) -> NDArray:
        """Return the matrix as a dense array of shape (n_rows, n_columns); duplicates are summed."""
        dense = np.zeros(self.shape, dtype=self.dtype)
        np.add.at(dense, (self.row_numbers(), self.indices), self.data)
        return dense

    def toscipy(self) -> Any:
        """Return a ``scipy.sparse.csr_matrix`` over the same memory (needs SciPy)."""
        try:
            from scipy.sparse import csr_matrix
        except ImportError as error:
            raise ImportError(
                "CSRMatrix.toscipy needs the package scipy: pip install 'minilm_unsup[interop]'"
            ) from error
        return csr_matrix((self.data, self.indices, self.indptr), shape=self.shape, copy=False)

    def tocsr(self) -> CSRMatrix:
        """Return this matrix."""
        return self

    def row_numbers(self) -> NDArray[np.int64]:
        """Return the row of each stored value, shape (nnz,)."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int64), np.diff(self.indptr))

    def take(self, rows: Any) -> CSRMatrix:
        """Return the given rows, in the given order, as a new matrix.

        Parameters
        ----------
        rows : array of int, slice or boolean mask
            Negative numbers count from the end, as in numpy.
        """
        rows = np.arange(self.shape[0], dtype=np.int64)[rows]
        starts = np.asarray(self.indptr)[:-1][rows]
        lengths = np.asarray(self.indptr)[1:][rows] - starts
        indptr = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=indptr[1:])
        where = np.arange(indptr[-1], dtype=np.int64) + np.repeat(starts - indptr[:-1], lengths)
        return CSRMatrix(self.data[where], self.indices[where], indptr, (len(rows), self.shape[1]))

    def __getitem__(self, rows: Any) -> CSRMatrix:
        if isinstance(rows, (int, np.integer)):
            rows = [rows]
        elif isinstance(rows, tuple):
            raise TypeError("CSRMatrix is indexed by rows alone: X[rows], not X[rows, columns]")
        return self.take(rows)

    def __len__(self) -> int:
        raise TypeError("the length of a sparse matrix is ambiguous; use X.shape[0] or X.nnz")

    def copy(self) -> CSRMatrix:
        """Return a matrix over memory of its own."""
        return CSRMatrix(self.data.copy(), self.indices.copy(), self.indptr.copy(), self.shape)

    def astype(self, dtype: Any) -> CSRMatrix:
        """Return the matrix with its values in `dtype`; the structure is shared."""
        return CSRMatrix(self.data.astype(dtype, copy=False), self.indices, self.indptr, self.shape)

    def sum(self, axis: int | None = None) -> Any:
        """Sum all values, or by column (``axis=0``) or row (``axis=1``), in float64."""
        if axis is None:
            return float(np.sum(self.data, dtype=np.float64))
        if axis in (0, -2):
            return np.bincount(self.indices, weights=self.data, minlength=self.shape[1])
        if axis in (1, -1):
            return np.bincount(self.row_numbers(), weights=self.data, minlength=self.shape[0])
        raise ValueError(f"axis must be None, 0 or 1, got {axis}")

    def __repr__(self) -> str:
        return f"CSRMatrix(shape={self.shape}, nnz={self.nnz}, dtype={self.dtype})"
