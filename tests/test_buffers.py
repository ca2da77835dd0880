"""Buffers lie apart, and kernels make the same bits wherever buffers that do are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minilm_unsup._buffers import GAP_BYTES, separate_empty, separate_zeros
from minilm_unsup.nn import Adam, ParameterStore, Workspace
from minilm_unsup.ops.exponential import binary_dense, multinomial_dense


def span(array):
    start = array.__array_interface__["data"][0]
    return start, start + array.nbytes


def test_buffers_lie_apart_and_on_cache_lines():
    work = Workspace()
    store = ParameterStore({"w": (5,)}, np.float32)
    state = Adam().first_state(5, np.float32)
    arrays = [work.array(str(i), (2, i % 4 + 1), np.float64) for i in range(60)]
    arrays += [work.vector(f"v{i}", 3, np.int32) for i in range(9)]
    arrays += [store.data, store.grad, state["mean"], state["square"], separate_zeros((2, 3), np.float32)]
    spans = sorted(span(a) for a in arrays)
    assert all(b[0] - a[1] >= GAP_BYTES for a, b in itertools.pairwise(spans))
    assert all(start % 64 == 0 for start, _ in spans)
    assert separate_empty((0, 4), np.float64).shape == (0, 4)
    assert not separate_zeros(7, np.float64).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [4, 8, 16, 20, 33, 100])
def test_kernels_make_the_same_bits_at_any_distance_beyond_the_gap(dtype, d):
    rng = np.random.default_rng(0)
    logits, targets = rng.standard_normal((1, d)).astype(dtype), rng.random((1, d)).astype(dtype)
    size = logits.nbytes // logits.itemsize
    pool = np.empty(200_000 // logits.itemsize, dtype=dtype)
    found = set()
    for gap, order in itertools.product((1024, 1032, 1088, 4096, 40_000), itertools.permutations(range(3))):
        step = size + gap // logits.itemsize
        a, x, out = (pool[k * step : k * step + size].reshape(1, d) for k in order)
        a[...], x[...] = logits, targets
        one = binary_dense(a, x, dtype(1), out), out.tobytes()
        two = multinomial_dense(a, a.max(axis=1), x, dtype(1), out), out.tobytes()
        found.add((one, two))
    assert len(found) == 1
