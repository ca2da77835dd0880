from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minilm_unsup import metrics, set_num_threads
from minilm_unsup._csr import CSRMatrix
from tests.reference import metrics as naive
from tests.strategies import matrices_ND

labelings = st.integers(1, 14).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)))
)


@given(labelings, st.permutations(range(5)))
def test_cluster_scores_do_not_depend_on_names_and_equal_their_definitions(pair, names):
    a, b = pair
    renamed = [f"c{names[v]}" for v in b]
    for score, twin in (
        (metrics.nmi, naive.nmi),
        (metrics.ari, naive.ari),
        (metrics.cluster_accuracy, naive.matched_accuracy),
    ):
        assert score(a, b) == pytest.approx(twin(a, b), abs=1e-12)
        assert score(a, renamed) == pytest.approx(score(a, b), abs=1e-12)
        assert score(a, a) == pytest.approx(1.0, abs=1e-12)
    assert metrics.nmi(a, b) == pytest.approx(metrics.nmi(b, a), abs=1e-12)
    assert metrics.ari(a, b) == pytest.approx(metrics.ari(b, a), abs=1e-12)
    assert 0 <= metrics.nmi(a, b) <= 1
    assert metrics.cluster_accuracy(a, b) <= metrics.purity(a, b) + 1e-12
    h, c = metrics.homogeneity(a, b), metrics.completeness(a, b)
    if h + c > 0:
        assert 2 * h * c / (h + c) == pytest.approx(metrics.nmi(a, b), abs=1e-9)  # v-measure = arithmetic NMI


@given(labelings)
def test_classifier_scores_obey_their_identities(pair):
    a, b = pair
    matrix = metrics.confusion_matrix(a, b)
    names = sorted({*a, *b})
    assert matrix.sum() == len(a)
    assert matrix.sum(axis=1).tolist() == [a.count(v) for v in names]
    assert matrix.sum(axis=0).tolist() == [b.count(v) for v in names]
    accuracy = metrics.accuracy(a, b)
    assert accuracy == pytest.approx(np.trace(matrix) / len(a))
    for score in (metrics.precision, metrics.recall, metrics.f1):
        assert score(a, b, average="micro") == pytest.approx(accuracy)
    assert metrics.recall(a, b, average="weighted") == pytest.approx(accuracy)
    p, r = metrics.precision(a, b, average=None), metrics.recall(a, b, average=None)
    both = p + r
    expected = np.divide(2 * p * r, both, out=np.zeros_like(both), where=both > 0)
    np.testing.assert_allclose(metrics.f1(a, b, average=None), expected, atol=1e-12)


@given(labelings)
def test_equal_to_scikit_learn(pair):
    peer = pytest.importorskip("sklearn.metrics")
    a, b = pair
    for average in ("macro", "weighted", "micro"):
        options = {"average": average, "zero_division": 0}
        assert metrics.precision(a, b, average=average) == pytest.approx(peer.precision_score(a, b, **options))
        assert metrics.recall(a, b, average=average) == pytest.approx(peer.recall_score(a, b, **options))
        assert metrics.f1(a, b, average=average) == pytest.approx(peer.f1_score(a, b, **options))
    assert metrics.ari(a, b) == pytest.approx(peer.adjusted_rand_score(a, b), abs=1e-12)
    for average in ("arithmetic", "geometric", "min", "max"):
        ours = metrics.nmi(a, b, average=average)
        assert ours == pytest.approx(peer.normalized_mutual_info_score(a, b, average_method=average), abs=1e-9)


def test_hand_computed_table():
    truth = ["猫", "猫", "狗", "狗", "狗", "鸟"]
    guess = ["猫", "狗", "狗", "狗", "猫", "狗"]
    assert metrics.accuracy(truth, guess) == pytest.approx(3 / 6)
    matrix = metrics.confusion_matrix(truth, guess, labels=["猫", "狗", "鸟"])
    assert matrix.tolist() == [[1, 1, 0], [1, 2, 0], [0, 1, 0]]
    assert metrics.precision(truth, guess) == pytest.approx((1 / 2 + 2 / 4 + 0) / 3)
    assert metrics.recall(truth, guess) == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


costs = st.integers(1, 5).flatmap(
    lambda r: st.integers(r, 6).flatmap(
        lambda c: st.lists(st.lists(st.integers(-9, 9), min_size=c, max_size=c), min_size=r, max_size=r)
    )
)


