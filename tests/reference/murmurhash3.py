"""MurmurHash3_x86_32, with Python's whole numbers."""

from __future__ import annotations

MASK = 2**32 - 1


def rotate(x, r):
    return (x << r | x >> (32 - r)) & MASK


def murmurhash3(key, seed=0):
    h = seed
    for i in range(0, len(key), 4):
        part = key[i : i + 4]
        h ^= rotate(int.from_bytes(part, "little") * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK
        if len(part) == 4:
            h = (rotate(h, 13) * 5 + 0xE6546B64) & MASK
    h ^= len(key)
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    h ^= h >> 16
    return h - 2**32 if h >= 2**31 else h
