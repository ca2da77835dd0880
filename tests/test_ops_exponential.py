"""The exponential under the losses is within two units of the last place, as Python and compiled."""

from __future__ import annotations

import numpy as np
import pytest
from numba import types

from minilm_unsup.ops.exponential import _exp_nonpositive, exp_row

GRID = np.concatenate([-np.geomspace(1e-12, 80, 300), np.linspace(-0.4, 0, 50)])


@pytest.mark.kernel
@pytest.mark.parametrize(("dtype", "kind"), [(np.float32, types.float32), (np.float64, types.float64)])
def test_within_two_units_of_the_last_place(dtype, kind):
    y = GRID.astype(dtype)
    expected = np.exp(y.astype(np.longdouble))
    written = np.array([_exp_nonpositive(kind)(value) for value in y])
    compiled = np.empty_like(y)
    total = exp_row(y, dtype(0), compiled)
    for got in (written, compiled):
        assert np.max(np.abs(got / expected - 1)) <= 2 * np.finfo(dtype).eps
    assert total == pytest.approx(float(expected.sum()), rel=10 * float(np.finfo(dtype).eps))


@pytest.mark.kernel
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ends_of_the_range(dtype):
    y = np.array([-np.inf, -1e30, -1e4, 0.0, -0.0, np.nan], dtype=dtype)
    e = np.empty_like(y)
    exp_row(y, dtype(0), e)
    # what underflows stays at about the smallest normal number: no slow subnormal numbers in the sums
    assert (e[:3] >= 0).all()
    assert (e[:3] < 1e-37).all()
    np.testing.assert_array_equal(e[3:5], 1)
    assert np.isnan(e[5])