@pytest.mark.kernel
@given(costs)
def test_assignment_is_the_cheapest_of_all(cost):
    C = np.array(cost, dtype=np.float64)
    rows, columns = metrics.hungarian(C)
    assert rows.tolist() == list(range(len(C)))
    assert len(set(columns.tolist())) == len(columns)
    assert C[rows, columns].sum() == naive.lowest_cost(cost)
    back_rows, back_columns = metrics.hungarian(C.T)
    assert C.T[back_rows, back_columns].sum() == naive.lowest_cost(cost)


def test_assignment_equals_scipy_on_a_large_matrix():
    optimize = pytest.importorskip("scipy.optimize")
    C = np.random.default_rng(0).standard_normal((120, 150))
    rows, columns = metrics.hungarian(C)
    assert C[rows, columns].sum() == pytest.approx(C[optimize.linear_sum_assignment(C)].sum())


@given(matrices_ND(min_n=3, max_n=10, dtype=np.float64, bound=10), st.data())
def test_silhouette_equals_its_definition(X, data):
    labels = data.draw(st.lists(st.integers(0, 3), min_size=len(X), max_size=len(X)))
    assume(2 <= len(set(labels)) <= len(X) - 1)
    found = metrics.silhouette_samples(X, labels)
    expected = naive.silhouettes(X.tolist(), labels, math.dist)
    # |x|^2 + |y|^2 - 2xy loses about sqrt(eps) of the largest norm where two points coincide.
    scale = np.abs(X).max() + 1
    distances = [math.dist(x, y) for i, x in enumerate(X) for y in X[:i]]
    if min((d for d in distances if d > 0), default=1.0) > 1e-3 * scale and min(distances) > 0:
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (np.abs(found) <= 1 + 1e-12).all()


def test_silhouette_equals_scikit_learn_and_is_the_same_on_any_number_of_threads():
    peer = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((700, 9)).astype(np.float32)
    labels = rng.integers(0, 6, 700)
    for metric in ("euclidean", "cosine"):
        found = []
        for threads in (1, 2):
            set_num_threads(threads)
            found.append(metrics.silhouette_samples(X, labels, metric=metric))
        set_num_threads(None)
        assert found[0].tobytes() == found[1].tobytes()
        np.testing.assert_allclose(found[0], peer.silhouette_samples(X, labels, metric=metric), atol=1e-5)
    part = metrics.silhouette(X, labels, sample_size=300, random_state=1)
    assert part == metrics.silhouette(X, labels, sample_size=300, random_state=1)
    assert abs(part - metrics.silhouette(X, labels)) < 0.1


documents = st.lists(st.sets(st.sampled_from("abcde")), min_size=1, max_size=12)


@given(documents)
def test_npmi_equals_its_definition_and_is_never_nan(docs):
    dense = np.array([[float(w in d) for w in "abcde"] for d in docs])
    found = metrics.npmi([["a", "b", "z"]], CSRMatrix.from_dense(dense), list("abcde"))
    pairs = [("a", "b"), ("a", "z"), ("b", "z")]
    assert found == pytest.approx(np.mean([naive.npmi_pair(docs, *p) for p in pairs]), abs=1e-12)
    assert -1 <= found <= 1


def test_topic_diversity():
    assert metrics.topic_diversity([["a", "b"], ["a", "c"]]) == 3 / 4
    with pytest.raises(ValueError, match="at least one word"):
        metrics.topic_diversity([])


@given(st.lists(st.floats(1e-6, 1.0), min_size=1))
def test_perplexity_is_the_geometric_mean_of_one_over_p(p):
    expected = math.exp(-sum(map(math.log, p)) / len(p))
    assert metrics.perplexity(np.log(p)) == pytest.approx(expected)
    assert metrics.perplexity(np.log2(p), base=2) == pytest.approx(expected)


def test_perplexity_of_a_uniform_model_is_its_vocabulary_and_bad_input_is_named():
    assert metrics.perplexity(np.full(7, -math.log(50))) == pytest.approx(50)
    assert metrics.perplexity([-math.inf, -1.0]) == math.inf
    for bad, words in (([], "at least one"), ([0.5], "at most 0"), ([math.nan], "NaN")):
        with pytest.raises(ValueError, match=words):
            metrics.perplexity(bad)


@pytest.mark.parametrize("score", [metrics.accuracy, metrics.nmi, metrics.ari, metrics.f1, metrics.confusion_matrix])
def test_bad_labels_are_named(score):
    with pytest.raises(ValueError, match="same length"):
        score([1, 2], [1])
    with pytest.raises(ValueError, match="at least one"):
        score([], [])
    with pytest.raises(TypeError, match="y_true"):
        score("abc", ["a", "b", "c"])


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_silhouette_says_when_it_is_undefined(labels):
    with pytest.raises(ValueError, match="at least 2 and at most 2 clusters"):
        metrics.silhouette(np.eye(3), labels)
