"""Distances of samples, against closed forms, SciPy-free twins and scikit-learn's conventions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup.metrics import coverage, frechet_distance, maximum_mean_discrepancy

from .strategies import seeds


def draw(seed, n, m, d):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)), 1 + rng.standard_normal((m, d))


@given(seeds(), st.integers(2, 9), st.integers(2, 9), st.integers(1, 6))
def test_frechet_distance_is_the_formula(seed, n, m, d):
    X, Y = draw(seed, n, m, d)
    C, D = np.atleast_2d(np.cov(X, rowvar=False)), np.atleast_2d(np.cov(Y, rowvar=False))
    roots = np.sqrt(np.maximum(np.linalg.eigvals(C @ D).real, 0)).sum()
    expected = np.sum((X.mean(0) - Y.mean(0)) ** 2) + np.trace(C) + np.trace(D) - 2 * roots
    # roots of eigenvalues that should be 0 and are 1e-16 times the largest
    assert frechet_distance(X, Y) == pytest.approx(expected, rel=1e-6, abs=1e-6 * (1 + np.trace(C) + np.trace(D)))
    assert frechet_distance(X, Y) == pytest.approx(frechet_distance(Y, X), rel=1e-9, abs=1e-9)
    assert frechet_distance(X, X[::-1]) == pytest.approx(0, abs=1e-9 * (1 + np.trace(C)))
    assert frechet_distance(X, X + 3) == pytest.approx(9 * d, rel=1e-9)


@given(seeds(), st.integers(2, 6), st.integers(2, 6), st.integers(1, 4), st.floats(0.3, 3))
def test_mmd_is_the_formula(seed, n, m, d, bandwidth):
    X, Y = draw(seed, n, m, d)

    def k(a, b):
        return math.exp(-float(np.sum((a - b) ** 2)) / (2 * bandwidth**2))

    expected = (
        sum(k(a, b) for a, b in itertools.permutations(X, 2)) / (n * (n - 1))
        + sum(k(a, b) for a, b in itertools.permutations(Y, 2)) / (m * (m - 1))
        - 2 * sum(k(a, b) for a in X for b in Y) / (n * m)
    )
    assert maximum_mean_discrepancy(X, Y, bandwidth) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    far = X + 1e6
    assert maximum_mean_discrepancy(far, Y + 1e6, bandwidth) == pytest.approx(expected, rel=1e-3, abs=1e-3)


@given(seeds(), st.integers(3, 9), st.integers(1, 6), st.integers(1, 3), st.integers(1, 2))
def test_coverage_is_the_definition(seed, n, m, d, k):
    X, Y = draw(seed, n, m, d)
    near = 0
    for i, x in enumerate(X):
        radius = sorted(np.linalg.norm(x - other) for j, other in enumerate(X) if j != i)[k - 1]
        near += any(np.linalg.norm(x - y) <= radius for y in Y)
    assert coverage(X, Y, k) == near / n
    assert coverage(X, X, k) == 1


def test_samples_of_one_distribution_are_near_and_others_far():
    rng = np.random.default_rng(0)
    X, Y, Z = rng.standard_normal((300, 3)), rng.standard_normal((300, 3)), 2 + rng.standard_normal((300, 3))
    assert frechet_distance(X, Y) < 0.1 < frechet_distance(X, Z)
    assert abs(maximum_mean_discrepancy(X, Y)) < 0.01 < maximum_mean_discrepancy(X, Z)
    assert coverage(X, Y) == pytest.approx(1 - 2**-5, abs=0.03)
    assert coverage(X, np.zeros((300, 3))) < 0.05
    assert maximum_mean_discrepancy(np.ones((3, 2)), np.ones((3, 2))) == 0


def test_wrong_arguments():
    X = np.zeros((3, 2))
    with pytest.raises(ValueError, match="the same features, got 2 and 3"):
        frechet_distance(X, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="Y must have at least 2 rows, got 1"):
        maximum_mean_discrepancy(X, X[:1])
    with pytest.raises(ValueError, match="n_neighbors must be below the 3 rows of X, got 3"):
        coverage(X, X, 3)
    with pytest.raises(ValueError, match="bandwidth must be more than 0"):
        maximum_mean_discrepancy(X, X, 0)
