from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minilm_unsup import metrics, set_num_threads
from tests.reference import metrics as naive
from tests.strategies import costs_RC, labelings_NN, matrices_ND

AVERAGES = ("arithmetic", "geometric", "min", "max")
SCORES = (
    metrics.nmi,
    metrics.ari,
    metrics.homogeneity,
    metrics.completeness,
    metrics.v_measure,
    metrics.purity,
    metrics.cluster_accuracy,
)
# Sums of at most 25 terms of size at most log 14: a few units in the last place.
CLOSE = {"rel": 0, "abs": 1e-13}


@given(labelings_NN(), st.permutations(range(5)), st.permutations(range(5)))
def test_names_change_no_bit_and_symmetric_scores_are_symmetric_to_the_bit(pair, names, other):
    a, b = pair
    renamed = [names[v] for v in a], [f"簇{other[v]}" for v in b]
    for score in SCORES:
        assert score(*renamed) == score(a, b)
        assert 0 <= score(a, b) <= 1 or score is metrics.ari
        assert score(a, a) == 1.0
    assert -0.5 <= metrics.ari(a, b) <= 1
    assert metrics.ari(a, b) == metrics.ari(b, a)
    assert metrics.cluster_accuracy(a, b) == metrics.cluster_accuracy(b, a)
    for average in AVERAGES:
        assert metrics.nmi(a, b, average=average) == metrics.nmi(b, a, average=average)


@given(labelings_NN())
def test_scores_equal_their_definitions(pair):
    a, b = pair
    assert metrics.homogeneity(a, b) == pytest.approx(naive.homogeneity(a, b), **CLOSE)
    assert metrics.completeness(a, b) == pytest.approx(naive.homogeneity(b, a), **CLOSE)
    assert metrics.purity(a, b) == pytest.approx(naive.purity(a, b), **CLOSE)
    assert metrics.cluster_accuracy(a, b) == pytest.approx(naive.matched_accuracy(a, b), **CLOSE)
    assert metrics.v_measure(a, b) == pytest.approx(metrics.nmi(a, b), **CLOSE)
    low, geometric, arithmetic, high = (metrics.nmi(a, b, average=v) for v in ("max", "geometric", "arithmetic", "min"))
    one_is_single = (len(set(a)) == 1) != (len(set(b)) == 1)
    if one_is_single:
        assert low == geometric == arithmetic == high == 0.0
    else:
        assert low <= arithmetic + 1e-15 <= geometric + 2e-15 <= high + 3e-15
    table = metrics.contingency(a, b)
    assert table.sum(axis=1).tolist() == [a.count(v) for v in sorted(set(a))]
    assert table.sum(axis=0).tolist() == [b.count(v) for v in sorted(set(b))]


@given(labelings_NN())
def test_splitting_a_cluster_raises_homogeneity_and_purity(pair):
    a, b = pair
    split = [(v, i % 2) for i, v in enumerate(b)]
    finer = [2 * v + i for v, i in split]
    assert metrics.purity(a, finer) >= metrics.purity(a, b)
    assert metrics.homogeneity(a, finer) >= metrics.homogeneity(a, b) - 1e-13


