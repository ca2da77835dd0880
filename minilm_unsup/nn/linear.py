"""The dense layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice
from ..ops.matmul import bind_matmul, matmul
from .activations import (
    ACTIVATIONS,
    activate,
    backward_through,
    bind_activate,
    bind_backward,
    is_bent,
    second_backward_through,
    tangent_through,
)
from .initializers import initial_weight
from .layer import Layer
from .parameters import Gradients, Parameters
from .plan import Call, Plan
from .workspace import Workspace

__all__ = ["Linear", "LinearCache"]


class LinearCache(NamedTuple):
    """Input and output."""

    X: NDArray
    Y: NDArray


class InputGradientCache(NamedTuple):
    """Gradient by the output and by the pre-activation."""

    dY: NDArray
    dZ: NDArray


class TangentCache(NamedTuple):
    """Change of the input and of the pre-activation."""

    tX: NDArray
    tZ: NDArray


@dataclass(frozen=True)
class Linear(Layer):
    """``Y = f(X @ weight.T + bias)``: an affine map and an activation in one pass.

    Parameters
    ----------
    n_in, n_out : int
        Features in and out.
    activation : {"linear", "relu", "leaky_relu", "tanh", "sigmoid"}
    initializer : str
        A name of `INITIALIZERS`; the bias starts at zero.
    """

    n_in: int
    n_out: int
    activation: str = "linear"
    initializer: str = "glorot_uniform"

    def __post_init__(self) -> None:
        check_choice(self.activation, "activation", ACTIVATIONS)

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """``weight (n_out, n_in)`` and ``bias (n_out,)``."""
        return {"weight": (self.n_out, self.n_in), "bias": (self.n_out,)}

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Draw the weight by `initializer`; the bias is zero."""
        weight = initial_weight(self.initializer, self.n_out, self.n_in, rng, dtype)
        return {"weight": weight, "bias": np.zeros(self.n_out, dtype=dtype)}

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, LinearCache]:
        """Return ``f(X @ weight.T + bias)``."""
        Y = work.array("Y", (X.shape[0], self.n_out), X.dtype)
        matmul(X, params["weight"], Y, transpose_b=True)
        activate(self.activation, Y, params["bias"])
        return Y, LinearCache(X, Y)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: LinearCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add the gradients of weight and bias, return that of the input."""
        # forward: Y = f(Z), Z = X @ weight.T + bias
        dbias, written = grads.claim("bias")
        dZ = backward_through(self.activation, cache.Y, dY, dbias, written, work)
        dweight, written = grads.claim("weight")
        matmul(dZ, cache.X, dweight, transpose_a=True, accumulate=written)
        if not need_dX:
            return None
        dX = work.array("dX", cache.X.shape, dY.dtype)
        return matmul(dZ, params["weight"], dX)

    def input_gradient(
        self, params: Parameters, cache: LinearCache, dY: NDArray, *, work: Workspace
    ) -> tuple[NDArray, InputGradientCache]:
        """Return the gradient by the input alone."""
        unused = work.array("unused", (self.n_out,), dY.dtype)
        dZ = backward_through(self.activation, cache.Y, dY, unused, False, work)
        dX = matmul(dZ, params["weight"], work.array("dX", cache.X.shape, dY.dtype))
        return dX, InputGradientCache(dY, dZ)

    def tangent(
        self, params: Parameters, cache: LinearCache, tX: NDArray, *, work: Workspace
    ) -> tuple[NDArray, TangentCache]:
        """Return ``f'(Z) * (tX @ weight.T)``."""
        tZ = matmul(tX, params["weight"], work.array("tZ", cache.Y.shape, tX.dtype), transpose_b=True)
        return tangent_through(self.activation, cache.Y, tZ, work=work), TangentCache(tX, tZ)

    def second_backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: LinearCache,
        first: InputGradientCache,
        tangent: TangentCache,
        dY2: NDArray | None,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add the gradients of ``sum(tX * dX)`` by weight and bias, return that by the input (None where it is 0)."""
        # tangent: tY = f'(Z) * tZ, tZ = tX @ weight.T; its gradient by tZ is the dZ of `input_gradient`
        dweight, written = grads.claim("weight")
        matmul(first.dZ, tangent.tX, dweight, transpose_a=True, accumulate=written)
        if dY2 is None and not is_bent(self.activation):
            return None
        dZ2 = second_backward_through(self.activation, cache.Y, tangent.tZ, first.dY, dY2, grads["bias"], work=work)
        matmul(dZ2, cache.X, dweight, transpose_a=True, accumulate=True)
        return matmul(dZ2, params["weight"], work.array("dX2", cache.X.shape, dZ2.dtype)) if need_dX else None

    def plan(self, params: Parameters, grads: Gradients, X: NDArray, *, work: Workspace) -> Plan:
        """Return `forward` and `backward` for the buffer `X` as bound calls."""
        weight, bias = params["weight"], params["bias"]
        Y = work.array("Y", (X.shape[0], self.n_out), X.dtype)
        forward: list[Call] = [bind_matmul(X, weight, Y, transpose_b=True), *bind_activate(self.activation, Y, bias)]

        def backward(dY: NDArray, need_dX: bool) -> tuple[NDArray | None, list[Call]]:
            dZ, calls = bind_backward(self.activation, Y, dY, grads["bias"], work)
            calls.append(bind_matmul(dZ, X, grads["weight"], transpose_a=True))
            if not need_dX:
                return None, calls
            dX = work.array("dX", X.shape, dY.dtype)
            return dX, [*calls, bind_matmul(dZ, weight, dX)]

        def slope(dY: NDArray) -> tuple[NDArray, list[Call]]:
            dZ, calls = bind_backward(self.activation, Y, dY, work.array("unused", bias.shape, bias.dtype), work)
            dX = work.array("dX", X.shape, dY.dtype)
            return dX, [*calls, bind_matmul(dZ, weight, dX)]

        return Plan(Y, forward, backward, slope)
