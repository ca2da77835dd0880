"""Counts and TF-IDF of lists of tokens, as dictionaries, by the formulas."""

from __future__ import annotations

import math
from collections import Counter


def ngrams(tokens, low, high):
    return [" ".join(tokens[i : i + n]) for n in range(low, high + 1) for i in range(len(tokens) - n + 1)]


def counts(lists, *, ngram_range=(1, 1), min_df=1, max_df=1.0, max_features=None, stop_words=(), binary=False):
    """Terms in the order of code points, and one dictionary term -> count a text."""
    rows = [Counter(ngrams([t for t in tokens if t not in stop_words], *ngram_range)) for tokens in lists]
    total, df = Counter(), Counter()
    for row in rows:
        total.update(row.keys() if binary else row)
        df.update(row.keys())
    least = min_df * len(lists) if isinstance(min_df, float) else min_df
    most = max_df * len(lists) if isinstance(max_df, float) else max_df
    terms = [t for t in sorted(df) if least <= df[t] <= most]
    if max_features is not None:
        terms = sorted(sorted(terms, key=lambda t: -total[t])[:max_features])
    kept = set(terms)
    return terms, [{t: 1 if binary else n for t, n in row.items() if t in kept} for row in rows]


def tfidf(terms, rows, *, norm="l2", use_idf=True, smooth_idf=True, sublinear_tf=False):
    n = len(rows)
    df = Counter(t for row in rows for t in row)
    idf = {}
    for t in terms:
        if not use_idf:
            idf[t] = 1.0
        elif smooth_idf:
            idf[t] = math.log((1 + n) / (1 + df[t])) + 1
        else:
            idf[t] = math.log(n / df[t]) + 1
    out = []
    for row in rows:
        weighed = {t: (1 + math.log(c) if sublinear_tf else c) * idf[t] for t, c in row.items()}
        if norm == "l1":
            length = sum(abs(v) for v in weighed.values())
        elif norm == "l2":
            length = math.sqrt(sum(v * v for v in weighed.values()))
        else:
            length = 1.0
        out.append({t: v / length if length else v for t, v in weighed.items()})
    return out


def bm25(terms, rows, fitted, *, k1=1.2, b=0.75):
    """Weights of `rows` by what the rows `fitted` hold."""
    n = len(fitted)
    df = Counter(t for row in fitted for t in row)
    mean = sum(sum(row.values()) for row in fitted) / n
    out = []
    for row in rows:
        slow = k1 * (1 - b + b * sum(row.values()) / mean) if row else 0
        out.append(
            {t: math.log(1 + (n - df[t] + 0.5) / (df[t] + 0.5)) * c * (k1 + 1) / (c + slow) for t, c in row.items()}
        )
    return out
