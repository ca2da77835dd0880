"""Two labelings of the same samples, checked and counted."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._validation import check_consistent_length, check_labels

__all__ = ["PairCounts", "check_label_pair", "count_pairs", "kind_of"]


class PairCounts(NamedTuple):
    """The contingency table of two labelings by its non-zero cells, of which there are at most N."""

    rows: NDArray[np.int64]  # (P,)  class of each cell, rising
    columns: NDArray[np.int64]  # (P,)  cluster of each cell
    counts: NDArray[np.int64]  # (P,)  samples in it, at least 1
    row_sums: NDArray[np.int64]  # (R,)
    column_sums: NDArray[np.int64]  # (C,)
    n: int


def kind_of(labels: NDArray) -> str:
    """Return what labels of this dtype compare with: text, bytes or numbers."""
    return {"U": "strings", "S": "bytes"}.get(labels.dtype.kind, "numbers")


def check_label_pair(y_true: Any, y_pred: Any) -> tuple[NDArray, NDArray]:
    """Return both as 1-D arrays of one length, at least 1."""
    a, b = check_labels(y_true, "y_true"), check_labels(y_pred, "y_pred")
    check_consistent_length(a, b, "y_true", "y_pred")
    if len(a) == 0:
        raise ValueError("y_true must hold at least one label, got none")
    return a, b


def count_pairs(y_true: Any, y_pred: Any) -> PairCounts:
    """Count the samples of each pair of labels that occurs; labels of any two kinds, each sorted."""
    a, b = check_label_pair(y_true, y_pred)
    classes, rows = np.unique(a, return_inverse=True)
    clusters, columns = np.unique(b, return_inverse=True)
    n_clusters = len(clusters)
    cells, counts = np.unique(rows * n_clusters + columns, return_counts=True)
    return PairCounts(
        cells // n_clusters,
        cells % n_clusters,
        counts.astype(np.int64, copy=False),
        np.bincount(rows, minlength=len(classes)),
        np.bincount(columns, minlength=n_clusters),
        len(a),
    )
