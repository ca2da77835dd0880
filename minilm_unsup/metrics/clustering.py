"""Scores of a clustering against known classes; the names of clusters and classes do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice, check_consistent_length, check_labels

__all__ = ["ari", "cluster_accuracy", "completeness", "contingency", "homogeneity", "nmi", "purity"]


def contingency(y_true: Any, y_pred: Any) -> NDArray[np.int64]:
    """Count how many samples of each class (row) lie in each cluster (column), both in sorted order."""
    a, b = check_labels(y_true, "y_true"), check_labels(y_pred, "y_pred")
    check_consistent_length(a, b, "y_true", "y_pred")
    if len(a) == 0:
        raise ValueError("y_true must hold at least one label, got none")
    classes, rows = np.unique(a, return_inverse=True)
    clusters, columns = np.unique(b, return_inverse=True)
    flat = np.bincount(rows * len(clusters) + columns, minlength=len(classes) * len(clusters))
    return flat.reshape(len(classes), len(clusters))


def _entropy(counts: NDArray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _mutual_information(table: NDArray) -> float:
    n = table.sum()
    i, j = np.nonzero(table)
    joint = table[i, j] / n
    expected = table.sum(axis=1)[i].astype(np.float64) * table.sum(axis=0)[j] / (float(n) * float(n))
    return max(0.0, float((joint * (np.log(joint) - np.log(expected))).sum()))


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
        1.0 where both labelings are one single cluster, as in scikit-learn; 0.0 where only one is.
    """
    check_choice(average, "average", ("arithmetic", "geometric", "min", "max"))
    table = contingency(y_true, y_pred)
    if table.shape == (1, 1):
        return 1.0
    h_true, h_pred = _entropy(table.sum(axis=1)), _entropy(table.sum(axis=0))
    mean = {
        "arithmetic": (h_true + h_pred) / 2,
        "geometric": float(np.sqrt(h_true * h_pred)),
        "min": min(h_true, h_pred),
        "max": max(h_true, h_pred),
    }[average]
    if mean <= 0:
        return 0.0
    return float(min(1.0, _mutual_information(table) / mean))


def homogeneity(y_true: Any, y_pred: Any) -> float:
    """1 - H(Y | C) / H(Y): 1 where each cluster holds one class only (Rosenberg & Hirschberg 2007, eq. 1)."""
    table = contingency(y_true, y_pred)
    h = _entropy(table.sum(axis=1))
    return 1.0 if h == 0 else float(min(1.0, _mutual_information(table) / h))


def completeness(y_true: Any, y_pred: Any) -> float:
    """1 - H(C | Y) / H(C): 1 where each class lies in one cluster only (Rosenberg & Hirschberg 2007, eq. 2)."""
    return homogeneity(y_pred, y_true)


def purity(y_true: Any, y_pred: Any) -> float:
    """Share of samples that are of the most frequent class of their cluster, in (0, 1]; 1 for all singletons."""
    table = contingency(y_true, y_pred)
    return float(table.max(axis=0).sum() / table.sum())


def ari(y_true: Any, y_pred: Any) -> float:
    """Adjusted Rand index: pairs put together or apart rightly, less what chance gives (Hubert & Arabie 1985, eq. 5).

    Returns
    -------
    float
        In [-0.5, 1]; 1.0 for equal partitions, 0 in expectation for random ones.
    """
    table = contingency(y_true, y_pred)

    def pairs(counts: NDArray) -> int:
        return sum(int(c) * (int(c) - 1) // 2 for c in counts.ravel())

    together, same_class, same_cluster = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    n = int(table.sum())
    total = n * (n - 1) // 2
    if total == 0:
        return 1.0
    expected = same_class * same_cluster / total
    largest = (same_class + same_cluster) / 2
    if largest == expected:  # both one cluster, or both all singletons
        return 1.0
    return float((together - expected) / (largest - expected))


def cluster_accuracy(y_true: Any, y_pred: Any) -> float:
    """Accuracy under the best one-to-one matching of clusters to classes, in (0, 1] (Xu et al. 2003, eq. 8).

    max over pi of (1/N) sum_i 1[y_i = pi(c_i)], found by `hungarian`. Clusters beyond the number of classes
    count as wrong.
    """
    from .assignment import hungarian

    table = contingency(y_true, y_pred)
    rows, columns = hungarian(-table.astype(np.float64))
    return float(table[rows, columns].sum() / table.sum())
