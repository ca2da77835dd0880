"""Scores of predicted labels against true ones."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice, check_labels, check_number
from .label_pairs import check_label_pair, kind_of

__all__ = ["accuracy", "classification_report", "confusion_matrix", "f1", "precision", "recall"]


class _Counts(NamedTuple):
    names: NDArray  # (K,)
    right: NDArray[np.int64]  # (K,)  true positives
    predicted: NDArray[np.int64]  # (K,)  true and false positives
    true: NDArray[np.int64]  # (K,)  true positives and false negatives


def _comparable_pair(y_true: Any, y_pred: Any) -> tuple[NDArray, NDArray]:
    a, b = check_label_pair(y_true, y_pred)
    if kind_of(a) != kind_of(b):
        raise TypeError(
            "y_true and y_pred must hold labels of one kind to be compared, "
            f"got {kind_of(a)} in y_true and {kind_of(b)} in y_pred"
        )
    return a, b


def _codes(a: NDArray, b: NDArray, labels: Any) -> tuple[NDArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return the names of the classes and the position of each label among them, -1 where it is none of them."""
    if labels is None:
        names, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
        return names, codes[: len(a)], codes[len(a) :]
    names = check_labels(labels, "labels")
    if len(names) == 0:
        raise ValueError("labels must name at least one label, got none; leave it out for all of them")
    if kind_of(names) != kind_of(a):
        raise TypeError(f"labels must be of the kind of y_true, {kind_of(a)}, got {kind_of(names)}")
    order = np.argsort(names, kind="stable")
    ordered = names[order]
    if (ordered[1:] == ordered[:-1]).any():
        twice = ordered[1:][ordered[1:] == ordered[:-1]][0]
        raise ValueError(f"labels must not name a label twice, got {twice.item()!r} more than once")

    def locate(values: NDArray) -> NDArray[np.int64]:
        place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
        return np.where(ordered[place] == values, order[place], -1)

    return names, locate(a), locate(b)


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of labels that are right, in [0, 1].

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)

    Raises
    ------
    TypeError
        If one holds strings and the other numbers.
    ValueError
        For no labels at all, different lengths or missing labels.
    """
    a, b = _comparable_pair(y_true, y_pred)
    return float(np.mean(a == b))


def confusion_matrix(y_true: Any, y_pred: Any, labels: Any = None) -> NDArray[np.int64]:
    """Count pairs of true (row) and predicted (column) label.

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)
    labels : sequence of shape (K,), optional
        Rows and columns, in this order; pairs with another label are left out. By default all labels, sorted.

    Returns
    -------
    ndarray of shape (K, K), int64

    Raises
    ------
    TypeError, ValueError
        As `accuracy`, and where `labels` is empty, names a label twice or is of another kind.
    """
    names, rows, columns = _codes(*_comparable_pair(y_true, y_pred), labels)
    known = (rows >= 0) & (columns >= 0)
    k = len(names)
    return np.bincount(rows[known] * k + columns[known], minlength=k * k).reshape(k, k)


def _count(y_true: Any, y_pred: Any, labels: Any) -> _Counts:
    names, true, predicted = _codes(*_comparable_pair(y_true, y_pred), labels)
    k = len(names)
    right = true[true == predicted]
    return _Counts(names, *(np.bincount(codes[codes >= 0], minlength=k) for codes in (right, predicted, true)))


def _ratio(numerator: NDArray, denominator: NDArray, zero_division: float) -> NDArray[np.float64]:
    out = np.full(np.shape(numerator), zero_division, dtype=np.float64)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return out


def _average(numerator: NDArray, denominator: NDArray, support: NDArray, average: Any, zero_division: float) -> Any:
    check_choice(average, "average", ("macro", "micro", "weighted", None))
    zero_division = check_number(zero_division, "zero_division", low=0, high=1)
    if average == "micro":
        return float(_ratio(numerator.sum(), denominator.sum(), zero_division))
    each = _ratio(numerator, denominator, zero_division)
    if average is None:
        return each
    if average == "macro":
        return float(np.mean(each))
    return float(_ratio(np.sum(each * support), support.sum(), zero_division))


@overload
def precision(
    y_true: Any, y_pred: Any, *, labels: Any = ..., average: str = ..., zero_division: float = ...
) -> float: ...
@overload
def precision(
    y_true: Any, y_pred: Any, *, labels: Any = ..., average: None, zero_division: float = ...
) -> NDArray[np.float64]: ...
def precision(
    y_true: Any, y_pred: Any, *, labels: Any = None, average: str | None = "macro", zero_division: float = 0.0
) -> Any:
    """Share of the predictions of a class that are right: TP / (TP + FP), in [0, 1].

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)
    labels : sequence of shape (K,), optional
        The classes that are averaged, or scored in this order; a wrong decision for any other class still counts
        against them. By default all labels of both, sorted.
    average : {"macro", "micro", "weighted", None}
        Mean over classes; over all decisions; over classes by their true counts; or one value a class.
        Over all classes "micro" is the accuracy.
    zero_division : float in [0, 1]
        The value of a class whose score is 0 / 0: for precision, one that was never predicted.

    Returns
    -------
    float, or ndarray of shape (K,), float64, where `average` is None

    Raises
    ------
    TypeError, ValueError
        As `confusion_matrix`.
    """
    counts = _count(y_true, y_pred, labels)
    return _average(counts.right, counts.predicted, counts.true, average, zero_division)


@overload
def recall(y_true: Any, y_pred: Any, *, labels: Any = ..., average: str = ..., zero_division: float = ...) -> float: ...
@overload
def recall(
    y_true: Any, y_pred: Any, *, labels: Any = ..., average: None, zero_division: float = ...
) -> NDArray[np.float64]: ...
def recall(
    y_true: Any, y_pred: Any, *, labels: Any = None, average: str | None = "macro", zero_division: float = 0.0
) -> Any:
    """Share of a class that was found: TP / (TP + FN), in [0, 1]; parameters as `precision`.

    It is 0 / 0 for a class that never occurs in `y_true`.
    """
    counts = _count(y_true, y_pred, labels)
    return _average(counts.right, counts.true, counts.true, average, zero_division)


@overload
def f1(y_true: Any, y_pred: Any, *, labels: Any = ..., average: str = ..., zero_division: float = ...) -> float: ...
@overload
def f1(
    y_true: Any, y_pred: Any, *, labels: Any = ..., average: None, zero_division: float = ...
) -> NDArray[np.float64]: ...
def f1(
    y_true: Any, y_pred: Any, *, labels: Any = None, average: str | None = "macro", zero_division: float = 0.0
) -> Any:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN), in [0, 1]; parameters as `precision`.

    It is 0 / 0 only for a class of `labels` that neither side holds. The macro mean is the mean of the F1 of each
    class, not the F1 of the mean precision and recall.
    """
    counts = _count(y_true, y_pred, labels)
    return _average(2 * counts.right, counts.predicted + counts.true, counts.true, average, zero_division)


