"""Counts, weights and vectors of SentenceEmbedder and TopicModel by plain loops, float64."""

from __future__ import annotations

import math

import numpy as np


def ppmi(X, contexts, power):
    """PPMI of all words by the given contexts from a document-term matrix (n, V), loops over documents."""
    n_words = len(X[0])
    together = np.zeros((n_words, len(contexts)))
    for row in X:
        for w in range(n_words):
            for place, c in enumerate(contexts):
                if w != c and row[w] > 0 and row[c] > 0:
                    together[w, place] += 1
    share = np.array([together[c].sum() for c in contexts]) ** power
    share = share / share.sum()
    out = np.zeros_like(together)
    for w in range(n_words):
        total = together[w].sum()
        for place in range(len(contexts)):
            if together[w, place] > 0:
                out[w, place] = max(0.0, math.log(together[w, place] / (total * share[place])))
    return out


def class_tf_idf(X, labels, n_topics):
    """tf(t, c) log(1 + A / f(t)) with tf the share of t among the words of topic c."""
    n_words = len(X[0])
    per_topic = [[0.0] * n_words for _ in range(n_topics)]
    for row, label in zip(X, labels, strict=True):
        for t, value in enumerate(row):
            per_topic[label][t] += value
    mean_words = sum(map(sum, per_topic)) / n_topics
    out = []
    for words in per_topic:
        total = sum(words)
        weights = []
        for t in range(n_words):
            frequency = sum(other[t] for other in per_topic)
            weights.append(words[t] / total * math.log(1 + mean_words / frequency) if frequency and total else 0.0)
        out.append(weights)
    return out
