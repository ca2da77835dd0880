"""Topics: clusters of documents, named by the words that set them apart."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._estimator import ClusterMixin, Estimator, TransformerMixin
from .._history import History
from .._validation import (
    check_choice,
    check_is_fitted,
    check_labels,
    check_matrix,
    check_n_features,
    check_number,
    check_random_state,
)
from ..cluster.hierarchical import linkage
from ..cluster.kmeans import KMeans
from ..ops.matmul import matmul
from ..ops.sparse import csr_transpose_matmul, normalize_rows
from ..vectors.sentence_embedder import SentenceEmbedder

__all__ = ["TopicModel"]

FEWEST_TOPICS, MOST_TOPICS = 2, 30
DOCUMENTS_PER_SQUARED_TOPIC = 8
# Words kept for a topic after fit, and how many of the highest weight they are picked from.
WORDS_KEPT = 50
CANDIDATES = 4 * WORDS_KEPT
# Two Han words that overlap are taken for pieces of one where they share this much of the rarer one's documents.
SHARED_DOCUMENTS = 0.5


class TopicModel(ClusterMixin, TransformerMixin, Estimator):
    """Clusters of document vectors as topics, with words by class TF-IDF.

    The weight of the word t in the topic c is ``tf(t, c) log(1 + A / f(t))`` (Grootendorst 2022, equation 2): tf(t, c)
    is the share of t among the words of the topic, f(t) its count over all topics, A the mean number of words a topic.

    Parameters
    ----------
    n_topics : int or "auto", default "auto"
        "auto" takes ``sqrt(n_documents / 8)``, rounded, between 2 and 30.
    n_words : int, default 10
        Words that `topic_words` gives for a topic, 1 to 50.
    method : {"clusters"}
    n_init : int, default 3
        Starts of the spherical K-means.
    random_state : None, int or numpy.random.Generator

    Attributes
    ----------
    labels_ : ndarray of shape (n_documents,), int32
        Topic of each document, 0 to n_topics_ - 1; 0 is the largest, unless labels were given to ``fit``.
    classes_ : ndarray of shape (n_topics_,)
        The labels given to ``fit`` in the order of the topics, else 0, 1, ...
    n_topics_ : int
    topic_sizes_ : ndarray of shape (n_topics_,), int64
    topic_vectors_ : ndarray of shape (n_topics_, n_features)
        Mean direction of each topic, of unit length.
    similarity_ : ndarray of shape (n_documents,)
        Cosine of each document with its topic.
    embedder_ : SentenceEmbedder or None
        What made the vectors, where none were given.
    history_ : History or None
        Of the K-means, where it ran.
    n_features_in_ : int
        Columns of the counts.

    References
    ----------
    Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022.
    """

    _accepts_sparse = True
    _positive_only = True
    _preserves_dtype = ()  # counts in, float32 out

    def __init__(
        self,
        n_topics: int | str = "auto",
        *,
        n_words: int = 10,
        method: str = "clusters",
        n_init: int = 3,
        random_state: Any = None,
    ) -> None:
        self.n_topics = n_topics
        self.n_words = n_words
        self.method = method
        self.n_init = n_init
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any = None, *, vectors: Any = None, labels: Any = None, feature_names: Any = None
    ) -> TopicModel:
        """Find the topics of documents.

        Parameters
        ----------
        X : sparse or dense matrix of shape (n_documents, n_words)
            Counts, none negative: what topic words are taken from.
        y : ignored
        vectors : ndarray of shape (n_documents, n_features), optional
            What is clustered, by direction; a `SentenceEmbedder` makes them from `X` where they are left out.
        labels : sequence of n_documents labels, optional
            Topics already known; nothing is clustered then.
        feature_names : sequence of n_words strings, optional
            The columns of `X`; their numbers where left out.

        Raises
        ------
        ValueError
            For fewer than 2 documents, negative counts, or lengths that do not agree.
        """
        check_choice(self.method, "method", ("clusters",))
        check_number(self.n_words, "n_words", integer=True, low=1, high=WORDS_KEPT)
        counts = check_matrix(X, accept_sparse=True, min_samples=2, estimator="TopicModel")
        counts = counts if isinstance(counts, CSRMatrix) else CSRMatrix.from_dense(counts)
        if counts.nnz and float(counts.data.min()) < 0:
            raise ValueError(
                "Negative values in data passed to TopicModel: X must hold counts; give it counts, not scores"
            )
        with self._new_fit():
            self._fit(counts, vectors, labels, feature_names)
        return self

    def _fit(self, counts: CSRMatrix, vectors: Any, labels: Any, feature_names: Any) -> None:
        n = counts.shape[0]
        names = _check_names(feature_names, counts.shape[1])
        rng = check_random_state(self.random_state)
        self.embedder_ = None
        if vectors is None:
            self.embedder_ = SentenceEmbedder(random_state=int(rng.integers(2**31)))
            vectors = self.embedder_.fit_transform(counts)
        vectors = check_matrix(vectors, "vectors", estimator="TopicModel")
        if len(vectors) != n:
            raise ValueError(f"vectors must have one row a document: expected {n}, got {len(vectors)}")
        unit = np.asarray(normalize_rows(vectors))
        self.history_: History | None = None
        if labels is None:
            clusters = KMeans(
                self._number_of_topics(n), metric="cosine", n_init=self.n_init, random_state=int(rng.integers(2**31))
            ).fit(unit)
            self.history_ = clusters.history_
            self.labels_ = _by_falling_size(clusters.labels_)
            self.classes_ = np.arange(int(self.labels_.max()) + 1)
        else:
            self.classes_, self.labels_ = np.unique(check_labels(labels, "labels", n_samples=n), return_inverse=True)
        self.labels_ = self.labels_.astype(np.int32)
        self.n_topics_ = len(self.classes_)
        self.topic_sizes_ = np.bincount(self.labels_, minlength=self.n_topics_)
        membership = np.zeros((n, self.n_topics_))
        membership[np.arange(n), self.labels_] = 1
        means = matmul(np.ascontiguousarray(membership.T), unit.astype(np.float64, copy=False))
        self.topic_vectors_ = np.asarray(normalize_rows(means)).astype(unit.dtype)
        self.similarity_ = np.einsum("nd,nd->n", unit, self.topic_vectors_[self.labels_])
        self.n_features_in_ = int(counts.shape[1])
        self._words = _pick_words(_class_tf_idf(counts, membership), counts, names)

    def topic_words(self, topic: int | None = None, n: int | None = None) -> list[list[tuple[str, float]]]:
        """Return the words of each topic with their weights, highest first.

        Redundant words are left out: of forms with one stem (case and a plural ending aside) the highest stays; a term
        whose words are all in a kept longer term, or hold all of a kept one, goes; and of Han words that overlap
        (机器学, 器学习) and stand in the same documents one stays. Words of a single character come last.

        Parameters
        ----------
        topic : int, optional
            This one alone.
        n : int, optional
            How many words, 1 to 50; ``n_words`` where left out. Topics of few words give fewer.
        """
        check_is_fitted(self, "topic_vectors_")
        n = check_number(self.n_words if n is None else n, "n", integer=True, low=1, high=WORDS_KEPT)
        if topic is None:
            return [words[:n] for words in self._words]
        return [self._words[check_number(topic, "topic", integer=True, low=0, high=self.n_topics_ - 1)][:n]]

    def representative_documents(self, n: int = 5) -> list[NDArray[np.int64]]:
        """Return for each topic the numbers of the `n` documents nearest to its vector, nearest first."""
        check_is_fitted(self, "topic_vectors_")
        n = check_number(n, "n", integer=True, low=1)
        order = np.lexsort((-self.similarity_, self.labels_))
        stops = np.cumsum(self.topic_sizes_)
        return [
            order[stop - size : stop][:n] for stop, size in zip(stops.tolist(), self.topic_sizes_.tolist(), strict=True)
        ]

    def hierarchy(self) -> NDArray[np.float64]:
        """Return the linkage matrix of the topic vectors: average linkage of 1 - cos."""
        check_is_fitted(self, "topic_vectors_")
        if self.n_topics_ < 2:
            raise ValueError("a hierarchy needs at least 2 topics, got 1")
        return linkage(self.topic_vectors_, "average", "cosine")

    def transform(self, X: Any = None, *, vectors: Any = None) -> NDArray:
        """Return the cosine of each document with each topic, shape (n_documents, n_topics_).

        Parameters
        ----------
        X : sparse or dense matrix of shape (n_documents, n_words)
            Counts over the words of ``fit``; not needed beside `vectors`.
        vectors : ndarray of shape (n_documents, n_features)
            Made as those that were given to ``fit``; needed where such were given.
        """
        check_is_fitted(self, "topic_vectors_")
        if vectors is None:
            if self.embedder_ is None:
                raise ValueError(
                    "vectors must be given: TopicModel was fitted with vectors made elsewhere; make them the same way"
                )
            check_n_features(self, check_matrix(X, accept_sparse=True, estimator="TopicModel"))
            vectors = self.embedder_.transform(X)
        vectors = check_matrix(vectors, "vectors", estimator="TopicModel")
        if vectors.shape[1] != self.topic_vectors_.shape[1]:
            raise ValueError(
                f"vectors has {vectors.shape[1]} features, but TopicModel is expecting {self.topic_vectors_.shape[1]}; "
                f"make them as those of fit were made"
            )
        unit = np.asarray(normalize_rows(vectors.astype(self.topic_vectors_.dtype, copy=False)))
        return matmul(unit, self.topic_vectors_, transpose_b=True)

    def predict(self, X: Any = None, *, vectors: Any = None) -> NDArray[np.int32]:
        """Return the topic of the highest cosine for each document, int32; parameters as in `transform`."""
        return self.transform(X, vectors=vectors).argmax(axis=1).astype(np.int32)

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Return what storage needs: a dict for JSON and a dict of arrays."""
        check_is_fitted(self, "topic_vectors_")
        params = self._storable_params()
        config: dict[str, Any] = {"params": params, "classes": self.classes_.tolist(), "words": self._words}
        config["n_features_in"] = self.n_features_in_
        arrays = {"labels": self.labels_, "similarity": self.similarity_, "topic_vectors": self.topic_vectors_}
        if self.embedder_ is not None:
            config["embedder"], parts = self.embedder_.get_state()
            arrays |= {f"embedder.{name}": value for name, value in parts.items()}
        return config, arrays

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray]) -> TopicModel:
        """Return the model whose `get_state` this is."""
        model = cls(**config["params"])
        model.classes_ = np.asarray(config["classes"])
        model.labels_, model.similarity_ = arrays["labels"], arrays["similarity"]
        model.topic_vectors_ = arrays["topic_vectors"]
        model.n_topics_ = len(model.topic_vectors_)
        model.n_features_in_ = int(config["n_features_in"])
        model.topic_sizes_ = np.bincount(model.labels_, minlength=model.n_topics_)
        model._words = [[(str(word), float(weight)) for word, weight in words] for words in config["words"]]
        model.history_ = None
        model.embedder_ = None
        if "embedder" in config:
            start = "embedder."
            parts = {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
            model.embedder_ = SentenceEmbedder.from_state(config["embedder"], parts)
        return model

    def _number_of_topics(self, n: int) -> int:
        if isinstance(self.n_topics, str):
            check_choice(self.n_topics, "n_topics", ("auto",))
            wanted = round((n / DOCUMENTS_PER_SQUARED_TOPIC) ** 0.5)
            return min(n, max(FEWEST_TOPICS, min(MOST_TOPICS, wanted)))
        n_topics = check_number(self.n_topics, "n_topics", integer=True, low=1)
        if n_topics > n:
            raise ValueError(f"n_topics must be at most the number of documents, {n}, got {n_topics}")
        return n_topics


def _by_falling_size(labels: NDArray) -> NDArray[np.int64]:
    """Number clusters by falling size, equal ones by their old number; numbers without documents are left out."""
    _, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return rank[labels]


def _check_names(feature_names: Any, n_words: int) -> list[str]:
    if feature_names is None:
        return [str(i) for i in range(n_words)]
    names = [str(name) for name in feature_names]
    if len(names) != n_words:
        raise ValueError(f"feature_names must have one name a column of X: expected {n_words}, got {len(names)}")
    return names


def _class_tf_idf(counts: CSRMatrix, membership: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each word in each topic, shape (n_topics, n_words)."""
    per_topic = csr_transpose_matmul(counts, membership).T
    totals = per_topic.sum(axis=1, keepdims=True)
    frequency = per_topic.sum(axis=0)
    mean_words = float(totals.mean())
    inverse = np.log1p(np.divide(mean_words, frequency, out=np.zeros_like(frequency), where=frequency > 0))
    return per_topic / np.maximum(totals, 1) * inverse


def _pick_words(weights: NDArray, counts: CSRMatrix, names: list[str]) -> list[list[tuple[str, float]]]:
    """Return the words of each topic, highest weight first, single characters last, redundant ones left out."""
    n_candidates = min(CANDIDATES, weights.shape[1])
    tops = np.argpartition(-weights, n_candidates - 1, axis=1)[:, :n_candidates]
    # Documents of the candidate words that are Han: the only ones whose overlap is looked up.
    han = {int(j) for j in np.unique(tops) if _is_han(names[j])}
    documents: dict[int, set[int]] = {j: set() for j in han}
    if han:
        marked = np.zeros(counts.shape[1], dtype=bool)
        marked[list(han)] = True
        where = np.flatnonzero(marked[counts.indices])
        rows = counts.row_numbers()[where]
        for j, i in zip(counts.indices[where].tolist(), rows.tolist(), strict=True):
            documents[j].add(i)
    topics = []
    for row, top in zip(weights, tops, strict=True):
        kept: list[tuple[int, frozenset[str]]] = []
        ordered = [j for j in top[np.lexsort((top, -row[top]))].tolist() if row[j] > 0]
        # A single character, Han or Latin, says little on its own: such words come last.
        ordered.sort(key=lambda j: len(names[j]) == 1)
        for j in ordered:
            if len(kept) == WORDS_KEPT:
                break
            stems = frozenset(map(_stem, names[j].split()))
            if not any(
                stems <= other or other <= stems or (j in han and k in han and _are_pieces(j, k, names, documents))
                for k, other in kept
            ):
                kept.append((j, stems))
        topics.append([(names[j], float(row[j])) for j, _ in kept])
    return topics


def _stem(word: str) -> str:
    """Return `word` in lower case without an English plural ending (not after s, u or i: class, bus, this)."""
    word = word.casefold().removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word


def _is_han(word: str) -> bool:
    return word != "" and all("\u3400" <= c <= "\u9fff" or "\U00020000" <= c <= "\U000323af" for c in word)


def _are_pieces(j: int, k: int, names: list[str], documents: dict[int, set[int]]) -> bool:
    """Tell whether two Han words overlap (one in the other, or end to start) and mostly stand in the same documents."""
    a, b = names[j], names[k]
    overlap = a in b or b in a
    for left, right in itertools.permutations((a, b)):
        overlap = overlap or any(left[-size:] == right[:size] for size in range(1, min(len(left), len(right))))
    if not overlap:
        return False
    shared = len(documents[j] & documents[k])
    return shared >= SHARED_DOCUMENTS * min(len(documents[j]), len(documents[k]))
