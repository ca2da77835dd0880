"""Sparse products equal the dense ones, and do not depend on the number of threads."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup._csr import CSRMatrix
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.ops import sparse

from .strategies import matrices_ND, seeds


def random_csr(rng, n, v, density=0.3, dtype=np.float64):
    dense = rng.standard_normal((n, v)) * (rng.random((n, v)) < density)
    return CSRMatrix.from_dense(dense.astype(dtype)), dense.astype(dtype)


@pytest.mark.kernel
@given(seeds(), st.integers(1, 9), st.integers(1, 9), st.integers(1, 7), st.sampled_from([np.float32, np.float64]))
def test_products_equal_dense(seed, n, v, d, dtype):
    rng = np.random.default_rng(seed)
    X, dense = random_csr(rng, n, v, dtype=dtype)
    B, Y = rng.standard_normal((v, d)).astype(dtype), rng.standard_normal((n, d)).astype(dtype)
    # Sums of at most nine products of size about one: ten roundings.
    tolerance = 40 * np.finfo(dtype).eps
    got = sparse.csr_matmul(X, B)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, dense.astype(np.float64) @ B, rtol=0, atol=tolerance * 10)
    expected = dense.astype(np.float64).T @ Y
    transposed = sparse.csr_transpose(X)
    np.testing.assert_array_equal(transposed.toarray(), dense.T)
    starts = transposed.indptr.tolist()
    assert all((np.diff(transposed.indices[a:b]) > 0).all() for a, b in itertools.pairwise(starts))
    for kept in (None, transposed):
        got = sparse.csr_transpose_matmul(X, Y, transposed=kept)
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * 10)
    # add to what is there
    out = np.ones((v, d), dtype=dtype)
    assert sparse.csr_transpose_matmul(X, Y, out, accumulate=True) is out
    np.testing.assert_allclose(out, expected + 1, rtol=0, atol=tolerance * 10)
    out = np.ones((n, d), dtype=dtype)
    sparse.csr_matmul(X, B, out, accumulate=True)
    np.testing.assert_allclose(out, dense.astype(np.float64) @ B + 1, rtol=0, atol=tolerance * 10)


@pytest.mark.kernel
@given(matrices_ND())
def test_row_norms_and_unit_rows(X):
    expected = np.sqrt((X.astype(np.float64) ** 2).sum(axis=1))
    for form in (X, CSRMatrix.from_dense(X)):
        np.testing.assert_allclose(sparse.row_norms(form), expected, rtol=1e-6)
        squares = sparse.row_norms(form, squared=True)
        np.testing.assert_allclose(squares, expected**2, rtol=2e-6, atol=np.finfo(X.dtype).tiny)  # below it, underflow
        unit = sparse.normalize_rows(form)
        unit = unit if isinstance(unit, np.ndarray) else unit.toarray()
        assert unit.dtype == X.dtype
        lengths = np.sqrt((unit.astype(np.float64) ** 2).sum(axis=1))
        # Below the square root of the smallest normal number squares underflow: no law is promised there.
        clear = expected > 1e-15
        np.testing.assert_allclose(lengths[clear], 1, rtol=1e-5)
        assert not unit[~X.any(axis=1)].any()


def test_rows_in_part():
    rng = np.random.default_rng(0)
    X, dense = random_csr(rng, 20, 11)
    B = rng.standard_normal((11, 3))
    np.testing.assert_allclose(sparse.csr_matmul(X, B, start=4, stop=9), (dense @ B)[4:9], rtol=1e-12)


def test_same_bits_on_any_number_of_threads():
    rng = np.random.default_rng(1)
    X, _ = random_csr(rng, 3000, 700, density=0.02, dtype=np.float32)
    wide, _ = random_csr(rng, 40, 3000, density=0.02, dtype=np.float32)  # few values a column: the scatter
    B, Y, Z = (rng.standard_normal(s).astype(np.float32) for s in ((700, 70), (3000, 70), (40, 70)))
    results = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            results.append(
                (sparse.csr_matmul(X, B), sparse.csr_transpose_matmul(X, Y), sparse.csr_transpose_matmul(wide, Z))
            )
    finally:
        set_num_threads(None)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_wrong_shapes_are_named():
    X = CSRMatrix.from_dense(np.eye(3))
    with pytest.raises(ValueError, match=r"B must have shape \(3, any\)"):
        sparse.csr_matmul(X, np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"Y must have shape \(3, any\)"):
        sparse.csr_transpose_matmul(X, np.ones((2, 2)))
    with pytest.raises(ValueError, match="out must be"):
        sparse.csr_matmul(X, np.ones((3, 2)), np.empty((3, 3)))
    with pytest.raises(ValueError, match="needs out"):
        sparse.csr_matmul(X, np.ones((3, 2)), accumulate=True)
