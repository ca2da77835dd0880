"""Rows brought to length one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["UnitRows"]


class UnitRowsCache(NamedTuple):
    """The output and the factor of each row."""

    Y: NDArray
    factors: NDArray


@dataclass(frozen=True)
class UnitRows(Layer):
    """``Y = X / sqrt(|X|**2 + eps)`` row by row, so that the direction of a code counts and its length does not.

    Parameters
    ----------
    eps : float
        Keeps rows of zeros at zero.
    """

    eps: float = 1e-12

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, UnitRowsCache]:
        """Return the scaled rows."""
        Y = work.array("Y", X.shape, X.dtype)
        factors = work.array("factors", (X.shape[0],), X.dtype)
        scale_rows(kernel_view(X), self.eps, factors, Y)
        return Y, UnitRowsCache(Y, factors)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: UnitRowsCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return the gradient by `X`: the part of `dY` across the row, scaled."""
        if not need_dX:
            return None
        # forward: Y = f X, f = (|X|**2 + eps)**-0.5, so dX = f (dY - Y (Y . dY))
        dX = work.array("dX", dY.shape, dY.dtype)
        project_rows(cache.Y, cache.factors, kernel_view(dY), dX)
        return dX


@njit(**JIT_FAST)
def scale_rows(
    X,  # IN   (N, D)
    eps,  # IN   added to the squared length
    factors,  # OUT  (N,)
    Y,  # OUT  (N, D)
):
    for i in range(X.shape[0]):
        row, out = X[i], Y[i]
        square = 0.0
        for j in range(row.shape[0]):
            square += np.float64(row[j]) * np.float64(row[j])
        factor = X.dtype.type(1.0 / np.sqrt(square + eps))
        factors[i] = factor
        for j in range(row.shape[0]):
            out[j] = row[j] * factor


@njit(**JIT_FAST)
def project_rows(
    Y,  # IN   (N, D)
    factors,  # IN   (N,)
    dY,  # IN   (N, D)
    dX,  # OUT  (N, D)
):
    for i in range(Y.shape[0]):
        y, source, out, factor = Y[i], dY[i], dX[i], factors[i]
        along = Y.dtype.type(0)
        for j in range(y.shape[0]):
            along += y[j] * source[j]
        for j in range(y.shape[0]):
            out[j] = factor * (source[j] - y[j] * along)
