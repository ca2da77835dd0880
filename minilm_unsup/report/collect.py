"""Gather what the report shows from a fitted pipeline, as plain JSON-able values."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .map_figure import GENERATED

if TYPE_CHECKING:
    from ..pipeline import TextPipeline

__all__ = ["collect"]

_RULE_NAMES = {
    "unicode": "full-width forms and invisible characters",
    "html": "markup and entities",
    "quoting": "quoted lines, rulings, signatures",
    "urls": "web addresses",
    "emails": "e-mail addresses",
    "lowercase": "upper case",
    "whitespace": "white space",
}
_MOST_POINTS = 5_000
_MOST_GENERATED, _NEAREST = 400, 5
_SHOWN_CHARACTERS = 240


def collect(
    pipeline: TextPipeline,
    texts: Sequence[str],
    *,
    labels: Sequence[Any] | None,
    evaluation: list[dict[str, Any]],
    confusion: dict[str, Any] | None,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Return the data of the report.

    Parameters
    ----------
    pipeline : TextPipeline
        Fitted to `texts`.
    texts : sequence of str
        Raw texts.
    labels : sequence or None
        One a kept document.
    evaluation, confusion : as `minilm_unsup.evaluation` gives them
    facts : dict
        Title, time, command, seed and threads.
    """
    from .. import __version__

    kept = [texts[i] for i in pipeline.kept_indices_]
    return {
        **facts,
        "version": __version__,
        "python": platform.python_version(),
        "vectors": pipeline.vectors_description(),
        "source": {
            "name": facts["title"],
            "n_documents": len(texts),
            "n_kept": len(kept),
            "n_labels": None if labels is None else len({label for label in labels if label is not None}),
            "languages": _languages(kept),
            "n_characters": sum(map(len, texts)),
        },
        "cleaning": _cleaning(pipeline),
        "vocabulary": _vocabulary(pipeline),
        "map": _map(pipeline, kept, labels),
        "topics": _topics(pipeline, kept, labels),
        "dendrogram": _dendrogram(pipeline),
        "curves": _curves(pipeline),
        "evaluation": evaluation,
        "confusion": confusion,
    }


