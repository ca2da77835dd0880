"""Pairs of texts that are nearly the same, by MinHash and locality-sensitive hashing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks

__all__ = [
    "band_keys",
    "bands_and_rows",
    "candidate_probability",
    "joined",
    "near_duplicates",
    "signatures_of",
]

_minhash = load("minhash")

_TEXTS_PER_BLOCK = 512
# Of two texts as alike as the threshold at least this share must become candidates; those that are not alike enough are
# sorted out by their true similarity afterwards.
_FOUND = 0.99
# What the keys of the hashes are drawn from: the same texts have the same signatures everywhere.
_SEED = 0x6D696E68617368


def candidate_probability(similarity: Any, bands: int, rows: int) -> Any:
    """Return the chance ``1 - (1 - s**rows)**bands`` that two texts of Jaccard similarity s agree in a whole band.

    Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4.2.
    """
    return 1 - (1 - np.asarray(similarity, dtype=np.float64) ** rows) ** bands


def bands_and_rows(threshold: float, n_hashes: int) -> tuple[int, int]:
    """Return bands and rows, at most `n_hashes` together: the most rows that still find texts of `threshold`."""
    best = (n_hashes, 1)
    for rows in range(1, n_hashes + 1):
        if candidate_probability(threshold, n_hashes // rows, rows) < _FOUND:
            break
        best = (n_hashes // rows, rows)
    return best


def signatures_of(
    texts: list[str], shingle_size: int, n_hashes: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.int64]]:
    """Return the MinHash signatures, shape (n_texts, n_hashes), the shingles of all texts, and the bounds of each."""
    n = len(texts)
    shingler = _minhash.Shingler(shingle_size)
    parts = map_blocks(lambda a, b: shingler.shingle(texts, a, b), n, _TEXTS_PER_BLOCK)
    shingles = np.concatenate([np.empty(0, dtype=np.uint64), *(part[0] for part in parts)])
    bounds = np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *(np.diff(part[1]) for part in parts)]))
    keys = np.random.default_rng(_SEED).integers(0, 2**32, size=(2, n_hashes), dtype=np.uint32)
    keys[0] |= 1
    signatures = np.empty((n, n_hashes), dtype=np.uint32)
    map_blocks(lambda a, b: _minhash.sign(shingles, bounds, keys, a, b, signatures), n, _TEXTS_PER_BLOCK)
    return signatures, shingles, bounds


def near_duplicates(texts: list[str], *, threshold: float, shingle_size: int, n_hashes: int) -> NDArray[np.int64]:
    """Return for each text the position of the first text of its group (its own where it has no other).

    Two texts whose shingles have a Jaccard similarity of at least `threshold` and that agree in a band are of one
    group, and so are those that a chain of such pairs joins. The texts of a band are compared with those of it that
    were like none before them: a thousand copies of one text cost a thousand comparisons and not half a million.
    """
    bands, rows = bands_and_rows(threshold, n_hashes)
    signatures, shingles, bounds = signatures_of(texts, shingle_size, bands * rows)
    return joined(iter(band_keys(signatures, bands)), shingles, bounds, threshold)


def band_keys(signatures: NDArray[np.uint32], bands: int) -> NDArray[np.uint64]:
    """Return 64 bits for each band of each signature, shape (bands, n_texts): equal where the band is.

    A pair that chance throws together is sorted out by its similarity.
    """
    n, rows = len(signatures), signatures.shape[1] // bands
    keys = np.zeros((bands, n), dtype=np.uint64)
    for band in range(bands):
        key = keys[band]
        for column in range(band * rows, (band + 1) * rows):
            key[:] = (key ^ signatures[:, column]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(32)
    return keys


def joined(
    bands: Iterator[NDArray[np.uint64]], shingles: NDArray[np.uint64], bounds: NDArray[np.int64], threshold: float
) -> NDArray[np.int64]:
    """Return the groups of texts, given the keys of all texts band by band and their shingles."""
    group = np.arange(len(bounds) - 1)
    where = np.flatnonzero(np.diff(bounds))
    for keys in bands:
        for members in _equal(keys[where], where):
            leaders: list[int] = []
            for i in members:
                found = False
                for leader in leaders:  # all of them: a text may join groups that were apart
                    if _root(group, i) == _root(group, leader):
                        found = True
                    elif _minhash.jaccard(shingles, bounds, leader, i) >= threshold:
                        _join(group, leader, i)
                        found = True
                if not found:
                    leaders.append(i)
    while not np.array_equal(shorter := group[group], group):  # each to its root, twice as far a turn
        group = shorter
    return group


def _equal(key: NDArray[np.uint64], where: NDArray[np.int64]) -> Iterator[list[int]]:
    """Groups of at least two equal keys, as the positions `where` they stand, rising."""
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    same = sorted_key[1:] == sorted_key[:-1]
    starts = np.flatnonzero(same & ~np.concatenate(([False], same[:-1])))
    ends = np.flatnonzero(same & ~np.concatenate((same[1:], [False]))) + 2
    for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
        yield where[order[a:b]].tolist()


def _root(group: NDArray[np.int64], i: int) -> int:
    while group[i] != i:
        group[i] = group[group[i]]
        i = int(group[i])
    return i


def _join(group: NDArray[np.int64], a: int, b: int) -> None:
    a, b = _root(group, a), _root(group, b)
    group[max(a, b)] = min(a, b)
