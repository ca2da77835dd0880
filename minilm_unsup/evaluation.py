"""What a fitted pipeline is worth: each score beside the plain baseline on the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._progress import Progress
from ._validation import check_random_state

if TYPE_CHECKING:
    from .pipeline import TextPipeline

__all__ = ["choose_few_labels", "evaluate_classifier", "evaluate_clusters", "evaluate_codes", "evaluate_gan"]

SILHOUETTE_SAMPLE = 2000  # documents; the time grows with the square

Table = dict[str, Any]


def choose_few_labels(
    labels: Sequence[Any], per_class: int, random_state: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw `per_class` documents of each class for training; the other labelled documents are the test.

    Parameters
    ----------
    labels : sequence
        One a document; None where there is none.
    per_class : int
        A class with fewer than ``2 * per_class`` documents gives half of them.

    Returns
    -------
    train, test : ndarray of int64
        Positions in `labels`, rising.
    """
    rng = check_random_state(random_state)
    by_class: dict[Any, list[int]] = {}
    for i, label in enumerate(labels):
        if label is not None:
            by_class.setdefault(label, []).append(i)
    train: list[int] = []
    for label in sorted(by_class):
        rows = by_class[label]
        train += rng.permutation(rows)[: max(1, min(per_class, len(rows) // 2))].tolist()
    chosen = set(train)
    test = [i for i, label in enumerate(labels) if label is not None and i not in chosen]
    return np.array(sorted(train), dtype=np.int64), np.array(test, dtype=np.int64)


def evaluate_codes(pipeline: TextPipeline) -> Table:
    """How well the autoencoder rebuilds documents it was not trained on, beside the best constant output."""
    values = pipeline.autoencoder_.history_.values
    rows = []
    if "val_loss" in values:
        rows.append(["autoencoder, held-out documents", values["val_loss"][-1]])
    rows.append(["autoencoder, training documents", values["loss"][-1]])
    rows.append(["best constant output (word shares of the corpus)", _constant_loss(pipeline.tfidf_)])
    return {
        "title": "Reconstruction",
        "note": "Multinomial cross-entropy in nats of TF-IDF mass rebuilt from the code; lower is better. "
        "A code that says nothing about its document can do no better than the constant.",
        "columns": ["method", "loss"],
        "rows": rows,
    }


def evaluate_gan(pipeline: TextPipeline, random_state: Any) -> tuple[Table, dict[str, Any]]:
    """How far generated codes are from those of the documents, beside codes drawn from a normal distribution."""
    if pipeline.gan_ is None:
        raise ValueError("the pipeline has no GAN; fit it with gan=True")
    found = pipeline.gan_.evaluate(pipeline.codes_, random_state=random_state)
    names = ("frechet_distance", "mmd", "coverage")
    scores = {"gan": {n: found[n] for n in names}, "normal": {n: found[f"normal_{n}"] for n in names}}
    table = {
        "title": "Generated codes",
        "note": "Squared Frechet distance and squared maximum mean discrepancy between generated codes and those of "
        "the documents (lower is better), and the share of documents near whose code a generated one lies. The normal "
        "distribution has the mean and the covariance of the codes, which is all that the first measure sees.",
        "columns": ["method", "Frechet distance", "kernel distance", "coverage"],
        "rows": [
            ["GAN", *scores["gan"].values()],
            ["normal distribution", *scores["normal"].values()],
        ],
    }
    return table, scores


def _constant_loss(X: Any) -> float:
    """Mean over documents of -sum_j x_j log p_j, with p the column shares of X."""
    columns = X.sum(axis=0)
    shares = columns[columns > 0] / columns.sum()
    return float(-(columns[columns > 0] * np.log(shares)).sum() / X.shape[0])


def evaluate_clusters(
    pipeline: TextPipeline, labels: Sequence[Any] | None, random_state: Any
) -> tuple[Table, dict[str, Any]]:
    """Topics and hierarchical clusters beside plain K-means on TF-IDF and on the codes, as many clusters each.

    Parameters
    ----------
    labels : sequence or None
        One a kept document, None where there is none; without labels only inner measures are given.

    Returns
    -------
    table : dict
        For the report.
    scores : dict
        Method to measure to value.
    """
    from . import metrics
    from .cluster import KMeans

    k = len(pipeline.topic_model_.topic_sizes_)
    seed = int(check_random_state(random_state).integers(2**31 - 1))

    def k_means(X: Any, metric: str) -> NDArray:
        return KMeans(n_clusters=k, metric=metric, n_init=1, random_state=seed).fit(X).labels_

    methods: dict[str, tuple[str, NDArray]] = {
        "topics": ("topics (K-means on document vectors)", pipeline.labels_),
        "hierarchical": ("hierarchical (Ward on document vectors)", pipeline.hierarchical_labels_),
        "codes": ("K-means on the autoencoder's codes", k_means(_unit_rows(pipeline.codes_), "cosine")),
        "tf-idf": ("baseline: K-means on TF-IDF", k_means(pipeline.tfidf_, "cosine")),
    }
    known = None if labels is None else np.array([i for i, label in enumerate(labels) if label is not None])
    n = len(pipeline.vectors_)
    sample = np.sort(np.random.default_rng(seed).choice(n, min(n, SILHOUETTE_SAMPLE), replace=False))
    scores: dict[str, Any] = {}
    for key, (_, found) in methods.items():
        part = found[sample]
        defined = 1 < len(np.unique(part)) < len(part)  # a sample may miss all clusters but one
        silhouette = metrics.silhouette(pipeline.vectors_[sample], part, metric="cosine") if defined else float("nan")
        measures = {"silhouette": silhouette}
        if known is not None and len(known):
            truth = [labels[i] for i in known]  # type: ignore[index]
            guess = found[known]
            measures["nmi"] = metrics.nmi(truth, guess)
            measures["ari"] = metrics.ari(truth, guess)
            measures["accuracy"] = metrics.cluster_accuracy(truth, guess)
        scores[key] = {name: float(value) for name, value in measures.items()}
    names = {"nmi": "NMI", "ari": "ARI", "accuracy": "accuracy (best matching)", "silhouette": "silhouette (cosine)"}
    shown = [m for m in names if m in scores["topics"]]
    note = f"{k} clusters each."
    if "nmi" in shown:
        classes = len({labels[i] for i in known})  # type: ignore[index, union-attr]
        note += (
            f" Labels ({classes} classes) were hidden until scoring; silhouette is measured in the document vectors."
        )
    table = {
        "title": "Clusters",
        "note": note,
        "columns": ["method", *(names[m] for m in shown)],
        "rows": [[methods[key][0], *(scores[key][m] for m in shown)] for key in methods],
    }
    words = [[w for w, _ in topic] for topic in pipeline.topic_model_.topic_words(n=10)]
    scores["topic_diversity"] = float(metrics.topic_diversity(words))
    return table, scores


def _unit_rows(X: NDArray) -> NDArray:
    norms = np.sqrt(np.einsum("ij,ij->i", X, X, dtype=np.float64))
    return (X / np.where(norms > 0, norms, 1.0)[:, None]).astype(X.dtype)


def evaluate_classifier(
    pipeline: TextPipeline,
    labels: Sequence[Any],
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    random_state: Any,
    progress: Progress | None = None,
) -> tuple[Table, dict[str, Any], dict[str, Any] | None]:
    """The fine-tuned classifier beside the plain ones, trained on the same few labels and scored on the same others.

    Returns
    -------
    table, scores
        As in `evaluate_clusters`.
    confusion : dict or None
        ``{"labels", "matrix"}`` of the fine-tuned classifier.
    """
    from . import metrics
    from .models import TextClassifier

    seed = int(check_random_state(random_state).integers(2**31 - 1))
    X = pipeline.tfidf_
    X_train, y_train = X.take(train), [labels[i] for i in train]
    X_test, y_test = X.take(test), [labels[i] for i in test]
    common = max(sorted(set(y_train)), key=y_train.count)
    others = {
        "frozen": (
            "pre-trained encoder, frozen",
            TextClassifier(pipeline.autoencoder_, fine_tune=False, random_state=seed),
        ),
        "plain": ("baseline: softmax regression on TF-IDF", TextClassifier(None, random_state=seed)),
    }
    methods = {"fine-tuned": ("pre-trained encoder, fine-tuned", pipeline.classifier_.predict(X_test))}  # type: ignore[union-attr]
    for i, (key, (name, model)) in enumerate(others.items()):
        methods[key] = (name, model.fit(X_train, y_train).predict(X_test))
        if progress is not None:
            progress.update((i + 1) / len(others), name)
    methods["majority"] = ("baseline: the most frequent label", np.array([common] * len(y_test)))
    scores = {
        key: {
            "accuracy": float(metrics.accuracy(y_test, guess)),
            "precision": float(metrics.precision(y_test, guess, average="macro")),
            "recall": float(metrics.recall(y_test, guess, average="macro")),
            "f1": float(metrics.f1(y_test, guess, average="macro")),
        }
        for key, (_, guess) in methods.items()
    }
    per_class = np.unique(np.array([y_train.count(c) for c in set(y_train)]))
    share = f"{per_class[0]}" if len(per_class) == 1 else f"{per_class[0]} to {per_class[-1]}"
    table = {
        "title": "Classifier from few labels",
        "note": f"Trained on {len(y_train):,} labels ({share} a class, {len(set(y_train))} classes), "
        f"scored on the {len(y_test):,} others. Precision, recall and F1 are macro averages.",
        "columns": ["method", "accuracy", "precision", "recall", "F1"],
        "rows": [[methods[key][0], *scores[key].values()] for key in methods],
    }
    names = sorted({*y_test, *y_train})
    matrix = metrics.confusion_matrix(y_test, methods["fine-tuned"][1], labels=names)
    return table, scores, {"labels": [str(n) for n in names], "matrix": np.asarray(matrix).tolist()}
