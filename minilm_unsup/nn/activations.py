"""Activations by name, fused with the bias going forward and with the bias gradient going backward."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import check_choice, kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .plan import Call
from .workspace import Workspace

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "activate",
    "backward_through",
    "bind_activate",
    "bind_backward",
    "is_bent",
    "second_backward_through",
    "sigmoid",
    "tangent_through",
]

# Each derivative is a function of the output alone, so that no pre-activation need be kept.
ACTIVATIONS = {"linear": 0, "relu": 1, "leaky_relu": 2, "tanh": 3, "sigmoid": 4}
LINEAR, RELU, LEAKY_RELU, TANH, SIGMOID = range(5)
LEAK = 0.2  # slope of "leaky_relu" below zero, as in the discriminators of Radford et al. 2016, section 3

# Values of an array above which its columns are shared out to the threads, and columns of a block.
SERIAL_VALUES = 1 << 20
COLUMN_BLOCK = 2048


def sigmoid(X: NDArray, out: NDArray | None = None) -> NDArray:
    """Return ``1 / (1 + exp(-X))``, as ``(1 + tanh(X / 2)) / 2``: nothing overflows, and tanh runs in vectors."""
    Y = np.multiply(X, X.dtype.type(0.5), out=out)
    np.tanh(Y, out=Y)
    Y *= Y.dtype.type(0.5)
    Y += Y.dtype.type(0.5)
    return Y


def activate(activation: str, Y: NDArray, bias: NDArray) -> None:
    """Replace `Y` by ``f(Y + bias)``.

    Parameters
    ----------
    activation : {"linear", "relu", "leaky_relu", "tanh", "sigmoid"}
    Y : ndarray of shape (N, D)
        Pre-activations in, outputs out.
    bias : ndarray of shape (D,)
    """
    kind = ACTIVATIONS[activation]
    if Y.size <= SERIAL_VALUES:
        add_bias(kind, bias, 0, Y.shape[1], Y)
        if kind >= TANH:
            _finish(kind, Y)
        return

    def block(start: int, stop: int) -> None:
        add_bias(kind, bias, start, stop, Y)
        if kind >= TANH:
            _finish(kind, Y[:, start:stop])

    map_blocks(block, Y.shape[1], COLUMN_BLOCK)


def _finish(kind: int, Y: NDArray) -> None:
    np.tanh(Y, out=Y)
    if kind == SIGMOID:
        Y *= Y.dtype.type(0.5)
        Y += Y.dtype.type(0.5)


def bind_activate(activation: str, Y: NDArray, bias: NDArray) -> list[Call]:
    """Return ``activate(activation, Y, bias)`` as calls without arguments."""
    kind = ACTIVATIONS[activation]
    if Y.size > SERIAL_VALUES:
        return [partial(activate, activation, Y, bias)]
    calls: list[Call] = [partial(add_bias, kind, bias, 0, Y.shape[1], Y)]
    if kind >= TANH:
        calls.append(partial(_finish, kind, Y))
    return calls


def bind_backward(
    activation: str, Y: NDArray, dY: NDArray, dbias: NDArray, work: Workspace
) -> tuple[NDArray, list[Call]]:
    """Return the buffer of `backward_through` and the calls that fill it and assign `dbias`."""
    kind = ACTIVATIONS[activation]
    dZ = dY if kind == LINEAR else work.array("dZ", dY.shape, dY.dtype)
    if dY.size > SERIAL_VALUES:
        return dZ, [partial(backward_through, activation, Y, dY, dbias, False, work)]
    return dZ, [partial(differentiate, kind, Y, dY, False, 0, dY.shape[1], dbias, dZ)]


def backward_through(
    activation: str, Y: NDArray, dY: NDArray, dbias: NDArray, accumulate: bool, work: Workspace
) -> NDArray:
    """Return the gradient by the pre-activation, and put its column sums into `dbias`.

    Parameters
    ----------
    activation : {"linear", "relu", "leaky_relu", "tanh", "sigmoid"}
    Y : ndarray of shape (N, D)
        Outputs of `activate`.
    dY : ndarray of shape (N, D)
        Gradient by `Y`; never changed, and returned itself for "linear".
    dbias : ndarray of shape (D,)
    accumulate : bool
        Add to `dbias` in place of assigning.
    """
    kind = ACTIVATIONS[activation]
    dY = kernel_view(dY)
    dZ = dY if kind == LINEAR else work.array("dZ", dY.shape, dY.dtype)
    if dY.size <= SERIAL_VALUES:
        differentiate(kind, Y, dY, accumulate, 0, dY.shape[1], dbias, dZ)
    else:
        map_blocks(
            lambda start, stop: differentiate(kind, Y, dY, accumulate, start, stop, dbias, dZ),
            dY.shape[1],
            COLUMN_BLOCK,
        )
    return dZ


def tangent_through(activation: str, Y: NDArray, tZ: NDArray, *, work: Workspace) -> NDArray:
    """Return ``f'(Z) * tZ``, the change of ``Y = f(Z)`` when Z changes by `tZ`; `tZ` itself for "linear"."""
    kind = ACTIVATIONS[activation]
    if kind == LINEAR:
        return tZ
    tY = work.array("tY", tZ.shape, tZ.dtype)
    differentiate(kind, Y, tZ, False, 0, tZ.shape[1], work.array("unused", (tZ.shape[1],), tZ.dtype), tY)
    return tY


