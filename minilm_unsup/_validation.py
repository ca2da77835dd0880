"""Checks of what callers pass in: one clear error that names the argument, what was needed and what came."""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._csr import CSRMatrix
from ._exceptions import not_fitted_error

__all__ = [
    "check_array",
    "check_choice",
    "check_consistent_length",
    "check_is_fitted",
    "check_labels",
    "check_matrix",
    "check_n_features",
    "check_number",
    "check_random_state",
    "check_texts",
    "is_sparse",
    "kernel_view",
]

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def check_number(
    value: Any,
    name: str,
    *,
    integer: bool = False,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    high_open: bool = False,
) -> Any:
    """Return `value` as int or float if it lies between `low` and `high`, else raise with `name`."""
    kind: Any = numbers.Integral if integer else numbers.Real
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, kind):
        wanted = "a whole number" if integer else "a number"
        raise TypeError(f"{name} must be {wanted}, got {value!r} of type {type(value).__name__}")
    if math.isnan(value):
        raise ValueError(f"{name} must be a number, got nan")
    too_low = low is not None and (value < low or (low_open and value == low))
    too_high = high is not None and (value > high or (high_open and value == high))
    if too_low or too_high:
        shown = [None if bound is None else f"{bound:.0f}" if integer else f"{bound:g}" for bound in (low, high)]
        left = "" if low is None else f"{'more than' if low_open else 'at least'} {shown[0]}"
        right = "" if high is None else f"{'less than' if high_open else 'at most'} {shown[1]}"
        raise ValueError(f"{name} must be {' and '.join(filter(None, (left, right)))}, got {value!r}")
    return int(value) if integer else float(value)


def check_flag(value: Any, name: str) -> bool:
    """Return `value` as a bool if it is one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_choice(value: Any, name: str, choices: Iterable[Any]) -> Any:
    """Return `value` if it is one of `choices`, else raise with `name` and the choices."""
    choices = tuple(choices)
    if not any(value is c or (isinstance(value, type(c)) and value == c) for c in choices):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def check_random_state(random_state: Any) -> np.random.Generator:
    """Return a Generator from None (fresh entropy), an int of at least 0 or a Generator (used as it is)."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):  # scikit-learn's tools pass these
        return np.random.default_rng(random_state.randint(0, 2**31 - 1))
    if random_state is None:
        return np.random.default_rng()
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool):
        if random_state < 0:
            raise ValueError(f"random_state must be at least 0, got {random_state}")
        return np.random.default_rng(int(random_state))
    raise TypeError(f"random_state must be None, an int or a numpy.random.Generator, got {type(random_state).__name__}")


def is_sparse(X: Any) -> bool:
    """Tell whether `X` is a sparse matrix of any library."""
    return isinstance(getattr(X, "format", None), str) and hasattr(X, "tocsr")


def check_matrix(
    X: Any,
    name: str = "X",
    *,
    accept_sparse: bool = False,
    min_samples: int = 1,
    min_features: int = 1,
    dtype: Any = None,
    estimator: str | None = None,
    finite: bool = True,
) -> Any:
    """Return `X` as a C-contiguous 2-D array or a checked `CSRMatrix`.

    float32 and float64 pass through unchanged (no copy where the layout allows), other numeric input becomes float64
    (or `dtype` where that is given, which then holds for all input).

    Raises
    ------
    TypeError
        For sparse input where none is accepted, complex numbers, or objects that are no numbers.
    ValueError
        For a wrong number of dimensions, too few rows or columns, NaN or infinity, or a broken sparse structure.
    """
    if is_sparse(X):
        if not accept_sparse:
            raise TypeError(
                f"Sparse data was passed for {name}, but dense data is required. "
                f"Use '{name}.toarray()' to convert to a dense numpy array."
            )
        return _check_csr(X, name, min_samples, min_features, dtype, estimator, finite)
    if hasattr(X, "__array_interface__") or hasattr(X, "__array__"):
        A = np.asarray(X)
    else:
        try:
            A = np.asarray(X)
        except ValueError as error:  # rows of different lengths
            raise ValueError(f"{name} must be a matrix of numbers with rows of one length: {error}") from None
    if A.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {A.dtype}")
    if A.dtype.kind not in "fiub":
        if A.dtype.kind == "O" or A.dtype.kind in "US":
            try:
                A = A.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{name} must hold numbers, got dtype {A.dtype}: {error}") from None
        else:
            raise TypeError(f"{name} must hold numbers, got dtype {A.dtype}")
    if A.ndim != 2:
        shape = f"scalar array instead: array={A}" if A.ndim == 0 else f"{A.ndim}D array instead"
        raise ValueError(
            f"Expected 2D array, got {shape}: {name} must have shape (n_samples, n_features). "
            f"Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
            f"array.reshape(1, -1) if it contains a single sample."
        )
    _check_size(A.shape, name, min_samples, min_features, estimator)
    wanted = np.dtype(dtype) if dtype is not None else (A.dtype if A.dtype in FLOATS else np.dtype(np.float64))
    A = np.ascontiguousarray(A, dtype=wanted)
    if finite:
        _check_finite(A, name, estimator)
    return A


