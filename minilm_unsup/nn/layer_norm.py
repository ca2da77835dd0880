"""Rows brought to mean 0 and deviation 1, or to root mean square 1, then scaled feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import check_number, kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["LayerNorm", "RMSNorm"]


class NormCache(NamedTuple):
    """The rows before scaling, and one over the deviation of each."""

    normed: NDArray
    factors: NDArray


@dataclass(frozen=True)
class LayerNorm(Layer):
    """``Y = gain * (X - mean) / sqrt(variance + eps) + bias``, row by row (Ba et al. 2016, eq. 4).

    Parameters
    ----------
    n_features : int
    eps : float, above 0
        Keeps rows without variance finite.
    """

    n_features: int
    eps: float = 1e-5

    #: whether the mean is taken off, and there is a bias
    centers = True

    def __post_init__(self) -> None:
        check_number(self.n_features, "n_features", integer=True, low=1)
        check_number(self.eps, "eps", low=0, low_open=True)

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """``gain (n_features,)`` and, where the mean is taken off, ``bias (n_features,)``."""
        return dict.fromkeys(("gain", "bias") if self.centers else ("gain",), (self.n_features,))

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Gain one, bias zero."""
        return {name: np.full(shape, name == "gain", dtype=dtype) for name, shape in self.shapes().items()}

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, NormCache]:
        """Return the rows of `X` (..., n_features) normed and scaled."""
        rows = kernel_view(X).reshape(-1, self.n_features)
        Y = work.array("Y", X.shape, X.dtype)
        normed = work.array("normed", rows.shape, X.dtype)
        factors = work.array("factors", (len(rows),), X.dtype)
        gain = params["gain"]
        norm_rows(rows, gain, params.get("bias", gain), self.centers, self.eps, normed, factors, Y.reshape(rows.shape))
        return Y, NormCache(normed, factors)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: NormCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add the gradients of gain and bias, return that of the input."""
        dX = work.array("dX", dY.shape, dY.dtype)
        rows = kernel_view(dY).reshape(-1, self.n_features)
        dgain = grads["gain"]
        dbias = grads["bias"] if self.centers else dgain
        unnorm_rows(
            rows, params["gain"], cache.normed, cache.factors, self.centers, dgain, dbias, dX.reshape(rows.shape)
        )
        return dX if need_dX else None


@dataclass(frozen=True)
class RMSNorm(LayerNorm):
    """``Y = gain * X / sqrt(mean(X**2) + eps)``, row by row (Zhang and Sennrich 2019, eq. 4).

    Parameters
    ----------
    n_features : int
    eps : float, above 0
    """

    centers = False


@njit(**JIT_FAST)
def norm_rows(
    X,  # IN   (N, D)
    gain,  # IN   (D,)
    bias,  # IN   (D,)   not read where nothing is taken off
    centers,  # IN   whether the mean is taken off
    eps,  # IN   added to the mean square
    normed,  # OUT  (N, D)
    factors,  # OUT  (N,)
    Y,  # OUT  (N, D)
):
    for i in range(X.shape[0]):
        row, unit, out = X[i], normed[i], Y[i]
        mean = 0.0
        if centers:
            for j in range(row.shape[0]):
                mean += row[j]
            mean /= row.shape[0]
        middle = X.dtype.type(mean)
        square = 0.0
        for j in range(row.shape[0]):
            value = row[j] - middle
            unit[j] = value
            square += value * value
        factor = X.dtype.type(1.0 / np.sqrt(square / row.shape[0] + eps))
        factors[i] = factor
        if centers:
            for j in range(row.shape[0]):
                value = unit[j] * factor
                unit[j] = value
                out[j] = gain[j] * value + bias[j]
        else:
            for j in range(row.shape[0]):
                value = unit[j] * factor
                unit[j] = value
                out[j] = gain[j] * value


@njit(**JIT_FAST)
def unnorm_rows(
    dY,  # IN   (N, D)
    gain,  # IN   (D,)
    normed,  # IN   (N, D)
    factors,  # IN   (N,)
    centers,  # IN   whether the mean was taken off
    dgain,  # OUT  (D,)     added to
    dbias,  # OUT  (D,)     added to, where there is one
    dX,  # OUT  (N, D)
):
    # forward: Y = gain u + bias, u = f (X - mean), f = (mean((X - mean)**2) + eps)**-0.5, so with d = gain dY
    # dX = f (d - mean(d) - u mean(d u))
    for i in range(dY.shape[0]):
        source, unit, out = dY[i], normed[i], dX[i]
        total = dY.dtype.type(0)
        along = dY.dtype.type(0)
        for j in range(source.shape[0]):
            value = source[j] * gain[j]
            out[j] = value
            total += value
            along += value * unit[j]
            dgain[j] += source[j] * unit[j]
        if centers:
            for j in range(source.shape[0]):
                dbias[j] += source[j]
        share = dY.dtype.type(1.0 / source.shape[0])
        mean = total * share if centers else dY.dtype.type(0)
        along *= share
        factor = factors[i]
        for j in range(source.shape[0]):
            out[j] = factor * (out[j] - mean - unit[j] * along)
