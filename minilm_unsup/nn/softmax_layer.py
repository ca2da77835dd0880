"""Softmax as a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import kernel_view
from ..ops.softmax import softmax
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["Softmax", "unsoftmax_rows"]


class SoftmaxCache(NamedTuple):
    """The output."""

    Y: NDArray


@dataclass(frozen=True)
class Softmax(Layer):
    """``Y = exp(X) / sum(exp(X))`` row by row; before a loss, `SoftmaxCrossEntropy` on logits is the better one."""

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, SoftmaxCache]:
        """Return shares that sum to 1 in each row of `X` (N, D)."""
        Y = softmax(X, out=work.array("Y", X.shape, X.dtype))
        return Y, SoftmaxCache(Y)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: SoftmaxCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return the gradient by the input."""
        if not need_dX:
            return None
        # forward: Y = softmax(X), so dX = Y (dY - Y . dY)
        dX = work.array("dX", dY.shape, dY.dtype)
        unsoftmax_rows(cache.Y, kernel_view(dY), dX)
        return dX


@njit(**JIT_FAST)
def unsoftmax_rows(
    Y,  # IN   (N, D)
    dY,  # IN   (N, D)
    dX,  # OUT  (N, D)   may be dY
):
    for i in range(Y.shape[0]):
        y, source, out = Y[i], dY[i], dX[i]
        along = Y.dtype.type(0)
        for j in range(y.shape[0]):
            along += y[j] * source[j]
        for j in range(y.shape[0]):
            out[j] = y[j] * (source[j] - along)
