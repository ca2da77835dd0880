"""K-means by its laws: inertia never rises, Lloyd's fixed point, sparse = dense, the same bits on any threads."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minilm_unsup._csr import CSRMatrix
from minilm_unsup._exceptions import ConvergenceWarning, NotFittedError
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.cluster.kmeans import KMeans
from minilm_unsup.cluster.rows import add_to_clusters, assign_to_nearest, make_rows
from minilm_unsup.cluster.seeding import choose_first_centers

from .reference import kmeans as twin
from .strategies import matrices_ND, seeds

METRICS = ("euclidean", "cosine")


def spread_out(seed, n, d, dtype=np.float64):
    """Rows in general position: no ties, no duplicates."""
    return np.random.default_rng(seed).standard_normal((n, d)).astype(dtype)


def blobs(seed, n, d, k, dtype=np.float32, noise=0.3):
    rng = np.random.default_rng(seed)
    centers = 3 * rng.standard_normal((k, d))
    truth = rng.integers(0, k, n)
    return (centers[truth] + noise * rng.standard_normal((n, d))).astype(dtype), truth


@pytest.mark.kernel
@given(seeds(), st.integers(1, 12), st.integers(1, 6), st.integers(1, 5), st.sampled_from(METRICS))
def test_a_sweep_equals_the_naive_one(seed, n, d, k, metric):
    X = spread_out(seed, n, d)
    rng = np.random.default_rng(seed + 1)
    centers = rng.standard_normal((k, d))
    if metric == "cosine":
        centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    weight = rng.random(n) + 0.1
    labels, distances = twin.assign(X.tolist(), centers.tolist(), metric)
    moved = np.array(twin.move(X.tolist(), weight, labels, centers.tolist(), metric))
    for form in (X, CSRMatrix.from_dense(X)):
        rows = make_rows(form, metric)
        sweep = rows.sweep(centers, weight)
        np.testing.assert_array_equal(sweep.labels, labels)
        np.testing.assert_array_equal(rows.nearest(centers), labels)
        np.testing.assert_allclose(sweep.distances, distances, atol=1e-12)
        np.testing.assert_allclose(rows.distances_to(centers).min(axis=0), distances, atol=1e-12)
        assert sweep.inertia == pytest.approx(twin.inertia(weight, distances), abs=1e-11)
        np.testing.assert_allclose(sweep.totals, np.bincount(labels, weight, k), atol=1e-12)
        filled = sweep.totals > 0
        means = KMeans(k, metric=metric)._placed(sweep.sums / np.maximum(sweep.totals, 1e-300)[:, None])
        np.testing.assert_allclose(means[filled], moved[filled], atol=1e-12)


@pytest.mark.kernel
def test_kernels_on_ties_and_one_row():
    labels, best = np.empty(3, np.int32), np.empty(3)
    assign_to_nearest(np.ones((4, 3)), np.zeros(4), best, labels)
    assert labels.tolist() == [0, 0, 0]  # the lowest number among equals
    X, sums, totals, distances = np.array([[3.0, 4.0]]), np.zeros((1, 2)), np.zeros(1), np.empty(1)
    one = np.ones(1)
    add_to_clusters(X, one, 2 * one, np.zeros((1, 2)), np.zeros(1, np.int32), 0, 1, False, sums, totals, distances)
    assert sums.tolist() == [[6.0, 8.0]]
    assert totals.tolist() == [2.0]
    assert distances.tolist() == [25.0]


@given(matrices_ND(min_n=3, max_n=25, max_d=5), seeds(), st.integers(1, 3), st.sampled_from(METRICS))
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_inertia_never_rises_and_the_end_is_a_fixed_point(X, seed, k, metric):
    model = KMeans(k, metric=metric, random_state=seed, tol=0).fit(X)
    inertia = model.history_["inertia"]
    assert all(b <= a for a, b in itertools.pairwise(inertia))
    assert inertia[-1] == model.inertia_
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    assert model.labels_.dtype == np.int32
    assert model.cluster_centers_.dtype == X.dtype
    assert model.cluster_centers_.shape == (k, X.shape[1])


@given(seeds(), st.sampled_from(METRICS))
def test_the_end_is_a_fixed_point_of_the_naive_steps(seed, metric):
    X = spread_out(seed, 30, 3)
    weight = np.random.default_rng(seed).random(30) + 0.1
    model = KMeans(4, metric=metric, random_state=seed, tol=0).fit(X, sample_weight=weight)
    labels, distances = twin.assign(X.tolist(), model.cluster_centers_.tolist(), metric)
    np.testing.assert_array_equal(labels, model.labels_)
    assert model.inertia_ == pytest.approx(twin.inertia(weight, distances), rel=1e-9)
    moved = twin.move(X.tolist(), weight, labels, model.cluster_centers_.tolist(), metric)
    np.testing.assert_allclose(moved, model.cluster_centers_, atol=1e-12)


@given(seeds(), st.sampled_from(METRICS), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=30)
def test_sparse_equals_dense(seed, metric, dtype):
    rng = np.random.default_rng(seed)
    X = (rng.random((60, 12)) * (rng.random((60, 12)) < 0.4)).astype(dtype)
    start = X[rng.choice(60, 4, replace=False)] + dtype(0.01)
    dense = KMeans(4, metric=metric, init=start, tol=0).fit(X)
    sparse = KMeans(4, metric=metric, init=start, tol=0).fit(CSRMatrix.from_dense(X))
    if dtype == np.float64:  # in float32 a row midway between two centres may fall either way
        np.testing.assert_array_equal(dense.labels_, sparse.labels_)
        np.testing.assert_allclose(dense.cluster_centers_, sparse.cluster_centers_, atol=1e-12)
    assert dense.inertia_ == pytest.approx(sparse.inertia_, rel=1e-9 if dtype == np.float64 else 0.1)
    np.testing.assert_allclose(
        dense.transform(X), dense.transform(CSRMatrix.from_dense(X)), atol=1e-6 if dtype == np.float64 else 2e-3
    )


@given(seeds(), st.sampled_from(METRICS))
@settings(max_examples=20)
def test_whole_weights_are_repeats(seed, metric):
    X = spread_out(seed, 25, 3)
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 4, 25)
    assume((times > 0).sum() >= 3)
    start = X[times > 0][:3]
    weighted = KMeans(3, metric=metric, init=start, tol=0).fit(X, sample_weight=times)
    repeated = KMeans(3, metric=metric, init=start, tol=0).fit(np.repeat(X, times, axis=0))
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, atol=1e-10)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-9)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_clusters", [7, 80])  # both forms of the product
@pytest.mark.parametrize("form", [lambda X: X, CSRMatrix.from_dense])
def test_same_bits_on_any_number_of_threads(metric, n_clusters, form):
    X, _ = blobs(3, 9000, 40, 12, dtype=np.float64)  # float32 centres would hide another order of the sums
    X = form(X)
    results = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            results.append(KMeans(n_clusters, metric=metric, random_state=5).fit(X))
    finally:
        set_num_threads(None)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0].cluster_centers_, other.cluster_centers_)
        np.testing.assert_array_equal(results[0].labels_, other.labels_)
        assert results[0].history_ == other.history_
        assert results[0].inertia_ == other.inertia_


def test_same_result_as_scikit_learn_from_the_same_start():
    peer = pytest.importorskip("sklearn.cluster")
    X, _ = blobs(0, 3000, 20, 9, dtype=np.float64, noise=2.5)
    start = X[:9].copy()
    ours = KMeans(9, init=start, tol=0).fit(X)
    theirs = peer.KMeans(9, init=start, tol=0, n_init=1, algorithm="lloyd").fit(X)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-7)
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-9)
    short = KMeans(9, init=start, tol=0, max_iter=2)
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        short.fit(X)
    assert short.inertia_ == pytest.approx(
        peer.KMeans(9, init=start, tol=0, n_init=1, max_iter=2).fit(X).inertia_, rel=1e-9
    )


@pytest.mark.parametrize("metric", METRICS)
def test_seeding_finds_separate_blobs_and_more_starts_are_no_worse(metric):
    X, truth = blobs(1, 900, 10, 8, noise=0.1)
    model = KMeans(8, metric=metric, n_init=3, random_state=0).fit(X)
    pairs = {(a, b) for a, b in zip(truth.tolist(), model.labels_.tolist(), strict=True)}
    assert len(pairs) == 8  # one to one
    noise = spread_out(2, 400, 6)
    one = KMeans(20, metric=metric, random_state=4).fit(noise)
    many = KMeans(20, metric=metric, random_state=4, n_init=8).fit(noise)
    assert many.inertia_ <= one.inertia_
    drawn = KMeans(20, metric=metric, random_state=4, init="random").fit(noise)
    assert len(set(drawn.labels_.tolist())) == 20


def test_potential_of_kmeans_plus_plus_is_better_than_random_rows():
    X, _ = blobs(6, 2000, 8, 30, noise=0.05)
    ours = [KMeans(30, random_state=s, max_iter=300).fit(X).inertia_ for s in range(5)]
    drawn = [KMeans(30, random_state=s, init="random").fit(X).inertia_ for s in range(5)]
    assert np.mean(ours) < np.mean(drawn)


def test_greedy_seeding_starts_lower_than_plain_draws():
    X = spread_out(3, 400, 3)
    rows, weight = make_rows(X, "euclidean"), np.ones(400)

    def potential(centers):
        return rows.distances_to(np.ascontiguousarray(centers)).min(axis=0).sum()

    def plain(rng):  # k-means++ with one draw a centre
        centers = X[[rng.integers(400)]]
        while len(centers) < 12:
            closest = rows.distances_to(centers).min(axis=0)
            centers = np.vstack([centers, X[rng.choice(400, p=closest / closest.sum())]])
        return centers

    greedy = [
        potential(choose_first_centers(rows, weight, 12, "k-means++", np.random.default_rng(s))) for s in range(20)
    ]
    drawn = [potential(plain(np.random.default_rng(s))) for s in range(20)]
    assert np.mean(greedy) < 0.95 * np.mean(drawn)


@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_cluster_is_filled_with_the_farthest_row(metric):
    X = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [-1.0, 5.0]])
    start = np.array([[1.0, 0.1], [-1.0, -80.0], [-2.0, -90.0]])  # the last two are nobody's nearest
    if metric == "euclidean":
        start[1:] *= 100
    model = KMeans(3, metric=metric, init=start, tol=0).fit(X)
    assert len(set(model.labels_.tolist())) == 3
    assert (model.labels_ == model.labels_[3]).sum() == 1


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("form", [lambda X: X, CSRMatrix.from_dense])
def test_fewer_distinct_points_than_clusters_warn(metric, form):
    X = np.repeat(np.array([[1.0, 2.0, 0.0], [0.0, 5.0, 1.0]]), 6, axis=0)
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(2\)"):
        model = KMeans(4, metric=metric, random_state=0).fit(form(X))
    assert len(set(model.labels_.tolist())) == 2
    assert model.inertia_ == pytest.approx(0, abs=1e-12)
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(1\)"):
        KMeans(2, metric=metric, random_state=0).fit(form(np.zeros((3, 2)) + (metric == "euclidean")))


def test_as_many_clusters_as_points_and_one_point():
    X = spread_out(0, 6, 2)
    assert KMeans(6, random_state=0).fit(X).inertia_ == pytest.approx(0, abs=1e-12)
    assert KMeans(1).fit(X[:1]).labels_.tolist() == [0]
    whole = KMeans(1).fit(X)
    np.testing.assert_allclose(whole.cluster_centers_[0], X.mean(axis=0), atol=1e-12)


def test_rows_of_zeros_under_cosine_are_at_distance_one():
    X = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])
    model = KMeans(2, metric="cosine", init=np.eye(2)).fit(X)
    assert model.inertia_ == pytest.approx(1)
    np.testing.assert_allclose(model.transform(X)[1], [1, 1])
    assert model.labels_[[0, 2]].tolist() == [0, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_far_mean_costs_no_digits(dtype):
    X, truth = blobs(2, 500, 5, 4, dtype=np.float64)
    far = (X + 1e4).astype(dtype)
    model = KMeans(4, n_init=3, random_state=0).fit(far)
    assert len({(a, b) for a, b in zip(truth.tolist(), model.labels_.tolist(), strict=True)}) == 4
    _, distances = twin.assign(far.tolist(), model.cluster_centers_.tolist(), "euclidean")
    np.testing.assert_array_equal(model.predict(far), model.labels_)
    # A centre is rounded to the dtype at a distance of 1e4: in float32 to 1e-3, against distances of about 0.7.
    assert model.inertia_ == pytest.approx(sum(distances), rel=1e-2 if dtype == np.float32 else 1e-9)


def test_scaling_of_rows_does_not_matter_under_cosine():
    X = np.abs(spread_out(0, 200, 6))
    factors = np.exp(np.random.default_rng(0).uniform(-5, 5, (200, 1)))
    start = X[:5].copy()
    a, b = (KMeans(5, metric="cosine", init=start, tol=0).fit(M) for M in (X, X * factors))
    np.testing.assert_array_equal(a.labels_, b.labels_)
    np.testing.assert_allclose(np.linalg.norm(a.cluster_centers_, axis=1), 1, rtol=1e-12)


def test_wrong_arguments_are_named():
    X = spread_out(0, 5, 2)
    for parameters, message in (
        ({"n_clusters": 6}, "n_samples=5 should be >= n_clusters=6"),
        ({"n_clusters": 0}, "n_clusters must be at least 1"),
        ({"metric": "l1"}, "metric must be one of"),
        ({"n_clusters": 2, "init": np.ones((3, 2))}, "init must have shape"),
        ({"n_clusters": 2, "init": "best"}, "init must be one of"),
        ({"n_clusters": 2, "tol": -1.0}, "tol must be at least 0"),
        ({"n_clusters": 2, "max_iter": 0}, "max_iter must be at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            KMeans(**parameters).fit(X)
    for weight in (-np.ones(5), np.zeros(5), np.ones(4), np.full(5, np.nan)):
        with pytest.raises(ValueError, match="sample_weight must"):
            KMeans(2).fit(X, sample_weight=weight)
    with pytest.raises(NotFittedError):
        KMeans(2).predict(X)
    with pytest.raises(ValueError, match="X has 3 features, but KMeans is expecting 2"):
        KMeans(2).fit(X).predict(np.ones((1, 3)))
    X[2, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        KMeans(2).fit(X)


def test_input_is_kept_and_models_pickle(capsys):
    X = spread_out(0, 50, 4)
    before = X.copy()
    X.setflags(write=False)
    model = KMeans(3, random_state=0, verbose=1).fit(X)
    assert "start 1/1: inertia" in capsys.readouterr().out
    np.testing.assert_array_equal(X, before)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.labels_)
    assert model.get_feature_names_out().tolist() == ["kmeans0", "kmeans1", "kmeans2"]


def test_scikit_learn_estimator_checks():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    # A seeded draw follows the order of the rows, which these checks shuffle; scikit-learn expects them to fail of its
    # own KMeans. The law itself is held from given centres above.
    reason = "k-means++ draws rows by their order"
    names = ("dense", "sparse")
    failing = {f"check_sample_weight_equivalence_on_{name}_data": reason for name in names}
    checks.check_estimator(KMeans(n_clusters=3, n_init=3, random_state=0), expected_failed_checks=failing)


@pytest.mark.parametrize("dtype, scale", [(np.float64, 2.0**900), (np.float64, 2.0**-900), (np.float32, 2.0**-130)])
@pytest.mark.parametrize("sparse", [False, True])
def test_spherical_clusters_do_not_depend_on_length(dtype, scale, sparse):
    X = np.random.default_rng(0).normal(size=(40, 3))
    wrap = CSRMatrix.from_dense if sparse else np.asarray
    near = KMeans(3, metric="cosine", random_state=0).fit(wrap(X.astype(dtype)))
    far = KMeans(3, metric="cosine", random_state=0).fit(wrap((X * scale).astype(dtype)))
    np.testing.assert_array_equal(far.labels_, near.labels_)
    np.testing.assert_allclose(far.cluster_centers_, near.cluster_centers_, atol=1e-4)  # subnormal rows have few digits
    np.testing.assert_array_equal(far.predict(wrap((X * scale).astype(dtype))), far.labels_)


@pytest.mark.parametrize("dtype, value", [(np.float64, 1e200), (np.float32, 1e25)])
def test_values_whose_squares_overflow_are_an_error(dtype, value):
    with pytest.raises(ValueError, match="squared distances are too large"):
        KMeans(2).fit(np.array([[value], [0], [1]], dtype=dtype))


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_rows_of_zeros_take_no_centre(init):
    """A row of zeros is at distance 1 from every centre: drawn by distance, such rows would use up the centres."""
    rng = np.random.default_rng(0)
    X = np.repeat(np.eye(5), 20, axis=0) + 0.1 * rng.normal(size=(100, 5))
    padded = np.vstack([X, np.zeros((100, 5))])
    for seed in range(10):
        model = KMeans(5, metric="cosine", init=init, random_state=seed).fit(padded)
        assert len(np.unique(model.labels_[:100])) == 5
        assert (np.linalg.norm(model.cluster_centers_, axis=1) > 0.5).all()


def test_random_init_with_fewer_weighted_rows_than_clusters():
    model = KMeans(3, init="random", random_state=0).fit(np.arange(10.0)[:, None], sample_weight=[1, 1] + [0] * 8)
    assert model.inertia_ == 0


def test_errors_and_warnings_that_are_also_scikit_learns_can_be_pickled():
    pytest.importorskip("sklearn.exceptions")
    with pytest.raises(NotFittedError) as caught:
        KMeans().predict([[1.0]])
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is NotFittedError
    assert str(again) == str(caught.value)
    with pytest.warns(ConvergenceWarning) as warned:
        KMeans(2, random_state=0).fit(np.zeros((3, 1)))
    assert isinstance(pickle.loads(pickle.dumps(warned[0].message)), ConvergenceWarning)
