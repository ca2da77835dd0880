"""How much closer samples are to their own cluster than to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import (
    check_choice,
    check_consistent_length,
    check_labels,
    check_matrix,
    check_number,
    check_random_state,
)

__all__ = ["silhouette", "silhouette_samples"]

# The distances held at once, for each thread: 2 MB.
ROWS, COLUMNS = 256, 1024

# |x|^2 + |y|^2 - 2xy loses about 1e-16 of |x|^2 + |y|^2; below this share of it the differences are squared instead.
LOST = 1e-6


@njit(**JIT_FAST)
def add_distances(
    products,  # IN, WORK (R, C)  A[first:first + R] @ A[left:left + C].T; products with oneself are overwritten
    A,  # IN    (N, D)  rows in the order of their clusters
    squares,  # IN    (N,)    squared norms, for cosine 1
    bounds,  # IN    (K + 1,) int64  where each cluster starts, and N
    first,  # IN    row of A
    left,  # IN    row of A
    cluster,  # IN    the cluster of row `left`
    cosine,  # IN    bool: half the squared distance, not its root
    sums,  # INOUT (R, K)  of the distances to each cluster
):
    right = left + products.shape[1]
    for i in range(products.shape[0]):
        row = first + i
        square = squares[row]
        if left <= row < right:
            products[i, row - left] = square  # distance 0, and so looked at again below, where that is expected
        k = cluster
        start = left
        while start < right:
            stop = min(right, bounds[k + 1])
            lost = -1 if start <= row < stop else 0
            total = 0.0
            for j in range(start, stop):
                scale = square + squares[j]
                d = scale - 2.0 * products[i, j - left]
                lost += 1 if d <= LOST * scale else 0
                d = max(d, 0.0)
                total += 0.5 * d if cosine else np.sqrt(d)
            if lost > 0:
                total = 0.0
                for j in range(start, stop):
                    scale = square + squares[j]
                    d = scale - 2.0 * products[i, j - left]
                    if d <= LOST * scale:
                        d = 0.0
                        for f in range(A.shape[1]):
                            difference = A[row, f] - A[j, f]
                            d += difference * difference
                    total += 0.5 * d if cosine else np.sqrt(d)
            sums[i, k] += total
            start = stop
            k += 1


def silhouette_samples(X: Any, labels: Any, *, metric: str = "euclidean") -> NDArray[np.float64]:
    """Silhouette of each sample: (b - a) / max(a, b), in [-1, 1] (Rousseeuw 1987, section 2).

    Here a is the mean distance to the others of its cluster and b the smallest mean distance to another cluster; a
    sample alone in its cluster has 0, and so has one with a = b = 0. Takes O(N^2 D) time and O(N D + N K) memory, the
    distances passing in tiles of fixed size; the bits do not depend on the number of threads.

    Parameters
    ----------
    X : array of shape (N, D)
        Dense and finite; reckoned in float64.
    labels : sequence of int or str, shape (N,)
        At least 2 and at most N - 1 different ones.
    metric : {"euclidean", "cosine"}
        "cosine" is 1 - cos, with rows of zeros at distance 1 from all others.

    Returns
    -------
    ndarray of shape (N,), float64

    Raises
    ------
    TypeError
        For sparse `X`.
    ValueError
        If the number of clusters leaves the silhouette undefined.
    """
    cosine = check_choice(metric, "metric", ("euclidean", "cosine")) == "cosine"
    X = check_matrix(X)
    names, codes = np.unique(check_labels(labels, "labels"), return_inverse=True)
    check_consistent_length(X, codes, "X", "labels")
    n, k = len(X), len(names)
    if not 2 <= k <= n - 1:
        raise ValueError(f"labels must hold at least 2 and at most {n - 1} clusters for {n} samples, got {k}")
    order = np.argsort(codes, kind="stable")
    own = codes[order]
    A, squares = _prepare(X[order].astype(np.float64, copy=False), cosine)
    sizes = np.bincount(own, minlength=k)
    bounds = np.concatenate(([0], np.cumsum(sizes)))

    def block(start: int, stop: int) -> NDArray[np.float64]:
        sums = np.zeros((stop - start, k))
        buffer = np.empty((stop - start) * min(COLUMNS, n))
        for left in range(0, n, COLUMNS):
            right = min(left + COLUMNS, n)
            products = buffer[: (stop - start) * (right - left)].reshape(stop - start, right - left)
            np.matmul(A[start:stop], A[left:right].T, out=products)
            add_distances(products, A, squares, bounds, start, left, own[left], cosine, sums)
        rows, mine = np.arange(stop - start), own[start:stop]
        a = sums[rows, mine] / np.maximum(sizes[mine] - 1, 1)
        sums /= sizes
        sums[rows, mine] = np.inf
        b = sums.min(axis=1)
        larger = np.maximum(a, b)
        return np.where((larger > 0) & (sizes[mine] > 1), (b - a) / np.where(larger > 0, larger, 1.0), 0.0)

    out = np.empty(n)
    out[order] = np.concatenate(map_blocks(block, n, ROWS))
    return out


def _prepare(A: NDArray[np.float64], cosine: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rows whose distances are those of `A` up to one factor, and their squared norms; `A` is used up."""
    if cosine:
        A /= _or_one(np.abs(A).max(axis=1))[:, None]  # the squares of what is left neither overflow nor vanish
        A /= _or_one(np.sqrt(np.einsum("ij,ij->i", A, A)))[:, None]
        return A, np.ones(len(A))
    A = np.ldexp(A, -int(np.frexp(np.abs(A).max())[1]))
    A -= A.mean(axis=0)  # of shorter vectors fewer pairs lose digits and are looked at again
    return A, np.einsum("ij,ij->i", A, A)


def _or_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, 1.0)


def silhouette(
    X: Any, labels: Any, *, metric: str = "euclidean", sample_size: int | None = None, random_state: Any = None
) -> float:
    """Mean of `silhouette_samples`, over all samples or a random part, in [-1, 1].

    Parameters
    ----------
    X, labels, metric
        As `silhouette_samples`.
    sample_size : int, optional
        Samples drawn without replacement, at least 3; distances are then taken among those alone.
    random_state : None, int or Generator
        For the draw.

    Raises
    ------
    TypeError, ValueError
        As `silhouette_samples`; of a sample, its own number of clusters is what counts.
    """
    X = check_matrix(X)
    labels = check_labels(labels, "labels")
    check_consistent_length(X, labels, "X", "labels")
    if sample_size is not None:
        sample_size = check_number(sample_size, "sample_size", integer=True, low=3)
        if sample_size < len(X):
            rows = np.sort(check_random_state(random_state).choice(len(X), sample_size, replace=False))
            X, labels = X[rows], labels[rows]
    return float(np.mean(silhouette_samples(X, labels, metric=metric)))