def _check_size(shape: tuple[int, ...], name: str, min_samples: int, min_features: int, estimator: str | None) -> None:
    context = f" while a minimum of {{}} is required{f' by {estimator}' if estimator else ''}."
    if shape[0] < min_samples:
        raise ValueError(f"Found array {name} with {shape[0]} sample(s) (shape={shape})" + context.format(min_samples))
    if shape[1] < min_features:
        raise ValueError(
            f"Found array {name} with {shape[1]} feature(s) (shape={shape})" + context.format(min_features)
        )


def _check_finite(values: NDArray, name: str, estimator: str | None) -> None:
    # A sum is finite unless a value is not, or unless it overflows; only then is every value looked at.
    with np.errstate(all="ignore"):
        if np.isfinite(np.sum(values)):
            return
    finite = np.isfinite(values)
    if finite.all():
        return
    what = "NaN" if np.isnan(values).any() else f"infinity or a value too large for {values.dtype!r}"
    where = tuple(int(i) for i in np.argwhere(~finite)[0])
    place = f" (first at {where})" if values.ndim > 1 else ""
    owner = f"{estimator} does not accept it; " if estimator else ""
    raise ValueError(f"Input {name} contains {what}{place}. {owner}drop or fill such rows first.")


def _check_csr(
    X: Any, name: str, min_samples: int, min_features: int, dtype: Any, estimator: str | None, finite: bool
) -> CSRMatrix:
    if X.format != "csr":  # CSC has the same four attributes, with other meaning
        X = X.tocsr()
    if len(X.shape) != 2:
        raise ValueError(f"{name} must be a sparse matrix of 2 dimensions, got {len(X.shape)}")
    shape = (int(X.shape[0]), int(X.shape[1]))
    _check_size(shape, name, min_samples, min_features, estimator)
    data, indices, indptr = np.asarray(X.data), np.asarray(X.indices), np.asarray(X.indptr)
    if data.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {data.dtype}")
    if data.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold numbers, got dtype {data.dtype}")
    wanted = np.dtype(dtype) if dtype is not None else (data.dtype if data.dtype in FLOATS else np.dtype(np.float64))
    data = np.ascontiguousarray(data, dtype=wanted)
    broken = (
        indptr.ndim != 1
        or len(indptr) != shape[0] + 1
        or indptr[0] != 0
        or indptr[-1] != len(indices)
        or len(indices) != len(data)
        or bool(np.any(indptr[1:] < indptr[:-1]))
    )
    if broken:
        raise ValueError(f"{name} is not a valid CSR matrix: indptr, indices and data do not fit each other")
    if len(indices) and (int(indices.min()) < 0 or int(indices.max()) >= shape[1]):
        raise ValueError(f"{name} is not a valid CSR matrix: a column index lies outside [0, {shape[1]})")
    if finite:
        _check_finite(data, name, estimator)
    out = CSRMatrix(
        data, np.ascontiguousarray(indices, dtype=np.int32), np.ascontiguousarray(indptr, dtype=np.int64), shape
    )
    return sum_duplicates(out)


