"""Lloyd's algorithm in plain loops, float64."""

from __future__ import annotations

import math


def distance(x, c, metric):
    """Squared Euclidean distance, or 1 - cos (a vector of zeros is at distance 1)."""
    if metric == "euclidean":
        return sum((a - b) ** 2 for a, b in zip(x, c, strict=True))
    length = math.sqrt(sum(a * a for a in x)) * math.sqrt(sum(b * b for b in c))
    return 1.0 if length == 0 else 1.0 - sum(a * b for a, b in zip(x, c, strict=True)) / length


def assign(X, centers, metric):
    """Label and distance of each row: the nearest centre, the first where several are."""
    labels, distances = [], []
    for x in X:
        all_distances = [distance(x, c, metric) for c in centers]
        nearest = min(range(len(centers)), key=all_distances.__getitem__)
        labels.append(nearest)
        distances.append(all_distances[nearest])
    return labels, distances


def move(X, weight, labels, centers, metric):
    """c_k = sum_i r_ik w_i x_i / sum_i r_ik w_i; under cosine of the unit rows, brought to unit length."""
    moved = []
    for k, old in enumerate(centers):
        total, sums = 0.0, [0.0] * len(old)
        for x, w, label in zip(X, weight, labels, strict=True):
            if label != k:
                continue
            length = math.sqrt(sum(a * a for a in x)) if metric == "cosine" else 1.0
            for d, value in enumerate(x):
                sums[d] += w * value / length if length else 0.0
            total += w
        if total == 0:
            moved.append(list(old))
            continue
        center = [s / total for s in sums]
        if metric == "cosine":
            length = math.sqrt(sum(a * a for a in center))
            center = [a / length for a in center] if length > 0 else list(old)
        moved.append(center)
    return moved


def inertia(weight, distances):
    return sum(w * d for w, d in zip(weight, distances, strict=True))
