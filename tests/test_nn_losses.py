"""Losses: values against the written formula, gradients against differences, sparse as dense, extremes finite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup._buffers import separate_empty
from minilm_unsup._csr import CSRMatrix
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.nn import (
    Activation,
    BinaryCrossEntropy,
    Contrastive,
    CosineDistance,
    GaussianCode,
    GaussianKL,
    Multinomial,
    ParameterStore,
    Poisson,
    SoftmaxCrossEntropy,
    SquaredError,
    Workspace,
)
from minilm_unsup.ops.softmax import softmax
from minilm_unsup.testing import check_gradients

from .reference import nn as naive
from .strategies import seeds

LOSSES = {
    "binary": (BinaryCrossEntropy(), naive.binary_cross_entropy),
    "multinomial": (Multinomial(), naive.multinomial),
    "classes": (SoftmaxCrossEntropy(), naive.softmax_cross_entropy),
    "squared": (SquaredError(), naive.squared_error),
    "poisson": (Poisson(), naive.poisson),
}
names = st.sampled_from(sorted(LOSSES))


def draw(name, seed, n, d, dtype=np.float64):
    rng = np.random.default_rng(seed)
    logits = (3 * rng.standard_normal((n, d))).astype(dtype)
    if name == "classes":
        return logits, rng.integers(0, d, size=n).astype(np.int32)
    targets = rng.random((n, d)) * (rng.random((n, d)) < 0.5)
    return logits, (targets if name == "binary" else 4 * targets).astype(dtype)


@pytest.mark.kernel
@settings(max_examples=60)
@given(names, seeds(), st.integers(1, 5), st.integers(1, 150), st.sampled_from([np.float32, np.float64]))
def test_value_is_the_formula_and_sparse_is_dense(name, seed, n, d, dtype):
    loss, formula = LOSSES[name]
    logits, targets = draw(name, seed, n, d, dtype)
    kept = logits.copy()
    out = separate_empty(logits.shape, dtype)  # as a training has it: compiled loops ask how near their arrays lie
    value = loss.gradient(logits, targets, out, work=Workspace())
    np.testing.assert_array_equal(logits, kept)
    # Sums over at most 150 values, each rounded a few times; float32 sums run in short stretches.
    tolerance = 200 * float(np.finfo(dtype).eps)
    assert value == pytest.approx(formula(logits.astype(np.float64), targets), rel=tolerance, abs=tolerance)
    assert loss.value(logits, targets, work=Workspace()) == value
    if name != "classes":
        other = np.empty_like(logits)
        sparse = loss.gradient(logits, CSRMatrix.from_dense(targets), other, work=Workspace())
        assert sparse == pytest.approx(value, rel=tolerance, abs=tolerance)
        np.testing.assert_allclose(other, out, rtol=tolerance, atol=tolerance)


@settings(max_examples=40)
@given(names, seeds(), st.integers(1, 4), st.integers(1, 6))
def test_gradients_equal_central_differences(name, seed, n, d):
    loss, _ = LOSSES[name]
    logits, targets = draw(name, seed, n, d)
    check_gradients(Activation(d, "linear"), logits, loss=loss, targets=targets)


def test_extreme_logits_stay_finite():
    logits = np.array([[-1e5, 1e5, 0.0, 88.0, -88.0]], dtype=np.float32)
    targets = np.array([[1.0, 0.0, 0.5, 1.0, 0.0]], dtype=np.float32)
    for name in ("binary", "multinomial", "classes"):
        loss = LOSSES[name][0]
        out = np.empty_like(logits)
        target = np.array([0], dtype=np.int32) if name == "classes" else targets
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            value = loss.gradient(logits, target, out, work=Workspace())
        assert math.isfinite(value)
        assert np.isfinite(out).all()
    # wrong by 1e5 on two features of five
    out = np.empty_like(logits)
    assert LOSSES["binary"][0].gradient(logits, targets, out, work=Workspace()) == pytest.approx(4e4, rel=1e-3)


def test_nan_is_not_hidden():
    logits = np.array([[0.0, np.nan]])
    for name in LOSSES:
        target = np.array([0], dtype=np.int32) if name == "classes" else np.array([[0.5, 0.5]])
        assert math.isnan(LOSSES[name][0].value(logits, target, work=Workspace()))


@pytest.mark.kernel
@given(seeds(), st.floats(-50, 50))
def test_softmax_and_its_losses_ignore_a_shift(seed, shift):
    logits, targets = draw("multinomial", seed, 3, 7)
    np.testing.assert_allclose(softmax(logits + shift), softmax(logits), rtol=1e-12)
    np.testing.assert_allclose(softmax(logits), [naive.softmax(row) for row in logits], rtol=1e-12)
    a, b = (Multinomial().value(x, targets, work=Workspace()) for x in (logits, logits + shift))
    assert a == pytest.approx(b, rel=1e-11)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_same_bits_on_any_number_of_threads(name):
    loss = LOSSES[name][0]
    logits, targets = draw(name, 3, 100, 3000, np.float32)
    found = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            out = np.empty_like(logits)
            found.append((loss.gradient(logits, targets, out, work=Workspace()), out))
    finally:
        set_num_threads(None)
    for value, out in found[1:]:
        assert value == found[0][0]
        np.testing.assert_array_equal(out, found[0][1])


def test_targets_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"X must lie in \[0, 1\] for binary cross-entropy, got values from 0 to 2"):
        BinaryCrossEntropy().check_targets(np.array([[0.0, 2.0]]))
    with pytest.raises(ValueError, match="X must be at least 0"):
        Multinomial().check_targets(CSRMatrix.from_dense(np.array([[0.0, -2.0]])))


def test_the_printed_formula_of_the_article_fails():
    """Row 1 of the article's formulas: with x and its estimate swapped the minimiser is 0 whatever x is."""
    grid = np.linspace(1e-6, 1 - 1e-6, 2001)
    for x in (0.2, 0.5, 0.9):

        def wrong(p, x=x):
            return -p * math.log(x)

        def right(p, x=x):
            return -(x * math.log(p) + (1 - x) * math.log(1 - p))

        assert grid[np.argmin([wrong(p) for p in grid])] == grid[0]  # learns nothing
        assert grid[np.argmin([right(p) for p in grid])] == pytest.approx(x, abs=1e-3)
        logit = math.log(x) - math.log1p(-x)
        best = BinaryCrossEntropy().value(np.array([[logit]]), np.array([[x]]), work=Workspace())
        assert best == pytest.approx(right(x), rel=1e-12)
        for other in (logit - 0.1, logit + 0.1):
            assert BinaryCrossEntropy().value(np.array([[other]]), np.array([[x]]), work=Workspace()) > best


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), Multinomial(), SquaredError()])
@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (5, 3), (4,)])
def test_targets_of_another_shape_are_an_error(loss, shape):
    logits, out = np.zeros((4, 3)), np.zeros((4, 3))
    with pytest.raises(ValueError, match="targets must have shape"):
        loss.gradient(logits, np.zeros(shape), out, work=Workspace())
    with pytest.raises(ValueError, match="targets must have shape"):
        loss.bind_gradient(logits, np.zeros(shape), out, work=Workspace())()
    with pytest.raises(ValueError, match="out must have the shape"):
        loss.gradient(logits, np.zeros((4, 3)), np.zeros((4, 3), dtype=np.float32), work=Workspace())