def _shorten(text: str) -> str:
    line = " ".join(text[: 4 * _SHOWN_CHARACTERS].split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


def _languages(texts: Sequence[str]) -> dict[str, int]:
    """Count documents by the share of Han among their letters; a description, not a detector."""
    counts: Counter[str] = Counter()
    for text in texts:
        part = text[:2000]
        han = sum("㐀" <= c <= "鿿" for c in part)
        letters = han + sum(c.isascii() and c.isalpha() for c in part)
        if letters == 0:
            counts["other"] += 1
        else:
            share = han / letters
            # A Han character says about as much as four Latin letters.
            counts["Chinese" if share > 0.6 else "English" if share < 0.03 else "mixed"] += 1
    return dict(counts)


def _cleaning(pipeline: TextPipeline) -> dict[str, Any]:
    removal = pipeline.removal_report_
    return {
        "removed": [
            {"reason": reason, "count": int(count), "examples": [_shorten(e) for e in removal.examples.get(reason, [])]}
            for reason, count in sorted(removal.counts.items(), key=lambda item: -item[1])
        ],
        "edits": [
            {**edit, "rule": _RULE_NAMES.get(edit["rule"], edit["rule"])}
            for edit in pipeline.cleaning_report_.to_dict()["edits"]
        ],
    }


def _vocabulary(pipeline: TextPipeline) -> dict[str, Any]:
    totals = pipeline.counts_.sum(axis=0)
    names = pipeline.vectorizer_.get_feature_names_out()
    top = np.argsort(-totals, kind="stable")[:30]
    return {
        "n_terms": len(names),
        "n_tokens": int(totals.sum()),
        "mean_tokens": float(totals.sum() / pipeline.counts_.shape[0]),
        "top_terms": [[str(names[j]), int(totals[j])] for j in top],
    }


def _map(pipeline: TextPipeline, texts: Sequence[str], labels: Sequence[Any] | None) -> dict[str, Any]:
    from ..vectors import document_map

    n = len(texts)
    rows = np.arange(n)
    if n > _MOST_POINTS:
        rows = np.sort(np.random.default_rng(pipeline.map_seed_).choice(n, _MOST_POINTS, replace=False))
    shown = rows.tolist()
    points = document_map(pipeline.vectors_[rows], random_state=pipeline.map_seed_)
    found: dict[str, Any] = {
        "x": [round(float(v), 4) for v in points[:, 0]],
        "y": [round(float(v), 4) for v in points[:, 1]],
        "topic": [int(pipeline.labels_[i]) for i in rows],
        "text": [_shorten(texts[i]) for i in shown],
        "label": None if labels is None else ["" if labels[i] is None else str(labels[i]) for i in shown],
        "document": [int(pipeline.kept_indices_[i]) for i in rows],
    }
    if pipeline.gan_ is not None:
        _add_generated(pipeline, found, rows, points)
    return found


def _add_generated(pipeline: TextPipeline, found: dict[str, Any], rows: Any, points: Any) -> None:
    """Put codes that the GAN made among the documents whose codes are nearest to them."""
    assert pipeline.gan_ is not None
    made = pipeline.gan_.sample(min(_MOST_GENERATED, len(rows)), random_state=pipeline.map_seed_)
    codes = pipeline.codes_[rows]
    squares = np.sum(codes * codes, axis=1) - 2 * (made @ codes.T)
    near = np.argsort(squares, axis=1, kind="stable")[:, :_NEAREST]
    places = points[near].mean(axis=1)
    found["x"] += [round(float(v), 4) for v in places[:, 0]]
    found["y"] += [round(float(v), 4) for v in places[:, 1]]
    found["topic"] += [GENERATED] * len(made)
    found["text"] += [_shorten(f"generated, nearest: {found['text'][i]}") for i in near[:, 0].tolist()]
    found["document"] += [found["document"][i] for i in near[:, 0].tolist()]
    if found["label"] is not None:
        found["label"] += [""] * len(made)


def _topics(pipeline: TextPipeline, texts: Sequence[str], labels: Sequence[Any] | None) -> list[dict[str, Any]]:
    model = pipeline.topic_model_
    words = model.topic_words(n=10)
    nearest = model.representative_documents(n=3)
    topics = []
    for t, size in enumerate(model.topic_sizes_):
        members = np.flatnonzero(pipeline.labels_ == t).tolist()
        make_up: Counter[str] = Counter()
        if labels is not None:
            make_up.update(str(labels[i]) for i in members if labels[i] is not None)
        topics.append(
            {
                "id": t,
                "size": int(size),
                "words": [[word, float(score)] for word, score in words[t]],
                "documents": [_shorten(texts[i]) for i in nearest[t]],
                "labels": [[name, count] for name, count in make_up.most_common(5)],
            }
        )
    return topics


def _dendrogram(pipeline: TextPipeline) -> dict[str, Any] | None:
    model = pipeline.topic_model_
    if len(model.topic_sizes_) < 2:
        return None
    leaves = [f"{t} {' '.join(w for w, _ in words)}" for t, words in enumerate(model.topic_words(n=3))]
    return {"linkage": np.asarray(model.hierarchy()).tolist(), "leaves": leaves}


def _curves(pipeline: TextPipeline) -> list[dict[str, Any]]:
    curves = [
        {
            "name": "Autoencoder",
            "unit": "nats of TF-IDF mass",
            "x_name": "epoch",
            "values": pipeline.autoencoder_.history_.values,
        }
    ]
    if pipeline.classifier_ is not None:
        curves.append(
            {
                "name": "Classifier, fine-tuning",
                "unit": "cross-entropy, nats",
                "x_name": "epoch",
                "values": pipeline.classifier_.history_.values,
            }
        )
    if pipeline.gan_ is not None:
        shown = ("discriminator_loss", "generator_loss", "coverage")
        values = {name: v for name, v in pipeline.gan_.history_.values.items() if name in shown}
        curves.append({"name": "GAN", "unit": "discriminator's loss", "x_name": "epoch", "values": values})
    inertia = pipeline.topic_model_.history_
    if inertia is not None:
        curves.append({"name": "K-means", "unit": "sum of 1 - cosine", "x_name": "sweep", "values": inertia.values})
    return curves
