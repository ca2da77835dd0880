from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import NotFittedError
from minilm_unsup._csr import CSRMatrix
from minilm_unsup._estimator import Estimator
from minilm_unsup._validation import (
    check_choice,
    check_is_fitted,
    check_labels,
    check_matrix,
    check_number,
    check_random_state,
    check_texts,
    kernel_view,
)
from tests.strategies import matrices_ND


@given(matrices_ND())
def test_float_matrices_pass_through_unchanged(X):
    assert check_matrix(X) is X


@given(matrices_ND())
def test_sparse_from_dense_comes_back(X):
    S = CSRMatrix.from_dense(X)
    np.testing.assert_array_equal(S.toarray(), X)
    np.testing.assert_array_equal(check_matrix(S, accept_sparse=True).toarray(), X)
    np.testing.assert_allclose(S.sum(axis=0), X.sum(axis=0, dtype=np.float64), atol=1e-9)
    np.testing.assert_allclose(S.sum(axis=1), X.sum(axis=1, dtype=np.float64), atol=1e-9)


@given(matrices_ND(), st.data())
def test_rows_are_taken_as_numpy_takes_them(X, data):
    rows = data.draw(st.lists(st.integers(-len(X), len(X) - 1), max_size=6))
    np.testing.assert_array_equal(CSRMatrix.from_dense(X).take(np.array(rows, dtype=int)).toarray(), X[rows])
    np.testing.assert_array_equal(CSRMatrix.from_dense(X)[1:].toarray(), X[1:])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(-5, 5)), max_size=20))
def test_unordered_and_repeated_entries_become_a_plain_matrix(entries):
    dense = np.zeros((4, 5))
    for i, j, v in entries:
        dense[i, j] += v
    rows = sorted(range(len(entries)), key=lambda e: entries[e][0])
    indptr = np.searchsorted([entries[e][0] for e in rows], np.arange(5))
    X = CSRMatrix(
        np.array([float(entries[e][2]) for e in rows]),
        np.array([entries[e][1] for e in rows], dtype=np.int64),
        indptr.astype(np.int32),
        (4, 5),
    )
    checked = check_matrix(X, accept_sparse=True)
    np.testing.assert_array_equal(checked.toarray(), dense)
    assert checked.indices.dtype == np.int32
    for i in range(4):
        columns = checked.indices[checked.indptr[i] : checked.indptr[i + 1]]
        assert (np.diff(columns) > 0).all()


def test_scipy_matrices_of_any_format():
    sparse = pytest.importorskip("scipy.sparse")
    dense = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
    for format in ("csr", "csc", "coo", "lil"):
        X = check_matrix(sparse.csr_matrix(dense).asformat(format), accept_sparse=True)
        np.testing.assert_array_equal(X.toarray(), dense)
        assert (X.toscipy() != sparse.csr_matrix(dense)).nnz == 0


@pytest.mark.parametrize(
    "X, kind, words",
    [
        ([[1.0, np.nan]], ValueError, "NaN"),
        ([[1.0, np.inf]], ValueError, "infinity"),
        ([1.0, 2.0], ValueError, "Reshape"),
        ([[1.0], [2.0, 3.0]], ValueError, "one length"),
        (np.zeros((0, 3)), ValueError, "0 sample"),
        (np.zeros((3, 0)), ValueError, "0 feature"),
        ([["a"]], ValueError, "numbers"),
        (np.array([[1j]]), ValueError, "Complex"),
        (CSRMatrix.from_dense(np.eye(2)), TypeError, "Sparse"),
    ],
)
def test_bad_matrices_are_named(X, kind, words):
    with pytest.raises(kind, match=words):
        check_matrix(X)


@pytest.mark.parametrize(
    "change",
    [{"indptr": [0, 3, 2]}, {"indptr": [0, 1]}, {"indices": [0, 7]}, {"indices": [-1, 0]}, {"indptr": [1, 1, 2]}],
)
def test_broken_sparse_structures_are_refused(change):
    parts = {"data": [1.0, 2.0], "indices": [0, 1], "indptr": [0, 1, 2], **change}
    X = CSRMatrix(*(np.array(parts[k]) for k in ("data", "indices", "indptr")), (2, 2))
    with pytest.raises(ValueError, match="not a valid CSR"):
        check_matrix(X, accept_sparse=True)


