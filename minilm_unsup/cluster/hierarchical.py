"""Hierarchical clusters: the linkage matrix in SciPy's format, and cuts of the tree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT, JIT_FAST, njit
from .._validation import check_choice, check_matrix, check_number, kernel_view
from ..ops.distances import condensed_distances
from ..ops.sparse import normalize_rows

__all__ = ["cut_tree", "linkage"]

METHODS = {"single": 0, "complete": 1, "average": 2, "ward": 3}


def linkage(X: Any, method: str = "ward", metric: str = "euclidean") -> NDArray[np.float64]:
    """Join the two nearest clusters until one is left.

    The distance of a cluster k to the union of i and j follows Lance and Williams (1967),
    ``d(k, ij) = a_i d(k, i) + a_j d(k, j) + b d(i, j) + c |d(k, i) - d(k, j)|``:

    ========  ==========================  ===================  ====
    method    a_i                         b                    c
    ========  ==========================  ===================  ====
    single    1/2                         0                    -1/2
    complete  1/2                         0                    1/2
    average   n_i / (n_i + n_j)           0                    0
    ward      (n_i + n_k) / (n_i+n_j+n_k) -n_k / (n_i+n_j+n_k) 0
    ========  ==========================  ===================  ====

    where ward works on squared distances and gives their square root. Complete, average and Ward take the
    nearest-neighbour chain (Murtagh 1983) over all pairs, O(n^2) time and n (n - 1) / 2 float64 values; single takes
    Prim's algorithm, O(n^2) time and O(n) memory beside `X`.

    Parameters
    ----------
    X : array of shape (n_samples, n_features); for ``metric="precomputed"`` distances
        Those of pairs i < j in one vector (as SciPy's ``pdist`` gives them), or a symmetric square matrix.
    method : {"ward", "single", "complete", "average"}
    metric : {"euclidean", "cosine", "precomputed"}
        Ward is defined for Euclidean distances (precomputed ones are taken to be such).

    Returns
    -------
    ndarray of shape (n_samples - 1, 4), float64
        A row a join, by rising height: the two clusters (below n a row of `X`, else n + the row that made it; the
        lower number first), the height, and the number of rows in the union. Of equal heights the order is that in
        which the algorithm met them.

    Raises
    ------
    ValueError
        For fewer than 2 rows, an unknown method or metric, Ward on cosine, or distances that are negative or not
        symmetric.
    """
    check_choice(method, "method", METHODS)
    check_choice(metric, "metric", ("euclidean", "cosine", "precomputed"))
    if method == "ward" and metric == "cosine":
        raise ValueError(
            "method='ward' needs metric='euclidean', got 'cosine'; bring the rows to unit length, "
            "where squared Euclidean distance is 2 (1 - cos)"
        )
    if metric == "precomputed":
        distances, exponent = _scaled(_check_distances(X))
        n = _n_of_pairs(len(distances))
    else:
        X = check_matrix(X, min_samples=2, estimator="linkage")
        n = len(X)
        X, exponent = _scaled(X) if metric == "euclidean" else (X, 0)
        if method == "single":
            return _heights_times(_single_from_rows(X, metric), exponent)
        distances = condensed_distances(X, metric=metric)
    merges = np.empty((n - 1, 3))
    if method == "single":
        span_condensed(distances, n, np.full(n, np.inf), np.zeros(n, dtype=np.bool_), merges)
    else:
        if method == "ward":
            np.square(distances, out=distances)
        chain, active = np.empty(n, dtype=np.int64), np.arange(n)
        merge_neighbours(distances, METHODS[method], np.ones(n), active, chain, merges)
        if method == "ward":
            # Rounding may leave a squared distance of equal points below zero.
            merges[:, 2] = np.sqrt(np.maximum(merges[:, 2], 0))
    return _heights_times(_sorted_tree(merges), exponent)


def cut_tree(Z: Any, n_clusters: int | None = None, height: float | None = None) -> NDArray[np.int32]:
    """Return the cluster of each leaf when the tree is cut.

    Parameters
    ----------
    Z : ndarray of shape (n - 1, 4)
        As `linkage` gives it.
    n_clusters : int, optional
        Undo the last joins until this many clusters are there, 1 to n.
    height : float, optional
        Keep the joins at this height or below. Exactly one of the two is to be given.

    Returns
    -------
    ndarray of shape (n,), int32
        Clusters are numbered from 0 in the order of their first leaf.
    """
    Z = _check_tree(Z)
    n = len(Z) + 1
    if (n_clusters is None) == (height is None):
        raise ValueError("exactly one of n_clusters and height must be given")
    if n_clusters is not None:
        n_joins = n - check_number(n_clusters, "n_clusters", integer=True, low=1, high=n)
    else:
        n_joins = int(np.searchsorted(Z[:, 2], check_number(height, "height"), side="right"))
    labels = np.empty(n, dtype=np.int32)
    label_leaves(Z, n_joins, np.empty(2 * n - 1, dtype=np.int64), np.full(2 * n - 1, -1, dtype=np.int64), labels)
    return labels


def _check_tree(Z: Any) -> NDArray[np.float64]:
    Z = check_matrix(Z, "Z", dtype=np.float64)
    n = len(Z) + 1
    members = Z[:, :2]
    valid = (
        Z.shape[1] == 4
        and bool((members == np.floor(members)).all() and (members >= 0).all())
        and bool((members < n + np.arange(n - 1)[:, None]).all())
        and len(np.unique(members)) == 2 * (n - 1)
        and bool((Z[1:, 2] >= Z[:-1, 2]).all())
    )
    if not valid:
        raise ValueError(
            "Z is not a linkage matrix: it needs 4 columns, rows by rising height, and each cluster joined once"
        )
    return kernel_view(Z)


def _check_distances(D: Any) -> NDArray[np.float64]:
    """Return a condensed copy of given distances."""
    D = np.asarray(D)
    if D.ndim == 1:
        D = check_matrix(D[None, :], "the distances", dtype=np.float64)[0].copy()
        _n_of_pairs(len(D))
    else:
        square = check_matrix(D, "the distances", dtype=np.float64, min_samples=2)
        if square.shape[0] != square.shape[1]:
            raise ValueError(f"precomputed distances must be a vector or a square matrix, got shape {square.shape}")
        if np.diagonal(square).any() or not np.allclose(square, square.T, rtol=1e-6, atol=1e-12):
            raise ValueError("a square matrix of distances must be symmetric with zeros on its diagonal")
        D = square[np.triu_indices(len(square), 1)]
    if (D < 0).any():
        raise ValueError("distances must be at least 0")
    return D


def _scaled(values: NDArray) -> tuple[NDArray, int]:
    """Return `values` and 0, or, where squares would leave float64, `values` over a power of two and its exponent."""
    largest = max(float(values.max(initial=0)), -float(values.min(initial=0)))
    exponent = int(np.frexp(largest)[1])
    if abs(exponent) < 400:
        return values, 0
    return np.ldexp(values.astype(np.float64), -exponent), exponent


def _heights_times(Z: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    if exponent:
        with np.errstate(over="ignore"):
            Z[:, 2] = np.ldexp(Z[:, 2], exponent)
        if not np.isfinite(Z[:, 2]).all():
            raise ValueError("X is too large: distances of its rows overflow float64; divide X by its largest value")
    return Z


def _n_of_pairs(n_pairs: int) -> int:
    n = (1 + round((1 + 8 * n_pairs) ** 0.5)) // 2
    if n * (n - 1) // 2 != n_pairs or n < 2:
        raise ValueError(f"a vector of distances must hold n (n - 1) / 2 values of at least 2 points, got {n_pairs}")
    return n


def _single_from_rows(X: NDArray, metric: str) -> NDArray[np.float64]:
    rows = np.array(X, dtype=np.float64)  # a copy: the rows not yet reached are kept together
    zero = np.zeros(len(rows), dtype=np.bool_)
    if metric == "cosine":
        rows = np.asarray(normalize_rows(rows))
        zero = np.asarray(~rows.any(axis=1))
    n = len(rows)
    merges = np.empty((n - 1, 3))
    span_rows(rows, zero, metric == "cosine", np.arange(n), np.full(n, np.inf), np.empty(n, dtype=np.int64), merges)
    merges[:, 2] = 0.5 * merges[:, 2] if metric == "cosine" else np.sqrt(merges[:, 2])
    return _sorted_tree(merges)


def _sorted_tree(merges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return joins given by leaves of the two clusters as a linkage matrix by rising height."""
    merges = merges[np.argsort(merges[:, 2], kind="stable")]
    n = len(merges) + 1
    Z = np.empty((n - 1, 4))
    number_clusters(merges, np.arange(2 * n - 1), np.ones(2 * n - 1, dtype=np.int64), Z)
    return Z


@njit(**JIT)
def merge_neighbours(
    D,  # WORK (n (n - 1) / 2,)  distances of pairs; squared for ward; overwritten
    method,  # IN   1 complete, 2 average, 3 ward
    size,  # WORK (n,)     float64  ones
    active,  # WORK (n,)     int64    0..n-1, kept in order
    chain,  # WORK (n,)     int64
    merges,  # OUT  (n - 1, 3)  leaf of one cluster, leaf of the other, height
):
    n = size.shape[0]
    n_active = n
    length = 0
    for step in range(n - 1):
        if length == 0:
            chain[0] = active[0]
            length = 1
        while True:
            x = chain[length - 1]
            # The cluster before x in the chain wins a tie, or the chain would never close.
            if length > 1:
                y = chain[length - 2]
                i, j = min(x, y), max(x, y)
                nearest = D[n * i - i * (i + 1) // 2 + j - i - 1]
            else:
                y = -1
                nearest = np.inf
            a = 0
            while a < n_active and active[a] < x:
                i = active[a]
                value = D[n * i - i * (i + 1) // 2 + x - i - 1]
                if value < nearest:
                    nearest = value
                    y = i
                a += 1
            base = n * x - x * (x + 1) // 2 - x - 1
            a += 1  # x itself
            while a < n_active:
                value = D[base + active[a]]
                if value < nearest:
                    nearest = value
                    y = active[a]
                a += 1
            if length > 1 and y == chain[length - 2]:
                break
            chain[length] = y
            length += 1
        length -= 2
        low, high = min(x, y), max(x, y)
        merges[step, 0] = low
        merges[step, 1] = high
        merges[step, 2] = nearest
        # The union takes the place of the higher; the lower leaves the list.
        a = 0
        while active[a] != low:
            a += 1
        for b in range(a, n_active - 1):
            active[b] = active[b + 1]
        n_active -= 1
        size_low, size_high = size[low], size[high]
        for a in range(n_active):
            k = active[a]
            if k == high:
                continue
            i, j = min(k, low), max(k, low)
            to_low = D[n * i - i * (i + 1) // 2 + j - i - 1]
            i, j = min(k, high), max(k, high)
            where = n * i - i * (i + 1) // 2 + j - i - 1
            to_high = D[where]
            if method == 1:
                D[where] = max(to_low, to_high)
            elif method == 2:
                D[where] = (size_low * to_low + size_high * to_high) / (size_low + size_high)
            else:
                total = size_low + size_high + size[k]
                D[where] = ((size_low + size[k]) * to_low + (size_high + size[k]) * to_high - size[k] * nearest) / total
        size[high] = size_low + size_high


@njit(**JIT)
def span_condensed(
    D,  # IN   (n (n - 1) / 2,)
    n,  # IN   points
    closest,  # WORK (n,)   distance to the tree, infinite at first
    reached,  # WORK (n,)   bool, False at first
    merges,  # OUT  (n - 1, 3)
):
    newest = 0
    for step in range(n - 1):
        reached[newest] = True
        best = np.inf
        following = -1
        for k in range(n):
            if reached[k]:
                continue
            i, j = min(k, newest), max(k, newest)
            closest[k] = min(closest[k], D[n * i - i * (i + 1) // 2 + j - i - 1])
            if closest[k] < best or following < 0:
                best = closest[k]
                following = k
        merges[step, 0] = newest
        merges[step, 1] = following
        merges[step, 2] = best
        newest = following


@njit(**JIT_FAST)
def span_rows(
    rows,  # WORK (n, D)  float64; the rows not yet reached are moved together
    zero,  # WORK (n,)    bool  rows of zeros
    cosine,  # IN   a row of zeros is at distance 2 from every other
    number,  # WORK (n,)    int64  0..n-1
    closest,  # WORK (n,)    infinite at first
    parent,  # WORK (n,)    int64
    merges,  # OUT  (n - 1, 3)  squared distances
):
    n, n_features = rows.shape
    for step in range(n - 1):
        # Row `step` is the newest of the tree; the rows after it are not reached yet.
        newest = rows[step]
        best = np.inf
        following = step + 1
        for k in range(step + 1, n):
            row = rows[k]
            total = 0.0
            for d in range(n_features):
                difference = row[d] - newest[d]
                total += difference * difference
            if cosine and (zero[k] or zero[step]):
                total = 2.0
            if total < closest[k]:
                closest[k] = total
                parent[k] = number[step]
            if closest[k] < best:
                best = closest[k]
                following = k
        merges[step, 0] = parent[following]
        merges[step, 1] = number[following]
        merges[step, 2] = best
        other = step + 1
        if following != other:
            for d in range(n_features):
                value = rows[other, d]
                rows[other, d] = rows[following, d]
                rows[following, d] = value
            zero[other], zero[following] = zero[following], zero[other]
            number[other], number[following] = number[following], number[other]
            closest[other], closest[following] = closest[following], closest[other]
            parent[other], parent[following] = parent[following], parent[other]


@njit(**JIT)
def number_clusters(
    merges,  # IN   (n - 1, 3)  a leaf of each cluster, height; by rising height
    root,  # WORK (2 n - 1,)  int64  0..2n-2
    size,  # WORK (2 n - 1,)  int64  ones
    Z,  # OUT  (n - 1, 4)
):
    n = merges.shape[0] + 1
    for step in range(n - 1):
        for side in range(2):
            leaf = np.int64(merges[step, side])
            top = leaf
            while root[top] != top:
                top = root[top]
            while root[leaf] != top:  # shorten the way for the next one
                above = root[leaf]
                root[leaf] = top
                leaf = above
            Z[step, side] = top
        a, b = np.int64(Z[step, 0]), np.int64(Z[step, 1])
        union = n + step
        root[a] = union
        root[b] = union
        size[union] = size[a] + size[b]
        Z[step, 0] = min(a, b)
        Z[step, 1] = max(a, b)
        Z[step, 2] = merges[step, 2]
        Z[step, 3] = size[union]


@njit(**JIT)
def label_leaves(
    Z,  # IN   (n - 1, 4)
    n_joins,  # IN   joins to keep, from the lowest
    top,  # WORK (2 n - 1,)  int64
    label,  # WORK (2 n - 1,)  int64  -1
    labels,  # OUT  (n,)    int32
):
    n = labels.shape[0]
    for node in range(2 * n - 1):
        top[node] = node
    for step in range(n_joins - 1, -1, -1):  # from the root downwards, a node knows its top before its children ask
        for side in range(2):
            top[np.int64(Z[step, side])] = top[n + step]
    following = 0
    for leaf in range(n):
        if label[top[leaf]] < 0:
            label[top[leaf]] = following
            following += 1
        labels[leaf] = label[top[leaf]]
