"""The matrix product: numpy's numbers, one route however it is asked for, the same bits on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup._parallel import one_blas_thread, set_num_threads
from minilm_unsup.ops.matmul import bind_matmul, matmul

from .strategies import seeds

sizes = st.integers(1, 9)


def operands(rng, m, k, n, transpose_a, transpose_b, dtype):
    A, B = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    return (
        np.ascontiguousarray(A.T) if transpose_a else A,
        np.ascontiguousarray(B.T) if transpose_b else B,
        A.astype(np.float64) @ B,
    )


@given(seeds(), sizes, sizes, sizes, st.booleans(), st.booleans(), st.sampled_from([np.float32, np.float64]))
def test_equals_numpy(seed, m, k, n, transpose_a, transpose_b, dtype):
    rng = np.random.default_rng(seed)
    A, B, expected = operands(rng, m, k, n, transpose_a, transpose_b, dtype)
    flags = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    tolerance = 100 * float(np.finfo(dtype).eps)  # nine products of size about one
    got = matmul(A, B, **flags)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)
    out = np.ones((m, n), dtype=dtype)
    assert matmul(A, B, out, accumulate=True, **flags) is out
    np.testing.assert_allclose(out, expected + 1, rtol=0, atol=tolerance)
    bound = np.empty((m, n), dtype=dtype)
    with one_blas_thread():
        bind_matmul(A, B, bound, **flags)()
    np.testing.assert_array_equal(bound, got)
    # an output that is a part of something wider
    wide = np.zeros((m, n + 3), dtype=dtype)
    matmul(A, B, wide[:, 1 : n + 1], **flags)
    np.testing.assert_allclose(wide[:, 1 : n + 1], expected, rtol=0, atol=tolerance)
    assert not wide[:, [0, n + 1]].any()


@pytest.mark.parametrize("shape", [(64, 300, 3000), (3000, 300, 64), (600, 600, 600), (5000, 7, 900)])
@pytest.mark.parametrize("accumulate", [False, True])
def test_same_bits_on_any_number_of_threads(shape, accumulate):
    m, k, n = shape
    rng = np.random.default_rng(0)
    A, B, expected = operands(rng, m, k, n, False, True, np.float32)
    found = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            out = np.ones((m, n), dtype=np.float32)
            found.append(matmul(A, B, out, transpose_b=True, accumulate=accumulate))
    finally:
        set_num_threads(None)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[0], expected + accumulate, rtol=0, atol=1e-3)
