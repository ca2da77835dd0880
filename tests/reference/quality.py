"""Repetition of n-grams, by dictionaries of tuples."""

from __future__ import annotations

from tests.reference.clean import is_han


def words(text):
    spans, start = [], None
    for i, c in enumerate([*text, " "]):
        run = c.isalnum() and not is_han(c)
        if start is not None and not run:
            spans.append((start, i))
            start = None
        if is_han(c):
            spans.append((i, i + 1))
        elif run and start is None:
            start = i
    return spans


def top(text, spans, size):
    """Characters of all occurrences of the most frequent n-gram; of several the longest."""
    found = {}
    for i in range(len(spans) - size + 1):
        gram = spans[i : i + size]
        found.setdefault(tuple(text[a:b] for a, b in gram), []).append(gram[-1][1] - gram[0][0])
    most = max(((len(lengths), sum(lengths)) for lengths in found.values()), default=(0, 0))
    return most[1] if most[0] > 1 else 0


def duplicate(text, spans, size):
    seen, total, i = set(), 0, 0
    while i + size <= len(spans):
        gram = tuple(text[a:b] for a, b in spans[i : i + size])
        if gram in seen:
            total += spans[i + size - 1][1] - spans[i][0]
            i += size
        else:
            seen.add(gram)
            i += 1
    return total
