"""Scores of a clustering against known classes; the names of clusters and classes do not matter.

Sums over the cells of the contingency table are exact (``math.fsum``) or over integers, so that a score has the same
bits whatever the clusters are called, and the symmetric ones whichever labeling comes first. The table is kept by its
non-zero cells: as many clusters as samples are no trouble.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice, check_number
from .label_pairs import PairCounts, count_pairs

__all__ = ["ari", "cluster_accuracy", "completeness", "contingency", "homogeneity", "nmi", "purity", "v_measure"]


def contingency(y_true: Any, y_pred: Any) -> NDArray[np.int64]:
    """Count how many samples of each class (row) lie in each cluster (column), both in sorted order.

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)

    Returns
    -------
    ndarray of shape (n_classes, n_clusters), int64

    Raises
    ------
    ValueError
        For no labels at all, different lengths or missing labels.
    """
    pairs = count_pairs(y_true, y_pred)
    table = np.zeros((len(pairs.row_sums), len(pairs.column_sums)), dtype=np.int64)
    table[pairs.rows, pairs.columns] = pairs.counts
    return table


def _entropy(sums: NDArray[np.int64], n: int) -> float:
    return math.fsum((sums / n) * np.log(n / sums))


def _mutual_information(pairs: PairCounts) -> float:
    # The ratio is exactly 1 for independent cells and exactly n / count for equal partitions: no cancellation.
    expected = pairs.row_sums[pairs.rows].astype(np.float64) * pairs.column_sums[pairs.columns]
    ratio = pairs.counts.astype(np.float64) * pairs.n / expected
    return max(0.0, math.fsum((pairs.counts / pairs.n) * np.log(ratio)))


def nmi(y_true: Any, y_pred: Any, *, average: str = "arithmetic") -> float:
    """Normalised mutual information, I(Y; C) / mean(H(Y), H(C)), in [0, 1] (Strehl & Ghosh 2002; Vinh et al. 2010).

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)
    average : {"arithmetic", "geometric", "min", "max"}
        The mean of the two entropies.

    Returns
    -------
    float
        1.0 where both labelings are one single cluster, as in scikit-learn; 0.0 where only one is. It is not adjusted
        for chance: many small clusters score above 0 on random labels; see `ari`.

    Raises
    ------
    ValueError
        As `contingency`, and for an unknown `average`.
    """
    check_choice(average, "average", ("arithmetic", "geometric", "min", "max"))
    pairs = count_pairs(y_true, y_pred)
    if len(pairs.row_sums) == len(pairs.column_sums) == 1:
        return 1.0
    h_true, h_pred = _entropy(pairs.row_sums, pairs.n), _entropy(pairs.column_sums, pairs.n)
    mean = {
        "arithmetic": (h_true + h_pred) / 2,
        "geometric": math.sqrt(h_true * h_pred),
        "min": min(h_true, h_pred),
        "max": max(h_true, h_pred),
    }[average]
    return 0.0 if mean <= 0 else min(1.0, _mutual_information(pairs) / mean)


def homogeneity(y_true: Any, y_pred: Any) -> float:
    """1 - H(Y | C) / H(Y), in [0, 1]: 1 where each cluster holds one class only (Rosenberg & Hirschberg 2007, eq. 1).

    1.0 where there is one class, or each sample is a cluster of its own. Parameters and errors as `contingency`.
    """
    pairs = count_pairs(y_true, y_pred)
    h = _entropy(pairs.row_sums, pairs.n)
    return 1.0 if h == 0 else min(1.0, _mutual_information(pairs) / h)


def completeness(y_true: Any, y_pred: Any) -> float:
    """1 - H(C | Y) / H(C), in [0, 1]: 1 where each class lies in one cluster (Rosenberg & Hirschberg 2007, eq. 2).

    1.0 where there is one cluster. Parameters and errors as `contingency`.
    """
    pairs = count_pairs(y_true, y_pred)
    h = _entropy(pairs.column_sums, pairs.n)
    return 1.0 if h == 0 else min(1.0, _mutual_information(pairs) / h)


def v_measure(y_true: Any, y_pred: Any, *, beta: float = 1.0) -> float:
    """Weighted harmonic mean of homogeneity h and completeness c (Rosenberg & Hirschberg 2007, section 2).

    (1 + beta) h c / (beta h + c), in [0, 1]; with ``beta=1`` it is `nmi` with the arithmetic mean.

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)
    beta : float
        At least 0; above 1 completeness weighs more.

    Raises
    ------
    ValueError
        As `contingency`, and for a negative `beta`.
    """
    beta = check_number(beta, "beta", low=0)
    h, c = homogeneity(y_true, y_pred), completeness(y_true, y_pred)
    weight = beta * h + c
    return 0.0 if weight == 0 else min(1.0, (1 + beta) * h * c / weight)


def purity(y_true: Any, y_pred: Any) -> float:
    """Share of samples that are of the most frequent class of their cluster, in (0, 1] (Manning et al. 2008, 16.3).

    It never falls when a cluster is split: 1.0 for all singletons. Compare it at equal numbers of clusters only.
    Parameters and errors as `contingency`.
    """
    pairs = count_pairs(y_true, y_pred)
    most = np.zeros(len(pairs.column_sums), dtype=np.int64)
    np.maximum.at(most, pairs.columns, pairs.counts)
    return float(most.sum() / pairs.n)


def ari(y_true: Any, y_pred: Any) -> float:
    """Adjusted Rand index: pairs put together or apart rightly, less what chance gives (Hubert & Arabie 1985, eq. 5).

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)

    Returns
    -------
    float
        In [-0.5, 1]; 1.0 for equal partitions (both one cluster and both all singletons included), 0 in expectation
        for random ones, and 0.0 where one is a single cluster and the other is not.

    Raises
    ------
    ValueError
        As `contingency`.
    """
    pairs = count_pairs(y_true, y_pred)

    def n_pairs(counts: NDArray[np.int64]) -> int:
        return int((counts * (counts - 1) // 2).sum())

    together, same_class, same_cluster = (n_pairs(c) for c in (pairs.counts, pairs.row_sums, pairs.column_sums))
    total = pairs.n * (pairs.n - 1) // 2
    # Index less expected over largest less expected, times 2 total: whole numbers of any size.
    expected = 2 * same_class * same_cluster
    largest = (same_class + same_cluster) * total
    if largest == expected:
        return 1.0
    return (2 * together * total - expected) / (largest - expected)


def cluster_accuracy(y_true: Any, y_pred: Any) -> float:
    """Accuracy under the best one-to-one matching of clusters to classes, in (0, 1] (Xu et al. 2003, eq. 8).

    max over pi of (1/N) sum_i 1[y_i = pi(c_i)], found by `hungarian`. Clusters beyond the number of classes count as
    wrong, so all singletons score n_classes / N. Takes memory for n_classes x n_clusters, those aside that fit each
    other wholly. Parameters and errors as `contingency`.
    """
    from .assignment import hungarian

    pairs = count_pairs(y_true, y_pred)
    # A class and a cluster that are the same samples are matched in some best matching.
    same = (pairs.row_sums[pairs.rows] == pairs.counts) & (pairs.column_sums[pairs.columns] == pairs.counts)
    hits = int(pairs.counts[same].sum())
    if not same.all():
        classes, rows = np.unique(pairs.rows[~same], return_inverse=True)
        clusters, columns = np.unique(pairs.columns[~same], return_inverse=True)
        cost = np.zeros((len(classes), len(clusters)))
        cost[rows, columns] = -pairs.counts[~same]
        hits -= int(cost[hungarian(cost)].sum())
    return hits / pairs.n
