"""Layers on sequences: twins, gradients, what must not be seen, the same bits on any number of threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup._parallel import set_num_threads
from minilm_unsup.nn import (
    GRU,
    CrossAttention,
    Embedding,
    GatedGelu,
    Gelu,
    Layer,
    LayerNorm,
    MultiHeadAttention,
    ParameterStore,
    Residual,
    RMSNorm,
    Softmax,
    TransformerBlock,
    Workspace,
)
from minilm_unsup.nn.relative_positions import buckets_of
from minilm_unsup.testing import check_gradients

from .reference import nn as naive
from .strategies import seeds

few = st.integers(1, 4)
floats = st.sampled_from([np.float32, np.float64])


@dataclass(frozen=True)
class WithLengths(Layer):
    """A layer given lengths, so that it can be checked as any other; outputs behind the ends count for nothing."""

    layer: Layer
    lengths: tuple[int, ...]

    def shapes(self):
        return self.layer.shapes()

    def initial(self, rng, dtype=np.float64):
        return self.layer.initial(rng, dtype)

    def _seen(self, Y):
        return (np.arange(Y.shape[1]) < np.array(self.lengths)[:, None])[:, :, None]

    def forward(self, params, X, *, work, training=False, rng=None):
        Y, cache = self.layer.forward(params, X, work=work, lengths=np.array(self.lengths))
        return Y * self._seen(Y), cache

    def backward(self, params, grads, cache, dY, *, work, need_dX=True):
        return self.layer.backward(params, grads, cache, dY * self._seen(dY), work=work, need_dX=need_dX)


def filled(layer, rng, dtype=np.float64):
    store = ParameterStore(layer.shapes(), dtype)
    store.data[:] = 0.5 * rng.standard_normal(store.size)
    return store


def run(layer, store, *inputs, **more):
    Y, _ = layer.forward(store.params, *inputs, work=Workspace(), **more)
    return Y.copy()


def tolerance(dtype):
    return 1e-4 if dtype == np.float32 else 1e-9  # sums of a few dozen terms of size 1, passed on a few times


@pytest.mark.kernel
@given(seeds(), few, st.integers(1, 9), floats)
def test_norms_are_the_formulas(seed, n, d, dtype):
    rng = np.random.default_rng(seed)
    X = (3 * rng.standard_normal((n, d)) + 1).astype(dtype)
    for layer in (LayerNorm(d), RMSNorm(d, eps=0.1)):
        store = filled(layer, rng, dtype)
        Y = run(layer, store, X)
        assert Y.dtype == dtype
        gain = store.params["gain"].tolist()
        for row, got in zip(X.tolist(), Y, strict=True):
            if isinstance(layer, RMSNorm):
                expected = naive.rms_norm(row, gain, layer.eps)
            else:
                expected = naive.layer_norm(row, gain, store.params["bias"].tolist(), layer.eps)
            np.testing.assert_allclose(got, expected, rtol=30 * tolerance(dtype), atol=30 * tolerance(dtype))


@pytest.mark.kernel
@given(seeds(), few, few, floats)
def test_units_are_the_formulas(seed, n, d, dtype):
    rng = np.random.default_rng(seed)
    X = (3 * rng.standard_normal((n, 2 * d))).astype(dtype)
    empty = ParameterStore({}, dtype)
    Y = run(Gelu(), empty, X)
    np.testing.assert_allclose(Y, np.vectorize(naive.gelu)(X.astype(np.float64)), atol=tolerance(dtype))
    Y = run(GatedGelu(d), empty, X)
    expected = np.vectorize(naive.gelu)(X[:, :d].astype(np.float64)) * X[:, d:]
    np.testing.assert_allclose(Y, expected, rtol=1e-5, atol=10 * tolerance(dtype))
    Y = run(Softmax(), empty, X)
    np.testing.assert_allclose(Y, [naive.softmax(row) for row in X.tolist()], atol=tolerance(dtype))


def test_gelu_is_near_the_exact_one():
    from math import erf, sqrt

    x = np.linspace(-6, 6, 2001)
    exact = np.array([v * (1 + erf(v / sqrt(2))) / 2 for v in x])
    assert np.abs(run(Gelu(), ParameterStore({}, np.float64), x[:, None])[:, 0] - exact).max() < 5e-4


@pytest.mark.kernel
@given(seeds(), few, few, few, st.booleans(), floats, st.booleans())
def test_the_gru_is_its_equations(seed, n, d, h, reverse, dtype, ragged):
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 6))
    X = rng.standard_normal((n, steps, d)).astype(dtype)
    layer = GRU(d, h, reverse)
    store = filled(layer, rng, dtype)
    lengths = rng.integers(0, steps + 1, n) if ragged else np.full(n, steps)
    Y = run(layer, store, X, lengths=lengths if ragged else None)
    assert Y.dtype == dtype
    names = ("input_weight", "state_weight", "input_bias", "state_bias")
    weights = [store.params[name].astype(np.float64).tolist() for name in names]
    for i in range(n):
        own = X[i, : lengths[i]].astype(np.float64)
        expected = naive.gru(own[::-1].tolist() if reverse else own.tolist(), *weights)
        expected = expected[::-1] if reverse else expected
        np.testing.assert_allclose(Y[i, : lengths[i]], expected, atol=tolerance(dtype))
        behind = Y[i, lengths[i] :]
        last = np.zeros(h) if reverse or not lengths[i] else expected[-1]  # the state stays as it is
        np.testing.assert_allclose(behind, np.broadcast_to(last, behind.shape), atol=tolerance(dtype))


@pytest.mark.kernel
@given(seeds(), few, st.integers(1, 6), few, st.booleans(), st.sampled_from(["none", "rotary", "relative"]), floats)
def test_attention_is_its_equations(seed, n, steps, heads, causal, positions, dtype):
    rng = np.random.default_rng(seed)
    size = 2 * int(rng.integers(1, 3))
    layer = MultiHeadAttention(heads * size, heads, causal, positions, n_buckets=8, most_distant=9)
    store = filled(layer, rng, dtype)
    X = rng.standard_normal((n, steps, heads * size)).astype(dtype)
    lengths = rng.integers(0, steps + 1, n)
    Y = run(layer, store, X, lengths=lengths)
    assert Y.dtype == dtype
    p = {name: array.astype(np.float64) for name, array in store.params.items()}
    buckets = buckets_of(steps, 8, 9, causal)
    for b in range(n):
        q, k, v = np.split(X[b].astype(np.float64) @ p["weight"].T + p["bias"], 3, axis=1)
        heard = []
        for h in range(heads):
            own = slice(h * size, (h + 1) * size)
            queries, keys = q[:, own], k[:, own]
            if positions == "rotary":
                queries = np.array([naive.rotate(row, t) for t, row in enumerate(queries)])
                keys = np.array([naive.rotate(row, t) for t, row in enumerate(keys)])
            heard.append(
                naive.attention(
                    queries,
                    keys,
                    v[:, own],
                    lambda i, j, b=b: j < lengths[b] and (not causal or j <= i),
                    lambda i, j, h=h: p["relative"][buckets[i, j], h] if positions == "relative" else 0.0,
                )
            )
        expected = np.hstack(heard) @ p["out_weight"].T + p["out_bias"]
        np.testing.assert_allclose(Y[b], expected, rtol=tolerance(dtype), atol=20 * tolerance(dtype))


@given(seeds(), few, few, st.integers(1, 5))
def test_cross_attention_is_its_equations(seed, n, n_queries, n_keys):
    rng = np.random.default_rng(seed)
    layer = CrossAttention(6, 2)
    store = filled(layer, rng)
    X, memory = rng.standard_normal((n, n_queries, 6)), rng.standard_normal((n, n_keys, 6))
    lengths = rng.integers(0, n_keys + 1, n)
    Y, p = run(layer, store, X, memory, lengths=lengths), store.params
    for b in range(n):
        q = X[b] @ p["query_weight"].T + p["query_bias"]
        k, v = np.split(memory[b] @ p["memory_weight"].T + p["memory_bias"], 2, axis=1)
        heard = [
            naive.attention(q[:, own], k[:, own], v[:, own], lambda i, j, b=b: j < lengths[b], lambda i, j: 0.0)
            for own in (slice(0, 3), slice(3, 6))
        ]
        np.testing.assert_allclose(Y[b], np.hstack(heard) @ p["out_weight"].T + p["out_bias"], atol=1e-9)


def layers_of(rng, steps):
    d = 4
    relative = MultiHeadAttention(d, 2, bool(rng.integers(2)), "relative", n_buckets=4, most_distant=6)
    return [
        LayerNorm(d),
        RMSNorm(d),
        Gelu(),
        GatedGelu(d // 2),
        GRU(d, 3),
        GRU(d, 2, reverse=True),
        MultiHeadAttention(d, 2),
        MultiHeadAttention(d, 1, causal=True),
        MultiHeadAttention(d, 2, bool(rng.integers(2)), "rotary"),
        relative,
        Residual(MultiHeadAttention(d, 2, causal=True)),
        Residual(LayerNorm(d)),
        TransformerBlock(d, 2, 5),
        TransformerBlock(d, 1, causal=True, positions="rotary", norm="rms", unit="gated_gelu"),
    ]


@settings(max_examples=50)
@given(seeds(), st.integers(0, 13), few, few)
def test_gradients_equal_central_differences(seed, which, n, steps):
    rng = np.random.default_rng(seed)
    layer = layers_of(rng, steps)[which]
    X = rng.standard_normal((n, steps, 4))
    check_gradients(layer, X, random_state=seed)
    if isinstance(layer, (GRU, MultiHeadAttention, TransformerBlock)):
        check_gradients(WithLengths(layer, tuple(rng.integers(0, steps + 1, n).tolist())), X, random_state=seed)


@settings(max_examples=30)
@given(seeds(), few, st.integers(1, 5))
def test_gradients_of_softmax(seed, n, d):
    check_gradients(Softmax(), np.random.default_rng(seed).standard_normal((n, d)), random_state=seed)


@settings(max_examples=20)
@given(seeds(), few, few, few, st.booleans())
def test_gradients_of_cross_attention(seed, n, n_queries, n_keys, by_memory):
    rng = np.random.default_rng(seed)
    X, memory = rng.standard_normal((n, n_queries, 4)), rng.standard_normal((n, n_keys, 4))
    lengths = rng.integers(0, n_keys + 1, n)

    @dataclass(frozen=True)
    class OneSide(Layer):
        layer = CrossAttention(4, 2)

        def shapes(self):
            return self.layer.shapes()

        def initial(self, rng, dtype=np.float64):
            return self.layer.initial(rng, dtype)

        def forward(self, params, given_, *, work, training=False, rng=None):
            both = (X, given_) if by_memory else (given_, memory)
            return self.layer.forward(params, *both, work=work, lengths=lengths)

        def backward(self, params, grads, cache, dY, *, work, need_dX=True):
            return self.layer.backward(params, grads, cache, dY, work=work)[by_memory]

    check_gradients(OneSide(), memory if by_memory else X, random_state=seed)


@settings(max_examples=30)
@given(seeds(), st.integers(1, 6), few, few)
def test_the_embedding_takes_rows_and_adds_their_gradients(seed, v, d, n):
    rng = np.random.default_rng(seed)
    layer = Embedding(v, d)
    store = filled(layer, rng)
    ids = rng.integers(0, v, (n, 3)).astype(np.int32)
    Y, cache = layer.forward(store.params, ids, work=Workspace())
    np.testing.assert_array_equal(Y, store.params["weight"][ids])
    dY = rng.standard_normal(Y.shape)
    store.grads.clear()
    layer.backward(store.params, store.grads, cache, dY, work=Workspace())
    store.grads.settle()
    expected = np.zeros((v, d))
    for i, row in zip(ids.ravel(), dY.reshape(-1, d), strict=True):
        expected[i] += row
    np.testing.assert_allclose(store.grads["weight"], expected, rtol=1e-12, atol=1e-12)


@given(seeds(), st.integers(2, 6), st.sampled_from(["none", "rotary", "relative"]))
def test_a_causal_step_does_not_see_what_comes(seed, steps, positions):
    rng = np.random.default_rng(seed)
    layer = MultiHeadAttention(4, 2, True, positions, n_buckets=4, most_distant=6)
    store = filled(layer, rng)
    X = rng.standard_normal((1, steps, 4))
    changed = X.copy()
    at = int(rng.integers(1, steps))
    changed[:, at:] += rng.standard_normal((1, steps - at, 4))
    before, after = run(layer, store, X), run(layer, store, changed)
    np.testing.assert_array_equal(before[:, :at], after[:, :at])
    assert not np.array_equal(before[:, at:], after[:, at:])


@settings(max_examples=20)
@given(seeds(), few, few)
def test_gradients_of_a_block_with_dropout(seed, n, steps):
    X = np.random.default_rng(seed).standard_normal((n, steps, 4))
    check_gradients(TransformerBlock(4, 2, 6, dropout=0.3), X, training=True, random_state=seed)


@pytest.mark.parametrize("causal", [False, True])
def test_a_block_is_that_of_pytorch(causal):
    torch = pytest.importorskip("torch")
    layer = TransformerBlock(8, 2, 12, causal=causal)
    store = filled(layer, np.random.default_rng(0))
    peer = torch.nn.TransformerEncoderLayer(
        8,
        2,
        12,
        dropout=0.0,
        activation=lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
        batch_first=True,
        norm_first=True,
        dtype=torch.float64,
    )
    names = {
        "self_attn.in_proj_weight": "attention.weight",
        "self_attn.in_proj_bias": "attention.bias",
        "self_attn.out_proj.weight": "attention.out_weight",
        "self_attn.out_proj.bias": "attention.out_bias",
        "linear1.weight": "widen.weight",
        "linear1.bias": "widen.bias",
        "linear2.weight": "narrow.weight",
        "linear2.bias": "narrow.bias",
        "norm1.weight": "attention_norm.gain",
        "norm1.bias": "attention_norm.bias",
        "norm2.weight": "unit_norm.gain",
        "norm2.bias": "unit_norm.bias",
    }
    peer.load_state_dict({theirs: torch.from_numpy(store.params[ours].copy()) for theirs, ours in names.items()})
    X = np.random.default_rng(1).standard_normal((3, 5, 8))
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64) if causal else None
    given_ = torch.from_numpy(X).requires_grad_(True)
    output = peer(given_, src_mask=mask, is_causal=causal)
    output.sum().backward()
    work = Workspace()
    Y, cache = layer.forward(store.params, X, work=work)
    np.testing.assert_allclose(Y, output.detach().numpy(), atol=1e-12)
    store.grads.clear()
    dX = layer.backward(store.params, store.grads, cache, np.ones_like(Y), work=work)
    np.testing.assert_allclose(dX, given_.grad.numpy(), atol=1e-10)
    for theirs, ours in names.items():
        np.testing.assert_allclose(store.grads[ours], dict(peer.named_parameters())[theirs].grad.numpy(), atol=1e-9)


@given(seeds(), st.integers(2, 6))
def test_rotary_scores_depend_on_the_distance_alone(seed, steps):
    """q_i . k_j is the same for every pair of places at one distance (Su et al. 2021, section 3.1)."""
    rng = np.random.default_rng(seed)
    q, k = rng.standard_normal(4), rng.standard_normal(4)
    for shift in range(1, steps):
        products = [naive.rotate(q, i) @ naive.rotate(k, i + shift) for i in range(3)]
        np.testing.assert_allclose(products, products[0], rtol=1e-9, atol=1e-9)


def test_buckets_are_those_of_t5():
    """Raffel et al. 2020: of 32 buckets for both directions, 8 are exact each way, then logarithmic up to 128."""
    table = buckets_of(200, 32, 128, False)
    behind = table[:, 0]  # a key `distance` before the query
    assert behind[:9].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert behind[128] == behind[199] == 15
    assert (np.diff(behind) >= 0).all()
    assert table[0, 1] == 17
    causal = buckets_of(200, 32, 128, True)
    assert causal[:17, 0].tolist() == list(range(17))
    assert causal[128, 0] == causal[199, 0] == 31
    assert not causal[0].any()


def test_same_bits_on_any_number_of_threads():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((32, 40, 64)).astype(np.float32)
    layers = [MultiHeadAttention(64, 4, True, "rotary"), GRU(64, 64), LayerNorm(64)]
    for layer in layers:
        store = filled(layer, rng, np.float32)
        found = []
        try:
            for n_threads in (1, 2, 3):
                set_num_threads(n_threads)
                work = Workspace()
                Y, cache = layer.forward(store.params, X, work=work)
                store.grads.clear()
                dX = layer.backward(store.params, store.grads, cache, Y, work=work)
                found.append((Y.tobytes(), dX.tobytes(), store.grad.tobytes()))
        finally:
            set_num_threads(None)
        assert found[0] == found[1] == found[2]


def test_wrong_parameters():
    for build, message in (
        (lambda: MultiHeadAttention(6, 4), "n_heads must divide n_features, got 4 and 6"),
        (lambda: MultiHeadAttention(6, 2, positions="rotary"), "heads of even width, got 3"),
        (lambda: MultiHeadAttention(6, 2, positions="absolute"), "positions must be one of"),
        (lambda: MultiHeadAttention(6, 2, n_buckets=2), "n_buckets must be at least 4"),
        (lambda: MultiHeadAttention(6, 2, most_distant=3), "most_distant must be at least 32"),
        (lambda: LayerNorm(0), "n_features must be at least 1"),
        (lambda: RMSNorm(2, eps=0), "eps must be more than 0"),
        (lambda: GRU(0, 1), "n_in must be at least 1"),
        (lambda: Embedding(0, 1), "n_tokens must be at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            build()
    with pytest.raises(TypeError, match="reverse must be True or False"):
        GRU(1, 1, reverse="yes")
    layer = Embedding(3, 2)
    store = ParameterStore(layer.shapes(), np.float64)
    for ids in ([3], [-1]):
        with pytest.raises(ValueError, match=r"ids must lie in \[0, 3\)"):
            run(layer, store, np.array(ids))
    with pytest.raises(ValueError, match="the layer of a Residual must keep the shape"):
        run(Residual(GatedGelu(2)), ParameterStore({}, np.float64), np.zeros((2, 4)))
