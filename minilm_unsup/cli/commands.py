"""What each command does; ``commands.<name>(arguments)`` returns the exit status."""

from __future__ import annotations

import json
import math
import shlex
import sys
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

__all__ = ["predict", "run", "topics", "transform", "verify"]


def _say(message: str) -> None:
    print(f"minilm-unsup: {message}", file=sys.stderr)


def _show_warnings(quiet: bool) -> None:
    """One plain line for each warning of ours; none with --quiet."""
    from .._exceptions import MinilmWarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, MinilmWarning):
            _say(f"warning: {message}")

    warnings.showwarning = show
    warnings.simplefilter("ignore" if quiet else "always", MinilmWarning)


def _read(arguments: Namespace, label_column: str | None = None) -> Any:
    from ..text.corpus import read_corpus

    corpus = read_corpus(
        arguments.paths,
        text_column=arguments.text_column,
        label_column=label_column,
        format=arguments.format,
        document=arguments.document,
        encoding=arguments.encoding,
        errors=arguments.errors,
    )
    if not arguments.quiet:
        for note in corpus.notes:
            _say(note)
    return corpus


def _load(arguments: Namespace) -> Any:
    from ..pipeline import TextPipeline

    if arguments.threads is not None:
        from .._parallel import set_num_threads

        set_num_threads(arguments.threads)
    return TextPipeline.load(arguments.directory)


def _free_name(base: str) -> str:
    """`base`, or the first of base-2, base-3 ... that does not exist."""
    name, number = base, 1
    while Path(name).exists() or Path(name).is_symlink():
        number += 1
        name = f"{base}-{number}"
    return name


def run(arguments: Namespace) -> int:
    """The whole pipeline."""
    from ..main_job import check_out
    from ..main_job import run as main_job
    from .progress import choose_progress

    _show_warnings(arguments.quiet)
    out = arguments.out if arguments.out is not None else _free_name("minilm-unsup-out")
    check_out(out, force=arguments.force)
    texts, labels, name = None, None, None
    progress = choose_progress(quiet=arguments.quiet)
    try:
        if arguments.paths:
            progress.start("read")
            corpus = _read(arguments, arguments.label_column)
            texts, labels, name = corpus.texts, corpus.labels, corpus.name
            progress.finish(f"{len(texts):,} documents of {name}")
        elif arguments.label_column or arguments.text_column:
            raise ValueError("--text-column and --label-column need a PATH; the embedded default has none")
        result = main_job(
            texts,
            labels,
            name=name,
            out=out,
            force=arguments.force,
            labels_per_class=arguments.labels_per_class,
            random_state=arguments.seed,
            threads=arguments.threads,
            progress=progress,
            command=shlex.join(["minilm-unsup", *sys.argv[1:]]),
            n_topics=arguments.topics,
            code_size=arguments.code_size,
            epochs=arguments.epochs,
            max_features=arguments.max_features,
            gan=arguments.gan,
        )
    finally:
        progress.close()
    if arguments.json:
        print(json.dumps(result.summary(), ensure_ascii=False, indent=2))
    elif not arguments.quiet:
        from ..report import render_topics_text

        print(render_topics_text(result.report))
        print(f"\nreport: {Path(out) / 'report.html'}")
    return 0


def transform(arguments: Namespace) -> int:
    """Codes of documents, as .npy or tab-separated numbers."""
    import io

    import numpy as np

    from .._storage import write_file

    _show_warnings(arguments.quiet)
    out = None if arguments.out is None else Path(arguments.out)
    if out is not None and out.suffix not in (".npy", ".tsv"):
        raise ValueError(f"--out must end in .npy or .tsv, got {arguments.out!r}")
    if out is not None and out.exists() and not arguments.force:
        raise FileExistsError(f"{out} exists; choose another name with --out, or replace it with --force")
    pipeline = _load(arguments)
    codes = pipeline.transform(_read(arguments).texts)
    if arguments.json and out is None:
        print(json.dumps({"shape": list(codes.shape), "codes": codes.tolist()}))
        return 0
    if out is not None and out.suffix == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, codes)
        write_file(out, buffer.getvalue(), force=arguments.force)
    else:
        lines = "".join("\t".join(f"{value:.6g}" for value in row) + "\n" for row in codes)
        if out is None:
            sys.stdout.write(lines)
        else:
            write_file(out, lines, force=arguments.force)
    if arguments.json:
        print(json.dumps({"shape": list(codes.shape), "out": str(out)}, ensure_ascii=False))
    elif out is not None and not arguments.quiet:
        _say(f"{codes.shape[0]:,} codes of {codes.shape[1]} features written to {out}")
    return 0


