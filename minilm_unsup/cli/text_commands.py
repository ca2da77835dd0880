"""Commands on texts that stream: documents in, documents out, in bounded memory."""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .commands import _say, _show_warnings

__all__ = ["clean", "dedup", "pii", "tokenize", "train_tokenizer"]


def _stream(arguments: Namespace) -> Any:
    from ..text.streams import DocumentStream

    if arguments.threads is not None:
        from .._parallel import set_num_threads

        set_num_threads(arguments.threads)
    _show_warnings(arguments.quiet)
    return DocumentStream(
        arguments.paths, format=arguments.format, text_column=arguments.text_column, errors=arguments.errors
    )


@contextmanager
def _output(arguments: Namespace) -> Iterator[Callable[[bytes], Any]]:
    """A function that writes bytes to --out, which appears when all is written, or to standard output."""
    if arguments.out is None:
        out = getattr(sys.stdout, "buffer", None)
        yield out.write if out is not None else lambda raw: sys.stdout.write(raw.decode())
        sys.stdout.flush()
        return
    from .._storage import open_replacing

    with open_replacing(arguments.out, force=arguments.force) as file:
        if arguments.out.endswith(".gz"):
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
                yield packed.write
        else:
            yield file.write


class _Meter:
    """Progress now and then, and a closing summary, on standard error (or the summary as JSON)."""

    def __init__(self, arguments: Namespace, stream: Any) -> None:
        self.arguments, self.stream = arguments, stream
        self.start = self.shown = time.monotonic()
        self.live = not arguments.quiet and sys.stderr.isatty()

    def update(self) -> None:
        now = time.monotonic()
        if self.live and now - self.shown > 0.2:
            self.shown = now
            rate = self.stream.n_bytes / 1e6 / (now - self.start)
            sys.stderr.write(f"\r\x1b[2K{self.stream.n_documents:,} documents, {rate:.1f} MB/s")
            sys.stderr.flush()

    def close(self, summary: dict[str, Any]) -> None:
        seconds = time.monotonic() - self.start
        if self.live:
            sys.stderr.write("\r\x1b[2K")
        megabytes = self.stream.n_bytes / 1e6
        if self.arguments.json:
            whole = {"documents": self.stream.n_documents, **summary, "seconds": round(seconds, 3)}
            # Standard output is for the documents, unless these go to a file.
            out = sys.stdout if self.arguments.out is not None else sys.stderr
            print(json.dumps(whole, ensure_ascii=False), file=out)
        elif not self.arguments.quiet:
            parts = [f"{value:,} {name}" for name, value in summary.items() if isinstance(value, int)]
            _say(
                f"{self.stream.n_documents:,} documents in; {', '.join(parts)}; "
                f"{megabytes:.1f} MB in {seconds:.1f} s ({megabytes / max(seconds, 1e-9):.1f} MB/s)"
            )
            for name, value in summary.items():
                if isinstance(value, dict) and value:
                    _say(f"{name}: " + ", ".join(f"{key} {count:,}" for key, count in value.items()))


def _edit(arguments: Namespace, edit: Callable[[list[str]], tuple[list[str], dict[str, int]]], what: str) -> int:
    """Write each document with its text edited."""
    stream = _stream(arguments)
    meter, counts, edited = _Meter(arguments, stream), Counter[str](), 0
    with _output(arguments) as write:
        for texts, rows in stream.blocks():
            after, some = edit(texts)
            counts.update(some)
            edited += sum(a != b for a, b in zip(texts, after, strict=True))
            write(b"".join(stream.written(text, row) for text, row in zip(after, rows, strict=True)))
            meter.update()
    meter.close({"edited": edited, what: dict(sorted(counts.items(), key=lambda pair: -pair[1]))})
    return 0


def clean(arguments: Namespace) -> int:
    """Texts cleaned by the rules of a profile."""
    from ..text import TextCleaner

    cleaner = TextCleaner(arguments.profile).fit([])

    def edit(texts: list[str]) -> tuple[list[str], dict[str, int]]:
        after, report = cleaner.clean_batch(texts)
        return after, report.counts

    return _edit(arguments, edit, "rules")


def pii(arguments: Namespace) -> int:
    """Texts without personal data."""
    from ..text import PIIScrubber

    key = os.environ.get("MINILM_PII_KEY", "")
    if arguments.action == "pseudonym" and not key:
        raise ValueError("--action pseudonym needs a secret in the environment variable MINILM_PII_KEY")
    kinds = None if arguments.kinds is None else [kind.strip() for kind in arguments.kinds.split(",")]
    scrubber = PIIScrubber(kinds, action=arguments.action, key=key).fit([])

    def edit(texts: list[str]) -> tuple[list[str], dict[str, int]]:
        after, report = scrubber.scrub_batch(texts)
        return after, report.counts

    return _edit(arguments, edit, "found")


