"""The Gaussian error linear unit, and the unit that gates with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["GatedGelu", "Gelu"]

OUTER, INNER = math.sqrt(2 / math.pi), 0.044715


class GeluCache(NamedTuple):
    """The input, and the hyperbolic tangent in the formula."""

    X: NDArray
    T: NDArray


@dataclass(frozen=True)
class Gelu(Layer):
    """``Y = X / 2 * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 X**3)))`` (Hendrycks and Gimpel 2016, section 2).

    The approximation of ``X * P(normal <= X)`` that BERT and GPT-2 were trained with; it differs by at most 5e-4.
    """

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, GeluCache]:
        """Return the output for an input of any shape."""
        X = kernel_view(X)
        T, Y = work.array("T", X.shape, X.dtype), work.array("Y", X.shape, X.dtype)
        cube(X.reshape(-1), T.reshape(-1))
        np.tanh(T, out=T)
        halve(X.reshape(-1), T.reshape(-1), Y.reshape(-1))
        return Y, GeluCache(X, T)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: GeluCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return the gradient by the input."""
        if not need_dX:
            return None
        dX = work.array("dX", dY.shape, dY.dtype)
        slope(cache.X.reshape(-1), cache.T.reshape(-1), kernel_view(dY).reshape(-1), dX.reshape(-1))
        return dX


@dataclass(frozen=True)
class GatedGelu(Layer):
    """``Y = gelu(X[..., :D]) * X[..., D:]`` (Shazeer 2020, arXiv:2002.05202, eq. 6, behind one product for both).

    Parameters
    ----------
    n_features : int
        D, half the width of the input.
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
    ) -> tuple[NDArray, GeluCache]:
        """Return the gated values, half as wide as `X`."""
        X = kernel_view(X)
        shape = (*X.shape[:-1], self.n_features)
        T, Y = work.array("T", shape, X.dtype), work.array("Y", shape, X.dtype)
        rows = X.reshape(-1, 2 * self.n_features)
        cube_gates(rows, T.reshape(-1, self.n_features))
        np.tanh(T, out=T)
        gate(rows, T.reshape(-1, self.n_features), Y.reshape(-1, self.n_features))
        return Y, GeluCache(X, T)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: GeluCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return the gradient by the input."""
        if not need_dX:
            return None
        d = self.n_features
        dX = work.array("dX", cache.X.shape, dY.dtype)
        ungate(
            cache.X.reshape(-1, 2 * d), cache.T.reshape(-1, d), kernel_view(dY).reshape(-1, d), dX.reshape(-1, 2 * d)
        )
        return dX


@njit(**JIT_FAST)
def cube(
    X,  # IN   (n,)
    T,  # OUT  (n,)   argument of tanh
):
    outer, inner = X.dtype.type(OUTER), X.dtype.type(INNER)
    for i in range(X.shape[0]):
        T[i] = outer * (X[i] + inner * X[i] * X[i] * X[i])


@njit(**JIT_FAST)
def halve(
    X,  # IN   (n,)
    T,  # IN   (n,)
    Y,  # OUT  (n,)
):
    half = X.dtype.type(0.5)
    for i in range(X.shape[0]):
        Y[i] = half * X[i] * (T[i] + X.dtype.type(1))


@njit(**JIT_FAST)
def slope(
    X,  # IN   (n,)
    T,  # IN   (n,)
    dY,  # IN   (n,)
    dX,  # OUT  (n,)
):
    # forward: Y = X / 2 (1 + T), T = tanh(a (X + b X**3)), so Y' = (1 + T) / 2 + X / 2 (1 - T**2) a (1 + 3 b X**2)
    one, half = X.dtype.type(1), X.dtype.type(0.5)
    outer, inner = X.dtype.type(OUTER), X.dtype.type(3 * INNER)
    for i in range(X.shape[0]):
        x, t = X[i], T[i]
        dX[i] = dY[i] * half * (one + t + x * (one - t * t) * outer * (one + inner * x * x))


@njit(**JIT_FAST)
def cube_gates(
    X,  # IN   (N, 2 D)
    T,  # OUT  (N, D)
):
    outer, inner = X.dtype.type(OUTER), X.dtype.type(INNER)
    for i in range(X.shape[0]):
        row, out = X[i], T[i]
        for j in range(out.shape[0]):
            out[j] = outer * (row[j] + inner * row[j] * row[j] * row[j])


@njit(**JIT_FAST)
def gate(
    X,  # IN   (N, 2 D)
    T,  # IN   (N, D)
    Y,  # OUT  (N, D)
):
    half, one = X.dtype.type(0.5), X.dtype.type(1)
    for i in range(X.shape[0]):
        t, out = T[i], Y[i]
        gates, values = X[i, : t.shape[0]], X[i, t.shape[0] :]
        for j in range(out.shape[0]):
            out[j] = half * gates[j] * (t[j] + one) * values[j]


@njit(**JIT_FAST)
def ungate(
    X,  # IN   (N, 2 D)
    T,  # IN   (N, D)
    dY,  # IN   (N, D)
    dX,  # OUT  (N, 2 D)
):
    one, half = X.dtype.type(1), X.dtype.type(0.5)
    outer, inner = X.dtype.type(OUTER), X.dtype.type(3 * INNER)
    for i in range(X.shape[0]):
        t, source = T[i], dY[i]
        n = t.shape[0]
        gates, values, dgates, dvalues = X[i, :n], X[i, n:], dX[i, :n], dX[i, n:]
        for j in range(n):
            x = gates[j]
            dgates[j] = (
                source[j] * values[j] * half * (one + t[j] + x * (one - t[j] * t[j]) * outer * (one + inner * x * x))
            )
            dvalues[j] = source[j] * half * x * (one + t[j])
