"""Chinese segmentation as it is defined: branching entropies from lists of neighbours, every cut of a run."""

from __future__ import annotations

import math
from collections import Counter, defaultdict


def cuts(run, words):
    """All ways to cut a run into words; a character at which none begins is one by itself."""
    if not run:
        return [[]]
    ends = [n for n in range(1, len(run) + 1) if run[:n] in words] or [1]
    return [[run[:n], *rest] for n in ends for rest in cuts(run[n:], words)]


def best_cut(run, words, unknown):
    """The cut with the highest sum, added from the right; of equal ones the one with longer words first."""

    def total(parts):
        out = 0.0
        for part in reversed(parts):
            out = words.get(part, unknown) + out
        return out

    return max(cuts(run, words), key=lambda parts: (total(parts), [len(part) for part in parts]))


def grams(runs, longest):
    """By substring: its count, right and left branching entropy, and autonomy; `runs`: counts."""
    counts, right, left = Counter(), defaultdict(Counter), defaultdict(Counter)
    for number, (run, count) in enumerate(runs.items()):
        for i in range(len(run)):
            for j in range(i + 1, min(len(run), i + longest) + 1):
                part = run[i:j]
                counts[part] += count
                for side, at, c in ((right, j, run[j : j + 1]), (left, i - 1, run[max(i - 1, 0) : i])):
                    if c:
                        side[part][c] += count
                    else:  # the end of a run: another neighbour each time
                        for k in range(count):
                            side[part][number, at, i, k] += 1

    def entropy(neighbours):
        total = sum(neighbours.values())
        return -sum(n / total * math.log(n / total) for n in neighbours.values())

    entropies = {part: (entropy(right[part]), entropy(left[part])) for part in counts}
    rises = defaultdict(dict)
    for part, (on_right, on_left) in entropies.items():
        short = len(part) == 1
        rises[len(part)][part] = (
            on_right - (0 if short else entropies[part[:-1]][0]),
            on_left - (0 if short else entropies[part[1:]][1]),
        )
    out = {}
    for some in rises.values():
        means = [sum(rise[k] for rise in some.values()) / len(some) for k in (0, 1)]
        for part, rise in some.items():
            out[part] = (counts[part], *entropies[part], rise[0] - means[0] + rise[1] - means[1])
    return out


def information(part, counts, n_places):
    """Pointwise mutual information at the weakest place."""
    return min(math.log(counts[part] * n_places / (counts[part[:k]] * counts[part[k:]])) for k in range(1, len(part)))
