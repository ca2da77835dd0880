"""The dense layer for sparse rows: the first layer of every network that reads a bag of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._validation import check_choice
from ..ops.matmul import matmul
from ..ops.sparse import csr_matmul, csr_transpose_matmul
from .activations import ACTIVATIONS, activate, backward_through
from .initializers import initial_weight
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["SparseLinear", "SparseLinearCache"]


class SparseLinearCache(NamedTuple):
    """Input and output."""

    X: NDArray | CSRMatrix
    Y: NDArray


@dataclass(frozen=True)
class SparseLinear(Layer):
    """``Y = f(X @ weight + bias)`` for compressed sparse rows (dense ones are taken too).

    The weight is stored transposed, one row a feature of the input: a stored value of `X` then touches one contiguous
    row going forward and one going backward, and features that a batch does not have cost nothing but the clearing of
    their gradient. The update that follows is the optimizer's dense one: under momentum and Adam a feature's weight
    moves on in batches without it too, so that training does not depend on how the input is stored.

    Parameters
    ----------
    n_in, n_out : int
        Features in and out.
    activation : {"linear", "relu", "tanh", "sigmoid"}
    initializer : str
        A name of `INITIALIZERS`; the same draws as `Linear` makes, transposed.
    """

    n_in: int
    n_out: int
    activation: str = "linear"
    initializer: str = "glorot_uniform"

    def __post_init__(self) -> None:
        check_choice(self.activation, "activation", ACTIVATIONS)

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """``weight (n_in, n_out)`` and ``bias (n_out,)``."""
        return {"weight": (self.n_in, self.n_out), "bias": (self.n_out,)}

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Draw the weight by `initializer`; the bias is zero."""
        weight = initial_weight(self.initializer, self.n_out, self.n_in, rng, dtype)
        return {"weight": np.ascontiguousarray(weight.T), "bias": np.zeros(self.n_out, dtype=dtype)}

    def forward(
        self,
        params: Parameters,
        X: NDArray | CSRMatrix,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, SparseLinearCache]:
        """Return ``f(X @ weight + bias)``."""
        Y = work.array("Y", (X.shape[0], self.n_out), X.dtype)
        if isinstance(X, CSRMatrix):
            csr_matmul(X, params["weight"], Y)
        else:
            matmul(X, params["weight"], Y)
        activate(self.activation, Y, params["bias"])
        return Y, SparseLinearCache(X, Y)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: SparseLinearCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add the gradients of weight and bias, return that of the input (dense) where it is asked for."""
        # forward: Y = f(Z), Z = X @ weight + bias
        dbias, written = grads.claim("bias")
        dZ = backward_through(self.activation, cache.Y, dY, dbias, written, work)
        dweight, written = grads.claim("weight")
        if isinstance(cache.X, CSRMatrix):
            csr_transpose_matmul(cache.X, dZ, dweight, accumulate=written)
        else:
            matmul(cache.X, dZ, dweight, transpose_a=True, accumulate=written)
        if not need_dX:
            return None
        dX = work.array("dX", cache.X.shape, dY.dtype)
        return matmul(dZ, params["weight"], dX, transpose_b=True)
