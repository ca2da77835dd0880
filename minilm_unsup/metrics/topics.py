"""What a list of topic words is worth to a reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._validation import check_matrix

__all__ = ["npmi", "topic_diversity"]


def topic_diversity(topic_words: Sequence[Sequence[str]]) -> float:
    """Share of different words among all words of all topics, in (0, 1] (Dieng et al. 2020, section 5).

    Raises
    ------
    ValueError
        If there is no word at all.
    """
    words = [word for topic in topic_words for word in topic]
    if not words:
        raise ValueError("topic_words must hold at least one word, got none")
    return len(set(words)) / len(words)


def npmi(topic_words: Sequence[Sequence[str]], counts: Any, feature_names: Sequence[str]) -> float:
    """Mean normalised pointwise mutual information of the word pairs of each topic (Bouma 2009; Lau et al. 2014).

    log(p(a, b) / (p(a) p(b))) / -log p(a, b), with p the share of documents of `counts` that hold the word or
    both words.

    Parameters
    ----------
    topic_words : sequence of sequences of str
        Pairs are taken within a topic; a topic of one word has none.
    counts : CSR matrix of shape (n_documents, n_words)
        The reference corpus: scores on different corpora do not compare.
    feature_names : sequence of str
        Column names of `counts`; a topic word that is not among them counts as in no document.

    Returns
    -------
    float
        In [-1, 1], never NaN: -1 for a pair that never occurs together, 1 for one that occurs in every document. 0
        where there is no pair.
    """
    X = check_matrix(counts, "counts", accept_sparse=True)
    if isinstance(X, np.ndarray):
        raise TypeError("counts must be a sparse matrix, got a dense one; wrap it: CSRMatrix.from_dense(counts)")
    n = X.shape[0]
    column = {name: j for j, name in enumerate(feature_names)}
    wanted = {word for topic in topic_words for word in topic if word in column}
    rows = X.row_numbers()
    chosen = {column[word]: word for word in wanted}
    documents: dict[str, Any] = {}
    keep = np.isin(X.indices, list(chosen)) & (X.data > 0)
    indices, rows = X.indices[keep], rows[keep]
    order = np.argsort(indices, kind="stable")
    indices, rows = indices[order], rows[order]
    for j, word in chosen.items():
        documents[word] = rows[np.searchsorted(indices, j) : np.searchsorted(indices, j, side="right")]
    nothing = np.empty(0, dtype=np.int64)
    scores = []
    for topic in topic_words:
        for i, a in enumerate(topic):
            for b in topic[:i]:
                in_a, in_b = documents.get(a, nothing), documents.get(b, nothing)
                both = len(np.intersect1d(in_a, in_b, assume_unique=True)) / n
                if both == 0:
                    scores.append(-1.0)
                elif both == 1:
                    scores.append(1.0)
                else:
                    scores.append(float(np.log(both / (len(in_a) / n * len(in_b) / n)) / -np.log(both)))
    return float(np.mean(scores)) if scores else 0.0
