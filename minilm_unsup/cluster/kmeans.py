"""K-means by Lloyd's algorithm, Euclidean or spherical, on dense or sparse rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._estimator import ClusterMixin, Estimator, TransformerMixin
from .._exceptions import ConvergenceWarning, peer_convergence_warning
from .._history import History
from .._validation import (
    check_array,
    check_choice,
    check_is_fitted,
    check_matrix,
    check_n_features,
    check_number,
    check_random_state,
)
from .rows import Rows, Sweep, make_rows
from .seeding import choose_first_centers

__all__ = ["KMeans"]

# A squared mean of this many variances costs the products about two decimal digits.
FAR_MEAN = 100.0


class KMeans(ClusterMixin, TransformerMixin, Estimator):
    """K-means clusters (Lloyd 1982): centres that minimise ``J = sum_i w_i d(x_i, c_label(i))``.

    Each sweep assigns every row to its nearest centre, then moves every centre to the mean of its rows,
    ``c_k = sum_i r_ik w_i x_i / sum_i r_ik w_i``. Neither step can raise J. Under ``metric="cosine"`` (spherical
    K-means, Dhillon and Modha 2001) d is ``1 - cos``, rows count by their direction alone, and the mean is brought to
    unit length. The same `random_state` gives the same bits on any number of threads.

    Parameters
    ----------
    n_clusters : int, default 8
        At least 1, at most the number of rows.
    metric : {"euclidean", "cosine"}
        Squared Euclidean distance, or 1 - cos. A row of zeros has no direction: it is at distance 1 from every centre.
    init : {"k-means++", "random"} or array of shape (n_clusters, n_features)
        Greedy k-means++, rows drawn at random, or the centres to start from (then ``n_init`` counts as 1).
    n_init : int, default 1
        Starts; the one of the lowest inertia is kept.
    max_iter : int, default 300
        Most times that the centres of a start move.
    tol : float, default 1e-4
        Stop once the centres together move by no more than this share of the mean variance of the features
        (under cosine: of the mean squared length of a row, 1).
    random_state : None, int or numpy.random.Generator
    verbose : int, default 0
        1 prints one line a start.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        In the dtype of the data; of unit length under cosine.
    labels_ : ndarray of shape (n_samples,), int32
        Equal to ``predict`` of the training rows.
    inertia_ : float
        The J of these labels and centres.
    n_iter_ : int
        Iterations of the start that was kept.
    history_ : History
        ``"inertia"`` of each sweep of that start; never rises.
    n_features_in_ : int

    Raises
    ------
    ValueError
        For more clusters than rows, or what `check_matrix` refuses.

    Warns
    -----
    ConvergenceWarning
        Where fewer distinct clusters than asked for were found, or `max_iter` iterations did not converge.

    Notes
    -----
    A cluster that loses all its rows is put on the row farthest from its own centre. Dense data whose mean lies far
    outside its spread is centred on a copy first, for the products lose digits otherwise.

    References
    ----------
    Lloyd, "Least squares quantization in PCM", 1982. Arthur and Vassilvitskii, "k-means++", 2007.
    Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001.
    """

    _accepts_sparse = True

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        metric: str = "euclidean",
        init: Any = "k-means++",
        n_init: int = 1,
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> KMeans:
        """Find the clusters of `X`.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : ignored
        sample_weight : array of shape (n_samples,), optional
            Weights of at least 0, not all 0.

        Returns
        -------
        KMeans
            Itself.
        """
        X = check_matrix(X, accept_sparse=True, estimator="KMeans")
        self._check_parameters(X.shape[0])
        weight = _check_weight(sample_weight, X)
        start_centers = self._check_init(X)
        rows, offset = self._centred_rows(X)
        rng = check_random_state(self.random_state)
        threshold = self.tol * self._spread(rows)
        best: tuple[Sweep, NDArray, History, bool] | None = None
        n_starts = self.n_init if start_centers is None else 1
        for start, seed in enumerate(rng.integers(0, 2**63 - 1, size=n_starts).tolist()):
            if start_centers is None:
                centers = choose_first_centers(rows, weight, self.n_clusters, self.init, np.random.default_rng(seed))
            else:
                centers = start_centers - offset if offset is not None else start_centers
            run = self._run(rows, weight, np.ascontiguousarray(self._placed(centers), dtype=rows.dtype), threshold)
            if self.verbose:
                print(f"KMeans start {start + 1}/{n_starts}: inertia {run[0].inertia:.6g} after {len(run[2])} sweeps")
            if best is None or run[0].inertia < best[0].inertia:
                best = run
        assert best is not None
        sweep, centers, history, converged = best
        if not converged:
            warnings.warn(
                f"KMeans did not converge in max_iter={self.max_iter} iterations; raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        n_found = len(np.unique(sweep.labels))
        if n_found < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({n_found}) found smaller than n_clusters ({self.n_clusters}). "
                f"Possibly due to duplicate points in X.",
                peer_convergence_warning(),
                stacklevel=2,
            )
        self.cluster_centers_ = centers if offset is None else (centers + offset).astype(rows.dtype, copy=False)
        self.labels_ = sweep.labels
        self.inertia_ = sweep.inertia
        self.n_iter_ = min(len(history), self.max_iter)
        self.history_ = history
        self.n_features_in_ = int(X.shape[1])
        self._offset = offset
        if offset is not None:  # the centres were rounded when the offset came back
            self.labels_ = self.predict(X)
        return self

    def _run(
        self, rows: Rows, weight: NDArray, centers: NDArray, threshold: float
    ) -> tuple[Sweep, NDArray, History, bool]:
        """Sweep from `centers` until nothing moves; return sweep, centres, history, and whether it ended."""
        history = History()
        sweep = rows.sweep(centers, weight)
        history.append(inertia=sweep.inertia)
        for _ in range(self.max_iter):
            moved = self._update(rows, weight, centers, sweep)
            shift = float(np.sum((moved.astype(np.float64) - centers) ** 2))
            if shift == 0:
                return sweep, centers, history, True
            following = rows.sweep(moved, weight)
            if following.inertia > sweep.inertia:  # by rounding alone: this is as low as the dtype can tell
                return sweep, centers, history, True
            unchanged = np.array_equal(following.labels, sweep.labels)
            sweep, centers = following, moved
            history.append(inertia=sweep.inertia)
            if unchanged or shift <= threshold:
                return sweep, centers, history, True
        return sweep, centers, history, False

    def _update(self, rows: Rows, weight: NDArray, centers: NDArray, sweep: Sweep) -> NDArray:
        """Return where the centres go after `sweep`: the means of their rows, empty clusters re-seeded."""
        sums, totals = sweep.sums, sweep.totals
        if (totals == 0).any():
            sums, totals = _fill_empty(rows, weight, sweep)
        filled = totals > 0
        means = np.where(filled[:, None], sums, centers) / np.where(filled, totals, 1)[:, None]
        return np.ascontiguousarray(self._placed(means, centers), dtype=rows.dtype)

    def _placed(self, centers: NDArray, fallback: NDArray | None = None) -> NDArray:
        """Return centres as the metric wants them: of unit length under cosine (rows that cancel keep the old one)."""
        if self.metric != "cosine":
            return centers
        centers = centers.astype(np.float64, copy=False)
        lengths = np.sqrt(np.einsum("kd,kd->k", centers, centers))
        if fallback is not None:
            centers = np.where((lengths > 0)[:, None], centers, fallback)
        return centers / np.where(lengths > 0, lengths, 1)[:, None]

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Return the number of the nearest centre of each row, shape (n_samples,), int32."""
        rows, centers = self._rows(self._checked(X))
        return rows.nearest(centers)

    def transform(self, X: Any) -> NDArray:
        """Return the distance of each row to each centre, shape (n_samples, n_clusters): Euclidean, or 1 - cos."""
        rows, centers = self._rows(self._checked(X))
        distances = rows.distances_to(centers)
        if self.metric == "euclidean":
            np.sqrt(distances, out=distances)
        return np.ascontiguousarray(distances.T)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the inertia of `X` at these centres; higher is better."""
        X = self._checked(X)
        weight = _check_weight(sample_weight, X)
        rows, centers = self._rows(X)
        return -rows.sweep(centers, weight).inertia

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Return the names of the columns of `transform`: kmeans0, kmeans1, ..."""
        check_is_fitted(self, "cluster_centers_")
        return np.asarray([f"kmeans{k}" for k in range(len(self.cluster_centers_))], dtype=object)

    def _rows(self, X: Any) -> tuple[Rows, NDArray]:
        """Return the rows of `X` and the centres, both less the offset that `fit` took off."""
        if self._offset is None or isinstance(X, CSRMatrix):
            return make_rows(X, self.metric), self.cluster_centers_
        return make_rows(X - self._offset, self.metric), self.cluster_centers_ - self._offset

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self, "cluster_centers_")
        X = check_matrix(X, accept_sparse=True, estimator="KMeans")
        check_n_features(self, X)
        # Distances between two dtypes would compile a kernel for the pair: the rows follow the centres.
        return X if X.dtype == self.cluster_centers_.dtype else X.astype(self.cluster_centers_.dtype)

    def _check_parameters(self, n_samples: int) -> None:
        check_number(self.n_clusters, "n_clusters", integer=True, low=1)
        check_choice(self.metric, "metric", ("euclidean", "cosine"))
        check_number(self.n_init, "n_init", integer=True, low=1)
        check_number(self.max_iter, "max_iter", integer=True, low=1)
        check_number(self.tol, "tol", low=0)
        if n_samples < self.n_clusters:
            raise ValueError(
                f"n_samples={n_samples} should be >= n_clusters={self.n_clusters}: ask for at most {n_samples} clusters"
            )

    def _check_init(self, X: Any) -> NDArray | None:
        if isinstance(self.init, str):
            check_choice(self.init, "init", ("k-means++", "random"))
            return None
        centers = check_array(self.init, "init", dtype=X.dtype, shape=(self.n_clusters, X.shape[1]))
        if not np.isfinite(centers).all():
            raise ValueError("init must hold finite centres, got NaN or infinity")
        return centers

    def _centred_rows(self, X: Any) -> tuple[Rows, NDArray | None]:
        """Return the rows of `X`, less their mean where that lies far outside their spread, and the mean taken off."""
        rows = make_rows(X, self.metric)
        if isinstance(X, CSRMatrix) or self.metric == "cosine":
            return rows, None
        mean = rows.column_sums / len(X)
        if float(mean @ mean) <= FAR_MEAN * self._spread(rows) * X.shape[1]:
            return rows, None
        offset = mean.astype(X.dtype)
        return make_rows(X - offset, self.metric), offset

    def _spread(self, rows: Rows) -> float:
        """Return the mean variance of the features (1 under cosine), which `tol` is a share of."""
        if self.metric == "cosine":
            return 1.0
        mean = rows.column_sums / rows.shape[0]
        return max(0.0, float(rows.squares.mean() - mean @ mean)) / rows.shape[1]


