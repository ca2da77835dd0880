"""The gradient of a gradient: against differences, and against cases that can be written down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup.nn import (
    GradientPenalty,
    Linear,
    Masking,
    ParameterStore,
    Sequential,
    UnitRows,
    Workspace,
)

from .strategies import seeds

ACTIVATIONS = ("linear", "relu", "leaky_relu", "tanh", "sigmoid")
widths = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(ACTIVATIONS)), max_size=3)


def network_of(n_in, hidden):
    sizes = [n_in, *(size for size, _ in hidden), 1]
    names = [*(name for _, name in hidden), "linear"]
    return Sequential(
        tuple((str(i), Linear(a, b, f)) for i, (a, b, f) in enumerate(zip(sizes, sizes[1:], names, strict=False)))
    )


def filled(network, seed):
    rng = np.random.default_rng(seed)
    store = ParameterStore(network.shapes(), np.float64)
    store.data[:] = rng.standard_normal(store.size)
    return store, rng


@settings(max_examples=80)
@given(seeds(), st.integers(1, 4), widths, st.integers(1, 4), st.sampled_from([0.0, 1.0, 0.3]), st.booleans())
def test_its_gradient_equals_central_differences(seed, n, hidden, d, center, with_condition):
    network = network_of(d + 2 * with_condition, hidden)
    store, rng = filled(network, seed)
    X = rng.standard_normal((n, d + 2 * with_condition))
    penalty = GradientPenalty(1.7, center)
    columns = d if with_condition else None

    def value():
        store.grads.clear()
        return penalty.gradient(network, store.params, store.grads, X, work=Workspace(), n_columns=columns)

    before = X.copy()
    value()
    store.grads.settle()
    found = store.grad.copy()
    np.testing.assert_array_equal(X, before)
    step = 1e-6
    for i in range(store.size):
        kept = store.data[i]
        store.data[i] = kept + step
        above = value()
        store.data[i] = kept - step
        below = value()
        store.data[i] = kept
        expected = (above - below) / (2 * step)
        # The difference is off by about step squared; a corner of relu within a step of a row is not met by these draws
        # often enough to matter, and then the value jumps, which is let pass.
        if abs(above - below) > 1e3 * step * (1 + abs(found[i])):
            continue
        assert found[i] == pytest.approx(expected, rel=1e-5, abs=1e-6), store.describe(i)


def test_of_a_linear_network_it_is_a_function_of_the_weight():
    """g = w for every row: the penalty is weight (|w| - 1)**2, its gradient 2 weight (|w| - 1) w / |w|."""
    network = network_of(3, [])
    store, rng = filled(network, 0)
    w = store.params["0.weight"][0]
    value = GradientPenalty(10).gradient(
        network, store.params, store.grads, rng.standard_normal((5, 3)), work=Workspace()
    )
    store.grads.settle()
    length = np.linalg.norm(w)
    assert value == pytest.approx(10 * (length - 1) ** 2)
    np.testing.assert_allclose(store.grads["0.weight"][0], 20 * (length - 1) * w / length)
    assert not store.grads["0.bias"].any()


def test_it_is_added_and_keeps_the_dtype():
    network = network_of(4, [(3, "tanh")])
    store = ParameterStore(network.shapes(), np.float32)
    store.data[:] = np.random.default_rng(0).standard_normal(store.size)
    X = np.random.default_rng(1).standard_normal((6, 4)).astype(np.float32)
    value = GradientPenalty().gradient(network, store.params, store.grads, X, work=Workspace())
    store.grads.settle()
    once = store.grad.copy()
    assert GradientPenalty().gradient(network, store.params, store.grads, X, work=Workspace()) == value
    np.testing.assert_allclose(store.grad, 2 * once, rtol=1e-5)
    assert store.grad.dtype == np.float32


def test_a_slope_of_zero_pulls_nowhere():
    network = network_of(2, [(3, "relu")])
    store = ParameterStore(network.shapes(), np.float64)
    value = GradientPenalty(2.0).gradient(network, store.params, store.grads, np.ones((3, 2)), work=Workspace())
    store.grads.settle()
    assert value == 2.0
    assert not store.grad.any()


@pytest.mark.parametrize("layer", [UnitRows(), Masking(0.5)])
def test_other_layers_are_refused(layer):
    network = Sequential((("a", layer), ("b", Linear(2, 1))))
    store = ParameterStore(network.shapes(), np.float64)
    with pytest.raises(TypeError, match="has no second derivative here"):
        GradientPenalty().gradient(network, store.params, store.grads, np.ones((3, 2)), work=Workspace())


def test_wrong_parameters():
    with pytest.raises(ValueError, match="weight must be at least 0"):
        GradientPenalty(-1)
    with pytest.raises(ValueError, match="center must be at least 0"):
        GradientPenalty(1, -1)
