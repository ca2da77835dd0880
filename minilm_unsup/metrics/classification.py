"""Scores of predicted labels against true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice, check_consistent_length, check_labels

__all__ = ["accuracy", "confusion_matrix", "f1", "precision", "recall"]

_AVERAGES = ("macro", "micro", "weighted", None)


def _pair(y_true: Any, y_pred: Any) -> tuple[NDArray, NDArray]:
    a, b = check_labels(y_true, "y_true"), check_labels(y_pred, "y_pred")
    check_consistent_length(a, b, "y_true", "y_pred")
    if len(a) == 0:
        raise ValueError("y_true must hold at least one label, got none")
    if (a.dtype.kind in "US") != (b.dtype.kind in "US"):
        raise TypeError("y_true and y_pred must hold labels of one kind: both strings or both numbers")
    return a, b


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of labels that are right, in [0, 1].

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)

    Raises
    ------
    ValueError
        For no labels at all or different lengths.
    """
    a, b = _pair(y_true, y_pred)
    return float(np.mean(a == b))


def confusion_matrix(y_true: Any, y_pred: Any, labels: Sequence[Any] | None = None) -> NDArray[np.int64]:
    """Count pairs of true (row) and predicted (column) label.

    Parameters
    ----------
    labels : sequence, optional
        Rows and columns, in this order; pairs with another label are left out. By default all labels, sorted.

    Returns
    -------
    ndarray of shape (K, K), int64
    """
    a, b = _pair(y_true, y_pred)
    names = np.unique(np.concatenate([a, b])) if labels is None else check_labels(labels, "labels")
    if len(set(names.tolist())) != len(names):
        raise ValueError("labels must not name a label twice")
    position = {name: i for i, name in enumerate(names.tolist())}
    rows = np.array([position.get(v, -1) for v in a.tolist()], dtype=np.int64)
    columns = np.array([position.get(v, -1) for v in b.tolist()], dtype=np.int64)
    known = (rows >= 0) & (columns >= 0)
    k = len(names)
    return np.bincount(rows[known] * k + columns[known], minlength=k * k).reshape(k, k)


def _counts(y_true: Any, y_pred: Any) -> tuple[NDArray, NDArray, NDArray]:
    """True positives, predicted and true counts of each class, in sorted order."""
    matrix = confusion_matrix(y_true, y_pred)
    return np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)


def _ratio(numerator: NDArray, denominator: NDArray, zero_division: float) -> NDArray[np.float64]:
    out = np.full(np.shape(numerator), zero_division, dtype=np.float64)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return out


def _average(numerator: NDArray, denominator: NDArray, support: NDArray, average: Any, zero_division: float) -> Any:
    check_choice(average, "average", _AVERAGES)
    if average == "micro":
        return float(_ratio(numerator.sum(), denominator.sum(), zero_division))
    each = _ratio(numerator, denominator, zero_division)
    if average is None:
        return each
    return float(np.mean(each) if average == "macro" else np.sum(each * support) / support.sum())


def precision(y_true: Any, y_pred: Any, *, average: str | None = "macro", zero_division: float = 0.0) -> Any:
    """Share of the predictions of a class that are right: TP / (TP + FP), in [0, 1].

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)
    average : {"macro", "micro", "weighted", None}
        Mean over classes; over all decisions; over classes by their true counts; or one value a class, in sorted order.
    zero_division : float
        The value of a class that was never predicted.
    """
    tp, predicted, true = _counts(y_true, y_pred)
    return _average(tp, predicted, true, average, zero_division)


def recall(y_true: Any, y_pred: Any, *, average: str | None = "macro", zero_division: float = 0.0) -> Any:
    """Share of a class that was found: TP / (TP + FN), in [0, 1]; parameters as `precision`."""
    tp, _, true = _counts(y_true, y_pred)
    return _average(tp, true, true, average, zero_division)


def f1(y_true: Any, y_pred: Any, *, average: str | None = "macro", zero_division: float = 0.0) -> Any:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN), in [0, 1]; parameters as `precision`."""
    tp, predicted, true = _counts(y_true, y_pred)
    return _average(2 * tp, predicted + true, true, average, zero_division)
