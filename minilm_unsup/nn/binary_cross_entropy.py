"""Binary cross-entropy, from logits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT_FAST, njit
from .activations import sigmoid
from .loss import Loss, split_targets, sum_over_rows
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
            a, e = logits[start:stop], out[start:stop]
            np.abs(a, out=e)
            np.negative(e, out=e)
            np.exp(e, out=e)
            if sparse is not None:
                return finish_sparse(a, *sparse, start, scale, e)
            return finish_dense(a, dense[start:stop], scale, e)

        return sum_over_rows(block, n, d) / (n * d)

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


@njit(**JIT_FAST)
def softplus_row(
    a,  # IN   (D,)   logits
    scale,  # IN   factor of the gradient
    e,  # OUT  (D,)   exp(-|a|) in, scale * sigmoid(a) out
):
    zero, one = a.dtype.type(0), a.dtype.type(1)
    total = 0.0
    # log is slow and cannot be run in vectors: one log of the product of 64 factors, each in [1, 2], is enough.
    for first in range(0, a.shape[0], 64):
        part, product = zero, one
        for j in range(first, min(first + 64, a.shape[0])):
            t = e[j]
            shifted = one + t
            product *= shifted
            part += max(a[j], zero)
            e[j] = scale * ((one if a[j] >= zero else t) / shifted)
        total += part + math.log(product)
    return total


@njit(**JIT_FAST)
def finish_dense(
    logits,  # IN   (N, D)
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)   exp(-|logits|) in, the gradient out
):
    total = 0.0
    for i in range(logits.shape[0]):
        a, x, row = logits[i], targets[i], out[i]
        total += softplus_row(a, scale, row)
        part = a.dtype.type(0)
        for j in range(a.shape[0]):
            part += a[j] * x[j]
            row[j] -= scale * x[j]
        total -= part
    return total


@njit(**JIT_FAST)
def finish_sparse(
    logits,  # IN   (n, D)
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    first,  # IN   row of the targets that belongs to logits[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)    exp(-|logits|) in, the gradient out
):
    total = 0.0
    for i in range(logits.shape[0]):
        a, row = logits[i], out[i]
        total += softplus_row(a, scale, row)
        for p in range(indptr[first + i], indptr[first + i + 1]):
            j = indices[p]
            total -= a[j] * data[p]
            row[j] -= scale * data[p]
    return total
