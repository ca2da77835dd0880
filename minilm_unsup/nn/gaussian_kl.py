"""How far the normal distributions of codes are from the standard one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._validation import check_number, kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["GaussianCode", "GaussianKL"]


class GaussianCodeCache(NamedTuple):
    """Deviations and the normal numbers; empty where nothing was drawn."""

    deviations: NDArray
    noise: NDArray


@dataclass(frozen=True)
class GaussianCode(Layer):
    """``z = mean + exp(log_variance / 2) * noise`` of means and log-variances side by side (Kingma and Welling 2014).

    The draw of eq. 4 in the form that can be differentiated (section 2.4). Without training it is the mean.

    Parameters
    ----------
    n_features : int
        Of the code: half the width of the input.
    """

    n_features: int

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, GaussianCodeCache]:
        """Return codes (N, n_features) of `X` (N, 2 n_features)."""
        d, shape = self.n_features, (len(X), self.n_features)
        Z = work.array("Z", shape, X.dtype)
        if not training:
            np.copyto(Z, X[:, :d])
            return Z, GaussianCodeCache(Z[:0], Z[:0])
        if rng is None:
            raise ValueError("rng must be a Generator while training a code that is drawn, got None")
        noise, deviations = work.array("noise", shape, X.dtype), work.array("deviations", shape, X.dtype)
        rng.standard_normal(out=noise, dtype=noise.dtype.type)
        np.multiply(X[:, d:], X.dtype.type(0.5), out=deviations)
        np.exp(deviations, out=deviations)
        np.multiply(deviations, noise, out=Z)
        Z += X[:, :d]
        return Z, GaussianCodeCache(deviations, noise)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: GaussianCodeCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return the gradient by means and log-variances."""
        if not need_dX:
            return None
        # forward: z = m + exp(l / 2) noise
        d = self.n_features
        dX = work.array("dX", (len(dY), 2 * d), dY.dtype)
        np.copyto(dX[:, :d], dY)
        if len(cache.noise):
            np.multiply(cache.deviations, cache.noise, out=dX[:, d:])
            dX[:, d:] *= dY
            dX[:, d:] *= dY.dtype.type(0.5)
        else:
            dX[:, d:] = 0
        return dX


@dataclass(frozen=True)
class GaussianKL:
    """``-1/2 sum_j (1 + l_j - m_j**2 - exp(l_j))`` for means m and log-variances l (Kingma and Welling 2014, app. B).

    Parameters
    ----------
    free_nats : float, at least 0
        What each feature of the code may have for nothing, in the mean of a batch (Kingma et al. 2016, eq. 16): below
        it nothing pulls on the feature, so that a code is not given up before it is of use.
    """

    free_nats: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.free_nats, "free_nats", low=0)

    def of_features(self, codes: NDArray) -> NDArray[np.float64]:
        """Return the mean divergence of each feature, in nats, for `codes` (N, 2 n_features)."""
        d = codes.shape[1] // 2
        means, logs = codes[:, :d].astype(np.float64), codes[:, d:].astype(np.float64)
        return 0.5 * (np.square(means) + np.exp(logs) - 1 - logs).mean(axis=0)

    def gradient(self, codes: NDArray, weight: float, out: NDArray) -> float:
        """Return the mean divergence of the rows, features in their free nats at those, and add its gradient to `out`.

        Parameters
        ----------
        codes : ndarray of shape (N, 2 n_features)
        weight : float
            Factor of the gradient, not of the value.
        out : ndarray of shape (N, 2 n_features)
        """
        codes = kernel_view(codes)
        d, values = codes.shape[1] // 2, self.of_features(codes)
        pulled = (values > self.free_nats).astype(codes.dtype) * codes.dtype.type(weight / len(codes))
        out[:, :d] += pulled * codes[:, :d]
        out[:, d:] += (0.5 * pulled) * (np.exp(codes[:, d:]) - 1)
        return float(np.maximum(values, self.free_nats).sum())