def test_class_numbers_out_of_range_are_an_error():
    loss, logits, out = SoftmaxCrossEntropy(), np.zeros((3, 2)), np.zeros((3, 2))
    for targets in ([0, 1, 2], [0, -1, 1]):
        with pytest.raises(ValueError, match="class numbers from 0 to 1"):
            loss.gradient(logits, np.array(targets, dtype=np.int32), out, work=Workspace())
    with pytest.raises(ValueError, match="targets must have shape"):
        loss.gradient(logits, np.zeros(2, dtype=np.int32), out, work=Workspace())
    with pytest.raises(TypeError, match="int dtype"):
        loss.gradient(logits, np.zeros(3), out, work=Workspace())


@pytest.mark.kernel
@given(seeds(), st.integers(1, 6), st.integers(1, 5), st.floats(0, 0.9), st.booleans())
def test_smoothed_and_ignored_classes(seed, n, k, smoothing, ignore):
    rng = np.random.default_rng(seed)
    logits, classes = 3 * rng.standard_normal((n, k)), rng.integers(0, k, n).astype(np.int32)
    if ignore:
        classes[rng.random(n) < 0.5] = -100
    loss = SoftmaxCrossEntropy(smoothing, ignored=-100)
    out = np.empty_like(logits)
    value = loss.gradient(logits, classes, out, work=Workspace())
    kept = classes >= 0
    assert not out[~kept].any()
    if not kept.any():
        assert value == 0
        return
    targets = np.full((kept.sum(), k), smoothing / k)
    targets[np.arange(kept.sum()), classes[kept]] += 1 - smoothing
    expected = np.empty_like(targets)
    # Rows of probabilities are the multinomial's.
    assert value == pytest.approx(Multinomial().gradient(logits[kept], targets, expected, work=Workspace()), rel=1e-10)
    np.testing.assert_allclose(out[kept], expected, rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="class numbers from 0"):
        SoftmaxCrossEntropy(ignored=-100).gradient(logits, np.full(n, -1, np.int32), out, work=Workspace())


