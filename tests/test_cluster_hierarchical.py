"""Hierarchical clusters equal Lance and Williams' update and SciPy; heights never fall; cuts are the tree's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup._exceptions import NotFittedError
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.cluster import AgglomerativeClustering, cut_tree, dendrogram, dendrogram_text, linkage
from minilm_unsup.ops.distances import condensed_distances, pairwise_distances

from .reference import linkage as twin
from .strategies import matrices_ND, seeds

METHODS = ("single", "complete", "average", "ward")
CASES = [(m, "euclidean") for m in METHODS] + [(m, "cosine") for m in METHODS[:3]]


def rows_in_general_position(seed, n, d):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.kernel
@pytest.mark.parametrize("method, metric", CASES)
@given(seeds(), st.integers(2, 12), st.integers(2, 4))
@settings(max_examples=30)
def test_linkage_equals_lance_and_williams(method, metric, seed, n, d):
    X = rows_in_general_position(seed, n, d)
    expected = np.array(twin.linkage(X.tolist(), method, metric))
    got = linkage(X, method, metric)
    np.testing.assert_allclose(got[:, 2], expected[:, 2], rtol=1e-6, atol=1e-12)
    assert got.dtype == np.float64
    for n_joins in range(n):
        assert twin.flat_clusters(got, n, n_joins) == twin.flat_clusters(expected, n, n_joins)


@pytest.mark.parametrize("method", METHODS[:3])
@given(seeds())
@settings(max_examples=20)
def test_rows_of_zeros_are_at_distance_one_under_cosine(method, seed):
    X = np.abs(rows_in_general_position(seed, 9, 2))  # within a right angle: nearer to each other than to zeros
    X[[2, 5]] = 0
    expected = np.array(twin.linkage(X.tolist(), method, "cosine"))
    np.testing.assert_allclose(linkage(X, method, "cosine")[:, 2], expected[:, 2], atol=1e-12)


@pytest.mark.parametrize("method, metric", CASES)
def test_linkage_equals_scipy(method, metric):
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    X = rows_in_general_position(7, 300, 6)
    np.testing.assert_allclose(linkage(X, method, metric), hierarchy.linkage(X, method, metric), rtol=1e-9)
    narrow = X.astype(np.float32)
    np.testing.assert_allclose(linkage(narrow, method, metric)[:, 2], linkage(X, method, metric)[:, 2], rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@given(X=matrices_ND(min_n=2, max_n=20, max_d=3, bound=5))
@settings(max_examples=40)
def test_laws_hold_with_ties_and_equal_points(method, X):
    Z = linkage(np.round(X), method)  # whole numbers: many ties
    n = len(X)
    assert Z.shape == (n - 1, 4)
    assert (np.diff(Z[:, 2]) >= 0).all()
    assert (Z[:, 2] >= 0).all()
    assert Z[-1, 3] == n
    assert sorted(Z[:, :2].ravel()) == list(range(2 * n - 2))
    assert (Z[:, 0] < Z[:, 1]).all()
    if method in ("single", "complete"):
        D = np.linalg.norm(np.round(X)[:, None].astype(float) - np.round(X)[None], axis=2)
        if method == "single":  # the lowest join is the nearest pair, whatever the ties
            assert Z[0, 2] == pytest.approx(D[np.triu_indices(n, 1)].min(), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_precomputed_distances_in_both_forms(method):
    X = rows_in_general_position(3, 40, 3)
    expected = linkage(X, method)
    for D in (condensed_distances(X), pairwise_distances(X)):
        before = D.copy()
        np.testing.assert_allclose(linkage(D, method, "precomputed"), expected, rtol=1e-9)
        np.testing.assert_array_equal(D, before)


@pytest.mark.kernel
@given(matrices_ND(min_n=2), st.sampled_from(["euclidean", "sqeuclidean", "cosine"]))
def test_distances_equal_naive_ones(X, metric):
    X = np.where(np.abs(X) < 1e-3, 0, X)  # below, the squares of float32 lose their digits
    naive = [
        [twin.distance(a, b, "cosine" if metric == "cosine" else "euclidean") for b in X.tolist()] for a in X.tolist()
    ]
    expected = np.array(naive) ** (2 if metric == "sqeuclidean" else 1)
    np.fill_diagonal(expected, 0)
    got = pairwise_distances(X, metric=metric)
    # sqrt turns a rounding of 1e-16 of squares into one of 1e-8 of 1 - cos near 0.
    np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(condensed_distances(X, metric=metric), got[np.triu_indices(len(X), 1)], atol=1e-15)
    np.testing.assert_allclose(pairwise_distances(X[:1], X, metric=metric)[0][1:], got[0][1:], atol=1e-15)


def test_same_bits_on_any_number_of_threads():
    X = rows_in_general_position(0, 900, 30)
    results = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            results.append([linkage(X, m) for m in METHODS] + [pairwise_distances(X, metric="cosine")])
    finally:
        set_num_threads(None)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@given(seeds(), st.integers(2, 15), st.sampled_from(METHODS))
@settings(max_examples=40)
def test_cuts_are_the_trees(seed, n, method):
    X = rows_in_general_position(seed, n, 2)
    Z = linkage(X, method)
    for k in range(1, n + 1):
        labels = cut_tree(Z, k)
        assert labels.dtype == np.int32
        groups = {frozenset(np.flatnonzero(labels == c).tolist()) for c in range(k)}
        assert groups == twin.flat_clusters(Z, n, n - k)
        first = [int(np.flatnonzero(labels == c)[0]) for c in range(k)]
        assert first == sorted(first)  # numbered in the order of their first leaf
    for step in range(n - 1):
        np.testing.assert_array_equal(cut_tree(Z, height=Z[step, 2]), cut_tree(Z, n - 1 - step))
    np.testing.assert_array_equal(cut_tree(Z, height=-1.0), np.arange(n))


def test_estimator_holds_the_tree_and_predicts_by_nearest_mean():
    rng = np.random.default_rng(0)
    means = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    truth = rng.integers(0, 3, 60)
    X = (means[truth] + rng.standard_normal((60, 2))).astype(np.float32)
    model = AgglomerativeClustering(3).fit(X)
    assert len({(a, b) for a, b in zip(truth.tolist(), model.labels_.tolist(), strict=True)}) == 3
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    for k in range(3):
        np.testing.assert_allclose(model.cluster_centers_[k], X[model.labels_ == k].mean(axis=0), rtol=1e-4)
    assert model.n_leaves_ == 60
    assert model.children_.shape == (59, 2)
    np.testing.assert_array_equal(model.distances_, model.linkage_matrix_[:, 2])
    by_height = AgglomerativeClustering(None, distance_threshold=float(model.distances_[-2])).fit(X)
    assert by_height.n_clusters_ == 3  # a join at the threshold is not made
    np.testing.assert_array_equal(by_height.labels_, model.labels_)
    by_cosine = AgglomerativeClustering(2, linkage="average", metric="cosine").fit(X + 20)
    np.testing.assert_allclose(np.linalg.norm(by_cosine.cluster_centers_, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_same_clusters_as_scikit_learn(method):
    peer = pytest.importorskip("sklearn.cluster")
    X = rows_in_general_position(11, 80, 3)
    ours = AgglomerativeClustering(6, linkage=method).fit(X).labels_
    theirs = peer.AgglomerativeClustering(6, linkage=method).fit(X).labels_
    assert len(set(zip(ours.tolist(), theirs.tolist(), strict=True))) == 6


def test_dendrogram_is_scipys():
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    Z = linkage(rows_in_general_position(5, 25, 3), "average")
    ours = dendrogram(Z)
    theirs = hierarchy.dendrogram(Z, no_plot=True)
    assert ours["leaves"] == theirs["leaves"]
    assert ours["ivl"] == theirs["ivl"]
    for name in ("icoord", "dcoord"):
        np.testing.assert_allclose(sorted(ours[name].tolist()), sorted(theirs[name]))


def test_dendrogram_as_text():
    Z = np.array([[0, 2, 0.5, 2], [1, 3, 2.0, 3]])
    text = dendrogram_text(Z, ["猫", "tree", "cat"])
    assert text.splitlines() == ["┐ 2 (3)", "├─tree", "└─┐ 0.5 (2)", "  ├─猫", "  └─cat"]
    deep = linkage(np.cumsum(np.arange(1.0, 3000.0))[:, None], "single")  # one long chain: no recursion
    assert len(dendrogram_text(deep).splitlines()) == 2 * 2999 - 1
    with pytest.raises(ValueError, match="one name a leaf: expected 3, got 1"):
        dendrogram(Z, ["a"])


def test_wrong_arguments_are_named():
    X = rows_in_general_position(0, 5, 2)
    Z = linkage(X)
    for call, message in (
        (lambda: linkage(X, "median"), "method must be one of"),
        (lambda: linkage(X, "ward", "cosine"), "method='ward' needs metric='euclidean'"),
        (lambda: linkage(X[:1]), "minimum of 2"),
        (lambda: linkage([1.0, 2.0], "single", "precomputed"), "n \\(n - 1\\) / 2"),
        (lambda: linkage([[0.0, 1.0], [2.0, 0.0]], "single", "precomputed"), "symmetric"),
        (lambda: linkage([-1.0], "single", "precomputed"), "at least 0"),
        (lambda: cut_tree(Z), "exactly one"),
        (lambda: cut_tree(Z, 6), "n_clusters must be"),
        (lambda: cut_tree(Z[::-1], 2), "not a linkage matrix"),
        (lambda: pairwise_distances(X, X[:, :1]), "as many columns"),
        (lambda: pairwise_distances(X, metric="l1"), "metric must be"),
        (lambda: AgglomerativeClustering(6).fit(X), "at most n_samples=5"),
        (lambda: AgglomerativeClustering(None).fit(X), "n_clusters must be given"),
        (lambda: AgglomerativeClustering(3, distance_threshold=1.0).fit(X), "n_clusters must be None"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(NotFittedError):
        AgglomerativeClustering().predict(X)


def test_scikit_learn_estimator_checks():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    checks.check_estimator(AgglomerativeClustering(n_clusters=3))


@pytest.mark.parametrize("scale", [2.0**1000, 2.0**-1000])
@pytest.mark.parametrize("method, metric", CASES)
def test_huge_and_tiny_rows_give_the_same_tree(method, metric, scale):
    X = rows_in_general_position(3, 40, 3)
    Z, far = linkage(X, method, metric), linkage(X * scale, method, metric)
    np.testing.assert_array_equal(far[:, [0, 1, 3]], Z[:, [0, 1, 3]])
    heights = far[:, 2] / scale if metric == "euclidean" else far[:, 2]
    np.testing.assert_allclose(heights, Z[:, 2], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_huge_precomputed_distances(method):
    D = condensed_distances(rows_in_general_position(3, 12, 3))
    Z, far = linkage(D, method, "precomputed"), linkage(D * 2.0**1000, method, "precomputed")
    np.testing.assert_allclose(far[:, 2] / 2.0**1000, Z[:, 2], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_heights_that_overflow_are_an_error(method):
    with pytest.raises(ValueError, match="X is too large"):
        linkage(np.array([[1.7e308], [-1.7e308]]), method)
