"""Binary cross-entropy, from logits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT, JIT_FAST, njit
from .._validation import kernel_view
from .activations import sigmoid
from .loss import BLOCK_VALUES, Loss, split_targets, sum_over_rows
from .plan import Call
from .workspace import Workspace

__all__ = ["BinaryCrossEntropy"]


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """``-[x log s(a) + (1 - x) log(1 - s(a))]`` with s the sigmoid, for targets in [0, 1]; mean over features and rows.

    From the logits it is ``max(a, 0) - a x + log(1 + exp(-|a|))``, in which nothing overflows, with the gradient
    ``s(a) - x``. The mean over features is what Keras reports; the sum over features, the negative log-likelihood of a
    row in nats, is the number of features times as much.
    """

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss and write its gradient; `targets` may be sparse."""
        n, d = logits.shape
        scale = logits.dtype.type(1.0 / (n * d))

        sparse, dense = split_targets(targets)

        def block(start: int, stop: int) -> float:
            if sparse is not None:
                return cross_entropy_sparse(logits[start:stop], *sparse, start, scale, out[start:stop])
            return cross_entropy_dense(logits[start:stop], dense[start:stop], scale, out[start:stop])

        return sum_over_rows(block, n, d) / (n * d)

    def bind_gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> Call:
        """Return the gradient as a call without arguments, with nothing looked up where one block holds all rows."""
        n, d = logits.shape
        if n * d > BLOCK_VALUES:
            return super().bind_gradient(logits, targets, out, work=work)
        targets, scale, count = kernel_view(targets), logits.dtype.type(1.0 / (n * d)), n * d

        def gradient() -> float:
            return cross_entropy_dense(logits, targets, scale, out) / count

        return gradient

    def mean(self, logits: NDArray) -> NDArray:
        """Return the sigmoid of `logits`."""
        return sigmoid(logits)

    def check_targets(self, targets: Any, name: str = "X") -> None:
        """Raise for targets outside [0, 1]."""
        values = targets.data if isinstance(targets, CSRMatrix) else targets
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"{name} must lie in [0, 1] for binary cross-entropy, got values from {values.min():g} to "
                f"{values.max():g}; scale it, make it binary, or take loss='multinomial' for counts and weights of "
                f"words, or loss='squared_error' for any numbers"
            )


def exp_nonpositive(y: float) -> float:
    """Return ``exp(y)`` for y <= 0; compiled, a polynomial that runs in vectors, within 2 units of the last place."""
    return math.exp(y)


@overload(exp_nonpositive, jit_options={**JIT, "fastmath": {"contract"}})
def _exp_nonpositive(y):  # Numba compares the parameters with those of what is returned, annotations included
    # exp(y) = 2**n * exp(r) with n the nearest whole number to y / log 2 and |r| <= log(2) / 2; the series of exp(r) is
    # cut where the next term is below the last place. log 2 is taken off in two parts, so that r is exact.
    def exp32(y):
        y = np.float32(-87) if y < np.float32(-87) else y
        n = np.floor(y * np.float32(1.44269504) + np.float32(0.5))
        r = y - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
        p = np.float32(1 / 5040)
        p = p * r + np.float32(1 / 720)
        p = p * r + np.float32(1 / 120)
        p = p * r + np.float32(1 / 24)
        p = p * r + np.float32(1 / 6)
        p = p * r + np.float32(0.5)
        p = p * r + np.float32(1)
        p = p * r + np.float32(1)
        return p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)

    def exp64(y):
        y = -708.0 if y < -708.0 else y
        n = np.floor(y * 1.4426950408889634 + 0.5)
        r = y - n * 0.693145751953125 - n * 1.42860682030941723212e-6
        p = 1 / 6227020800
        p = p * r + 1 / 479001600
        p = p * r + 1 / 39916800
        p = p * r + 1 / 3628800
        p = p * r + 1 / 362880
        p = p * r + 1 / 40320
        p = p * r + 1 / 5040
        p = p * r + 1 / 720
        p = p * r + 1 / 120
        p = p * r + 1 / 24
        p = p * r + 1 / 6
        p = p * r + 0.5
        p = p * r + 1.0
        p = p * r + 1.0
        return p * np.int64((np.int64(n) + 1023) << 52).view(np.float64)

    return exp32 if y == types.float32 else exp64


@njit(**JIT_FAST)
def cross_entropy_dense(
    logits,  # IN   (N, D)
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)   scale * (sigmoid(logits) - targets)
):
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    total = 0.0
    for i in range(logits.shape[0]):
        # log cannot be run in vectors: one log of the product of 112 factors, each in [1, 2], does for them all.
        for first in range(0, logits.shape[1], 112):
            a, x, row = logits[i, first : first + 112], targets[i, first : first + 112], out[i, first : first + 112]
            part, product = zero, one
            for j in range(a.shape[0]):
                t = exp_nonpositive(-abs(a[j]))
                shifted = one + t
                product *= shifted
                part += (a[j] if a[j] > zero else zero) - a[j] * x[j]
                row[j] = scale * ((t if a[j] < zero else one) / shifted - x[j])
            total += part + math.log(product)
    return total


@njit(**JIT_FAST)
def cross_entropy_sparse(
    logits,  # IN   (n, D)
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    start,  # IN   row of the targets that belongs to logits[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)    scale * (sigmoid(logits) - targets)
):
    zero, one = logits.dtype.type(0), logits.dtype.type(1)
    total = 0.0
    for i in range(logits.shape[0]):
        for first in range(0, logits.shape[1], 112):
            a, row = logits[i, first : first + 112], out[i, first : first + 112]
            part, product = zero, one
            for j in range(a.shape[0]):
                t = exp_nonpositive(-abs(a[j]))
                shifted = one + t
                product *= shifted
                part += a[j] if a[j] > zero else zero
                row[j] = scale * ((t if a[j] < zero else one) / shifted)
            total += part + math.log(product)
        for p in range(indptr[start + i], indptr[start + i + 1]):
            j = indices[p]
            total -= logits[i, j] * data[p]
            out[i, j] -= scale * data[p]
    return total
