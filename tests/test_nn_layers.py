"""Layers: gradients against central differences, linearity, inputs untouched, dtype kept, sparse as dense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minilm_unsup._csr import CSRMatrix
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.nn import (
    Activation,
    GaussianNoise,
    Linear,
    Masking,
    ParameterStore,
    Sequential,
    SparseLinear,
    UnitRows,
    Workspace,
)
from minilm_unsup.testing import check_gradients

from .reference import nn as naive
from .strategies import seeds

ACTIVATIONS = ("linear", "relu", "leaky_relu", "tanh", "sigmoid")
sizes = st.integers(1, 6)


def make_layer(kind, n_in, n_out, activation):
    if kind == "activation":
        return Activation(n_in, activation)
    if kind == "unit":
        return UnitRows()
    if kind == "masking":
        return Masking(0.4, rescale=activation == "relu")
    if kind == "noise":
        return GaussianNoise(0.3)
    if kind == "sequential":
        inner = Sequential((("a", Masking(0.3)), ("b", Linear(n_in, n_out, activation))))
        return Sequential((("one", inner), ("two", SparseLinear(n_out, n_in, "tanh")), ("three", UnitRows())))
    return {"linear": Linear, "sparse": SparseLinear}[kind](n_in, n_out, activation)


layers = st.builds(
    make_layer,
    st.sampled_from(["activation", "unit", "masking", "noise", "linear", "sparse", "sequential"]),
    st.just(4),
    sizes,
    st.sampled_from(ACTIVATIONS),
)


def away_from_kinks(rng, n, d):
    """Normal numbers none of which is so near zero that a difference quotient straddles relu's kink."""
    X = rng.standard_normal((n, d))
    return X + np.sign(X) * 0.05


def filled_store(layer, dtype, rng):
    store = ParameterStore(layer.shapes(), dtype)
    store.data[:] = 0.7 * rng.standard_normal(store.size)
    return store


@settings(max_examples=60)
@given(seeds(), layers, sizes)
def test_gradients_equal_central_differences(seed, layer, n):
    rng = np.random.default_rng(seed)
    X = away_from_kinks(rng, n, 4)
    pre = None
    if isinstance(layer, (Linear, SparseLinear)) and layer.activation in ("relu", "leaky_relu"):
        store = filled_store(layer, np.float64, rng)
        weight = store.params["weight"]
        pre = X @ (weight if isinstance(layer, SparseLinear) else weight.T) + store.params["bias"]
        assume(np.abs(pre).min() > 1e-3)
        check_gradients(layer, X, params=dict(store.params), training=True)
        return
    if isinstance(layer, Sequential):
        assume(layer["one"]["b"].activation not in ("relu", "leaky_relu"))
    check_gradients(layer, X, training=True, random_state=seed)


@pytest.mark.kernel
@settings(max_examples=60)
@given(seeds(), layers, sizes, st.sampled_from([np.float32, np.float64]))
def test_backward_is_linear_keeps_dtype_and_inputs(seed, layer, n, dtype):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4)).astype(dtype)
    store, work = filled_store(layer, dtype, rng), Workspace()
    X.flags.writeable = False
    Y, cache = layer.forward(store.params, X, work=work, training=True, rng=np.random.default_rng(1))
    assert Y.dtype == dtype

    def back(dY):
        dY = dY.astype(dtype)
        dY.flags.writeable = False
        store.grads.clear()
        dX = layer.backward(store.params, store.grads, cache, dY, work=work)
        store.grads.settle()
        assert dX.dtype == dtype
        assert dX.shape == X.shape
        return np.concatenate([dX.ravel(), store.grad]).astype(np.float64)

    A, B = rng.standard_normal((2, *Y.shape))
    combined = back(2 * A - 3 * B)
    # Each value is a sum of at most a few dozen products of size about one.
    np.testing.assert_allclose(combined, 2 * back(A) - 3 * back(B), rtol=0, atol=2000 * np.finfo(dtype).eps)


@settings(max_examples=30)
@given(seeds(), layers)
def test_gradients_add_up_over_calls(seed, layer):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3, 4))
    store, work = filled_store(layer, np.float64, rng), Workspace()
    Y, cache = layer.forward(store.params, X, work=work, training=True, rng=rng)
    dY = rng.standard_normal(Y.shape)
    store.grads.clear()
    layer.backward(store.params, store.grads, cache, dY, work=work)
    store.grads.settle()
    once = store.grad.copy()
    layer.backward(store.params, store.grads, cache, dY, work=work)
    np.testing.assert_allclose(store.grad, 2 * once, rtol=1e-12, atol=1e-14)


@pytest.mark.kernel
@given(seeds(), sizes, sizes, sizes, st.sampled_from(ACTIVATIONS), st.sampled_from([np.float32, np.float64]))
def test_linear_equals_naive_and_sparse_equals_dense(seed, n, d, k, activation, dtype):
    rng = np.random.default_rng(seed)
    dense = (rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.5)).astype(dtype)
    X = CSRMatrix.from_dense(dense)
    plain, sparse = Linear(d, k, activation), SparseLinear(d, k, activation)
    store = filled_store(plain, dtype, rng)
    other = ParameterStore(sparse.shapes(), dtype)
    other.assign({"weight": store.params["weight"].T, "bias": store.params["bias"]})
    tolerance = 100 * np.finfo(dtype).eps
    Y, cache = plain.forward(store.params, dense, work=Workspace())
    expected = naive.linear(dense, store.params["weight"], store.params["bias"], activation)
    np.testing.assert_allclose(Y, expected, rtol=0, atol=tolerance)
    dY = rng.standard_normal(Y.shape).astype(dtype)
    plain.backward(store.params, store.grads, cache, dY, work=Workspace())
    for form in (X, dense):
        Z, kept = sparse.forward(other.params, form, work=Workspace())
        np.testing.assert_allclose(Z, Y, rtol=0, atol=tolerance)
        other.grads.clear()
        sparse.backward(other.params, other.grads, kept, dY, work=Workspace(), need_dX=False)
        np.testing.assert_allclose(other.grads["weight"].T, store.grads["weight"], rtol=0, atol=tolerance)
        np.testing.assert_allclose(other.grads["bias"], store.grads["bias"], rtol=0, atol=tolerance)
        unseen = ~dense.any(axis=0)
        assert not other.grads["weight"][unseen].any()


