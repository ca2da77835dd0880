"""Optimizers against their published formulas; groups; the same bits on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup._parallel import set_num_threads
from minilm_unsup.nn import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    Momentum,
    OneCycle,
    ParameterGroup,
    ParameterStore,
    RMSProp,
    StepDecay,
)
from minilm_unsup.nn.clipping import clip_norm

from .reference import nn as naive
from .strategies import seeds

OPTIMIZERS = {
    "sgd": (SGD(0.03), lambda x, g: naive.sgd(x, g, 0.03)),
    "momentum": (Momentum(0.03, 0.8), lambda x, g: naive.momentum(x, g, 0.03, 0.8)),
    "nesterov": (Momentum(0.03, 0.8, nesterov=True), lambda x, g: naive.nesterov(x, g, 0.03, 0.8)),
    "rmsprop": (RMSProp(0.03, 0.8, 1e-6), lambda x, g: naive.rmsprop(x, g, 0.03, 0.8, 1e-6)),
    "adamw": (
        AdamW(0.03, 0.8, 0.95, 1e-6, weight_decay=0.2),
        lambda x, g: naive.adamw(x, g, 0.03, 0.8, 0.95, 1e-6, 0.2),
    ),
    "adam": (Adam(0.03, 0.8, 0.95, 1e-6), lambda x, g: naive.adam(x, g, 0.03, 0.8, 0.95, 1e-6)),
}


@pytest.mark.kernel
@given(st.sampled_from(sorted(OPTIMIZERS)), seeds(), st.integers(1, 5), st.integers(1, 6))
def test_steps_equal_the_formula(name, seed, size, steps):
    optimizer, formula = OPTIMIZERS[name]
    rng = np.random.default_rng(seed)
    start, gradients = rng.standard_normal(size), rng.standard_normal((steps, size))
    for dtype in (np.float32, np.float64):
        store = ParameterStore({"w": (size,)}, dtype)
        store.data[:] = start
        state = optimizer.first_state(size, dtype)
        for gradient in gradients:
            store.grad[:] = gradient
            optimizer.step(store, state)
        expected = [formula(x, g) for x, g in zip(start, gradients.T, strict=True)]
        # Adam divides by the root of a small number: a few hundred roundings.
        np.testing.assert_allclose(store.data, expected, rtol=0, atol=500 * np.finfo(dtype).eps)
        assert int(state["step"][0]) == steps


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_groups_move_alone_at_their_own_rate_and_decay(name):
    optimizer = OPTIMIZERS[name][0]
    stores = [ParameterStore({"a": (3,), "b": (2,), "c": (4,)}, np.float64) for _ in range(2)]
    for store in stores:
        store.data[:] = np.arange(9) + 1.0
        store.grad[:] = 0.5
    grouped, plain = stores
    if name == "adamw":
        optimizer = AdamW(0.03, weight_decay=0)  # groups have decays of their own
    optimizer.step(plain, optimizer.first_state(9, np.float64))
    groups = [ParameterGroup(*grouped.range_of("b"), rate=0.1, decay=0.5), ParameterGroup(*grouped.range_of("c"))]
    optimizer.step(grouped, optimizer.first_state(9, np.float64), groups)
    np.testing.assert_array_equal(grouped.params["a"], [1, 2, 3])
    np.testing.assert_allclose(grouped.params["c"], plain.params["c"], rtol=1e-12)
    moved = plain.params["b"] - [4, 5]
    shrunk = np.array([4.0, 5.0]) * (1 - optimizer.learning_rate * 0.1 * 0.5)
    np.testing.assert_allclose(grouped.params["b"], shrunk + 0.1 * moved, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_same_bits_on_any_number_of_threads(name):
    optimizer, size = OPTIMIZERS[name][0], 600_000
    results = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            rng = np.random.default_rng(0)
            store = ParameterStore({"w": (size,)}, np.float32)
            state = optimizer.first_state(size, np.float32)
            for _ in range(3):
                store.grad[:] = rng.standard_normal(size)
                optimizer.step(store, state)
            results.append(store.data.copy())
    finally:
        set_num_threads(None)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_settings_out_of_range_are_named():
    for make in (
        lambda: SGD(0),
        lambda: Adam(-1.0),
        lambda: Momentum(0.1, 1.0),
        lambda: Adam(0.1, beta2=1),
        lambda: AdamW(weight_decay=-1),
        lambda: RMSProp(rho=1),
    ):
        with pytest.raises(ValueError, match=r"learning_rate|momentum|beta2|weight_decay|rho"):
            make()
    for make in (
        lambda: Constant(2),
        lambda: Cosine(last=2),
        lambda: StepDecay(0),
        lambda: StepDecay(rate=0),
        lambda: OneCycle(divisor=0),
    ):
        with pytest.raises(ValueError, match=r"warm_up|last|n_parts|rate|divisor"):
            make()


SCHEDULES = [
    Constant(),
    Constant(0.3),
    StepDecay(4, 0.5),
    Cosine(),
    Cosine(0.2, 0.1),
    Cosine(0),
    OneCycle(),
    OneCycle(0),
]


@given(st.sampled_from(SCHEDULES), st.integers(1, 200))
def test_schedules_stay_within_their_bounds_and_end_where_they_say(schedule, n_steps):
    factors = [schedule.factor(step, n_steps) for step in range(n_steps)]
    assert all(0 <= factor <= 1 for factor in factors)
    peak = int(np.argmax(factors))
    assert (np.diff(factors[: peak + 1]) >= -1e-12).all()
    assert (np.diff(factors[peak:]) <= 1e-12).all()
    if n_steps >= 100:
        assert max(factors) > 0.99
        if isinstance(schedule, Cosine):
            assert factors[-1] == pytest.approx(schedule.last, abs=0.01)
        if isinstance(schedule, StepDecay):
            assert factors[-1] == pytest.approx(0.125)
        if isinstance(schedule, OneCycle) and schedule.peak:
            assert factors[0] == pytest.approx(1 / 25)


@given(seeds(), st.integers(1, 50), st.floats(0.1, 10))
def test_clipping_shortens_and_keeps_the_direction(seed, size, most):
    grad = np.random.default_rng(seed).standard_normal(size)
    kept = grad.copy()
    assert clip_norm(grad, most) == pytest.approx(np.linalg.norm(kept), rel=1e-12)
    if np.linalg.norm(kept) <= most:
        np.testing.assert_array_equal(grad, kept)
    else:
        np.testing.assert_allclose(grad, kept * most / np.linalg.norm(kept), rtol=1e-12)


def test_clipping_is_the_same_on_any_number_of_threads():
    found = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            grad = np.random.default_rng(0).standard_normal(700_000).astype(np.float32)
            found.append((clip_norm(grad, 1.0), grad.tobytes()))
    finally:
        set_num_threads(None)
    assert found[0] == found[1]


def test_store_names_what_does_not_fit():
    store = ParameterStore({"a.weight": (2, 3), "a.bias": (2,), "b": (1,)}, np.float64)
    assert store.range_of("a") == (0, 8)
    assert store.describe(4) == ("a.weight", (1, 1))
    with pytest.raises(ValueError, match=r"'a.bias' must have shape \(2,\)"):
        store.assign({"a.bias": np.ones(3)})
    with pytest.raises(ValueError, match="no parameter 'c'"):
        store.assign({"c": np.ones(1)})
    with pytest.raises(ValueError, match="no parameter 'c'"):
        store.range_of("c")
    with pytest.raises(IndexError):
        store.describe(9)
    assert np.shares_memory(store.params.scope("a")["bias"], store.data)


def test_gradients_know_what_was_written():
    store = ParameterStore({"a.w": (2,), "b": (3,)}, np.float64)
    store.grad[:] = 7
    store.grads.clear()
    inner = store.grads.scope("a")
    array, written = inner.claim("w")
    assert not written
    array[:] = 1
    inner["w"] += 2
    assert store.grads.claim("a.w")[1]
    store.grads.settle()
    np.testing.assert_array_equal(store.grad, [3, 3, 0, 0, 0])
    store.grads["b"] = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(store.grads["b"], [1, 2, 3])
