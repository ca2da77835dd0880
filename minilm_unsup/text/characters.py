"""Which characters a vocabulary that is learned from words begins with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["code_points", "covering"]


def code_points(utf8: bytes) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the characters of `utf8` (n,) and where each begins, with the end behind (n + 1,)."""
    bytes_ = np.frombuffer(utf8, dtype=np.uint8)
    begins = np.flatnonzero((bytes_ & 0xC0) != 0x80)
    points = np.frombuffer(utf8.decode("utf-8").encode("utf-32-le"), dtype="<u4")
    return points, np.append(begins, len(bytes_))


def covering(points: NDArray[np.uint32], counts: NDArray[np.int64], coverage: float) -> NDArray[np.uint32]:
    """Return, sorted, the fewest most frequent characters that make up `coverage` of all; of equal ones the lower."""
    kinds, at = np.unique(points, return_inverse=True)
    total = np.zeros(len(kinds), dtype=np.int64)
    np.add.at(total, at, counts)
    order = np.argsort(-total, kind="stable")
    reached = np.cumsum(total[order])
    n = int(np.searchsorted(reached, coverage * reached[-1], side="left")) + 1 if len(reached) else 0
    return np.sort(kinds[order[:n]])
