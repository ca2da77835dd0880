"""How much closer samples are to their own cluster than to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import map_blocks, one_blas_thread
from .._validation import (
    check_choice,
    check_consistent_length,
    check_labels,
    check_matrix,
    check_number,
    check_random_state,
)

__all__ = ["silhouette", "silhouette_samples"]

_BLOCK = 256  # rows whose distances to all samples are held at once, for each thread


def silhouette_samples(X: Any, labels: Any, *, metric: str = "euclidean") -> NDArray[np.float64]:
    """Silhouette of each sample: (b - a) / max(a, b), in [-1, 1] (Rousseeuw 1987, section 2).

    Here a is the mean distance to the others of its cluster and b the smallest mean distance to another cluster; a
    sample alone in its cluster has 0. Memory is bounded by blocks of rows; the bits do not depend on
    the number of threads.

    Parameters
    ----------
    X : array of shape (N, D)
    labels : sequence of shape (N,)
        At least 2 and at most N - 1 different ones.
    metric : {"euclidean", "cosine"}

    Raises
    ------
    ValueError
        If the number of clusters leaves the silhouette undefined.
    """
    check_choice(metric, "metric", ("euclidean", "cosine"))
    X = check_matrix(X)
    names, codes = np.unique(check_labels(labels, "labels"), return_inverse=True)
    check_consistent_length(X, codes, "X", "labels")
    n, k = len(X), len(names)
    if not 2 <= k <= n - 1:
        raise ValueError(f"labels must hold at least 2 and at most {n - 1} clusters for {n} samples, got {k}")
    X = X.astype(np.float64)
    if metric == "cosine":
        norms = np.sqrt(np.einsum("ij,ij->i", X, X))
        X = X / np.where(norms > 0, norms, 1.0)[:, None]
    else:
        X = X - X.mean(axis=0)  # shorter vectors lose less in |x|^2 + |y|^2 - 2xy
    squares = np.einsum("ij,ij->i", X, X)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes, minlength=k)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    sorted_X = X[order]
    sorted_squares = squares[order]
    position = np.empty(n, dtype=np.int64)
    position[order] = np.arange(n)

    def block(start: int, stop: int) -> NDArray[np.float64]:
        rows = np.arange(start, stop)
        D = X[start:stop] @ sorted_X.T
        if metric == "cosine":
            np.subtract(1.0, D, out=D)
            np.maximum(D, 0.0, out=D)
        else:
            D *= -2.0
            D += squares[start:stop, None]
            D += sorted_squares
            np.maximum(D, 0.0, out=D)
            np.sqrt(D, out=D)
        D[rows - start, position[rows]] = 0.0
        sums = np.add.reduceat(D, starts, axis=1)
        own = codes[start:stop]
        alone = sizes[own] == 1
        a = sums[rows - start, own] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[rows - start, own] = np.inf
        b = means.min(axis=1)
        larger = np.maximum(a, b)
        s = np.where(larger > 0, (b - a) / np.where(larger > 0, larger, 1.0), 0.0)
        s[alone] = 0.0
        return s

    return np.concatenate(map_blocks(block, n, _BLOCK))


def silhouette(
    X: Any, labels: Any, *, metric: str = "euclidean", sample_size: int | None = None, random_state: Any = None
) -> float:
    """Mean of `silhouette_samples`, over all samples or a random part.

    Parameters
    ----------
    sample_size : int, optional
        Samples drawn without replacement; distances are then taken among those alone.
    random_state : None, int or Generator
        For the draw.
    """
    X = check_matrix(X)
    labels = check_labels(labels, "labels")
    check_consistent_length(X, labels, "X", "labels")
    if sample_size is not None:
        sample_size = check_number(sample_size, "sample_size", integer=True, low=3)
        if sample_size < len(X):
            rows = np.sort(check_random_state(random_state).choice(len(X), sample_size, replace=False))
            X, labels = X[rows], labels[rows]
    with one_blas_thread():
        return float(np.mean(silhouette_samples(X, labels, metric=metric)))