def sum_duplicates(X: CSRMatrix) -> CSRMatrix:
    """Return `X` with columns in order and each at most once a row; `X` itself where that already holds."""
    if X.nnz < 2:
        return X
    rising = X.indices[1:] > X.indices[:-1]
    starts = X.indptr[1:-1]
    rising[starts[(starts > 0) & (starts < X.nnz)] - 1] = True  # a new row may start lower
    if rising.all():
        return X
    keys = X.row_numbers() * X.shape[1] + X.indices
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.concatenate(([True], keys[1:] != keys[:-1]))
    sums = np.add.reduceat(X.data[order], np.flatnonzero(first)).astype(X.data.dtype, copy=False)
    kept = keys[first]
    indptr = np.zeros(X.shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(kept // X.shape[1], minlength=X.shape[0]), out=indptr[1:])
    return CSRMatrix(sums, (kept % X.shape[1]).astype(np.int32), indptr, X.shape)


def check_array(values: Any, name: str, *, dtype: Any, shape: tuple[int | None, ...]) -> NDArray:
    """Return `values` as a C-contiguous array of `dtype`, if each dimension fits `shape` (None fits any)."""
    A = np.asarray(values)
    fits = A.ndim == len(shape) and all(w is None or w == g for w, g in zip(shape, A.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if w is None else str(w) for w in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {A.shape}")
    try:
        return np.ascontiguousarray(A, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} must be convertible to {np.dtype(dtype)}, got {A.dtype}: {error}") from None


def check_labels(y: Any, name: str = "y", *, n_samples: int | None = None) -> NDArray:
    """Return labels as a 1-D array of ints, bools or strings, none missing."""
    if y is None:
        raise ValueError(f"requires {name} to be passed, but the target {name} is None")
    if is_sparse(y):
        raise TypeError(f"Sparse data was passed for {name}, but a dense sequence of labels is required")
    if not isinstance(y, np.ndarray) and hasattr(y, "__array__"):
        y = np.asarray(y)
    if not isinstance(y, np.ndarray):
        values = list(y) if not isinstance(y, (str, bytes)) and isinstance(y, Iterable) else None
        if values is None:
            raise TypeError(f"{name} must be a sequence of labels, got {type(y).__name__}")
        if any(v is None for v in values):
            raise ValueError(f"{name} must not have missing labels, but {name}[{values.index(None)}] is None")
        kinds = {isinstance(v, str) for v in values}
        if len(kinds) > 1:
            raise TypeError(f"{name} must not mix strings with other labels")
        y = np.asarray(values)
    if y.ndim == 2 and y.shape[1] == 1:
        import warnings

        kind: type[Warning] = UserWarning
        if "sklearn.exceptions" in sys.modules:
            kind = sys.modules["sklearn.exceptions"].DataConversionWarning
        warnings.warn(
            f"A column-vector {name} was passed when a 1d array was expected. "
            f"Please change the shape of {name} to (n_samples,), for example using ravel().",
            kind,
            stacklevel=3,
        )
        y = y.ravel()
    if y.ndim != 1:
        raise ValueError(f"{name} should be a 1d array, got an array of shape {y.shape} instead.")
    if n_samples is not None and len(y) != n_samples:
        raise ValueError(f"{name} must have one label a sample: expected {n_samples}, got {len(y)}")
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            raise ValueError(f"Input {name} contains NaN or infinity.")
        if (y != np.floor(y)).any():
            raise ValueError(f"Unknown label type: {name} holds continuous values; classes are ints or strings")
    elif y.dtype.kind == "O":
        if any(v is None for v in y):
            raise ValueError(f"{name} must not have missing labels")
        y = np.asarray(y.tolist())
    if y.dtype.kind not in "biufUS":
        raise TypeError(f"{name} must hold ints or strings, got dtype {y.dtype}")
    return y


def check_consistent_length(a: Sequence | NDArray, b: Sequence | NDArray, name_a: str, name_b: str) -> None:
    """Raise unless both have the same length."""
    if len(a) != len(b):
        raise ValueError(f"{name_a} and {name_b} must have the same length, got {len(a)} and {len(b)}")


def check_texts(texts: Any, name: str = "texts", *, min_count: int = 0) -> list[str]:
    """Return an iterable of strings as a list.

    Raises
    ------
    TypeError
        For a bare string (a list of one text was meant), or an item that is no string.
    ValueError
        For fewer than `min_count` texts.
    """
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"{name} must be a list of strings, got a single {type(texts).__name__}; wrap it: [text]")
    try:
        texts = list(texts)
    except TypeError:
        raise TypeError(f"{name} must be an iterable of strings, got {type(texts).__name__}") from None
    odd = set(map(type, texts)) - {str}  # in the interpreter's own loop
    for i, text in enumerate(texts if odd else ()):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{i}] must be a string, got {type(text).__name__}")
    if len(texts) < min_count:
        raise ValueError(f"{name} must hold at least {min_count} texts, got {len(texts)}")
    return texts


def check_is_fitted(estimator: Any, attribute: str) -> None:
    """Raise `NotFittedError` unless `estimator` has `attribute` (set by ``fit``, a tokenizer's by ``train``)."""
    if not hasattr(estimator, attribute):
        method = "fit" if hasattr(estimator, "fit") else "train"
        raise not_fitted_error(
            f"This {type(estimator).__name__} instance is not fitted yet. "
            f"Call '{method}' with appropriate arguments before using this estimator."
        )


def check_n_features(estimator: Any, X: Any) -> None:
    """Raise unless `X` has as many columns as the estimator was fitted with (``n_features_in_``)."""
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input; transform it with the vectorizer it was fitted with"
        )


class _Memory:
    """Shows numpy the memory of an array under its own terms, and keeps the array alive."""

    def __init__(self, array: NDArray) -> None:
        self._array = array
        pointer = array.__array_interface__["data"][0]
        self.__array_interface__ = {**array.__array_interface__, "data": (pointer, False)}


def kernel_view(array: NDArray) -> NDArray:
    """Return `array` as a kernel takes it: a read-only one as a view not marked so.

    Numba compiles a second version of a kernel for arrays marked read-only. Kernels never write to what their
    signature marks IN, so the mark may be dropped.
    """
    return array if array.flags.writeable else np.asarray(_Memory(array))
