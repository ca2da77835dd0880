"""The main job: raw text in; a model directory with a report out. What ``minilm-unsup run`` and `run` both call."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ._exceptions import StorageError
from ._parallel import get_num_threads, set_num_threads
from ._progress import Progress
from ._storage import check_replaceable
from ._validation import check_number, check_texts
from .pipeline import TextPipeline

__all__ = ["RunResult", "run"]


@dataclass(frozen=True)
class RunResult:
    """What a run gives.

    Attributes
    ----------
    pipeline : TextPipeline
        Fitted.
    report : dict
        Everything the report shows, JSON-able.
    scores : dict
        ``{"topics": {...}, "classifier": {...}, "gan": {...}}``: method to measure to value.
    path : Path or None
        The directory written.
    """

    pipeline: TextPipeline
    report: dict[str, Any] = field(repr=False)
    scores: dict[str, Any]
    path: Path | None

    def summary(self) -> dict[str, Any]:
        """Return the report without the map, and the scores, for JSON."""
        kept = {key: value for key, value in self.report.items() if key not in ("map", "confusion")}
        return {**kept, "scores": self.scores, "out": None if self.path is None else str(self.path)}


def run(
    texts: Sequence[str] | None = None,
    labels: Sequence[Any] | None = None,
    *,
    name: str | None = None,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    labels_per_class: int = 10,
    random_state: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    command: str = "minilm_unsup.run(...)",
    **parameters: Any,
) -> RunResult:
    """Run the whole pipeline on raw texts.

    Clean, denoise, tokenise, weigh, encode, cluster, fine-tune on a few labels where there are any, evaluate, and with
    `out` save the model directory with its report.

    Parameters
    ----------
    texts : sequence of str, optional
        Without it, the docstrings of Python's own standard library with their modules as labels.
    labels : sequence, optional
        One a text; None or an empty string where there is none. They are hidden from all but the classifier.
    name : str, optional
        What the report calls the texts.
    out : path, optional
        Directory to write: ``config.json``, ``model.safetensors``, ``tokenizer.json``, ``report.html``,
        ``documents.jsonl``. Nothing is written without it.
    force : bool
        Replace `out` where it is an earlier model directory.
    labels_per_class : int
        Labels a class to fine-tune on; the other labelled documents are the test.
    random_state : int
        Seed of every draw; the same seed gives the same bits on any number of threads.
    threads : int, optional
        Threads for this run.
    progress : Progress, optional
        Told of each stage.
    command : str
        What the report says it was made by.
    **parameters
        Further parameters of `TextPipeline`.

    Returns
    -------
    RunResult

    Raises
    ------
    ValueError, TypeError
        For texts, labels or parameters that cannot be used.
    FileExistsError, StorageError
        If `out` exists and `force` is false, or cannot be written.
    """
    labels_per_class = check_number(labels_per_class, "labels_per_class", integer=True, low=1)
    random_state = check_number(random_state, "random_state", integer=True, low=0)
    if out is not None:
        check_out(out, force=force)
    progress = Progress() if progress is None else progress
    before = get_num_threads()
    if threads is not None:
        set_num_threads(threads)
    try:
        return _run(texts, labels, name, out, force, labels_per_class, random_state, progress, command, parameters)
    finally:
        if threads is not None:
            set_num_threads(before)


def check_out(out: str | os.PathLike[str], *, force: bool) -> None:
    """Raise early, before any work, if `out` could not be written at the end."""
    path = Path(out)
    parent = path.absolute().parent
    if (path.exists() or path.is_symlink()) and not force:
        raise FileExistsError(f"{path} exists; choose another name with --out, or replace it with --force")
    if path.exists() or path.is_symlink():
        check_replaceable(path)
    if not parent.is_dir():
        raise StorageError(f"cannot write {path}: {parent} is not a directory; create it first")
    if not os.access(parent, os.W_OK):
        raise StorageError(f"cannot write {path}: {parent} is read-only for you; choose another place with --out")


def _run(
    texts: Sequence[str] | None,
    labels: Sequence[Any] | None,
    name: str | None,
    out: str | os.PathLike[str] | None,
    force: bool,
    labels_per_class: int,
    seed: int,
    progress: Progress,
    command: str,
    parameters: dict[str, Any],
) -> RunResult:
    from .evaluation import (
        choose_few_labels,
        evaluate_classifier,
        evaluate_clusters,
        evaluate_codes,
        evaluate_gan,
    )
    from .report.collect import collect

    if texts is None:
        from .text.standard_library import standard_library_docstrings

        progress.start("read")
        corpus = standard_library_docstrings()
        texts, name = corpus.texts, name or corpus.name
        labels = corpus.labels if labels is None else labels
        progress.finish(f"{len(texts):,} docstrings of the standard library of Python {platform.python_version()}")
    texts = check_texts(texts)
    pipeline = TextPipeline(random_state=seed, **parameters)
    known = pipeline.check_labels(labels, len(texts))
    pipeline.fit(texts, progress=progress)

    evaluation: list[dict[str, Any]] = []
    scores: dict[str, Any] = {}
    confusion = None
    kept_labels = None if known is None else [known[i] for i in pipeline.kept_indices_]
    if kept_labels is not None:
        train, test = choose_few_labels(kept_labels, labels_per_class, seed)
        few = [None] * len(texts)
        for i in train:
            few[int(pipeline.kept_indices_[i])] = kept_labels[i]
        pipeline.fine_tune(few, progress=progress)
        if len(test):
            progress.start("test")
            table, scores["classifier"], confusion = evaluate_classifier(
                pipeline, kept_labels, train, test, seed, progress
            )
            evaluation.append(table)
            best = scores["classifier"]["fine-tuned"]["accuracy"]
            plain = scores["classifier"]["plain"]["accuracy"]
            progress.finish(f"accuracy {best:.3f}, plain baseline {plain:.3f}, on {len(test):,} documents")
    progress.start("evaluate")
    table, cluster_scores = evaluate_clusters(pipeline, kept_labels, seed)
    scores.update(cluster_scores)
    evaluation += [table, evaluate_codes(pipeline)]
    if pipeline.gan_ is not None:
        table, scores["gan"] = evaluate_gan(pipeline, seed)
        evaluation.append(table)
    found = scores["topics"]
    progress.finish(
        f"NMI {found['nmi']:.3f}, ARI {found['ari']:.3f} against the labels"
        if "nmi" in found
        else f"silhouette {found['silhouette']:.3f}"
    )

    progress.start("report")
    report = collect(
        pipeline,
        texts,
        labels=kept_labels,
        evaluation=evaluation,
        confusion=confusion,
        facts={
            "title": name or f"{len(texts):,} texts",
            "created": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
            "command": command,
            "seed": seed,
            "threads": get_num_threads(),
        },
    )
    progress.finish(f"{len(report['map']['x']):,} documents on the map")
    report["timings"] = progress.timings
    path = None
    if out is not None:
        from .report import render_report

        progress.start("save")
        path = Path(out)
        pipeline.save(
            path,
            files={"report.html": render_report(report), "documents.jsonl": _documents(pipeline, texts, known)},
            force=force,
        )
        progress.finish(str(path))
    return RunResult(pipeline, report, scores, path)


def _documents(pipeline: TextPipeline, texts: Sequence[str], labels: Sequence[Any] | None) -> str:
    """One JSON object a document: its number, topic and cluster (none where it was dropped), label and text."""
    where = {int(document): row for row, document in enumerate(pipeline.kept_indices_)}
    lines = []
    for i, text in enumerate(texts):
        row = where.get(i)
        entry: dict[str, Any] = {
            "document": i,
            "topic": None if row is None else int(pipeline.labels_[row]),
            "cluster": None if row is None else int(pipeline.hierarchical_labels_[row]),
        }
        if labels is not None:
            entry["label"] = None if labels[i] is None else str(labels[i])
        entry["text"] = text
        lines.append(json.dumps(entry, ensure_ascii=False))
    return "\n".join(lines) + "\n"