@pytest.mark.kernel
@given(seeds(), st.integers(1, 5), st.integers(1, 6), st.sampled_from([np.float32, np.float64]))
def test_cosine_distance(seed, n, d, dtype):
    rng = np.random.default_rng(seed)
    a, x = rng.standard_normal((2, n, d)).astype(dtype)
    value = CosineDistance().value(a, x, work=Workspace())
    expected = np.mean([1 - p @ q / (np.linalg.norm(p) * np.linalg.norm(q)) for p, q in zip(a, x, strict=True)])
    assert value == pytest.approx(expected, abs=20 * float(np.finfo(dtype).eps))
    if dtype == np.float64:
        check_gradients(Activation(d, "linear"), a, loss=CosineDistance(), targets=x)
    out = np.ones_like(a)
    assert CosineDistance().gradient(np.zeros_like(a), x, out, work=Workspace()) == 1
    assert not out.any()


@given(seeds(), st.integers(1, 5), st.integers(2, 5), st.floats(0.05, 2))
def test_contrastive_is_its_formula(seed, n, d, temperature):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((2 * n, d))
    loss = Contrastive(temperature)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected = np.mean(
        [-math.log(naive.softmax([u @ v / temperature for v in unit[n:]])[i]) for i, u in enumerate(unit[:n])]
    )
    assert loss.value(rows, None, work=Workspace()) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    check_gradients(Activation(d, "linear"), rows, loss=loss, targets=rows, step=1e-6, tolerance=1e-5)
    same = np.vstack((rows[:1],) * (2 * n))  # nothing tells the pairs apart
    assert loss.value(same, None, work=Workspace()) == pytest.approx(math.log(n), abs=1e-9)
    with pytest.raises(ValueError, match="two rows a pair"):
        loss.value(rows[1:], None, work=Workspace())


@given(seeds(), st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.0, 0.3]))
def test_gaussian_divergence(seed, n, d, free):
    rng = np.random.default_rng(seed)
    codes = rng.standard_normal((n, 2 * d))
    loss, out = GaussianKL(free), np.zeros((n, 2 * d))
    value = loss.gradient(codes, 0.7, out)
    per_feature = np.array(
        [
            np.mean([0.5 * (m * m + math.exp(v) - 1 - v) for m, v in zip(codes[:, j], codes[:, d + j], strict=True)])
            for j in range(d)
        ]
    )
    assert value == pytest.approx(np.maximum(per_feature, free).sum(), rel=1e-12)
    step = 1e-6
    for i in range(n):
        for j in range(2 * d):
            sides = []
            for sign in (1, -1):
                moved = codes.copy()
                moved[i, j] += sign * step
                sides.append(loss.gradient(moved, 0.0, np.zeros_like(out)))
            if abs(per_feature[j % d] - free) > 1e-4:
                assert out[i, j] == pytest.approx(0.7 * (sides[0] - sides[1]) / (2 * step), abs=1e-6)
    assert GaussianKL().gradient(np.zeros((n, 2 * d)), 1.0, out) == 0  # the standard distribution itself


@settings(max_examples=20)
@given(seeds(), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_gradients_of_drawn_codes(seed, n, d, training):
    rng = np.random.default_rng(seed)
    check_gradients(GaussianCode(d), rng.standard_normal((n, 2 * d)), training=training, random_state=seed)


def test_codes_are_drawn_from_their_distribution():
    codes = np.tile([1.0, -2.0, math.log(0.25), math.log(4.0)], (20_000, 1))
    empty = ParameterStore({}, np.float64)
    Z, _ = GaussianCode(2).forward(empty.params, codes, work=Workspace(), training=True, rng=np.random.default_rng(0))
    np.testing.assert_allclose(Z.mean(axis=0), [1, -2], atol=0.05)
    np.testing.assert_allclose(Z.std(axis=0), [0.5, 2], rtol=0.03)
    Z, _ = GaussianCode(2).forward(empty.params, codes, work=Workspace())
    np.testing.assert_array_equal(Z, codes[:, :2])
    with pytest.raises(ValueError, match="rng must be a Generator"):
        GaussianCode(2).forward(empty.params, codes, work=Workspace(), training=True)


def test_parameters_of_losses_out_of_range_are_named():
    for make, message in (
        (lambda: SoftmaxCrossEntropy(smoothing=1), "smoothing must be"),
        (lambda: SoftmaxCrossEntropy(ignored=0), "ignored must be at most -1"),
        (lambda: Contrastive(0), "temperature must be more than 0"),
        (lambda: GaussianKL(-1), "free_nats must be at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(ValueError, match="X must be at least 0 for the Poisson likelihood"):
        Poisson().check_targets(np.array([[-1.0]]))
    with np.errstate(over="raise"):
        assert math.isinf(Poisson().value(np.array([[1e4]]), np.array([[1.0]]), work=Workspace()))
