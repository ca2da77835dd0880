"""First values of weights, by name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice

__all__ = ["INITIALIZERS", "initial_weight"]

# name: (distribution, gain, which fan divides it)
INITIALIZERS = {
    "glorot_uniform": ("uniform", 1.0, "mean"),
    "glorot_normal": ("normal", 1.0, "mean"),
    "he_uniform": ("uniform", 2.0, "in"),
    "he_normal": ("normal", 2.0, "in"),
    "zeros": ("zeros", 0.0, "in"),
}


def initial_weight(name: str, n_out: int, n_in: int, rng: np.random.Generator, dtype: Any = np.float64) -> NDArray:
    """Return a weight of shape (n_out, n_in) with variance ``gain / fan``.

    Glorot's fan is the mean of both sides (Glorot and Bengio 2010, eq. 16), He's the inputs alone, with gain 2 for what
    relu cuts off (He et al. 2015, arXiv:1502.01852, eq. 10). Drawn in float64 whatever the dtype.

    Parameters
    ----------
    name : {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "zeros"}
    """
    distribution, gain, side = INITIALIZERS[check_choice(name, "initializer", INITIALIZERS)]
    if distribution == "zeros":
        return np.zeros((n_out, n_in), dtype=dtype)
    deviation = math.sqrt(gain / ((n_in + n_out) / 2 if side == "mean" else n_in))
    if distribution == "uniform":
        limit = math.sqrt(3) * deviation
        return rng.uniform(-limit, limit, size=(n_out, n_in)).astype(dtype, copy=False)
    return (deviation * rng.standard_normal((n_out, n_in))).astype(dtype, copy=False)
