"""Near-duplicates as they are defined: sets of shingles, every pair compared, groups by chains of alike pairs."""

from __future__ import annotations


def shingles(words, size):
    """Every `size` words that follow one another; all words, where there are fewer."""
    if len(words) <= size:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def jaccard(a, b):
    return len(a & b) / len(a | b) if a and b else 0.0


def groups(word_lists, size, threshold):
    """For each text the first text that a chain of alike pairs leads to."""
    sets = [shingles(words, size) for words in word_lists]
    first = list(range(len(sets)))
    changed = True
    while changed:
        changed = False
        for i, a in enumerate(sets):
            for j, b in enumerate(sets):
                if jaccard(a, b) >= threshold and first[i] != first[j]:
                    first[i] = first[j] = min(first[i], first[j])
                    changed = True
    return first
