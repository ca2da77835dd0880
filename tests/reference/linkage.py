"""Hierarchical clustering by the update of Lance and Williams (1967), in plain loops, float64."""

from __future__ import annotations

import math


def distance(x, y, metric):
    if metric == "euclidean":
        return math.sqrt(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)))
    lengths = math.sqrt(sum(a * a for a in x)) * math.sqrt(sum(b * b for b in y))
    return 1.0 if lengths == 0 else 1.0 - sum(a * b for a, b in zip(x, y, strict=True)) / lengths


def linkage(X, method, metric="euclidean"):
    """The joins as rows (a, b, height, size), by brute force over all pairs at each step."""
    n = len(X)
    d = {(i, j): distance(X[i], X[j], metric) for i in range(n) for j in range(i + 1, n)}
    if method == "ward":
        d = {pair: value**2 for pair, value in d.items()}
    size = dict.fromkeys(range(n), 1)
    joins = []
    for step in range(n - 1):
        (i, j), height = min(d.items(), key=lambda item: item[1])
        union = n + step
        joins.append((i, j, math.sqrt(max(height, 0)) if method == "ward" else height, size[i] + size[j]))
        for k in list(size):
            if k in (i, j):
                continue
            ki, kj = d[min(i, k), max(i, k)], d[min(j, k), max(j, k)]
            n_i, n_j, n_k = size[i], size[j], size[k]
            a_i, a_j, b, c = {
                "single": (0.5, 0.5, 0.0, -0.5),
                "complete": (0.5, 0.5, 0.0, 0.5),
                "average": (n_i / (n_i + n_j), n_j / (n_i + n_j), 0.0, 0.0),
                "ward": (
                    (n_i + n_k) / (n_i + n_j + n_k),
                    (n_j + n_k) / (n_i + n_j + n_k),
                    -n_k / (n_i + n_j + n_k),
                    0.0,
                ),
            }[method]
            d[k, union] = a_i * ki + a_j * kj + b * height + c * abs(ki - kj)
        size[union] = size.pop(i) + size.pop(j)
        d = {pair: value for pair, value in d.items() if not {i, j} & set(pair)}
    return joins


def flat_clusters(joins, n, n_joins):
    """The leaves of each cluster after the first joins, as a set of frozensets."""
    members = {i: frozenset([i]) for i in range(n)}
    for step, (a, b, _, _) in enumerate(joins[:n_joins]):
        members[n + step] = members.pop(int(a)) | members.pop(int(b))
    return set(members.values())
