"""Hypothesis strategies, named by the axes of what they draw.

N rows, D features, K classes or clusters, B batch, T time, V vocabulary.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = (np.float32, np.float64)


@st.composite
def matrices_ND(draw, min_n=1, max_n=12, min_d=1, max_d=8, dtype=None, bound=100.0):
    """A float matrix (N, D) with values within +-bound, float32 or float64."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)) if dtype is None else dtype)
    shape = (draw(st.integers(min_n, max_n)), draw(st.integers(min_d, max_d)))
    elements = st.floats(-bound, bound, width=dtype.itemsize * 8, allow_subnormal=False)
    return draw(hnp.arrays(dtype, shape, elements=elements))


@st.composite
def seeds(draw):
    """A seed for a Generator where the law is about random draws, not about chosen values."""
    return draw(st.integers(0, 2**32 - 1))


@st.composite
def labelings_NN(draw, min_n=1, max_n=14, n_labels=5):
    """Two labelings of the same N samples by ints below `n_labels`, as lists."""
    n = draw(st.integers(min_n, max_n))
    labeling = st.lists(st.integers(0, n_labels - 1), min_size=n, max_size=n)
    return draw(labeling), draw(labeling)


@st.composite
def costs_RC(draw, max_r=5, max_c=6, bound=9):
    """A matrix (R, C) of whole costs within +-bound, with many ties; R may be above or below C."""
    shape = draw(st.integers(1, max_r)), draw(st.integers(1, max_c))
    return draw(hnp.arrays(np.float64, shape, elements=st.integers(-bound, bound).map(float)))