def predict(arguments: Namespace) -> int:
    """Label, probability and topic of each document, a line each."""
    _show_warnings(arguments.quiet)
    pipeline = _load(arguments)
    texts = _read(arguments).texts
    answers = pipeline.describe(texts)
    if arguments.json:
        print(json.dumps(answers, ensure_ascii=False, indent=2))
        return 0
    for answer in answers:
        cells = []
        if "label" in answer:
            known = answer["label"] is not None
            cells += [str(answer["label"]), f"{answer['probability']:.3f}"] if known else ["", ""]
        cells += [str(answer["topic"]), " ".join(answer["topic_words"][:5])]
        print("\t".join(cells))
    return 0


def topics(arguments: Namespace) -> int:
    """The topics of a saved model."""
    _show_warnings(arguments.quiet)
    pipeline = _load(arguments)
    model = pipeline.topic_model_
    words = model.topic_words(n=arguments.words)
    if arguments.json:
        entries = [
            {"topic": i, "size": int(size), "words": [[w, float(s)] for w, s in topic]}
            for i, (size, topic) in enumerate(zip(model.topic_sizes_, words, strict=True))
        ]
        print(json.dumps(entries, ensure_ascii=False, indent=2))
        return 0
    for i, (size, topic) in enumerate(zip(model.topic_sizes_, words, strict=True)):
        print(f"{i:>3}  {int(size):>7,}  {' '.join(w for w, _ in topic)}")
    return 0


def verify(arguments: Namespace) -> int:
    """Check the laws of the library and print a table."""
    from .._parallel import set_num_threads
    from ..verification.law import verify as check
    from .progress import choose_progress

    if arguments.threads is not None:
        set_num_threads(arguments.threads)
    progress = choose_progress(quiet=arguments.quiet)
    try:
        outcomes = check(arguments.seed, progress=progress)
    finally:
        progress.close()
    broken = [outcome for outcome in outcomes if not outcome.holds]
    if arguments.json:
        rows = [
            {
                "subject": outcome.law.subject,
                "law": outcome.law.name,
                "draws": outcome.law.draws,
                "worst": None if math.isnan(outcome.worst) else outcome.worst,
                "bound": outcome.law.bound,
                "seconds": round(outcome.seconds, 3),
                "error": outcome.error,
            }
            for outcome in outcomes
        ]
        print(json.dumps({"seed": arguments.seed, "broken": len(broken), "laws": rows}, ensure_ascii=False, indent=2))
        return int(bool(broken))
    width = max(len(outcome.law.name) for outcome in outcomes)
    print(f"{'':10}{'law':{width}}  {'worst':>8}  {'bound':>6}  holds")
    for outcome in outcomes:
        law = outcome.law
        worst = "-" if math.isnan(outcome.worst) else f"{outcome.worst:.1e}"
        print(f"{law.subject:10}{law.name:{width}}  {worst:>8}  {law.bound:6.0e}  {'yes' if outcome.holds else 'NO'}")
    for outcome in broken:
        _say(f"{outcome.law.subject}, {outcome.law.name}: {outcome.error}")
    n_draws = sum(outcome.law.draws for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    print(f"\n{len(outcomes) - len(broken)} of {len(outcomes)} laws hold in {n_draws} draws; {seconds:.0f} s")
    return int(bool(broken))