def test_large_finite_values_pass_though_their_sum_overflows():
    X = np.full((2, 2), np.finfo(np.float64).max)
    assert check_matrix(X) is X


def test_kernel_view_is_the_same_memory_not_marked_read_only():
    X = np.arange(6.0).reshape(2, 3)
    assert kernel_view(X) is X
    X.flags.writeable = False
    view = kernel_view(X)
    assert view.flags.writeable
    assert np.shares_memory(view, X)
    np.testing.assert_array_equal(view, X)
    strided = kernel_view(X[:, ::2])
    np.testing.assert_array_equal(strided, X[:, ::2])


@pytest.mark.parametrize(
    "value, options, kind, words",
    [
        (1.5, {"integer": True}, TypeError, "whole number"),
        (True, {"integer": True}, TypeError, "whole number"),
        ("3", {}, TypeError, "a number"),
        (float("nan"), {}, ValueError, "nan"),
        (0, {"low": 1}, ValueError, "at least 1, got 0"),
        (1.0, {"low": 0, "high": 1, "high_open": True}, ValueError, "less than 1"),
    ],
)
def test_bad_numbers_are_named(value, options, kind, words):
    with pytest.raises(kind, match=f"alpha must be.*{words}"):
        check_number(value, "alpha", **options)


def test_choices_seeds_and_texts():
    with pytest.raises(ValueError, match="loss must be one of 'a', 'b', got 'c'"):
        check_choice("c", "loss", ("a", "b"))
    assert check_random_state(3).integers(100) == np.random.default_rng(3).integers(100)
    with pytest.raises(ValueError, match="random_state"):
        check_random_state(-1)
    with pytest.raises(TypeError, match="random_state"):
        check_random_state("0")
    with pytest.raises(TypeError, match="single str"):
        check_texts("abc")
    with pytest.raises(TypeError, match=r"texts\[1\]"):
        check_texts(["a", None])
    assert check_texts(x for x in ("甲", "b")) == ["甲", "b"]


def test_labels():
    assert check_labels(["甲", "乙"]).dtype.kind == "U"
    with pytest.raises(ValueError, match=r"y\[1\] is None"):
        check_labels(["a", None])
    with pytest.raises(TypeError, match="mix"):
        check_labels(["a", 1])
    with pytest.raises(ValueError, match="expected 3, got 2"):
        check_labels([1, 2], n_samples=3)


class Scaler(Estimator):
    def __init__(self, factor=2.0, inner=None):
        self.factor = factor
        self.inner = inner


def test_parameters_by_name():
    s = Scaler(inner=Scaler(3.0))
    assert s.get_params()["inner__factor"] == 3.0
    s.set_params(factor=5.0, inner__factor=7.0)
    assert (s.factor, s.inner.factor) == (5.0, 7.0)
    with pytest.raises(ValueError, match="Invalid parameter 'x'"):
        s.set_params(x=1)
    assert repr(Scaler(factor=4.0)) == "Scaler(factor=4.0)"


def test_not_fitted_error_is_everybodys():
    with pytest.raises(NotFittedError, match="Scaler") as caught:
        check_is_fitted(Scaler(), "scale_")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, AttributeError)
    exceptions = pytest.importorskip("sklearn.exceptions")
    with pytest.raises(exceptions.NotFittedError):
        check_is_fitted(Scaler(), "scale_")


def test_nested_parameters_go_into_the_new_outer_one():
    class Inner(Estimator):
        def __init__(self, a=1):
            self.a = a

    class Outer(Estimator):
        def __init__(self, inner=None):
            self.inner = inner

    old, new = Inner(), Inner()
    model = Outer(old).set_params(inner__a=5, inner=new)
    assert (model.inner, new.a, old.a) == (new, 5, 1)
    with pytest.raises(ValueError, match="inner__a"):
        Outer().set_params(inner__a=5)
