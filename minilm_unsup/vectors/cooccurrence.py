"""Word vectors from the documents that words share: positive pointwise mutual information, factored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT, njit
from .._parallel import map_blocks
from .._validation import kernel_view
from ..ops.sparse import csr_transpose
from .truncated_svd import randomized_svd

__all__ = ["cooccurrence_vectors"]

WORD_BLOCK = 256


def cooccurrence_vectors(
    X: CSRMatrix,
    n_components: int,
    *,
    n_contexts: int = 2000,
    power: float = 0.75,
    n_iter: int = 4,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return a vector for each column of a document-term matrix.

    Let C(w, c) be the number of documents that hold both the word w and the context c, c among the `n_contexts` words
    of the most documents (C(w, w) = 0). ``PPMI(w, c) = max(0, log(C(w, c) / (C(w) p(c))))`` with
    ``p(c) ~ C(c) ** power`` (Levy, Goldberg and Dagan 2015, equations 2 and 3). The square part, contexts by contexts,
    is factored as ``U diag(s) V.T``; the vector of every word is ``PPMI(w, :) @ V / sqrt(s)``, which for the contexts
    is ``U sqrt(s)``. So memory stays at n_contexts squared, and time grows with the values of `X` times the contexts of
    a document, whatever the vocabulary.

    Parameters
    ----------
    X : CSRMatrix of shape (N, V)
        Counts; which are not 0 is all that matters.
    n_components : int
        Length of a vector; at most the contexts, further entries are 0.
    n_contexts : int
    power : float
        1 for plain PMI; below 1 rare contexts count for less.
    n_iter : int
        Power iterations of `randomized_svd`.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (V, n_components), float32
    """
    n_words = X.shape[1]
    frequency = np.bincount(X.indices, minlength=n_words)
    contexts = np.sort(np.argsort(-frequency, kind="stable")[:n_contexts])
    place = np.full(n_words, -1, dtype=np.int64)
    place[contexts] = np.arange(len(contexts))
    by_word = csr_transpose(X)
    columns = place[X.indices]
    kept = columns >= 0
    offsets = np.concatenate(([0], np.cumsum(kept)))[X.indptr]
    structure = tuple(map(kernel_view, (by_word.indptr, by_word.indices, offsets, columns[kept], place)))

    def count(words: NDArray[np.int64]) -> NDArray[np.float32]:
        counts = np.zeros((len(words), len(contexts)), dtype=np.float32)
        count_contexts(words, *structure, counts)
        return counts

    def weigh(counts: NDArray[np.float32]) -> NDArray[np.float32]:
        totals = counts.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            np.log(counts, out=counts)
            counts -= np.log(np.maximum(totals, 1)) + log_share
        return np.maximum(counts, 0, out=counts)

    core = np.concatenate(map_blocks(lambda a, b: count(contexts[a:b]), len(contexts), WORD_BLOCK))
    share = core.sum(axis=1, dtype=np.float64) ** power
    vectors = np.zeros((n_words, n_components), dtype=np.float32)
    if not share.any():  # no two words ever meet
        return vectors
    with np.errstate(divide="ignore"):
        log_share = np.log(share / share.sum()).astype(np.float32)
    log_share[np.isneginf(log_share)] = 0  # a context that meets no other has no counts to weigh
    rank = min(n_components, len(contexts))
    _, s, Vt = randomized_svd(weigh(core), rank, n_iter=n_iter, n_oversamples=10, rng=rng)
    clear = s > 1e-6 * s[0]
    projection = np.where(clear, Vt.T / np.sqrt(np.where(clear, s, 1)), 0).astype(np.float32)

    def project(start: int, stop: int) -> None:
        np.matmul(weigh(count(np.arange(start, stop))), projection, out=vectors[start:stop, :rank])

    map_blocks(project, n_words, WORD_BLOCK)
    return vectors


@njit(**JIT)
def count_contexts(
    words,  # IN   (W,)       int64
    word_starts,  # IN   (V + 1,)   int64
    documents,  # IN   (nnz,)     int32  the documents of each word
    context_starts,  # IN   (N + 1,)   int64
    contexts,  # IN   (nnz_c,)   int64  the contexts of each document
    place,  # IN   (V,)       int64  of a word among the contexts, or -1
    counts,  # OUT  (W, C)     added to
):
    for w in range(words.shape[0]):
        word = words[w]
        row = counts[w]
        for p in range(word_starts[word], word_starts[word + 1]):
            document = documents[p]
            for q in range(context_starts[document], context_starts[document + 1]):
                row[contexts[q]] += 1
        if place[word] >= 0:
            row[place[word]] = 0
