"""The rows that K-means reads, dense or sparse: products with centres, assignment, and sums by cluster.

Both metrics are one computation. Under ``"cosine"`` each row carries the factor that brings it to unit length, so no
normalised copy is made, and ``1 - cos = |x - c|^2 / 2`` for unit vectors.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._buffers import separate_zeros
from .._csr import CSRMatrix
from .._numba import JIT, JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import kernel_view
from ..ops.sparse import multiply_rows, normalize_rows, row_norms

__all__ = ["DenseRows", "Rows", "SparseRows", "Sweep", "make_rows"]

# Scores and rows of one inner block stay in the second-level cache: 2**17 values of float32 are 512 kB.
BLOCK_VALUES = 1 << 17
# Few centres: a product of at most a million multiply-adds against centres laid out by column takes BLAS's path for
# small matrices, up to twice as fast as its packed one, and turning the scores round costs little.
FEW_CENTERS = 64
SMALL_PRODUCT = 1_000_000
# A task for a thread is a run of inner blocks: this many tasks at the most, for each keeps its own sums in float64, and
# none with fewer multiply-adds than pay for handing it over.
MOST_TASKS = 16
TASK_WORK = 4_000_000


class Sweep(NamedTuple):
    """One assignment of all rows to their nearest centres."""

    labels: NDArray[np.int32]  # (N,)
    distances: NDArray  # (N,) squared distance, or 1 - cos
    sums: NDArray[np.float64]  # (K, D) weighted sum of the rows of each cluster
    totals: NDArray[np.float64]  # (K,) sum of their weights
    inertia: float  # weighted sum of distances


class Rows:
    """Rows with a length factor each; what dense and sparse share.

    Attributes
    ----------
    shape : (int, int)
    dtype : numpy dtype
    cosine : bool
    scale : ndarray of shape (N,)
        1, or under cosine 1 over the length (0 for a row of zeros).
    squares : ndarray of shape (N,), float64
        Squared length after scaling.
    raw_squares : ndarray of shape (N,), float64
        Squared length before scaling.
    column_sums : ndarray of shape (D,), float64
        Sum of the rows before scaling.
    """

    shape: tuple[int, int]
    dtype: np.dtype
    cosine: bool
    scale: NDArray
    squares: NDArray[np.float64]
    raw_squares: NDArray[np.float64]
    column_sums: NDArray[np.float64]

    def turn(self, centers: NDArray) -> NDArray | None:
        """Return the centres by column, (D, K), where `products` wants them so; made once for all blocks."""
        raise NotImplementedError

    def products(self, centers: NDArray, turned: NDArray | None, start: int, stop: int) -> NDArray:
        """Return ``centers @ X[start:stop].T`` of shape (K, stop - start), rows not scaled."""
        raise NotImplementedError

    def take(self, ids: NDArray) -> NDArray:
        """Return the given rows, scaled and dense."""
        raise NotImplementedError

    def sweep(self, centers: NDArray, weight: NDArray) -> Sweep:
        """Assign every row and sum the rows of each cluster."""
        raise NotImplementedError

    def row_width(self) -> int:
        """Return the multiply-adds of one row with one centre."""
        raise NotImplementedError

    def block_size(self, n_centers: int) -> int:
        """Return the rows of an inner block."""
        raise NotImplementedError

    def block_sizes(self, n_centers: int) -> tuple[int, int]:
        """Return the rows of an inner block and of a task; a function of the shapes alone."""
        inner = self.block_size(n_centers)
        least = -(-TASK_WORK // (inner * n_centers * self.row_width()))
        return inner, inner * max(least, -(-self.shape[0] // (inner * MOST_TASKS)))

    def half_norms(self, centers: NDArray) -> NDArray:
        """Return what the score of each centre starts from: half its squared length, 0 under cosine."""
        if self.cosine:
            return np.zeros(len(centers), dtype=self.dtype)
        return (0.5 * np.einsum("kd,kd->k", centers, centers, dtype=np.float64)).astype(self.dtype)

    def nearest(self, centers: NDArray) -> NDArray[np.int32]:
        """Return the number of the nearest centre of each row, the lowest where several are equally near."""
        labels = np.empty(self.shape[0], dtype=np.int32)
        half_norms, turned = self.half_norms(centers), self.turn(centers)
        inner, outer = self.block_sizes(len(centers))

        def assign(start: int, stop: int) -> None:
            best = np.empty(inner, dtype=self.dtype)
            for first in range(start, stop, inner):
                last = min(first + inner, stop)
                assign_to_nearest(self.products(centers, turned, first, last), half_norms, best, labels[first:last])

        map_blocks(assign, self.shape[0], outer)
        return labels

    def distances_to(self, centers: NDArray) -> NDArray:
        """Return the squared distance, or 1 - cos, of each row to each centre: shape (K, N)."""
        out = np.empty((len(centers), self.shape[0]), dtype=self.dtype)
        squares = np.einsum("kd,kd->k", centers, centers, dtype=np.float64)
        turned = self.turn(centers)
        inner, outer = self.block_sizes(len(centers))

        def measure(start: int, stop: int) -> None:
            for first in range(start, stop, inner):
                block = self.products(centers, turned, first, min(first + inner, stop))
                expand_distances(block, squares, self.squares, self.scale, self.cosine, first, out)

        map_blocks(measure, self.shape[0], outer)
        return out

    def _set_lengths(self, squares: NDArray[np.float64]) -> None:
        self.raw_squares = squares
        if self.cosine:
            lengths = np.sqrt(squares)
            with np.errstate(over="ignore"):
                self.scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0).astype(self.dtype)
            self.squares = (self.scale > 0).astype(np.float64)
        else:
            self.scale = np.ones(len(squares), dtype=self.dtype)
            self.squares = squares


class DenseRows(Rows):
    """Rows of a C-contiguous float32 or float64 array."""

    def __init__(self, X: NDArray, cosine: bool) -> None:
        self.X = kernel_view(X)
        self.shape = (X.shape[0], X.shape[1])
        self.dtype = X.dtype
        self.cosine = cosine
        n, n_features = self.shape
        squares = np.empty(n)

        def measure(start: int, stop: int) -> NDArray[np.float64]:
            sums = separate_zeros(n_features, np.float64)
            measure_rows(self.X, start, stop, squares, sums)
            return sums

        task = max(-(-n // MOST_TASKS), TASK_WORK // (8 * n_features) + 1)
        self.column_sums = np.sum(map_blocks(measure, n, task), axis=0)
        self._set_lengths(squares)

    def row_width(self) -> int:
        return self.shape[1]

    def block_size(self, n_centers: int) -> int:
        n_features = self.shape[1]
        if n_centers <= FEW_CENTERS:
            return int(min(1024, max(64, SMALL_PRODUCT // (n_centers * n_features) // 16 * 16)))
        return int(min(4096, max(64, BLOCK_VALUES // (n_centers + n_features) // 64 * 64)))

    def turn(self, centers: NDArray) -> NDArray | None:
        return np.ascontiguousarray(centers.T) if len(centers) <= FEW_CENTERS else None

    def products(self, centers: NDArray, turned: NDArray | None, start: int, stop: int) -> NDArray:
        if turned is None:
            return centers @ self.X[start:stop].T
        return np.ascontiguousarray((self.X[start:stop] @ turned).T)

    def take(self, ids: NDArray) -> NDArray:
        return self.X[ids] * self.scale[ids, None]

    def sweep(self, centers: NDArray, weight: NDArray) -> Sweep:
        n, n_features = self.shape
        n_centers = len(centers)
        labels, distances = np.empty(n, dtype=np.int32), np.empty(n, dtype=self.dtype)
        half_norms, turned = self.half_norms(centers), self.turn(centers)
        inner, outer = self.block_sizes(n_centers)

        def block(start: int, stop: int) -> tuple[NDArray, NDArray]:
            sums, totals = separate_zeros((n_centers, n_features), np.float64), np.zeros(n_centers)
            best = np.empty(inner, dtype=self.dtype)
            for first in range(start, stop, inner):
                last = min(first + inner, stop)
                assign_to_nearest(self.products(centers, turned, first, last), half_norms, best, labels[first:last])
                add_to_clusters(
                    self.X, self.scale, weight, centers, labels, first, last, self.cosine, sums, totals, distances
                )
            return sums, totals

        partial = map_blocks(block, n, outer)
        sums, totals = partial[0]
        for more_sums, more_totals in partial[1:]:
            sums += more_sums
            totals += more_totals
        return Sweep(labels, distances, sums, totals, float(np.einsum("n,n->", weight, distances, dtype=np.float64)))


class SparseRows(Rows):
    """Rows of a `CSRMatrix`, never made dense."""

    def __init__(self, X: CSRMatrix, cosine: bool) -> None:
        self.X = X
        self.shape = X.shape
        self.dtype = X.data.dtype
        self.cosine = cosine
        self._arrays = (kernel_view(X.data), kernel_view(X.indices), kernel_view(X.indptr))
        self.column_sums = X.sum(axis=0)
        self._set_lengths(row_norms(X.astype(np.float64), squared=True))

    def row_width(self) -> int:
        return max(1, self.X.nnz // self.shape[0])

    def block_size(self, n_centers: int) -> int:
        return int(min(4096, max(64, BLOCK_VALUES // (n_centers + self.row_width()) // 64 * 64)))

    def turn(self, centers: NDArray) -> NDArray | None:
        return np.ascontiguousarray(centers.T)

    def products(self, centers: NDArray, turned: NDArray | None, start: int, stop: int) -> NDArray:
        out = np.empty((stop - start, len(centers)), dtype=self.dtype)
        multiply_rows(*self._arrays, turned, start, stop, False, out)
        return np.ascontiguousarray(out.T)

    def take(self, ids: NDArray) -> NDArray:
        return self.X.take(ids).toarray() * self.scale[ids, None]

    def sweep(self, centers: NDArray, weight: NDArray) -> Sweep:
        n, n_features = self.shape
        n_centers = len(centers)
        labels, distances = np.empty(n, dtype=np.int32), np.empty(n, dtype=self.dtype)
        half_norms, turned = self.half_norms(centers), self.turn(centers)
        squares = np.einsum("kd,kd->k", centers, centers, dtype=np.float64)
        inner, outer = self.block_sizes(n_centers)

        def assign(start: int, stop: int) -> None:
            best = np.empty(inner, dtype=self.dtype)
            for first in range(start, stop, inner):
                last = min(first + inner, stop)
                scores = self.products(centers, turned, first, last)
                assign_to_nearest(scores, half_norms, best, labels[first:last])
                distances_to_own(scores, squares, self.squares, self.scale, labels, first, self.cosine, distances)

        map_blocks(assign, n, outer)
        # One cluster is summed by one thread, its rows in order: no partial sums of the width of the vocabulary.
        order = np.argsort(labels, kind="stable")
        bounds = np.zeros(n_centers + 1, dtype=np.int64)
        np.cumsum(np.bincount(labels, minlength=n_centers), out=bounds[1:])
        sums = np.zeros((n_centers, n_features))

        def add(start: int, stop: int) -> None:
            add_sorted_rows(*self._arrays, self.scale, weight, order, bounds, start, stop, sums)

        map_blocks(add, n_centers, max(1, n_centers // 16))
        totals = np.bincount(labels, weights=weight, minlength=n_centers).astype(np.float64)
        return Sweep(labels, distances, sums, totals, float(np.einsum("n,n->", weight, distances, dtype=np.float64)))


def make_rows(X: NDArray | CSRMatrix, metric: str) -> Rows:
    """Return the rows of a checked matrix.

    Raises
    ------
    ValueError
        Where squared Euclidean distances overflow the dtype of `X`.
    """
    cosine = metric == "cosine"
    kind = SparseRows if isinstance(X, CSRMatrix) else DenseRows
    rows = kind(X, cosine)  # type: ignore[arg-type]
    largest, limit = float(rows.raw_squares.max(initial=0)), float(np.finfo(rows.dtype).max)
    if not cosine and 4 * largest > limit:
        raise ValueError(
            f"X has rows of length {math.sqrt(largest):g}, whose squared distances are too large for {rows.dtype}; "
            f"divide X by its largest value or pass metric='cosine'"
        )
    # Under cosine 1 over a length, and products with rows that are not scaled, must stay within the dtype.
    if cosine and (4 * largest > limit or _any_short_row(X, rows.raw_squares < 4 / limit)):
        rows = kind(normalize_rows(X), cosine)  # type: ignore[arg-type]
    return rows


def _any_short_row(X: NDArray | CSRMatrix, short: NDArray[np.bool_]) -> bool:
    """Tell whether one of the rows marked `short` holds anything but zeros."""
    if not short.any():
        return False
    return bool(X.take(np.flatnonzero(short)).data.any() if isinstance(X, CSRMatrix) else X[short].any())


@njit(**JIT_FAST)
def measure_rows(
    X,  # IN   (N, D)
    start,  # IN   first row
    stop,  # IN   row after the last
    squares,  # OUT  (N,)     float64  squared lengths of rows start..stop
    sums,  # OUT  (D,)     float64, added to
):
    n_features = X.shape[1]
    for i in range(start, stop):
        row = X[i]
        square = 0.0
        for d in range(n_features):
            value = np.float64(row[d])
            square += value * value
            sums[d] += value
        squares[i] = square


@njit(**JIT)
def assign_to_nearest(
    scores,  # IN   (K, n)   centers @ X.T; centres by row, so that the comparison runs along rows in vectors
    half_norms,  # IN   (K,)     |c|^2 / 2, or 0
    best,  # WORK (n,)     or longer
    labels,  # OUT  (n,)     int32
):
    n_centers, n = scores.shape
    for i in range(n):
        best[i] = half_norms[0] - scores[0, i]
        labels[i] = 0
    for k in range(1, n_centers):
        h = half_norms[k]
        row = scores[k]
        for i in range(n):
            value = h - row[i]
            nearer = value < best[i]
            best[i] = value if nearer else best[i]
            labels[i] = np.int32(k) if nearer else labels[i]


@njit(**JIT_FAST)
def add_to_clusters(
    X,  # IN   (N, D)
    scale,  # IN   (N,)
    weight,  # IN   (N,)     dtype of X
    centers,  # IN   (K, D)
    labels,  # IN   (N,)     int32
    start,  # IN   first row
    stop,  # IN   row after the last
    cosine,  # IN   halve the distances; a row of zeros is at distance 1
    sums,  # OUT  (K, D)   float64, added to
    totals,  # OUT  (K,)     float64, added to
    distances,  # OUT  (N,)     rows start..stop
):
    n_features = X.shape[1]
    for i in range(start, stop):
        k = labels[i]
        row, center, total = X[i], centers[k], sums[k]
        s, w = scale[i], weight[i]
        distance = row[0] * 0
        for d in range(n_features):
            value = s * row[d]
            difference = value - center[d]
            distance += difference * difference
            total[d] += w * value
        totals[k] += w
        if cosine:
            distances[i] = 0.5 * distance if s > 0 else 1.0
        else:
            distances[i] = distance


@njit(**JIT_FAST)
def add_sorted_rows(
    data,  # IN   (nnz,)
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    scale,  # IN   (N,)
    weight,  # IN   (N,)
    order,  # IN   (N,)      int64  rows by cluster
    bounds,  # IN   (K + 1,)  int64  where each cluster starts in order
    start,  # IN   first cluster
    stop,  # IN   cluster after the last
    sums,  # OUT  (K, V)    float64, added to
):
    for k in range(start, stop):
        total = sums[k]
        for o in range(bounds[k], bounds[k + 1]):
            i = order[o]
            factor = scale[i] * weight[i]
            for p in range(indptr[i], indptr[i + 1]):
                total[indices[p]] += factor * data[p]


@njit(**JIT)
def distances_to_own(
    scores,  # IN   (K, n)
    center_squares,  # IN   (K,)     float64
    squares,  # IN   (N,)     float64
    scale,  # IN   (N,)
    labels,  # IN   (N,)     int32
    start,  # IN   row of the first column of scores
    cosine,  # IN   halve; a row of zeros is at distance 1
    distances,  # OUT  (N,)
):
    for j in range(scores.shape[1]):
        i = start + j
        k = labels[i]
        value = squares[i] + center_squares[k] - 2.0 * scale[i] * scores[k, j]
        if cosine:
            value = 0.5 * value if scale[i] > 0 else 1.0
        distances[i] = max(value, 0.0)


@njit(**JIT)
def expand_distances(
    products,  # IN   (K, n)   centers @ X.T, rows not scaled
    center_squares,  # IN   (K,)     float64
    squares,  # IN   (N,)     float64
    scale,  # IN   (N,)
    cosine,  # IN   halve; a row of zeros is at distance 1
    start,  # IN   row of the first column of products
    out,  # OUT  (K, N)   columns start..start + n
):
    for k in range(products.shape[0]):
        for j in range(products.shape[1]):
            i = start + j
            value = squares[i] + center_squares[k] - 2.0 * scale[i] * products[k, j]
            if cosine:
                value = 0.5 * value if scale[i] > 0 else 1.0
            out[k, i] = max(value, 0.0)
