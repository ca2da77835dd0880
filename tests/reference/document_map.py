"""The layout of a document map by plain loops in float64: UMAP algorithm 5 with LargeVis's curve."""

from __future__ import annotations

import math

MASK = 2**64 - 1


def split_mix(state):
    """SplitMix64 (Steele, Lea and Flood 2014): the finaliser that turns a counter into a draw."""
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def move_points(heads, tails, period, n_epochs, key, points, n_negatives, gravity):
    Y = [[float(v) for v in point] for point in points]
    due = [float(p) for p in period]
    state = int(key)
    for epoch in range(1, n_epochs + 1):
        rate = 1 - (epoch - 1) / n_epochs
        for e, (i, j) in enumerate(zip(heads, tails, strict=True)):
            if due[e] > epoch:
                continue
            due[e] += float(period[e])
            apart = [Y[i][c] - Y[j][c] for c in (0, 1)]
            s = apart[0] ** 2 + apart[1] ** 2
            for c in (0, 1):  # d log(1 / (1 + s)) / d y_i = -2 (y_i - y_j) / (1 + s)
                Y[i][c] -= rate * 2 * apart[c] / (1 + s)
                Y[j][c] += rate * 2 * apart[c] / (1 + s)
            for _ in range(n_negatives):
                state = (state + 0x9E3779B97F4A7C15) & MASK
                other = ((split_mix(state) >> 32) * len(Y)) >> 32
                if other == i:
                    continue
                apart = [Y[i][c] - Y[other][c] for c in (0, 1)]
                s = apart[0] ** 2 + apart[1] ** 2
                for c in (0, 1):  # d log(s / (1 + s)) / d y_i = 2 (y_i - y_k) / (s (1 + s))
                    Y[i][c] += rate * max(-4.0, min(4.0, 2 * apart[c] / ((0.001 + s) * (1 + s))))
            for c in (0, 1):
                Y[i][c] *= 1 - rate * gravity
    return Y


def fuzzy_union(neighbors, weights):
    """Weight ``a + b - a b`` of each ordered pair that is an edge from at least one end."""
    own = {
        (i, int(j)): float(w)
        for i, (row, ws) in enumerate(zip(neighbors, weights, strict=True))
        for j, w in zip(row, ws, strict=True)
    }
    union = {}
    for i, j in own:
        a, b = own[i, j], own.get((j, i), 0.0)
        union[i, j] = union[j, i] = a + b - a * b
    return union


def sorted_distances(X):
    """Chord lengths from each row to all others, rising: X of unit rows."""
    return [
        sorted(math.dist([float(v) for v in a], [float(v) for v in b]) for j, b in enumerate(X) if j != i)
        for i, a in enumerate(X)
    ]
