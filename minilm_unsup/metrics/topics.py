"""What a list of topic words is worth to a reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._validation import check_matrix, check_texts
from ..ops.matmul import matmul

__all__ = ["npmi", "topic_diversity"]


def _check_topics(topic_words: Any) -> list[list[str]]:
    if isinstance(topic_words, (str, bytes)):
        raise TypeError(f"topic_words must be a list of lists of words, got a single {type(topic_words).__name__}")
    topics = [check_texts(words, f"topic_words[{i}]") for i, words in enumerate(topic_words)]
    if not any(topics):
        raise ValueError("topic_words must hold at least one word, got none")
    return topics


def topic_diversity(topic_words: Sequence[Sequence[str]]) -> float:
    """Share of different words among the words of all topics, in (0, 1] (Dieng et al. 2020, section 5).

    Parameters
    ----------
    topic_words : sequence of sequences of str
        The leading words of each topic; the source takes 25. More words a topic lower the value.

    Raises
    ------
    TypeError
        If a topic is a string, or a word is none.
    ValueError
        If there is no word at all.
    """
    words = [word for topic in _check_topics(topic_words) for word in topic]
    return len(set(words)) / len(words)


@overload
def npmi(
    topic_words: Sequence[Sequence[str]], counts: Any, feature_names: Sequence[str], *, per_topic: Literal[False] = ...
) -> float: ...
@overload
def npmi(
    topic_words: Sequence[Sequence[str]], counts: Any, feature_names: Sequence[str], *, per_topic: Literal[True]
) -> NDArray[np.float64]: ...
def npmi(
    topic_words: Sequence[Sequence[str]], counts: Any, feature_names: Sequence[str], *, per_topic: bool = False
) -> Any:
    """Coherence of topics: mean normalised pointwise mutual information of their word pairs (Bouma 2009, section 4.1).

    log(p(a, b) / (p(a) p(b))) / -log p(a, b), with p the share of documents of `counts` that hold the word, or both
    words. A topic scores the mean over its pairs, a model the mean over its topics (Lau et al. 2014). Whole documents
    are the window, not a few words of running text.

    Parameters
    ----------
    topic_words : sequence of sequences of str
        Pairs are taken within a topic; a word given twice in it counts once, a topic of one word has no pair.
    counts : CSR matrix of shape (n_documents, n_words), or dense
        The reference corpus: a word occurs where the value is above 0. Scores on different corpora do not compare.
    feature_names : sequence of str, shape (n_words,)
        Column names of `counts`; a topic word that is not among them counts as in no document.
    per_topic : bool
        Give the score of each topic.

    Returns
    -------
    float, or ndarray of shape (n_topics,), float64
        In [-1, 1], never NaN: -1 for a pair that never occurs together, 1 for two words that only do (in every
        document too, where the formula is 0 / 0 and this its limit). Topics without a pair are left out of the mean
        and have 0 on their own; 0 where there is no pair at all.

    Raises
    ------
    TypeError
        If a topic is a string, or a word is none.
    ValueError
        If there is no word, or `feature_names` does not name each column of `counts` once.
    """
    topics = [list(dict.fromkeys(topic)) for topic in _check_topics(topic_words)]
    X = check_matrix(counts, "counts", accept_sparse=True)
    X = CSRMatrix.from_dense(X) if isinstance(X, np.ndarray) else X
    n, n_words = X.shape
    names = check_texts(feature_names, "feature_names")
    column = {name: j for j, name in enumerate(names)}
    if not len(names) == len(column) == n_words:
        raise ValueError(
            f"feature_names must name each of the {n_words} columns of counts once, "
            f"got {len(names)} names, {len(column)} of them different"
        )
    place = np.full(n_words, -1, dtype=np.int64)
    wanted = sorted({column[word] for topic in topics for word in topic if word in column})
    place[wanted] = np.arange(len(wanted))
    stored = np.flatnonzero((place[X.indices] >= 0) & (X.data > 0))
    words, documents = place[X.indices[stored]], X.row_numbers()[stored]
    by_word = np.argsort(words, kind="stable")
    documents = documents[by_word]
    starts = np.searchsorted(words[by_word], np.arange(len(wanted) + 1))

    scores = np.zeros(len(topics))
    for t, topic in enumerate(topics):
        if len(topic) < 2:
            continue
        present = np.zeros((len(topic), n))
        for row, word in zip(present, topic, strict=True):
            if word in column:
                w = place[column[word]]
                row[documents[starts[w] : starts[w + 1]]] = 1
        together = matmul(present, present, transpose_b=True)  # whole numbers, exact up to 2^53 documents
        scores[t] = np.mean(_npmi_of_pairs(together, n))
    if per_topic:
        return scores
    with_pairs = [t for t, topic in enumerate(topics) if len(topic) > 1]
    return float(np.mean(scores[with_pairs])) if with_pairs else 0.0


def _npmi_of_pairs(together: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Score all pairs i < j from the numbers of documents that hold word i and word j, on the diagonal word i."""
    i, j = np.triu_indices(len(together), 1)
    both, a, b = together[i, j], together[i, i], together[j, j]
    some = (both > 0) & (both < n)
    out = np.where(both == n, 1.0, -1.0)
    both, a, b = both[some], a[some], b[some]
    out[some] = np.clip(np.log(both * n / (a * b)) / np.log(n / both), -1.0, 1.0)
    return out
