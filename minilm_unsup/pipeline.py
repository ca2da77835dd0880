"""The whole pipeline as one object: clean, denoise, tokenise, weigh, encode, cluster, and classify where labels are."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._csr import CSRMatrix
from ._estimator import Estimator
from ._exceptions import DataWarning, EmptyVocabularyError, StorageError
from ._progress import Progress
from ._storage import load_directory, save_directory
from ._validation import check_flag, check_is_fitted, check_number, check_random_state, check_texts
from .pipeline_state import STAGES, stages_from, states_of, tokenizer_json

if TYPE_CHECKING:
    from .models.autoencoder import Autoencoder
    from .models.gan import GAN
    from .models.text_classifier import TextClassifier
    from .models.topic_model import TopicModel
    from .text.tfidf import TfidfVectorizer

__all__ = ["TextPipeline"]

# Documents up to which Ward's clustering sees every pair; beyond it a seeded sample this large is clustered and the
# others go to the nearest cluster mean. 5,000 documents hold 12.5 million pairs: 100 MB.
_MOST_HIERARCHICAL = 5_000
# Rows that the GAN is shown in all.
_GAN_ROWS = 400_000


class TextPipeline(Estimator):
    """Raw text to codes, topics and labels.

    ``fit`` cleans the texts, drops junk and duplicates, counts words, weighs them by TF-IDF, trains a denoising
    autoencoder, clusters the documents by K-means and hierarchically, names the topics, and fine-tunes a classifier on
    the labels there are.

    Parameters
    ----------
    profile : str
        Profile of the `TextCleaner`.
    min_df : int or "auto"
        Documents a word must occur in; "auto" is 2, or 1 for fewer than 50 documents.
    max_df : float or "auto"
        Share of documents above which a word is dropped; "auto" is 0.5, or 1 for fewer than 50 documents and where
        fewer than two words would be left.
    max_features : int
        Most words in the vocabulary, by count.
    stop_words : "auto", None, str or list of str
        As for `CountVectorizer`.
    code_size : int
        Features of the autoencoder's code.
    epochs : int
        Epochs of the autoencoder.
    n_topics : int or "auto"
        Number of topics.
    gan : bool
        Whether a `GAN` learns to make codes like those of the documents.
    random_state : None, int or Generator
        The same int gives the same bits on any number of threads.

    Attributes
    ----------
    kept_indices_ : ndarray of int64
        The documents, by position in what ``fit`` was given, that cleaning kept; what follows has one row for each.
    codes_ : ndarray of shape (n_kept, code_size), float32
        Codes of the autoencoder.
    vectors_ : ndarray of shape (n_kept, d), float32
        Unit rows the clusters are made from.
    labels_ : ndarray of shape (n_kept,), int32
        Topic of each document; topics are numbered by falling size.
    hierarchical_labels_ : ndarray of shape (n_kept,), int32
        Cluster of each document by Ward linkage, as many clusters as topics.
    cleaner_, vectorizer_, embedder_, autoencoder_, topic_model_, classifier_, gan_
        The fitted stages; `classifier_` is None without labels, `gan_` where none was asked for.
    cleaning_report_, removal_report_
        What cleaning edited, and which documents it dropped and why.
    counts_ : CSRMatrix of shape (n_kept, n_words)
        Word counts of the kept documents.
    """

    def __init__(
        self,
        *,
        profile: str = "topics",
        min_df: int | str = "auto",
        max_df: float | str = "auto",
        max_features: int = 10_000,
        stop_words: Any = "auto",
        code_size: int = 64,
        epochs: int = 10,
        n_topics: int | str = "auto",
        gan: bool = False,
        random_state: Any = 0,
    ) -> None:
        self.profile = profile
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features
        self.stop_words = stop_words
        self.code_size = code_size
        self.epochs = epochs
        self.n_topics = n_topics
        self.gan = gan
        self.random_state = random_state

    def fit(
        self, texts: Sequence[str], y: Sequence[Any] | None = None, *, progress: Progress | None = None
    ) -> TextPipeline:
        """Learn from `texts`.

        Parameters
        ----------
        texts : sequence of str
            At least two different documents must be left after cleaning.
        y : sequence of labels, optional
            One label a text; None (or an empty string) where there is none.
        progress : Progress, optional
            Told of each stage.

        Returns
        -------
        TextPipeline

        Raises
        ------
        ValueError
            If too little text is left after cleaning, or a parameter is out of range.
        """
        progress = Progress() if progress is None else progress
        texts = check_texts(texts)
        labels = self.check_labels(y, len(texts))
        code_size = check_number(self.code_size, "code_size", integer=True, low=2)
        epochs = check_number(self.epochs, "epochs", integer=True, low=1)
        with_gan = check_flag(self.gan, "gan")
        seeds = check_random_state(self.random_state).integers(0, 2**31 - 1, size=6).tolist()

        with self._new_fit():
            self.n_texts_ = len(texts)
            cleaned = self._clean(texts, progress)
            self._count(cleaned, progress)
            self._encode(code_size, epochs, seeds[0], progress)
            self._cluster(seeds[1], seeds[2], progress)
            self.classifier_seed_, self.map_seed_ = seeds[3], seeds[4]
            self.gan_: GAN | None = self._imitate(seeds[5], progress) if with_gan else None
            self.classifier_: TextClassifier | None = None
            if labels is not None:
                self.fine_tune(labels, progress=progress)
        return self

    @staticmethod
    def check_labels(y: Sequence[Any] | None, n_texts: int) -> list[Any] | None:
        """Return `y` as a list with None for every missing label, or None where there is no label at all.

        Raises
        ------
        ValueError
            If the number of labels is not that of the texts, or only one class is among them.
        """
        if y is None:
            return None
        labels = [None if label is None or label == "" or label != label else label for label in y]  # NaN != NaN
        if len(labels) != n_texts:
            raise ValueError(f"labels must have one entry a text: expected {n_texts}, got {len(labels)}")
        known = [label for label in labels if label is not None]
        if not known:
            return None
        if len({type(label) for label in known}) > 1 and any(isinstance(label, str) for label in known):
            raise TypeError("labels must not mix strings with other values")
        if len(set(known)) < 2:
            raise ValueError(
                f"labels hold only the class {known[0]!r}; a classifier needs at least 2: give other labels, or none"
            )
        return labels

    def fine_tune(self, y: Sequence[Any], *, progress: Progress | None = None) -> TextPipeline:
        """Train the classifier on labels of the texts that `fit` was given.

        Parameters
        ----------
        y : sequence
            One a text; None or "" where there is none.
        progress : Progress, optional
            Told of the stage.

        Raises
        ------
        ValueError
            If fewer than two classes are among the kept documents.
        """
        from .models import TextClassifier

        check_is_fitted(self, "tfidf_")
        progress = Progress() if progress is None else progress
        labels = self.check_labels(y, self.n_texts_)
        rows = [] if labels is None else [r for r, i in enumerate(self.kept_indices_) if labels[i] is not None]
        names = [labels[self.kept_indices_[r]] for r in rows]  # type: ignore[index]
        if len(set(names)) < 2:
            raise ValueError(
                f"the labels of the documents that cleaning kept hold {len(set(names))} class(es); "
                f"a classifier needs at least 2: give more labels, or none"
            )
        progress.start("fine-tune")
        classifier = TextClassifier(self.autoencoder_, fine_tune=True, random_state=self.classifier_seed_)
        classifier.fit(self.tfidf_.take(np.array(rows, dtype=np.int64)), names)
        self.classifier_ = classifier
        progress.finish(f"{len(rows):,} labels of {len(set(names))} classes")
        return self

    def _clean(self, texts: list[str], progress: Progress) -> list[str]:
        from .text import Deduplicator, QualityFilter, RemovalReport, TextCleaner

        progress.start("clean")
        self.cleaner_ = TextCleaner(profile=self.profile)
        cleaned, self.cleaning_report_ = self.cleaner_.clean_batch(texts)
        touched = sum(a is not b and a != b for a, b in zip(texts, cleaned, strict=True))
        progress.finish(f"{len(texts):,} documents, {touched:,} edited")

        progress.start("denoise")
        reasons = QualityFilter(preset="short").reasons(cleaned)
        good = [i for i, reason in enumerate(reasons) if reason is None]
        for i, first in zip(good, Deduplicator().first_occurrence([cleaned[i] for i in good]), strict=True):
            if good[first] != i:
                reasons[i] = "duplicate"
        self.removal_report_ = RemovalReport.from_reasons(texts, reasons)
        self.kept_indices_ = np.array([i for i in good if reasons[i] is None], dtype=np.int64)
        kept = [cleaned[i] for i in self.kept_indices_]
        dropped = len(texts) - len(kept)
        if len(kept) < 2:
            counted = ", ".join(f"{count} {reason}" for reason, count in self.removal_report_.counts.items())
            raise ValueError(
                f"{len(kept)} of {len(texts)} documents left after cleaning (dropped: {counted or 'none'}); "
                f"at least 2 different documents with words are needed: give more text"
            )
        progress.finish(f"{len(kept):,} documents kept, {dropped:,} dropped")
        return kept

    def make_vectorizer(self, n_texts: int) -> TfidfVectorizer:
        """Return the unfitted vectorizer that `fit` would use for `n_texts` cleaned documents."""
        from .text import TfidfVectorizer, WordTokenizer

        few = n_texts < 50
        min_df: Any = (1 if few else 2) if self.min_df == "auto" else self.min_df
        max_df: Any = (1.0 if few else 0.5) if self.max_df == "auto" else self.max_df
        return TfidfVectorizer(
            tokenizer=WordTokenizer(),
            min_df=min_df,
            max_df=max_df,
            max_features=self.max_features,
            stop_words=self.stop_words,
            sublinear_tf=True,
            dtype=np.float32,
        )

    def _fit_vectorizer(self, cleaned: list[str]) -> int:
        """Count words; how many are kept."""
        self.vectorizer_ = self.make_vectorizer(len(cleaned))
        limits = [self.vectorizer_.max_df, *([1.0] if self.max_df == "auto" else [])]
        for self.vectorizer_.max_df in limits:
            try:
                self.counts_ = self.vectorizer_.fit_counts(cleaned)
            except EmptyVocabularyError:
                continue
            if self.counts_.shape[1] > 1:
                return self.counts_.shape[1]
        return 0

    def _count(self, cleaned: list[str], progress: Progress) -> None:
        progress.start("tokenise")
        n_words = self._fit_vectorizer(cleaned)
        if n_words == 0:
            raise ValueError(
                f"too few of the {len(cleaned)} documents left after cleaning share a word: at least 2 words besides "
                f"stop words must occur in {self.vectorizer_.min_df} of them; give more text, or in Python "
                f"stop_words=None"
            )
        progress.finish(f"{int(self.counts_.sum()):,} words, {n_words:,} different ones kept")
        progress.start("tf-idf")
        self.tfidf_ = self.vectorizer_.weigh(self.counts_)
        empty = int(np.sum(np.diff(self.tfidf_.indptr) == 0))
        if empty:
            warnings.warn(
                f"{empty} of {len(cleaned)} documents hold no word of the vocabulary; they share one code and topic",
                DataWarning,
                stacklevel=3,
            )
        progress.finish(f"{self.tfidf_.nnz:,} values, {self.tfidf_.nnz / len(cleaned):.0f} a document")

    def _encode(self, code_size: int, epochs: int, seed: int, progress: Progress) -> None:
        from .models import Autoencoder
        from .training import ProgressReporter

        progress.start("autoencoder")
        self.autoencoder_: Autoencoder = Autoencoder(
            hidden_sizes=(code_size,),
            loss="multinomial",
            noise="masking",
            epochs=epochs,
            learning_rate=0.003,
            batch_size=128,
            validation_split=0.1,
            random_state=seed,
            callbacks=[ProgressReporter(progress)],
        )
        self.autoencoder_.fit(self.tfidf_)
        self.autoencoder_.callbacks = None
        self.codes_ = self.autoencoder_.transform(self.tfidf_)
        progress.finish(
            f"{self.tfidf_.shape[1]:,} to {code_size} features, loss {self.autoencoder_.history_['loss'][-1]:.4f}"
        )

    def _cluster(self, seed: int, hierarchical_seed: int, progress: Progress) -> None:
        from .cluster import AgglomerativeClustering
        from .models import TopicModel
        from .vectors import SentenceEmbedder

        progress.start("vectors")
        self.embedder_ = SentenceEmbedder(random_state=seed)
        self.vectors_ = self.embedder_.fit_transform(self.counts_)
        progress.finish(f"{self.vectors_.shape[1]} features")
        progress.start("k-means")
        self.topic_model_: TopicModel = TopicModel(n_topics=self.n_topics, random_state=seed)
        self.topic_model_.fit(
            self.counts_, vectors=self.vectors_, feature_names=self.vectorizer_.get_feature_names_out()
        )
        self.labels_ = self.topic_model_.labels_
        sizes = self.topic_model_.topic_sizes_
        n_topics = len(sizes)
        progress.finish(f"{n_topics} topics of {sizes.min():,} to {sizes.max():,} documents")

        progress.start("hierarchy")
        n = len(self.vectors_)
        rows: Any = slice(None)
        if n > _MOST_HIERARCHICAL:
            rows = np.sort(np.random.default_rng(hierarchical_seed).choice(n, _MOST_HIERARCHICAL, replace=False))
        model = AgglomerativeClustering(n_clusters=n_topics, linkage="ward").fit(self.vectors_[rows])
        self.hierarchical_labels_ = model.labels_ if n <= _MOST_HIERARCHICAL else model.predict(self.vectors_)
        progress.finish(f"Ward linkage of {min(n, _MOST_HIERARCHICAL):,} documents")

    def _imitate(self, seed: int, progress: Progress) -> GAN:
        from .models import GAN
        from .training import ProgressReporter

        n = len(self.codes_)
        epochs = min(500, max(20, _GAN_ROWS // n))

        progress.start("gan")
        told = [ProgressReporter(progress, "generator_loss")]
        gan = GAN(nonnegative=True, epochs=epochs, random_state=seed, callbacks=told).fit(self.codes_)
        gan.callbacks = None
        last = gan.history_.last()
        near = f", {last['coverage']:.0%} of the codes have one like them" if "coverage" in last else ""
        progress.finish(f"{epochs} epochs{near}")
        return gan

    def _weigh(self, texts: Sequence[str]) -> tuple[CSRMatrix, CSRMatrix]:
        """Counts and TF-IDF of new texts, one row each."""
        check_is_fitted(self, "autoencoder_")
        counts = self.vectorizer_.transform_counts(self.cleaner_.transform(check_texts(texts)))
        return counts, self.vectorizer_.weigh(counts)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the autoencoder's codes of `texts`, shape (n_texts, code_size), float32."""
        return self.autoencoder_.transform(self._weigh(texts)[1])

    def predict(self, texts: Sequence[str]) -> NDArray:
        """Return the label of each text, or its topic where the pipeline was given no labels.

        Warns
        -----
        DataWarning
            Where texts hold no word of the vocabulary: their label is a guess (`describe` gives None), their topic -1.
        """
        _, weights = self._weigh(texts)
        unknown = int(np.sum(np.diff(weights.indptr) == 0))
        if unknown:
            warnings.warn(
                f"{unknown} of {weights.shape[0]} texts hold no word of the vocabulary; what is predicted for them "
                f"says nothing",
                DataWarning,
                stacklevel=2,
            )
        if getattr(self, "classifier_", None) is None:
            return self.predict_topics(texts)
        return self.classifier_.predict(weights)  # type: ignore[union-attr]

    def predict_topics(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return the nearest topic of each text, shape (n_texts,), int32; -1 for a text with no known word."""
        counts, _ = self._weigh(texts)
        topics = np.asarray(self.topic_model_.predict(vectors=self.embedder_.transform(counts)), dtype=np.int32)
        topics[np.diff(counts.indptr) == 0] = -1
        return topics

    def describe(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return for each text its topic and the topic's words, and label and probability where there are labels.

        A text that holds no word of the vocabulary has topic -1, no words, and None for label and probability.
        """
        _, weights = self._weigh(texts)
        topics = self.predict_topics(texts)
        words = [[w for w, _ in topic] for topic in self.topic_model_.topic_words()]
        answers: list[dict[str, Any]] = [{"topic": int(t), "topic_words": words[t] if t >= 0 else []} for t in topics]
        if self.classifier_ is not None:
            probabilities = self.classifier_.predict_proba(weights)
            best = np.argmax(probabilities, axis=1)
            known = np.diff(weights.indptr) > 0
            for answer, column, row, is_known in zip(answers, best, probabilities, known, strict=True):
                label = self.classifier_.classes_[column]
                label = label.item() if isinstance(label, np.generic) else label
                answer["label"] = label if is_known else None
                answer["probability"] = float(row[column]) if is_known else None
        return answers

    def vectors_description(self) -> str:
        """Say which vectors the clusters are made from."""
        parts = {
            "sif": "the mean of each document's word vectors (smooth inverse frequency), learnt from co-occurrence",
            "lsa": "latent semantic analysis of TF-IDF",
        }
        used = " beside ".join(parts[part] for part in self.embedder_.method.split("+"))
        return f"{used}: {self.vectors_.shape[1]} features in unit rows"

    def save(self, path: str | os.PathLike[str], *, files: dict[str, str] | None = None, force: bool = False) -> None:
        """Write the fitted pipeline to the directory `path`, whole or not at all.

        What is needed for new texts is kept; the training texts and their rows are not.

        Raises
        ------
        FileExistsError
            If `path` exists and `force` is false.
        StorageError
            If it cannot be written.
        """
        check_is_fitted(self, "autoencoder_")
        params = self._storable_params()
        stages, arrays = states_of({name: getattr(self, f"{name}_") for name in STAGES})
        config = {"class": "TextPipeline", "params": params, "stages": stages}
        tokenizer = tokenizer_json(self.vectorizer_)
        save_directory(path, config, arrays, files={"tokenizer.json": tokenizer, **(files or {})}, force=force)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TextPipeline:
        """Read a pipeline that `save` wrote.

        Raises
        ------
        StorageError
            If the directory is missing, cut, edited, or of another kind.
        """
        config, arrays = load_directory(path, "TextPipeline")
        try:
            pipeline = cls(**config["params"])
            for name, stage in stages_from(config["stages"], arrays).items():
                setattr(pipeline, f"{name}_", stage)
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"{path} does not hold a whole TextPipeline ({error!r}); save it again") from error
        return pipeline
