"""The document map: its graph against the plain formula, its kernel against loops, and the laws of the layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import get_num_threads, set_num_threads
from minilm_unsup.vectors import document_map
from minilm_unsup.vectors.map_layout import (
    GRAVITY,
    N_NEGATIVES,
    _edges,
    _membership,
    _nearest,
    _start,
    _unit_rows,
    move_points,
)

from .reference import document_map as reference
from .strategies import matrices_ND, seeds


def clusters(n_clusters=12, size=30, d=24, spread=0.35, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_clusters, d))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    y = np.repeat(np.arange(n_clusters), size)
    noise = rng.normal(size=(len(y), d)) * spread / np.sqrt(d)
    return (centres[y] + noise).astype(np.float32), y


def trustworthiness(X, Y, k):
    """Venna and Kaski 2001, equation 1: 1 less the penalised ranks of neighbours that are new in the map."""
    n = len(X)

    def ranks(Z):
        squares = ((Z[:, None].astype(np.float64) - Z[None]) ** 2).sum(axis=2)
        np.fill_diagonal(squares, -1)
        return np.argsort(np.argsort(squares, axis=1, kind="stable"), axis=1, kind="stable")

    true, shown = ranks(X), ranks(Y)
    new = (shown <= k) & (shown > 0) & (true > k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * float((true[new] - k).sum())


def same_cluster(Y, y, k=10):
    squares = ((Y[:, None] - Y[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    return float((y[np.argsort(squares, axis=1)[:, :k]] == y[:, None]).mean())


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_survive_better_than_in_two_principal_components(seed):
    X, y = clusters(seed=seed)
    rows = _unit_rows(X)
    flat = _start(rows, np.random.default_rng(0))
    Y = document_map(X, random_state=seed)
    assert trustworthiness(rows, Y, 10) > max(0.97, trustworthiness(rows, flat, 10) + 0.02)
    assert same_cluster(Y, y) > max(0.98, same_cluster(flat, y) + 0.1)


def test_same_bits_on_any_number_of_threads():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(3001, 20)).astype(np.float32)  # several blocks of the search, the last one short
    before = get_num_threads()
    try:
        maps = []
        for threads in (1, 2, 3):
            set_num_threads(threads)
            maps.append(document_map(X, random_state=7, n_epochs=3))
    finally:
        set_num_threads(before)
    assert np.array_equal(maps[0], maps[1])
    assert np.array_equal(maps[0], maps[2])


def test_seed_decides_and_global_state_does_not():
    X, _ = clusters(4, 10)
    first = document_map(X, random_state=1)
    np.random.seed(0)  # noqa: NPY002
    assert np.array_equal(first, document_map(X, random_state=1))
    assert np.array_equal(first, document_map(X, random_state=np.random.default_rng(1)))
    assert not np.array_equal(first, document_map(X, random_state=2))


@given(X=matrices_ND(max_n=30, bound=2.0**100), seed=seeds())
def test_any_matrix_gives_a_finite_centred_map(X, seed):
    before = X.copy()
    Y = document_map(X, random_state=seed, n_epochs=10)
    assert Y.shape == (len(X), 2)
    assert Y.dtype == np.float32
    assert np.isfinite(Y).all()
    # Rounding of the centre to float32 leaves a few units in the last place of the widest coordinate.
    assert np.abs(Y.mean(axis=0)).max() <= 1e-5 * max(1.0, np.abs(Y).max())
    assert Y[:, 0].var() >= Y[:, 1].var() * (1 - 1e-5)
    assert np.array_equal(X, before)


@given(seed=seeds(), exponents=st.lists(st.integers(-40, 40), min_size=24, max_size=24))
def test_only_the_direction_of_a_row_counts(seed, exponents):
    X = np.random.default_rng(seed).normal(size=(24, 5))
    scaled = np.ldexp(X, np.array(exponents)[:, None])  # exact, so the bits must agree
    a, b = (document_map(M, random_state=seed, n_epochs=5, n_neighbors=4) for M in (X, scaled))
    assert np.array_equal(a, b)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 40])
@pytest.mark.parametrize("value", [0.0, 1.0, -3e-300])
def test_equal_rows_are_parted_and_finite(n, value):
    Y = document_map(np.full((n, 3), value), random_state=0)
    assert np.isfinite(Y).all()
    assert len(np.unique(Y, axis=0)) == n
    assert np.abs(Y).max() < 100


def test_rows_of_zeros_lie_together():
    X, _ = clusters(6, 20)
    X = np.concatenate((X, np.zeros((20, X.shape[1]), dtype=np.float32)))
    y = np.repeat([0, 1], [120, 20])
    Y = document_map(X, random_state=0)
    zeros = Y[y == 1]
    squares = ((zeros[:, None] - Y[None]) ** 2).sum(axis=2)
    assert (y[np.argsort(squares, axis=1)[:, :10]] == 1).mean() > 0.95


def test_order_of_rows_does_not_change_how_good_the_map_is():
    X, y = clusters(8, 25)
    order = np.random.default_rng(3).permutation(len(X))
    a, b = document_map(X, random_state=0), document_map(X[order], random_state=0)
    assert abs(same_cluster(a, y) - same_cluster(b, y[order])) < 0.03


@given(X=matrices_ND(min_n=2, max_n=20, min_d=2), data=st.data())
def test_neighbours_are_the_nearest(X, data):
    rows = _unit_rows(X)
    k = data.draw(st.integers(1, len(X) - 1))
    neighbors, distances = _nearest(rows, k)
    assert all(i not in row and len(set(row.tolist())) == k for i, row in enumerate(neighbors))
    truth = np.array(reference.sorted_distances(rows))[:, :k]
    # sqrt(2 - 2 cos) of a float32 cosine: near zero the root turns 1e-7 into 1e-3.
    np.testing.assert_allclose(distances, truth, atol=2e-3)
    own = np.linalg.norm(rows[:, None].astype(np.float64) - rows[neighbors], axis=2)
    np.testing.assert_allclose(distances, own, atol=2e-3)


@given(seed=seeds(), k=st.integers(3, 20))
def test_memberships_of_a_row_sum_to_log2_of_its_neighbours(seed, k):
    # Steps well above the floor of sigma, at which equal distances would sum to more.
    steps = np.random.default_rng(seed).uniform(0.03, 0.2, size=(9, k))
    distances = np.cumsum(steps, axis=1).astype(np.float32)
    weights = _membership(distances)
    assert (weights[:, 0] == 1).all()
    assert (np.diff(weights, axis=1) <= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), np.log2(k), rtol=1e-6)


def test_membership_of_equal_distances_is_one():
    assert (_membership(np.zeros((3, 5), dtype=np.float32)) == 1).all()
    assert (_membership(np.ones((3, 5), dtype=np.float32)) == 1).all()


@given(X=matrices_ND(min_n=3, max_n=15, min_d=2), k=st.integers(1, 2))
def test_edges_are_the_fuzzy_union_from_both_ends(X, k):
    neighbors, distances = _nearest(_unit_rows(X), k)
    weights = _membership(distances)
    heads, tails, union = _edges(neighbors, weights)
    got = {(int(i), int(j)): w for i, j, w in zip(heads, tails, union, strict=True)}
    expected = {pair: w for pair, w in reference.fuzzy_union(neighbors, weights).items() if w > 0}
    assert got.keys() == expected.keys()
    assert len(got) == len(heads)
    np.testing.assert_allclose([got[p] for p in got], [expected[p] for p in got], rtol=1e-12, atol=1e-15)


@pytest.mark.kernel
@given(seed=seeds(), n=st.integers(2, 9))
def test_kernel_equals_its_naive_twin(seed, n):
    rng = np.random.default_rng(seed)
    heads, tails = (rng.integers(0, n, 12).astype(np.int32) for _ in range(2))
    period = rng.uniform(1, 3, 12).astype(np.float32)
    start = rng.normal(scale=4, size=(n, 2)).astype(np.float32)
    key = rng.integers(0, 2**64, dtype=np.uint64)
    Y = start.copy()
    with np.errstate(over="ignore"):  # the counter wraps; without the JIT numpy would warn
        move_points(heads, tails, period, 3, key, Y, period.copy())
    expected = reference.move_points(heads, tails, period, 3, key, start, N_NEGATIVES, float(GRAVITY))
    # Pushes between near points multiply rounding; two in a hundred of a unit would still catch a wrong term.
    close = np.abs(Y - np.array(expected)) < 2e-2
    assert close.mean() > 0.9
    assert np.median(np.abs(Y - np.array(expected))) < 1e-4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_neighbors": 1}, "n_neighbors must be at least 2, got 1"),
        ({"n_epochs": -1}, "n_epochs must be at least 0, got -1"),
        ({"random_state": -1}, "random_state must be at least 0"),
    ],
)
def test_a_wrong_parameter_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        document_map(np.eye(5), **arguments)


def test_a_wrong_matrix_is_named():
    with pytest.raises(ValueError, match="X contains NaN"):
        document_map(np.array([[1.0, np.nan], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="Expected 2D array"):
        document_map(np.ones(3))
    with pytest.raises(ValueError, match="0 sample"):
        document_map(np.ones((0, 3)))