def test_same_first_weights_dense_and_sparse():
    a = Linear(7, 3).initial(np.random.default_rng(5))
    b = SparseLinear(7, 3).initial(np.random.default_rng(5))
    np.testing.assert_array_equal(a["weight"], b["weight"].T)
    assert abs(a["weight"]).max() <= np.sqrt(6 / 10)


@pytest.mark.kernel
@pytest.mark.parametrize("sparse", [False, True])
def test_masking_leaves_the_expected_share_and_mean(sparse):
    X = np.ones((200, 100))
    layer = Masking(0.3)
    given_ = CSRMatrix.from_dense(X) if sparse else X
    Y, _ = layer.forward({}, given_, work=Workspace(), training=True, rng=np.random.default_rng(0))
    values = Y.data if sparse else Y
    # 20,000 draws: five standard deviations of the share are 5 * sqrt(0.21 / 20000) = 0.016.
    assert abs(np.mean(values == 0) - 0.3) < 0.016
    assert abs(values.mean() - 1) < 0.016 / 0.7
    assert set(np.unique(values)) == {0.0, 1 / 0.7}
    plain, _ = Masking(0.3, rescale=False).forward({}, X, work=Workspace(), training=True, rng=np.random.default_rng(0))
    assert set(np.unique(plain)) == {0.0, 1.0}
    assert layer.forward({}, given_, work=Workspace())[0] is given_


@pytest.mark.kernel
def test_gaussian_noise_has_its_law_on_dense_and_sparse():
    X = np.zeros((200, 100))
    X[:, 0] = 2
    layer = GaussianNoise(0.5)
    outputs = [
        layer.forward({}, form, work=Workspace(), training=True, rng=np.random.default_rng(0))[0]
        for form in (X, CSRMatrix.from_dense(X))
    ]
    np.testing.assert_array_equal(*outputs)
    # 20,000 draws: five standard deviations of the sample's deviation are 5 * 0.5 / sqrt(40000).
    assert abs((outputs[0] - X).std() - 0.5) < 0.0125
    with pytest.raises(ValueError, match="rng must be"):
        layer.forward({}, X, work=Workspace(), training=True)


@pytest.mark.kernel
@given(seeds(), sizes)
def test_unit_rows_have_length_one_and_zero_stays_zero(seed, n):
    X = np.random.default_rng(seed).standard_normal((n, 4)) * 10
    X[0] = 0
    Y, _ = UnitRows().forward({}, X, work=Workspace())
    np.testing.assert_allclose(np.linalg.norm(Y[1:], axis=1), 1, rtol=1e-12)
    assert not Y[0].any()


def test_extreme_pre_activations_stay_finite():
    X = np.array([[-1e4, -50.0, 0.0, 50.0, 1e4]])
    for activation, expected in (("sigmoid", [0, 0, 0.5, 1, 1]), ("tanh", [-1, -1, 0, 1, 1])):
        with np.errstate(all="raise", under="ignore"):
            Y, _ = Activation(5, activation).forward({}, X, work=Workspace())
        np.testing.assert_allclose(Y[0], expected, atol=1e-15)


def test_a_step_reuses_its_buffers():
    layer = Sequential((("a", Linear(5, 4, "tanh")), ("b", Linear(4, 5))))
    store, work = filled_store(layer, np.float64, np.random.default_rng(0)), Workspace()
    X = np.ones((6, 5))
    Y, cache = layer.forward(store.params, X, work=work)
    layer.backward(store.params, store.grads, cache, np.ones_like(Y), work=work)
    size = work.nbytes
    again, _ = layer.forward(store.params, X[:3], work=work)
    assert again.base is Y.base
    assert work.nbytes == size


def test_names_of_layers_must_differ():
    with pytest.raises(ValueError, match="different names"):
        Sequential((("a", UnitRows()), ("a", UnitRows())))
    with pytest.raises(ValueError, match="activation must be one of"):
        Linear(2, 2, "softplus")
    with pytest.raises(ValueError, match="rate must be"):
        Masking(1.0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_same_bits_on_any_number_of_threads(activation):
    rng = np.random.default_rng(0)
    X, dY = rng.standard_normal((130, 8)).astype(np.float32), rng.standard_normal((130, 9000)).astype(np.float32)
    layer = Linear(8, 9000, activation)
    found = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            store, work = filled_store(layer, np.float32, np.random.default_rng(1)), Workspace()
            Y, cache = layer.forward(store.params, X, work=work)
            dX = layer.backward(store.params, store.grads, cache, dY, work=work)
            found.append(np.concatenate([Y.ravel(), dX.ravel(), store.grad]))
    finally:
        set_num_threads(None)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    expected = naive.linear(X[:2], store.params["weight"], store.params["bias"], activation)
    np.testing.assert_allclose(Y[:2], expected, atol=1e-5)
