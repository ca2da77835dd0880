"""Clusters, vectors and their measures."""

from __future__ import annotations

import itertools

import numpy as np

from .._csr import CSRMatrix
from ..cluster import KMeans, linkage
from ..metrics import ari, cluster_accuracy, nmi
from ..vectors import TruncatedSVD
from .law import Law
from .training import on_threads

__all__ = ["LAWS"]


def _falls(rng: np.random.Generator) -> float:
    """How much inertia rises from one sweep to the next, as a share of it."""
    X = rng.standard_normal((200, 4))
    values = np.array(KMeans(5, n_init=1, random_state=int(rng.integers(99))).fit(X).history_["inertia"])
    return float(max(0.0, np.max(np.diff(values) / values[:-1], initial=0.0)))


def _fixed(rng: np.random.Generator) -> float:
    """Each row lies with its nearest centre, each centre is the mean of its rows."""
    X = rng.standard_normal((150, 3))
    model = KMeans(4, random_state=0, tol=0, max_iter=500).fit(X)
    squares = ((X[:, None] - model.cluster_centers_[None]) ** 2).sum(axis=2)
    own = squares[np.arange(len(X)), model.labels_]
    means = np.array([X[model.labels_ == k].mean(axis=0) for k in range(4)])
    return float(max((own - squares.min(axis=1)).max(), np.abs(means - model.cluster_centers_).max()))


def _sparse(rng: np.random.Generator) -> float:
    X = rng.random((100, 20)) * (rng.random((100, 20)) < 0.2)
    dense, sparse = (KMeans(3, random_state=0).fit(rows) for rows in (X, CSRMatrix.from_dense(X)))
    return float((dense.labels_ != sparse.labels_).mean())


def _heights(rng: np.random.Generator) -> float:
    """How far the heights of merges fall, and how far the first is from the least distance."""
    X, worst = rng.standard_normal((40, 3)), 0.0
    least = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(X, 2))
    for method in ("single", "complete", "average", "ward"):
        heights = linkage(X, method)[:, 2]
        worst = max(worst, float(np.max(-np.diff(heights))), abs(heights[0] - least))
    return worst


def _svd(rng: np.random.Generator) -> float:
    X = rng.standard_normal((30, 5)) @ rng.standard_normal((5, 20))
    model = TruncatedSVD(5, random_state=0).fit(X)
    return float(np.abs(model.singular_values_ - np.linalg.svd(X, compute_uv=False)[:5]).max())


def _names(rng: np.random.Generator) -> float:
    """Other names for the same clusters change no measure."""
    labels, found = rng.integers(4, size=60), rng.integers(4, size=60)
    renamed = rng.permutation(4)[found]
    return max(abs(f(labels, found) - f(labels, renamed)) for f in (nmi, ari, cluster_accuracy))


def _threads(rng: np.random.Generator) -> float:
    X = rng.standard_normal((5000, 20)).astype(np.float32)

    def result() -> bytes:
        return KMeans(10, n_init=1, random_state=0).fit(X).cluster_centers_.tobytes()

    return on_threads(result)


LAWS = [
    Law("clusters", "inertia never rises", _falls, 1e-12),
    Law("clusters", "K-means ends at a fixed point", _fixed, 1e-9),
    Law("clusters", "sparse rows are clustered as dense ones", _sparse, 0),
    Law("clusters", "heights of a hierarchy rise from the least distance", _heights, 1e-9),
    Law("clusters", "singular values of a matrix of low rank", _svd, 1e-9),
    Law("clusters", "measures do not look at names", _names, 1e-12),
    Law("clusters", "1, 2 and 3 threads give the same bits", _threads, 0, draws=1),
]
