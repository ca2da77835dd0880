"""TruncatedSVD equals LAPACK where the spectrum falls, sparse = dense; SentenceEmbedder by its formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup._csr import CSRMatrix
from minilm_unsup._exceptions import NotFittedError
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.vectors import SentenceEmbedder, TruncatedSVD
from minilm_unsup.vectors.cooccurrence import cooccurrence_vectors
from minilm_unsup.vectors.truncated_svd import orthonormal, randomized_svd

from .reference import svd as twin
from .strategies import seeds

METHODS = ("sif+lsa", "sif", "lsa")


def with_falling_spectrum(seed, n, d, ratio=0.5, dtype=np.float64):
    rng = np.random.default_rng(seed)
    r = min(n, d)
    U, V = (np.linalg.qr(rng.standard_normal((size, r)))[0] for size in (n, d))
    return np.ascontiguousarray((U * ratio ** np.arange(r)) @ V.T).astype(dtype)


def counts_of(seed, n=60, v=30, density=0.2):
    rng = np.random.default_rng(seed)
    return (rng.poisson(1.5, (n, v)) * (rng.random((n, v)) < density)).astype(np.float64)


@given(seeds(), st.integers(2, 30), st.integers(2, 30), st.integers(1, 6), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=40)
def test_svd_equals_lapack(seed, n, d, k, dtype):
    X = with_falling_spectrum(seed, n, d, dtype=dtype)
    k = min(k, n, d)
    _, s, Vt = np.linalg.svd(X.astype(np.float64))
    for form in (X, CSRMatrix.from_dense(X)):
        model = TruncatedSVD(k, random_state=seed)
        scores = model.fit_transform(form)
        assert scores.dtype == model.components_.dtype == dtype
        # Twenty orders of squared ratio 1/4 lie within reach of six iterations: rounding alone is left.
        tolerance = 2e-5 if dtype == np.float32 else 1e-9
        np.testing.assert_allclose(model.singular_values_, s[:k], atol=tolerance)
        alignment = np.abs(np.sum(model.components_.astype(np.float64) * Vt[:k], axis=1))
        clear = s[:k] > 1e3 * tolerance
        np.testing.assert_allclose(alignment[clear], 1, atol=100 * tolerance)
        np.testing.assert_allclose(scores, model.transform(form), atol=20 * tolerance)
        largest = np.abs(model.components_).argmax(axis=1)
        assert (model.components_[np.arange(k), largest] >= 0).all()
        np.testing.assert_allclose(
            np.linalg.norm(model.inverse_transform(scores) - X), np.sqrt((s[k:] ** 2).sum()), atol=100 * tolerance
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(300, 40), (40, 300)])
def test_factors_are_orthonormal(shape, dtype):
    X = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    U, s, Vt = randomized_svd(X, 12, n_iter=3, n_oversamples=8, rng=np.random.default_rng(1))
    tolerance = 200 * np.finfo(dtype).eps
    np.testing.assert_allclose(U.T @ U, np.eye(12), atol=tolerance)
    np.testing.assert_allclose(Vt @ Vt.T, np.eye(12), atol=tolerance)
    assert (np.diff(s) <= 0).all()


def test_a_basis_is_orthonormal_even_where_columns_repeat():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((50, 4)).astype(np.float32)
    for Y in (A, np.hstack([A, A]), np.hstack([A, 1e-7 * A]), np.zeros((50, 3), np.float32)):
        Q = orthonormal(Y)
        assert Q.dtype == np.float32
        np.testing.assert_allclose(Q.T @ Q, np.eye(Y.shape[1]), atol=1e-5)
        np.testing.assert_allclose(Q @ (Q.T @ Y), Y, atol=1e-5)


def test_rank_below_what_was_asked_gives_zeros():
    X = np.outer(np.arange(1.0, 6), np.arange(1.0, 9))
    model = TruncatedSVD(7, random_state=0)
    scores = model.fit_transform(X)
    assert scores.shape == (5, 7)
    assert model.components_.shape == (7, 8)
    np.testing.assert_allclose(model.singular_values_[1:], 0, atol=1e-9)
    np.testing.assert_allclose(scores @ model.components_, X, atol=1e-9)
    assert TruncatedSVD(2, random_state=0).fit(np.ones((4, 3))).explained_variance_ratio_.tolist() == [0, 0]


def test_captures_no_less_than_scikit_learn():
    peer = pytest.importorskip("sklearn.decomposition")
    X = CSRMatrix.from_dense(counts_of(0, 400, 200, 0.1))
    ours = TruncatedSVD(20, random_state=0).fit(X)
    theirs = peer.TruncatedSVD(20, random_state=0).fit(X.toscipy())
    assert (ours.singular_values_**2).sum() >= 0.999 * (theirs.singular_values_**2).sum()
    np.testing.assert_allclose(ours.explained_variance_ratio_.sum(), theirs.explained_variance_ratio_.sum(), rtol=0.01)


@pytest.mark.kernel
@given(seeds(), st.integers(2, 12), st.floats(0.3, 1.0))
@settings(max_examples=25)
def test_word_vectors_factor_the_naive_ppmi(seed, n_contexts, power):
    X = counts_of(seed, 15, 12, 0.4)
    X[:, 0] = 1  # some words meet
    frequency = (X > 0).sum(axis=0)
    contexts = np.sort(np.argsort(-frequency, kind="stable")[:n_contexts])
    P = twin.ppmi(X.tolist(), contexts.tolist(), power)
    W = cooccurrence_vectors(
        CSRMatrix.from_dense(X), 12, n_contexts=n_contexts, power=power, n_iter=8, rng=np.random.default_rng(0)
    )
    assert W.shape == (12, 12)
    assert W.dtype == np.float32
    U, s, _ = np.linalg.svd(P[contexts])
    clear = s > 1e-3
    # Of the contexts W W^T = U diag(s) U^T; the other words follow the same projection.
    expected = (U[:, clear] * s[clear]) @ U[:, clear].T
    got = W[contexts].astype(np.float64)
    np.testing.assert_allclose(got @ got.T, expected, atol=5e-3 * max(1, s[0]))


@pytest.mark.parametrize("method", METHODS)
def test_embedder_gives_unit_rows_and_sees_no_difference_between_forms(method):
    X = counts_of(1)
    X[3] = 0
    model = SentenceEmbedder(method, 8, random_state=0)
    E = model.fit_transform(X)
    assert E.dtype == np.float32
    assert E.shape == (60, 16 if method == "sif+lsa" else 8)
    lengths = np.linalg.norm(E, axis=1)
    np.testing.assert_allclose(lengths, X.any(axis=1), rtol=1e-5)  # documents without a word stay zeros
    np.testing.assert_array_equal(E, SentenceEmbedder(method, 8, random_state=0).fit_transform(CSRMatrix.from_dense(X)))
    np.testing.assert_allclose(model.transform(X[5:9]), E[5:9], atol=1e-6)  # a row does not depend on its neighbours
    config, arrays = model.get_state()
    again = SentenceEmbedder.from_state(config, arrays)
    np.testing.assert_array_equal(again.transform(X), E)


def test_parts_follow_their_formulas():
    X = counts_of(2)
    lsa = SentenceEmbedder("lsa", 30, n_iter=8, random_state=0).fit(X)
    weights = np.where(X > 0, 1 + np.log(np.maximum(X, 1)), 0) * (np.log(61 / (1 + (X > 0).sum(axis=0))) + 1)
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
    E = lsa.transform(X)  # all components: distances of the rows are kept
    np.testing.assert_allclose(E @ E.T, weights @ weights.T, atol=1e-4)
    sif = SentenceEmbedder("sif", 10, a=0.01, random_state=0).fit(X)
    share = X.sum(axis=0) / X.sum()
    plain = sif.word_vectors_ / (0.01 / (0.01 + share))[:, None]
    mean = (X / np.maximum(X.sum(axis=1, keepdims=True), 1)) @ (plain * (0.01 / (0.01 + share))[:, None])
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    first = np.linalg.svd(mean)[2][0]
    mean -= np.outer(mean @ first, first)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(sif.transform(X), mean, atol=1e-4)


def test_same_bits_on_any_number_of_threads():
    X = CSRMatrix.from_dense(counts_of(4, 3000, 900, 0.02).astype(np.float32))
    results = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            results.append(
                (
                    SentenceEmbedder(n_components=40, n_contexts=500, random_state=0).fit_transform(X),
                    TruncatedSVD(40, random_state=0).fit_transform(X),
                    TruncatedSVD(20, random_state=0).fit_transform(X.take(slice(0, 700)).toarray()),
                )
            )
    finally:
        set_num_threads(None)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_degenerate_counts():
    for X in (np.eye(4), np.ones((3, 5)), np.zeros((3, 4)), np.array([[2.0, 0.0, 1.0]])):
        for method in METHODS:
            E = SentenceEmbedder(method, 5, random_state=0).fit_transform(X)
            assert np.isfinite(E).all()


def test_wrong_arguments_are_named():
    X = counts_of(0)
    for call, message in (
        (lambda: TruncatedSVD(31).fit(X), r"n_components\(31\) must be <= n_features\(30\)"),
        (lambda: TruncatedSVD(0).fit(X), "n_components must be at least 1"),
        (lambda: TruncatedSVD(2).fit(X).inverse_transform(X), "2 components"),
        (lambda: SentenceEmbedder("lda").fit(X), "method must be one of"),
        (lambda: SentenceEmbedder(a=0).fit(X), "a must be more than 0"),
        (lambda: SentenceEmbedder().fit(-X), "X must hold counts"),
        (lambda: SentenceEmbedder(n_components=3).fit(X).transform(X[:, :4]), "X has 4 features"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    for model in (TruncatedSVD(2), SentenceEmbedder()):
        with pytest.raises(NotFittedError):
            model.transform(X)


def test_scikit_learn_estimator_checks():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    checks.check_estimator(TruncatedSVD(n_components=1, random_state=0))
    checks.check_estimator(SentenceEmbedder(random_state=0))