class _Spool:
    """Lines that wait in a temporary file, which is gone when it is closed."""

    def __init__(self) -> None:
        with _blaming_the_spool():
            self.file = tempfile.TemporaryFile()  # noqa: SIM115

    def add(self, lines: Iterator[bytes]) -> None:
        with _blaming_the_spool():
            self.file.writelines(lines)

    def lines(self) -> Iterator[bytes]:
        with _blaming_the_spool():
            self.file.seek(0)
        while True:
            with _blaming_the_spool():
                line = self.file.readline()
            if not line:
                return
            yield line

    def close(self) -> None:
        with suppress(OSError):
            self.file.close()


@contextmanager
def _blaming_the_spool() -> Iterator[None]:
    from .._exceptions import StorageError

    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot keep temporary files in {tempfile.gettempdir()}: {error.strerror or error}; name a place with "
            f"more room (the environment variable TMPDIR)"
        ) from error


def dedup(arguments: Namespace) -> int:
    """Documents without those that say again what another has said."""
    from ..text import Deduplicator

    stream = _stream(arguments)
    meter, kept = _Meter(arguments, stream), 0
    finder = Deduplicator(arguments.method, threshold=arguments.threshold, shingle_size=arguments.shingle_size)
    with _output(arguments) as write:
        if arguments.method == "exact":
            seen: set[bytes] = set()
            for texts, rows in stream.blocks():
                new = finder.are_new(texts, seen)
                kept += sum(new)
                write(b"".join(stream.written(t, r) for t, r, n in zip(texts, rows, new, strict=True) if n))
                meter.update()
        else:  # each text is compared with all: what would be written waits in a file
            spool = _Spool()

            def pieces() -> Iterator[list[str]]:
                for texts, rows in stream.blocks():
                    spool.add(stream.written(t, r) for t, r in zip(texts, rows, strict=True))
                    meter.update()
                    yield texts

            try:
                own = finder.are_kept(pieces())
                for line, stays in zip(spool.lines(), own.tolist(), strict=True):
                    if stays:
                        write(line)
                        kept += 1
            finally:
                spool.close()
    meter.close({"kept": kept, "duplicates": stream.n_documents - kept})
    return 0


def tokenize(arguments: Namespace) -> int:
    """Ids, or tokens, of each document: a line each."""
    from ..text import load_tokenizer

    tokenizer: Any = load_tokenizer(arguments.tokenizer)
    names = {i: token for token, i in tokenizer.vocabulary_.items()}
    stream = _stream(arguments)
    meter, n_tokens = _Meter(arguments, stream), 0
    with _output(arguments) as write:
        for texts, rows in stream.blocks():
            lines = []
            for encoding, row in zip(tokenizer.encode_batch(texts), rows, strict=True):
                ids = encoding.ids.tolist()
                n_tokens += len(ids)
                out: list[Any] = [names[i] for i in ids] if arguments.tokens else ids
                if row is None:
                    lines.append(" ".join(map(str, out)))
                else:
                    what = "tokens" if arguments.tokens else "ids"
                    lines.append(json.dumps({**row, what: out}, ensure_ascii=False))
            write("".join(line + "\n" for line in lines).encode("utf-8", "replace"))
            meter.update()
    meter.close({"tokens": n_tokens})
    return 0


def train_tokenizer(arguments: Namespace) -> int:
    """A tokenizer learned from the documents, as a file."""
    from .. import text

    out = Path(arguments.out)
    if out.exists() and not arguments.force:
        raise FileExistsError(f"{out} exists; choose another name with --out, or replace it with --force")
    stream = _stream(arguments)
    meter = _Meter(arguments, stream)
    kinds = {
        "bpe": text.BPETokenizer,
        "wordpiece": text.WordPieceTokenizer,
        "unigram": text.UnigramTokenizer,
        "words": text.WordTokenizer,
        "chinese": text.ChineseSegmenter,
    }
    special = arguments.special or []
    if special and arguments.type == "chinese":
        raise ValueError("--special is for bpe, wordpiece, unigram and words; chinese has no special tokens")
    tokenizer: Any = kinds[arguments.type](**({"special_tokens": special} if special else {}))

    def texts() -> Iterator[str]:
        for some, _ in stream.blocks():
            meter.update()
            yield from some

    if arguments.type == "chinese":
        tokenizer.train(texts())
    else:
        tokenizer.train(texts(), arguments.vocab_size)
    tokenizer.save(out, force=arguments.force)
    meter.close({"tokens": len(tokenizer.vocabulary_)})
    return 0
