"""Row loops around the exponential: softmax, and the losses that rest on it.

They share one file because they share one exponential: a polynomial that the compiler turns into vector instructions,
where a call of the C library would run one value at a time. (A compiled function calls compiled functions of its own
file only: Numba's cache does not notice a change elsewhere.)
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numba.extending import overload

from .._numba import JIT, JIT_FAST, JIT_INLINE, njit

__all__ = [
    "binary_dense",
    "binary_sparse",
    "classes_dense",
    "exp_nonpositive",
    "multinomial_dense",
    "multinomial_sparse",
    "softmax_rows",
    "softmax_scores",
]


def exp_nonpositive(y: float) -> float:
    """Return ``exp(y)`` for y <= 0; compiled, a polynomial that runs in vectors, within 2 units of the last place.

    Below the logarithm of the smallest normal number (-87 in float32, -708 in float64) it stays at that number.
    """
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
def binary_dense(
    logits,  # IN   (N, D)
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)   scale * (sigmoid(logits) - targets)
):
    """Return the summed binary cross-entropy."""
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
def binary_sparse(
    logits,  # IN   (n, D)
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    start,  # IN   row of the targets that belongs to logits[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)    scale * (sigmoid(logits) - targets)
):
    """Return the summed binary cross-entropy."""
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
                part += zero if a[j] <= zero else a[j]  # NaN passes
                row[j] = scale * ((t if a[j] < zero else one) / shifted)
            total += part + math.log(product)
        for p in range(indptr[start + i], indptr[start + i + 1]):
            j = indices[p]
            total -= logits[i, j] * data[p]
            out[i, j] -= scale * data[p]
    return total


@njit(**JIT_INLINE)
def exp_row(
    a,  # IN   (D,)
    top,  # IN   its largest value
    e,  # OUT  (D,)   exp(a - top)
):
    """Return the sum of ``exp(a - top)``."""
    total = 0.0
    for first in range(0, a.shape[0], 1024):  # short sums in the dtype of the row, long ones in float64
        source, target = a[first : first + 1024], e[first : first + 1024]
        part = a.dtype.type(0)
        for j in range(source.shape[0]):
            value = exp_nonpositive(source[j] - top)
            part += value
            target[j] = value
        total += part
    return total


@njit(**JIT_FAST)
def softmax_rows(
    X,  # IN   (N, D)
    largest,  # IN   (N,)     of each row
    out,  # OUT  (N, D)
):
    """Write the softmax of each row."""
    for i in range(X.shape[0]):
        row = out[i]
        factor = X.dtype.type(1.0 / exp_row(X[i], largest[i], row))
        for j in range(row.shape[0]):
            row[j] *= factor


@njit(**JIT_FAST)
def softmax_scores(
    scores,  # IN, OUT  (B, H, Q, K)  products in, shares out
    bias,  # IN   (H, Q, K)   added behind the scaling; (0, 0, 0) for none
    scale,  # IN   factor of the products
    lengths,  # IN   (B,)   keys that count
    causal,  # IN   whether a query sees keys up to its own place alone
):
    """Turn scores of attention into shares: softmax over the keys that a query sees, zero for the others."""
    zero = scores.dtype.type(0)
    n_queries, n_keys = scores.shape[2], scores.shape[3]
    for b in range(scores.shape[0]):
        for h in range(scores.shape[1]):
            for i in range(n_queries):
                row = scores[b, h, i]
                seen = min(lengths[b], n_keys)
                if causal:
                    seen = min(seen, i + 1 + n_keys - n_queries)
                for j in range(max(seen, 0), n_keys):
                    row[j] = zero
                if seen <= 0:
                    continue
                part = row[:seen]
                if bias.shape[0] > 0:
                    own = bias[h, i]
                    for j in range(seen):
                        part[j] = part[j] * scale + own[j]
                else:
                    for j in range(seen):
                        part[j] *= scale
                top = part[0]
                for j in range(seen):
                    top = max(top, part[j])
                factor = scores.dtype.type(1.0 / exp_row(part, top, part))
                for j in range(seen):
                    part[j] *= factor


@njit(**JIT_FAST)
def multinomial_dense(
    logits,  # IN   (N, D)
    largest,  # IN   (n,)     of each row of the logits; numpy finds it in vectors, NaN included
    targets,  # IN   (N, D)
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, D)   scale * (mass * softmax(logits) - targets)
):
    """Return the summed multinomial cross-entropy."""
    total = 0.0
    for i in range(logits.shape[0]):
        a, x, row = logits[i], targets[i], out[i]
        top = largest[i]
        partition, mass, part = exp_row(a, top, row), 0.0, 0.0
        for first in range(0, a.shape[0], 1024):
            b, y = a[first : first + 1024], x[first : first + 1024]
            stretch, weight = a.dtype.type(0), a.dtype.type(0)
            for j in range(b.shape[0]):
                stretch += (b[j] - top) * y[j]
                weight += y[j]
            part += stretch
            mass += weight
        factor = a.dtype.type(scale * mass / partition)
        for j in range(a.shape[0]):
            row[j] = row[j] * factor - scale * x[j]
        total += mass * math.log(partition) - part
    return total


@njit(**JIT_FAST)
def multinomial_sparse(
    logits,  # IN   (n, D)
    largest,  # IN   (n,)     of each row of the logits; numpy finds it in vectors, NaN included
    data,  # IN   (nnz,)    targets
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    first,  # IN   row of the targets that belongs to logits[0]
    scale,  # IN   factor of the gradient
    out,  # OUT  (n, D)    scale * (mass * softmax(logits) - targets)
):
    """Return the summed multinomial cross-entropy."""
    total = 0.0
    for i in range(logits.shape[0]):
        a, row = logits[i], out[i]
        top = largest[i]
        partition, mass, part = exp_row(a, top, row), 0.0, 0.0
        start, stop = indptr[first + i], indptr[first + i + 1]
        for p in range(start, stop):
            mass += data[p]
            part += (a[indices[p]] - top) * data[p]
        factor = a.dtype.type(scale * mass / partition)
        for j in range(a.shape[0]):
            row[j] *= factor
        for p in range(start, stop):
            row[indices[p]] -= scale * data[p]
        total += mass * math.log(partition) - part
    return total


@njit(**JIT_FAST)
def classes_dense(
    logits,  # IN   (N, K)
    largest,  # IN   (n,)     of each row of the logits; numpy finds it in vectors, NaN included
    targets,  # IN   (N,)     int32, below K; rows below 0 are left out
    smoothing,  # IN   share of the target that all classes have alike
    scale,  # IN   factor of the gradient
    out,  # OUT  (N, K)   scale * (softmax(logits) - target)
):
    """Return the summed softmax cross-entropy."""
    total = 0.0
    for i in range(logits.shape[0]):
        a, row, k = logits[i], out[i], targets[i]
        if k < 0:
            for j in range(row.shape[0]):
                row[j] = a.dtype.type(0)
            continue
        top = largest[i]
        partition = exp_row(a, top, row)
        factor = a.dtype.type(scale / partition)
        for j in range(row.shape[0]):
            row[j] *= factor
        if smoothing > 0:
            spread = a.dtype.type(scale * smoothing / a.shape[0])
            part = 0.0
            for j in range(a.shape[0]):
                part += a[j]
                row[j] -= spread
            row[k] -= a.dtype.type(scale * (1 - smoothing))
            total += math.log(partition) + top - (1 - smoothing) * a[k] - smoothing * part / a.shape[0]
        else:
            row[k] -= scale
            total += math.log(partition) - (a[k] - top)
    return total
