"""Scores by their definitions: plain loops over pairs, classes and permutations."""

from __future__ import annotations

import itertools
import math


def rand_pairs(a, b):
    """Pairs together in both, in a only, in b only, in neither."""
    both = only_a = only_b = neither = 0
    for i, j in itertools.combinations(range(len(a)), 2):
        in_a, in_b = a[i] == a[j], b[i] == b[j]
        both += in_a and in_b
        only_a += in_a and not in_b
        only_b += in_b and not in_a
        neither += not in_a and not in_b
    return both, only_a, only_b, neither


def ari(a, b):
    both, only_a, only_b, neither = rand_pairs(a, b)
    if only_a == 0 and only_b == 0:
        return 1.0
    numerator = 2.0 * (both * neither - only_a * only_b)
    return numerator / ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither))


def entropy(a):
    n = len(a)
    return -sum(a.count(v) / n * math.log(a.count(v) / n) for v in set(a))


def nmi(a, b):
    n = len(a)
    information = 0.0
    for u in set(a):
        for v in set(b):
            joint = sum(x == u and y == v for x, y in zip(a, b, strict=True)) / n
            if joint:
                information += joint * math.log(joint / (a.count(u) / n * b.count(v) / n))
    mean = (entropy(a) + entropy(b)) / 2
    return 1.0 if mean == 0 else information / mean


def lowest_cost(cost):
    """Cheapest assignment of all rows, R <= C, by trying every one."""
    rows, columns = range(len(cost)), range(len(cost[0]))
    return min(sum(cost[i][p[i]] for i in rows) for p in itertools.permutations(columns, len(cost)))


def matched_accuracy(a, b):
    classes, clusters = sorted(set(a)), sorted(set(b))
    hits = [[sum(x == u and y == v for x, y in zip(a, b, strict=True)) for v in clusters] for u in classes]
    if len(classes) > len(clusters):
        hits = [list(column) for column in zip(*hits, strict=True)]
    return -lowest_cost([[-h for h in row] for row in hits]) / len(a)


def silhouettes(X, labels, distance):
    out = []
    for i in range(len(X)):
        means = {}
        for c in set(labels):
            others = [distance(X[i], X[j]) for j in range(len(X)) if labels[j] == c and j != i]
            means[c] = sum(others) / len(others) if others else None
        a = means.pop(labels[i])
        if a is None:
            out.append(0.0)
            continue
        b = min(v for v in means.values() if v is not None)
        out.append((b - a) / max(a, b) if max(a, b) > 0 else 0.0)
    return out


def npmi_pair(documents, a, b):
    n = len(documents)
    pa, pb = sum(a in d for d in documents) / n, sum(b in d for d in documents) / n
    pab = sum(a in d and b in d for d in documents) / n
    if pab == 0:
        return -1.0
    if pab == 1:
        return 1.0
    return math.log(pab / (pa * pb)) / -math.log(pab)


def class_counts(truth, guess, c):
    """True positives, false positives and false negatives of class `c`."""
    tp = sum(t == c and g == c for t, g in zip(truth, guess, strict=True))
    fp = sum(t != c and g == c for t, g in zip(truth, guess, strict=True))
    fn = sum(t == c and g != c for t, g in zip(truth, guess, strict=True))
    return tp, fp, fn


def class_scores(truth, guess, labels, zero_division=0.0):
    """Precision, recall and F1 of each of `labels`, three lists."""

    def ratio(a, b):
        return a / b if b else zero_division

    out = [], [], []
    for c in labels:
        tp, fp, fn = class_counts(truth, guess, c)
        out[0].append(ratio(tp, tp + fp))
        out[1].append(ratio(tp, tp + fn))
        out[2].append(ratio(2 * tp, 2 * tp + fp + fn))
    return out


def conditional_entropy(a, given):
    """H(a | given): the entropy of `a` within each value of `given`, weighted by its share."""
    total = 0.0
    for v in set(given):
        part = [x for x, g in zip(a, given, strict=True) if g == v]
        total += len(part) / len(a) * entropy(part)
    return total


def homogeneity(truth, guess):
    return 1.0 if entropy(truth) == 0 else 1 - conditional_entropy(truth, guess) / entropy(truth)


def purity(truth, guess):
    clusters = [[t for t, g in zip(truth, guess, strict=True) if g == v] for v in set(guess)]
    return sum(max(part.count(t) for t in part) for part in clusters) / len(truth)


def cosine_distance(x, y):
    """1 - cos, 1 where either is zero: half the squared distance of the unit rows, which loses no digits."""
    nx, ny = math.hypot(*x), math.hypot(*y)
    if nx == 0 or ny == 0:
        return 1.0
    return sum((a / nx - b / ny) ** 2 for a, b in zip(x, y, strict=True)) / 2
