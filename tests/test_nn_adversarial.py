"""The losses of adversarial networks: formulas, gradients, and the laws of the game they define."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from minilm_unsup.nn import Activation, DiscriminatorLoss, GeneratorLoss, Workspace
from minilm_unsup.nn.adversarial_loss import ADVERSARIAL_LOSSES
from minilm_unsup.testing import check_gradients

from .reference import nn as naive
from .strategies import seeds

kinds = st.sampled_from(sorted(ADVERSARIAL_LOSSES))


def draw(seed, n, dtype=np.float64):
    rng = np.random.default_rng(seed)
    logits = (3 * rng.standard_normal((n, 1))).astype(dtype)
    is_real = rng.random(n) < 0.5
    is_real[:2] = True, False
    return logits, is_real


@pytest.mark.kernel
@given(kinds, seeds(), st.integers(2, 40), st.sampled_from([np.float32, np.float64]))
def test_values_are_the_formulas(kind, seed, n, dtype):
    logits, is_real = draw(seed, n, dtype)
    out = np.empty_like(logits)
    real, generated = logits[is_real, 0].tolist(), logits[~is_real, 0].tolist()
    value = DiscriminatorLoss(kind).gradient(logits, is_real, out, work=Workspace())
    assert value == pytest.approx(naive.discriminator_loss(kind, real, generated), rel=1e-12)  # sums are in float64
    assert out.dtype == dtype
    value = GeneratorLoss(kind).gradient(logits, None, out, work=Workspace())
    assert value == pytest.approx(naive.generator_loss(kind, logits[:, 0].tolist()), rel=1e-12)


@settings(max_examples=60)
@given(kinds, seeds(), st.integers(2, 8))
def test_gradients_equal_central_differences(kind, seed, n):
    logits, is_real = draw(seed, n)
    assume(np.abs(np.abs(logits) - 1).min() > 1e-4)  # the corners of the hinge
    check_gradients(Activation(1, "linear"), logits, loss=DiscriminatorLoss(kind), targets=is_real)
    check_gradients(Activation(1, "linear"), logits, loss=GeneratorLoss(kind), targets=is_real)


@pytest.mark.kernel
@given(kinds)
def test_extreme_outputs_stay_finite_and_nan_passes(kind):
    logits, is_real = np.array([[1e5], [-1e5], [-1e5], [1e5]], dtype=np.float32), np.array([True, True, False, False])
    out = np.empty_like(logits)
    for loss in (DiscriminatorLoss(kind), GeneratorLoss(kind)):
        assert math.isfinite(loss.gradient(logits, is_real, out, work=Workspace()))
        assert np.isfinite(out).all()
        for i in range(4):
            broken = logits.copy()
            broken[i] = np.nan
            assert math.isnan(loss.gradient(broken, is_real, out, work=Workspace()))


counts = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=6).filter(
    lambda c: sum(p for p, _ in c) and sum(q for _, q in c)
)


@given(counts, st.sampled_from(["minimax", "non_saturating"]), seeds())
@example([(1, 0), (0, 1)], "minimax", 0)
def test_the_best_discriminator_is_p_over_p_plus_q(table, kind, seed):
    """For discrete p and q: D* = p / (p + q), and its value is -log 4 + 2 JSD (Goodfellow et al. 2014, theorem 1)."""
    p = np.array([c for c, _ in table]) / sum(c for c, _ in table)
    q = np.array([c for _, c in table]) / sum(c for _, c in table)
    atoms, is_real = [], []
    for atom, (n_real, n_generated) in enumerate(table):
        atoms += [atom] * (n_real + n_generated)
        is_real += [True] * n_real + [False] * n_generated
    tiny = 1e-22  # 50 nats
    best = np.array(
        [math.log(max(a, tiny * b) / max(b, tiny * a)) if a + b else 0.0 for a, b in zip(p, q, strict=True)]
    )
    loss, rows, real = DiscriminatorLoss(kind), np.array(atoms), np.array(is_real)

    def value_at(logits):
        own = logits[rows][:, None]
        out = np.empty_like(own)
        return loss.gradient(own, real, out, work=Workspace()), np.bincount(rows, out[:, 0], len(p))

    value, slope = value_at(best)
    assert np.abs(slope).max() < 1e-12
    probabilities = loss.mean(best[:, None])[:, 0]
    known = p + q > 0
    np.testing.assert_allclose(probabilities[known], (p / np.where(known, p + q, 1))[known], atol=1e-12)
    middle = (p + q) / 2
    divergence = sum(0.5 * x * math.log(x / m) for side in (p, q) for x, m in zip(side, middle, strict=True) if x > 0)
    assert -value == pytest.approx(-math.log(4) + 2 * divergence, abs=1e-9)
    other = best + np.random.default_rng(seed).standard_normal(len(p))
    assert value_at(other)[0] >= value - 1e-12


@given(counts)
def test_the_best_least_squares_discriminator_is_p_over_p_plus_q(table):
    """Mao et al. 2017, eq. 11, for the coding a = 0, b = 1."""
    p = np.array([c for c, _ in table]) / sum(c for c, _ in table)
    q = np.array([c for _, c in table]) / sum(c for _, c in table)
    assume((p + q > 0).all())
    rows = np.repeat(np.arange(len(p)), [a + b for a, b in table])
    real = np.concatenate([[True] * a + [False] * b for a, b in table])
    own = (p / (p + q))[rows][:, None]
    out = np.empty_like(own)
    DiscriminatorLoss("least_squares").gradient(own, real, out, work=Workspace())
    assert np.abs(np.bincount(rows, out[:, 0], len(p))).max() < 1e-12


def test_where_the_discriminator_is_sure_only_minimax_has_no_slope():
    logits, out = np.full((1, 1), -40.0), np.empty((1, 1))
    slopes = {}
    for kind in ADVERSARIAL_LOSSES:
        GeneratorLoss(kind).gradient(logits, None, out, work=Workspace())
        slopes[kind] = float(out[0, 0])
    assert -1e-15 < slopes.pop("minimax") < 0
    assert all(slope <= -1 for slope in slopes.values())


def test_wrong_arguments():
    logits = np.zeros((2, 1))
    with pytest.raises(ValueError, match="kind must be one of"):
        DiscriminatorLoss("sharp")
    with pytest.raises(ValueError, match="kind must be one of"):
        GeneratorLoss("sharp")
    with pytest.raises(ValueError, match="targets must name real and generated rows, got 2 and 0"):
        DiscriminatorLoss().gradient(logits, np.ones(2, dtype=bool), logits.copy(), work=Workspace())
    with pytest.raises(ValueError, match="targets must have shape"):
        DiscriminatorLoss().gradient(logits, np.ones(3, dtype=bool), logits.copy(), work=Workspace())