@given(labelings_NN(max_n=40))
def test_equal_to_scikit_learn(pair):
    peer = pytest.importorskip("sklearn.metrics")
    a, b = pair
    table = peer.cluster.contingency_matrix(a, b)
    assert (metrics.contingency(a, b) == table).all()
    assert metrics.ari(a, b) == pytest.approx(peer.adjusted_rand_score(a, b), **CLOSE)
    # scikit-learn takes information below one unit in the last place as 0.
    for ours, theirs in zip(
        (metrics.homogeneity, metrics.completeness, metrics.v_measure),
        (peer.homogeneity_score, peer.completeness_score, peer.v_measure_score),
        strict=True,
    ):
        assert ours(a, b) == pytest.approx(theirs(a, b), abs=1e-12)
    assert metrics.v_measure(a, b, beta=0.3) == pytest.approx(peer.v_measure_score(a, b, beta=0.3), abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_degenerate_labelings(n):
    one, singles = [0] * n, list(range(n))
    for score in SCORES:
        assert score(one, one) == score(singles, singles) == 1.0
    for average in AVERAGES:
        assert metrics.nmi(one, one, average=average) == 1.0
        assert metrics.nmi(one, singles, average=average) == (1.0 if n == 1 else 0.0)
    if n > 1:
        assert metrics.ari(one, singles) == metrics.ari(singles, one) == 0.0
        assert metrics.homogeneity(singles, one) == 0.0
        assert metrics.completeness(singles, one) == 1.0
        assert metrics.v_measure(singles, one) == 0.0
        assert metrics.purity(one, singles) == 1.0
        assert metrics.purity(singles, one) == metrics.cluster_accuracy(one, singles) == 1 / n


def test_hand_computed_scores():
    truth, guess = ["a", "a", "b", "b"], [0, 0, 1, 2]
    assert metrics.nmi(truth, guess) == pytest.approx(2 * math.log(2) / (math.log(2) + 1.5 * math.log(2)))
    assert metrics.homogeneity(truth, guess) == 1.0
    assert metrics.completeness(truth, guess) == pytest.approx(2 / 3)
    # Pairs together: 1 of both, 2 by class, 1 by cluster, 6 in all.
    assert metrics.ari(truth, guess) == pytest.approx((1 - 2 / 6) / (1.5 - 2 / 6))
    assert metrics.cluster_accuracy(truth, guess) == 3 / 4
    assert metrics.purity(truth, guess) == 1.0


def test_ari_is_exact_where_floats_are_not():
    # One sample of 200,000 apart: in floats the expected and the largest index are nearly one.
    n = 200_000
    a = [0] * n
    b, c = [1] + [0] * (n - 1), [0] * (n - 1) + [1]
    assert metrics.ari(a, b) == 0.0
    assert metrics.ari(b, b) == 1.0
    pairs = n * (n - 1) // 2
    kept = (n - 1) * (n - 2) // 2
    together = (n - 2) * (n - 3) // 2
    exact = (together * pairs - kept * kept) / (kept * pairs - kept * kept)
    assert metrics.ari(b, c) == exact


def test_as_many_clusters_as_samples_take_no_square_of_memory():
    import tracemalloc

    n = 3000
    ids = np.arange(n)
    tracemalloc.start()
    try:
        for score in SCORES:
            assert score(ids, ids[::-1]) == 1.0
        assert metrics.nmi(ids % 3, ids) < 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < n * n  # one byte a cell; the table itself would take eight


def test_random_labels_score_about_nothing_by_ari():
    rng = np.random.default_rng(0)
    scores = [metrics.ari(rng.integers(0, 5, 500), rng.integers(0, 5, 500)) for _ in range(50)]
    # The standard error of the mean is below 0.001.
    assert abs(np.mean(scores)) < 0.005


@pytest.mark.kernel
@given(costs_RC())
def test_no_assignment_is_cheaper(cost):
    rows, columns = metrics.hungarian(cost)
    assert rows.dtype == columns.dtype == np.int64
    assert len(rows) == len(columns) == min(cost.shape)
    assert (np.diff(rows) > 0).all()
    assert len(set(columns.tolist())) == len(columns)
    small = cost if cost.shape[0] <= cost.shape[1] else cost.T
    expected = naive.lowest_cost(small.tolist())
    assert cost[rows, columns].sum() == expected
    # Costs near the largest float, whose sums are none, and read-only input.
    huge = cost * 1.9e307
    huge.flags.writeable = False
    rows, columns = metrics.hungarian(huge)
    assert cost[rows, columns].sum() == expected


@pytest.mark.kernel
@given(costs_RC(max_r=4, max_c=4), st.integers(0, 3), st.integers(-5, 5))
def test_a_constant_on_a_row_moves_the_cost_by_it(cost, row, constant):
    assume(cost.shape[0] <= cost.shape[1])
    moved = cost.copy()
    moved[row % len(cost)] += constant
    before, after = (float(C[metrics.hungarian(C)].sum()) for C in (cost, moved))
    assert after == before + constant


def test_assignment_equals_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (1, 9), (9, 1), (60, 60), (40, 90), (90, 40)):
        for C in (rng.standard_normal(shape), rng.integers(0, 4, shape).astype(np.float64), np.zeros(shape)):
            # Sums of at most 60 numbers of size about 1, in another order.
            assert C[metrics.hungarian(C)].sum() == pytest.approx(C[optimize.linear_sum_assignment(C)].sum(), abs=1e-12)


def test_assignment_names_bad_costs():
    for cost, message in (([[np.nan]], "cost contains NaN"), ([[np.inf]], "cost contains infinity"), ([1.0], "2D")):
        with pytest.raises(ValueError, match=message):
            metrics.hungarian(cost)
    with pytest.raises(ValueError, match="cost"):
        metrics.hungarian(np.empty((0, 3)))