def is_bent(activation: str) -> bool:
    """Whether the second derivative is anywhere other than zero."""
    return ACTIVATIONS[activation] >= TANH


def second_backward_through(
    activation: str, Y: NDArray, tZ: NDArray, dY: NDArray, dY2: NDArray | None, dbias: NDArray, *, work: Workspace
) -> NDArray:
    """Return ``f'(Z) * dY2 + f''(Z) * tZ * dY`` and add its column sums to `dbias`; `dY2` None stands for zeros."""
    kind = ACTIVATIONS[activation]
    if dY2 is None:
        dY2 = work.array("dY2", Y.shape, Y.dtype)
        dY2.fill(0)
    dY2 = kernel_view(dY2)
    dZ2 = dY2 if kind == LINEAR else work.array("dZ2", Y.shape, Y.dtype)
    differentiate(kind, Y, dY2, True, 0, Y.shape[1], dbias, dZ2)
    if is_bent(activation):
        bend(kind, Y, tZ, kernel_view(dY), dbias, dZ2)
    return dZ2


class ActivationCache(NamedTuple):
    """The output, of which each derivative is a function."""

    Y: NDArray


@dataclass(frozen=True)
class Activation(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    n_features : int
    activation : {"linear", "relu", "leaky_relu", "tanh", "sigmoid"}
    """

    n_features: int
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_choice(self.activation, "activation", ACTIVATIONS)

    def forward(
        self,
        params: Parameters,
        X: Any,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, ActivationCache]:
        """Return ``f(X)``."""
        Y = work.array("Y", X.shape, X.dtype)
        np.copyto(Y, X)
        bias = work.array("bias", (X.shape[1],), X.dtype)
        bias.fill(0)
        activate(self.activation, Y, bias)
        return Y, ActivationCache(Y)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: ActivationCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return ``dY * f'``."""
        if not need_dX:
            return None
        sums = work.array("sums", (dY.shape[1],), dY.dtype)
        return backward_through(self.activation, cache.Y, dY, sums, False, work)


@njit(**JIT_FAST)
def add_bias(
    kind,  # IN   number of the activation
    bias,  # IN   (D,)
    start,  # IN   first column
    stop,  # IN   column after the last
    Y,  # OUT  (N, D)   relu is applied, the argument of tanh is left for the ufunc
):
    zero, half, leak = Y.dtype.type(0), Y.dtype.type(0.5), Y.dtype.type(LEAK)
    b = bias[start:stop]  # counted from 0, so that no index is checked for being negative and the loops run in vectors
    for i in range(Y.shape[0]):
        row = Y[i, start:stop]
        if kind == RELU:
            for j in range(row.shape[0]):
                value = row[j] + b[j]
                row[j] = value if not value <= zero else zero  # NaN passes
        elif kind == LEAKY_RELU:
            for j in range(row.shape[0]):
                value = row[j] + b[j]
                row[j] = value if not value <= zero else value * leak
        elif kind == SIGMOID:
            for j in range(row.shape[0]):
                row[j] = (row[j] + b[j]) * half
        else:
            for j in range(row.shape[0]):
                row[j] += b[j]


@njit(**JIT_FAST)
def differentiate(
    kind,  # IN   number of the activation
    Y,  # IN   (N, D)   outputs
    dY,  # IN   (N, D)
    accumulate,  # IN   add to dbias
    start,  # IN   first column
    stop,  # IN   column after the last
    dbias,  # OUT  (D,)
    dZ,  # OUT  (N, D)   dY itself for the linear kind, which is not written
):
    zero, one, leak = dY.dtype.type(0), dY.dtype.type(1), dY.dtype.type(LEAK)
    sums = dbias[start:stop]
    if not accumulate:
        for j in range(sums.shape[0]):
            sums[j] = zero
    for i in range(dY.shape[0]):
        y, source, target = Y[i, start:stop], dY[i, start:stop], dZ[i, start:stop]
        if kind == LINEAR:
            for j in range(source.shape[0]):
                sums[j] += source[j]
        elif kind == RELU:
            for j in range(source.shape[0]):
                value = source[j] if y[j] > zero else zero
                target[j] = value
                sums[j] += value
        elif kind == LEAKY_RELU:
            for j in range(source.shape[0]):
                value = source[j] if y[j] > zero else source[j] * leak
                target[j] = value
                sums[j] += value
        elif kind == TANH:
            for j in range(source.shape[0]):
                value = source[j] * (one - y[j] * y[j])
                target[j] = value
                sums[j] += value
        else:
            for j in range(source.shape[0]):
                value = source[j] * y[j] * (one - y[j])
                target[j] = value
                sums[j] += value


@njit(**JIT_FAST)
def bend(
    kind,  # IN   number of the activation, tanh or sigmoid
    Y,  # IN   (N, D)   outputs
    tZ,  # IN   (N, D)   change of the pre-activations
    dY,  # IN   (N, D)
    dbias,  # OUT  (D,)     added to
    dZ2,  # OUT  (N, D)   f'' * tZ * dY is added
):
    one, two = Y.dtype.type(1), Y.dtype.type(2)
    for i in range(Y.shape[0]):
        y, change, source, target = Y[i], tZ[i], dY[i], dZ2[i]
        for j in range(y.shape[0]):
            if kind == TANH:
                curve = -two * y[j] * (one - y[j] * y[j])
            else:
                curve = y[j] * (one - y[j]) * (one - two * y[j])
            value = curve * change[j] * source[j]
            target[j] += value
            dbias[j] += value
