"""Distances of steps as numbers that are added to the scores of attention."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT, njit

__all__ = ["add_by_bucket", "bias_of_buckets", "buckets_of"]


@lru_cache(maxsize=16)
def buckets_of(n_steps: int, n_buckets: int, most_distant: int, causal: bool) -> NDArray[np.int32]:
    """Return the bucket of each pair of query and key, (n_steps, n_steps).

    Small distances have a bucket each, larger ones share buckets whose bounds grow geometrically, and from
    `most_distant` on all share the last (Raffel et al. 2020, section 2.1). Keys behind the query have half of the
    buckets for themselves, unless they are not seen.
    """
    distance = np.arange(n_steps)[:, None] - np.arange(n_steps)[None, :]  # of a query from a key before it
    first = np.zeros_like(distance)
    if not causal:
        n_buckets //= 2
        first = np.where(distance < 0, n_buckets, 0)
        distance = np.abs(distance)
    else:
        distance = np.maximum(distance, 0)
    exact = n_buckets // 2
    shares = np.log(np.maximum(distance, 1) / exact) / math.log(most_distant / exact)
    far = np.minimum(exact + (shares * (n_buckets - exact)).astype(np.int64), n_buckets - 1)
    return (first + np.where(distance < exact, distance, far)).astype(np.int32)


def bias_of_buckets(table: NDArray, buckets: NDArray[np.int32]) -> NDArray:
    """Return the number of each head, query and key, (H, T, T), from the table (n_buckets, H)."""
    return np.ascontiguousarray(table[buckets].transpose(2, 0, 1))


@njit(**JIT)
def add_by_bucket(
    dscores,  # IN   (B, H, T, T)
    buckets,  # IN   (T, T)
    dtable,  # OUT  (n_buckets, H)   added to
):
    for b in range(dscores.shape[0]):
        for h in range(dscores.shape[1]):
            for i in range(dscores.shape[2]):
                row, own = dscores[b, h, i], buckets[i]
                for j in range(row.shape[0]):
                    dtable[own[j], h] += row[j]
