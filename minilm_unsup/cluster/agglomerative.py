"""Agglomerative clusters as an estimator: the tree, its cut, and new rows by the nearest mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import ClusterMixin, Estimator
from .._validation import check_choice, check_is_fitted, check_matrix, check_n_features, check_number
from ..ops.sparse import normalize_rows
from .hierarchical import METHODS, cut_tree, linkage
from .rows import make_rows

__all__ = ["AgglomerativeClustering"]


class AgglomerativeClustering(ClusterMixin, Estimator):
    """Join the nearest clusters until `n_clusters` are left, or none is nearer than `distance_threshold`.

    Parameters
    ----------
    n_clusters : int or None, default 2
        None where `distance_threshold` is given.
    distance_threshold : float, optional
        Clusters at this distance or above are not joined. Takes the place of `n_clusters`.
    linkage : {"ward", "single", "complete", "average"}
        See `minilm_unsup.cluster.linkage`.
    metric : {"euclidean", "cosine"}

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int32
        Clusters are numbered in the order of their first row.
    n_clusters_ : int
    linkage_matrix_ : ndarray of shape (n_samples - 1, 4)
        In SciPy's format.
    children_ : ndarray of shape (n_samples - 1, 2), int64
        The two clusters of each join.
    distances_ : ndarray of shape (n_samples - 1,)
        The height of each join; never falls.
    n_leaves_ : int
    cluster_centers_ : ndarray of shape (n_clusters_, n_features)
        The mean of each cluster (under cosine of its unit rows, of unit length).
    n_features_in_ : int
    """

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        distance_threshold: float | None = None,
        linkage: str = "ward",
        metric: str = "euclidean",
    ) -> None:
        self.n_clusters = n_clusters
        self.distance_threshold = distance_threshold
        self.linkage = linkage
        self.metric = metric

    def fit(self, X: Any, y: Any = None) -> AgglomerativeClustering:
        """Build the tree of the rows of `X`, shape (n_samples, n_features), and cut it.

        Raises
        ------
        ValueError
            For fewer than 2 rows, more clusters than rows, or both or neither of `n_clusters` and
            `distance_threshold` where one alone is needed.
        """
        check_choice(self.linkage, "linkage", METHODS)
        check_choice(self.metric, "metric", ("euclidean", "cosine"))
        X = check_matrix(X, min_samples=2, estimator="AgglomerativeClustering")
        threshold = self.distance_threshold
        if threshold is None:
            if self.n_clusters is None:
                raise ValueError("n_clusters must be given where distance_threshold is None")
            n_clusters = check_number(self.n_clusters, "n_clusters", integer=True, low=1)
            if n_clusters > len(X):
                raise ValueError(f"n_clusters must be at most n_samples={len(X)}, got {n_clusters}")
        elif self.n_clusters not in (None, 2):
            raise ValueError("n_clusters must be None where distance_threshold is given: the threshold decides")
        Z = linkage(X, self.linkage, self.metric)
        if threshold is not None:
            n_clusters = 1 + int(np.sum(Z[:, 2] >= check_number(threshold, "distance_threshold", low=0)))
        self.n_features_in_ = int(X.shape[1])
        self.linkage_matrix_ = Z
        self.children_ = Z[:, :2].astype(np.int64)
        self.distances_ = Z[:, 2].copy()
        self.n_leaves_ = len(X)
        self.n_clusters_ = n_clusters
        self.labels_ = cut_tree(Z, n_clusters)
        self.cluster_centers_ = self._means(X)
        return self

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Return the cluster whose mean is nearest to each row.

        The tree itself says nothing about rows it has not seen; for the training rows this may differ from `labels_`
        where clusters are not round.
        """
        check_is_fitted(self, "cluster_centers_")
        X = check_matrix(X, estimator="AgglomerativeClustering")
        check_n_features(self, X)
        centers = self.cluster_centers_
        return make_rows(X.astype(centers.dtype, copy=False), self.metric).nearest(centers)

    def _means(self, X: NDArray) -> NDArray:
        rows = X if self.metric == "euclidean" else np.asarray(normalize_rows(X))
        order = np.argsort(self.labels_, kind="stable")
        counts = np.bincount(self.labels_, minlength=self.n_clusters_)
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        means = np.add.reduceat(rows[order], starts, axis=0, dtype=np.float64) / counts[:, None]
        if self.metric == "cosine":
            means = np.asarray(normalize_rows(means))
        return np.ascontiguousarray(means, dtype=X.dtype)
