"""Pairs of texts that are nearly the same, by MinHash and locality-sensitive hashing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks

__all__ = ["bands_and_rows", "candidate_probability", "near_duplicates"]

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


def near_duplicates(texts: list[str], *, threshold: float, shingle_size: int, n_hashes: int) -> NDArray[np.int64]:
    """Return for each text the position of the first text of its group (its own where it has no other).

    Two texts whose shingles have a Jaccard similarity of at least `threshold` and that agree in a band are of one
    group, and so are those that a chain of such pairs joins. The texts of a band are compared with those of it that
    were like none before them: a thousand copies of one text cost a thousand comparisons and not half a million.
    """
    n = len(texts)
    bands, rows = bands_and_rows(threshold, n_hashes)
    shingler = _minhash.Shingler(shingle_size)
    parts = map_blocks(lambda a, b: shingler.shingle(texts, a, b), n, _TEXTS_PER_BLOCK)
    shingles = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, dtype=np.uint64)
    lengths = np.concatenate([np.diff(part[1]) for part in parts]) if parts else np.empty(0, dtype=np.int64)
    bounds = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    keys = np.random.default_rng(_SEED).integers(0, 2**32, size=(2, bands * rows), dtype=np.uint32)
    keys[0] |= 1
    signatures = np.empty((n, bands * rows), dtype=np.uint32)
    map_blocks(lambda a, b: _minhash.sign(shingles, bounds, keys, a, b, signatures), n, _TEXTS_PER_BLOCK)
    group = np.arange(n)
    has_words = lengths > 0
    for band in range(bands):
        part = np.ascontiguousarray(signatures[:, band * rows : (band + 1) * rows])
        for members in _equal_rows(part, has_words):
            leaders: list[int] = []
            for i in members:
                for leader in leaders:
                    if _root(group, i) == _root(group, leader):
                        break
                    if _minhash.jaccard(shingles, bounds, leader, i) >= threshold:
                        _join(group, leader, i)
                        break
                else:
                    leaders.append(i)
    return np.array([_root(group, i) for i in range(n)], dtype=np.int64)


def _equal_rows(part: NDArray[np.uint32], wanted: NDArray[np.bool_]) -> list[list[int]]:
    """Groups of at least two equal rows among the wanted ones, positions rising."""
    where = np.flatnonzero(wanted)
    if len(where) < 2:
        return []
    whole = part[where].view(np.dtype((np.void, part.shape[1] * part.itemsize))).ravel()
    order = np.argsort(whole, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], whole[order][1:] != whole[order][:-1])))
    ends = np.append(starts[1:], len(order))
    found = np.flatnonzero(ends - starts > 1)
    return [where[order[starts[k] : ends[k]]].tolist() for k in found]


def _root(group: NDArray[np.int64], i: int) -> int:
    while group[i] != i:
        group[i] = group[group[i]]
        i = int(group[i])
    return i


def _join(group: NDArray[np.int64], a: int, b: int) -> None:
    a, b = _root(group, a), _root(group, b)
    group[max(a, b)] = min(a, b)