@pytest.mark.kernel
@given(
    matrices_ND(min_n=3, max_n=10, max_d=4, bound=10),
    st.sampled_from(["euclidean", "cosine"]),
    st.integers(-1000, 1000),  # squares overflow or vanish beyond +-500
    st.data(),
)
def test_silhouette_equals_its_definition_at_any_scale(X, metric, exponent, data):
    # A grid of 1/8 has coinciding and zero rows, and keeps others apart by more than rounding.
    X = np.round(X * 8) / 8
    labels = data.draw(st.lists(st.integers(0, 3), min_size=len(X), max_size=len(X)))
    assume(2 <= len(set(labels)) <= len(X) - 1)
    distance = math.dist if metric == "euclidean" else naive.cosine_distance
    expected = naive.silhouettes(X.tolist(), labels, distance)
    if metric == "cosine":
        # Rows in one direction differ by rounding alone: a / b of two such distances is noise in either code.
        pairs = [distance(x, y) for x, y in itertools.combinations(X.tolist(), 2)]
        assume(all(d == 0 or d > 1e-12 for d in pairs))
    found = metrics.silhouette_samples(np.ldexp(X.astype(np.float64), exponent), labels, metric=metric)
    # Distances are good to LOST^-1 * 1e-16 = 1e-10 of themselves.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert (np.abs(found) <= 1).all()
    assert metrics.silhouette(np.ldexp(X.astype(np.float64), exponent), labels, metric=metric) == np.mean(found)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_silhouette_passes_tile_borders_and_threads(metric):
    peer = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    n = 2300  # three tiles of columns, nine blocks of rows, none whole
    X = rng.standard_normal((n, 5))
    X[7] = X[1500]
    labels = np.sort(rng.integers(0, 7, n))  # clusters that span tiles
    labels[3] = 99  # one alone
    rng.shuffle(labels)
    found = []
    try:
        for threads in (1, 2):
            set_num_threads(threads)
            found.append(metrics.silhouette_samples(X, labels, metric=metric))
    finally:
        set_num_threads(None)
    assert found[0].tobytes() == found[1].tobytes()
    # scikit-learn's own distances lose half the digits where two points coincide.
    np.testing.assert_allclose(found[0], peer.silhouette_samples(X, labels, metric=metric), rtol=0, atol=1e-8)
    assert found[0][labels == 99] == 0.0
    order = rng.permutation(n)
    moved = metrics.silhouette_samples(X[order], np.array([f"c{v}" for v in labels])[order], metric=metric)
    np.testing.assert_allclose(moved, found[0][order], rtol=0, atol=1e-12)


def test_silhouette_of_points_close_together_and_far_from_zero():
    X = np.array([[1e6, 0], [1e6 + 2**-10, 0], [1e6 + 3 * 2**-10, 0], [-1e6, 0], [-1e6, 2**-10]])
    expected = naive.silhouettes(X.tolist(), [0, 0, 1, 2, 2], math.dist)
    np.testing.assert_allclose(metrics.silhouette_samples(X, [0, 0, 1, 2, 2]), expected, rtol=0, atol=1e-6)
    assert metrics.silhouette(np.ones((5, 2)), [0, 0, 1, 1, 2]) == 0.0  # all points one point


def test_silhouette_takes_a_seeded_part():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.standard_normal((150, 3)) + 6 * i for i in range(3)]).astype(np.float32)
    labels = np.repeat(["a", "b", "c"], 150)
    part = metrics.silhouette(X, labels, sample_size=120, random_state=4)
    assert part == metrics.silhouette(X, labels, sample_size=120, random_state=np.random.default_rng(4))
    assert part != metrics.silhouette(X, labels, sample_size=120, random_state=5)
    assert abs(part - metrics.silhouette(X, labels)) < 0.05
    assert metrics.silhouette(X, labels, sample_size=10**6) == metrics.silhouette(X, labels)


def test_the_part_is_drawn_without_replacement():
    X, labels = np.array([[0.0], [1.0], [5.0], [9.0]]), np.array([0, 0, 1, 1])
    without_one = {metrics.silhouette(np.delete(X, i, 0), np.delete(labels, i)) for i in range(4)}
    drawn = {metrics.silhouette(X, labels, sample_size=3, random_state=seed) for seed in range(40)}
    assert drawn == without_one


def test_silhouette_names_bad_input():
    X = np.eye(4)
    with pytest.raises(ValueError, match="at least 2 and at most 3 clusters for 4 samples, got 1"):
        metrics.silhouette(X, [0] * 4)
    with pytest.raises(ValueError, match="at least 2 and at most 3 clusters for 4 samples, got 4"):
        metrics.silhouette_samples(X, list("abcd"))
    with pytest.raises(ValueError, match="metric must be one of 'euclidean', 'cosine'"):
        metrics.silhouette(X, [0, 0, 1, 1], metric="manhattan")
    with pytest.raises(ValueError, match="X and labels must have the same length, got 4 and 3"):
        metrics.silhouette_samples(X, [0, 0, 1])
    with pytest.raises(ValueError, match="sample_size must be at least 3"):
        metrics.silhouette(X, [0, 0, 1, 1], sample_size=2)
    with pytest.raises(ValueError, match="NaN"):
        metrics.silhouette([[np.nan], [1], [2]], [0, 0, 1])


def test_bad_labels_are_named():
    for score in (*SCORES, metrics.contingency):
        with pytest.raises(ValueError, match="y_true must hold at least one label"):
            score([], [])
        with pytest.raises(ValueError, match="same length, got 1 and 2"):
            score([1], [1, 2])
    with pytest.raises(ValueError, match="average must be one of"):
        metrics.nmi([1], [1], average="mean")
    with pytest.raises(ValueError, match="beta must be at least 0"):
        metrics.v_measure([1], [1], beta=-1)