def classification_report(y_true: Any, y_pred: Any, *, zero_division: float = 0.0) -> dict[str, Any]:
    """All scores of a classifier, in the form of scikit-learn's ``classification_report(..., output_dict=True)``.

    Parameters
    ----------
    y_true, y_pred : sequence of int or str, shape (N,)
    zero_division : float in [0, 1]
        As in `precision`.

    Returns
    -------
    dict
        The name of each class (``str`` of its label, sorted as the labels), then ``"macro avg"`` and
        ``"weighted avg"``, to ``{"precision", "recall", "f1-score": float, "support": int}``; ``"accuracy"`` to a
        float. Plain numbers, ready for JSON.

    Raises
    ------
    TypeError, ValueError
        As `accuracy`, and where a class bears the name of one of the other three entries.
    """
    counts = _count(y_true, y_pred, None)
    names = [str(name) for name in counts.names.tolist()]
    for taken in ("accuracy", "macro avg", "weighted avg"):
        if taken in names:
            raise ValueError(f"y_true and y_pred must not hold the label {taken!r}, an entry of the report; rename it")

    def scores(average: Literal["macro", "weighted"] | None) -> dict[str, Any]:
        parts = {
            "precision": (counts.right, counts.predicted),
            "recall": (counts.right, counts.true),
            "f1-score": (2 * counts.right, counts.predicted + counts.true),
        }
        return {name: _average(*part, counts.true, average, zero_division) for name, part in parts.items()}

    each, support, n = scores(None), counts.true.tolist(), int(counts.true.sum())
    report: dict[str, Any] = {
        name: {**{score: float(values[i]) for score, values in each.items()}, "support": support[i]}
        for i, name in enumerate(names)
    }
    report["accuracy"] = float(counts.right.sum() / n)
    report["macro avg"] = {**scores("macro"), "support": n}
    report["weighted avg"] = {**scores("weighted"), "support": n}
    return report