def _check_weight(sample_weight: Any, X: Any) -> NDArray:
    if sample_weight is None:
        return np.ones(X.shape[0], dtype=X.dtype)
    weight = check_array(sample_weight, "sample_weight", dtype=X.dtype, shape=(X.shape[0],))
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError("sample_weight must hold finite weights of at least zero, not all of them zero")
    return weight


def _fill_empty(rows: Rows, weight: NDArray, sweep: Sweep) -> tuple[NDArray, NDArray]:
    """Return sums and totals with the rows farthest from their centres moved to the empty clusters."""
    sums, totals = sweep.sums.copy(), sweep.totals.copy()
    members = np.bincount(sweep.labels[weight > 0], minlength=len(totals))
    empty = np.flatnonzero(totals == 0).tolist()
    far = np.where((weight > 0) & (rows.scale > 0), sweep.distances, -1)  # a row of zeros has no direction to give
    n_candidates = min(len(far), 4 * len(empty) + 16)
    order = np.argpartition(-far, n_candidates - 1)[:n_candidates]
    order = order[np.lexsort((order, -far[order]))]
    for i in order.tolist():
        if not empty or far[i] <= 0:
            break
        label = sweep.labels[i]
        if members[label] < 2:  # would empty another cluster
            continue
        row = rows.take(np.array([i]))[0].astype(np.float64)
        w = float(weight[i])
        k = empty.pop(0)
        sums[label] -= w * row
        totals[label] -= w
        members[label] -= 1
        sums[k], totals[k] = w * row, w
    return sums, totals
