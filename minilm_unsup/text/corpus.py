"""Read documents from text, JSON lines, CSV and TSV files, gzipped or not, or from standard input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._validation import check_choice

__all__ = ["Corpus", "CorpusError", "read_corpus"]

TEXT_NAMES = (
    "text",
    "content",
    "body",
    "document",
    "sentence",
    "review",
    "title",
    "docstring",
    "文本",
    "内容",
    "正文",
    "标题",
)
LABEL_NAMES = ("label", "category", "class", "topic", "标签", "类别")
_FORMATS = ("txt", "jsonl", "csv", "tsv")
_SUFFIXES = {".txt": "txt", ".text": "txt", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv"}


class CorpusError(ValueError):
    """A file cannot be read as documents; the message names the file, the place and the way out."""


@dataclass(frozen=True)
class Corpus:
    """Documents, their labels where a label column was named, and where they come from.

    Attributes
    ----------
    texts : list of str
    labels : list of str or None, or None
        One a document; None for an empty label.
    name : str
        What to call the documents.
    notes : list of str
        What a reader should know: lines skipped, characters removed.
    """

    texts: list[str]
    labels: list[str | None] | None
    name: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)


def read_corpus(
    paths: Sequence[str | os.PathLike[str]],
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    format: str | None = None,
    document: str = "auto",
    errors: str = "strict",
) -> Corpus:
    """Read documents from files.

    Parameters
    ----------
    paths : sequence of path
        Each a ``.txt``, ``.jsonl``, ``.csv`` or ``.tsv`` file, gzipped or not (told by its content), or ``-``
        for standard input. Lines end at a line feed alone; a carriage return before it is dropped.
    text_column, label_column : str, optional
        Column or key names; for ``.tsv`` without a header, numbers from 1. Without `text_column` the first of the usual
        names is taken (text, content, body, ...). Labels are read only where `label_column` is given.
    format : {"txt", "jsonl", "csv", "tsv"}, optional
        For files whose names do not tell; standard input without it is looked at.
    document : {"auto", "line", "file"}
        For ``.txt``: a document a line, a file a document, or "auto": a file a document where several
        ``.txt`` files are given, else a line.
    errors : {"strict", "replace", "ignore"}
        What to do about bytes that are no UTF-8.

    Returns
    -------
    Corpus

    Raises
    ------
    CorpusError
        If a file is missing, unreadable, a directory, not UTF-8, not what its format says, without the
        column, or empty.
    """
    check_choice(document, "document", ("auto", "line", "file"))
    check_choice(errors, "errors", ("strict", "replace", "ignore"))
    if format is not None:
        check_choice(format, "format", _FORMATS)
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if not paths:
        raise CorpusError("no file was named; give at least one path, or - for standard input")
    names = [os.fspath(path) for path in paths]
    if names.count("-") > 1:
        raise CorpusError("standard input (-) was named twice; it can be read once")
    kinds = [format or _SUFFIXES.get(_suffix(name)) for name in names]
    whole = document == "file" or (document == "auto" and sum(kind == "txt" for kind in kinds) > 1)
    reader = _Reader(text_column, label_column, whole, errors)
    for name, kind in zip(names, kinds, strict=True):
        reader.read(name, kind)
    label = "standard input" if names == ["-"] else ", ".join(Path(n).name for n in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    if not reader.texts:
        raise CorpusError(f"{label}{more}: no document in it; it is empty or holds blank lines alone")
    return Corpus(reader.texts, reader.labels if label_column is not None else None, label + more, reader.notes())


def _suffix(name: str) -> str:
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


class _Reader:
    """Collects the documents of one call."""

    def __init__(self, text_column: str | None, label_column: str | None, whole: bool, errors: str) -> None:
        self.text_column = text_column
        self.label_column = label_column
        self.whole = whole
        self.errors = errors
        self.texts: list[str] = []
        self.labels: list[str | None] = []
        self.n_blank = 0
        self.n_nul = 0

    def notes(self) -> list[str]:
        notes = []
        if self.n_blank:
            notes.append(f"{self.n_blank:,} blank lines or empty texts were skipped")
        if self.n_nul:
            notes.append(f"{self.n_nul:,} NUL characters were replaced by spaces")
        return notes

    def read(self, name: str, kind: str | None) -> None:
        shown = "standard input" if name == "-" else name
        text = self._decode(_bytes_of(name, shown), shown)
        if kind is None:
            kind = _sniff(text) if name == "-" else "txt"
        if "\0" in text:
            self.n_nul += text.count("\0")
            text = text.replace("\0", " ")
        if kind == "txt":
            self._need_no_columns(shown)
            for line in [text] if self.whole else text.split("\n"):
                self._add(line.removesuffix("\r"), None)
        elif kind == "jsonl":
            self._read_jsonl(text, shown)
        else:
            self._read_table(text, shown, "," if kind == "csv" else "\t")

    def _need_no_columns(self, shown: str) -> None:
        for option, value in (("text-column", self.text_column), ("label-column", self.label_column)):
            if value is not None:
                raise CorpusError(
                    f"{shown}: plain text has no column {value!r}; drop --{option}, or name the format "
                    f"with --format jsonl, csv or tsv"
                )

    def _add(self, text: str, label: Any) -> None:
        if not text or text.isspace():
            self.n_blank += 1
            return
        self.texts.append(text)
        self.labels.append(None if label is None or label == "" else str(label))

    def _decode(self, raw: bytes, shown: str) -> str:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise CorpusError(f"{shown} is UTF-16; convert it to UTF-8 first: iconv -f UTF-16 -t UTF-8")
        try:
            return raw.decode("utf-8-sig", self.errors)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise CorpusError(
                f"{shown}: byte {error.start:,} (line {line:,}) is 0x{raw[error.start]:02x}, a bad byte in UTF-8; "
                f"convert the file to UTF-8, or go on with --errors replace"
            ) from None

    def _read_jsonl(self, text: str, shown: str) -> None:
        for number, line in enumerate(text.split("\n"), 1):
            if not line or line.isspace():
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                why = getattr(error, "msg", "nested too deeply")
                raise CorpusError(f"{shown}, line {number:,}: not JSON ({why}); each line must be one object") from None
            if isinstance(entry, str):
                if self.label_column is not None:
                    raise CorpusError(f"{shown}, line {number:,}: a bare string has no key {self.label_column!r}")
                self._add(entry, None)
                continue
            if not isinstance(entry, dict):
                raise CorpusError(f"{shown}, line {number:,}: an object or a string was expected, not {line[:20]!r}")
            text_key = self._pick(self.text_column, list(entry), f"{shown}, line {number:,}")
            value = entry[text_key]
            if value is not None and not isinstance(value, str):
                raise CorpusError(
                    f"{shown}, line {number:,}: {text_key!r} is {type(value).__name__}, a string was expected; "
                    f"name another key with --text-column"
                )
            label = None
            if self.label_column is not None:
                label = entry.get(self.label_column)
                if isinstance(label, (dict, list)):
                    raise CorpusError(f"{shown}, line {number:,}: the label {self.label_column!r} is no single value")
            self._add(value or "", label)
        if self.label_column is not None and self.texts and not any(v is not None for v in self.labels):
            raise CorpusError(f"{shown}: no line has the key {self.label_column!r}; name another with --label-column")

    def _pick(self, wanted: str | None, names: list[str], shown: str) -> str:
        """The name of the text column among `names`."""
        if wanted is not None:
            if wanted in names:
                return wanted
            raise CorpusError(f"{shown}: no column {wanted!r}; there are {', '.join(map(repr, names[:20]))}")
        lower = {name.strip().lower(): name for name in reversed(names)}
        for name in TEXT_NAMES:
            if name in lower:
                return lower[name]
        if len(names) == 1:
            return names[0]
        raise CorpusError(
            f"{shown}: which column is the text? There are {', '.join(map(repr, names[:20]))}; "
            f"name one with --text-column"
        )

    def _read_table(self, text: str, shown: str, delimiter: str) -> None:
        rows = _rows(text, delimiter, shown)
        try:
            head = next(rows)[1]
        except StopIteration:
            return
        columns = [c for c in (self.text_column, self.label_column) if c is not None]
        numbered = bool(columns) and all(c.isascii() and c.isdigit() for c in columns) and not set(columns) & set(head)
        if numbered:
            at = int(self.text_column) - 1 if self.text_column is not None else 0
            label_at = None if self.label_column is None else int(self.label_column) - 1
            for column in (at, label_at):
                if column is not None and not 0 <= column < len(head):
                    raise CorpusError(f"{shown}: no column {column + 1}; its first line has {len(head)}")
            first: list[tuple[int, list[str]]] = [(1, head)]
        else:
            at = head.index(self._pick(self.text_column, head, shown))
            label_at = None
            if self.label_column is not None:
                label_at = head.index(self._pick(self.label_column, head, shown))
            first = []
        last = max(at, label_at or 0)
        for number, row in (*first, *rows):
            if not row:
                continue
            if len(row) <= last:
                raise CorpusError(
                    f"{shown}, line {number:,}: {len(row)} columns, but the header has {len(head)}; mend the line "
                    f"or its quotes"
                )
            self._add(row[at], None if label_at is None else row[label_at].strip())


def _rows(text: str, delimiter: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each ends on. In TSV a quote is an ordinary character."""
    if delimiter == "\t":
        for number, line in enumerate(text.split("\n"), 1):
            line = line.removesuffix("\r")
            if line:
                yield number, line.split("\t")
        return
    limit = csv.field_size_limit()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        # The limit is global to the module: it is raised for one row and put back.
        csv.field_size_limit(sys.maxsize if sys.maxsize < 2**62 else 2**31 - 1)
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CorpusError(f"{shown}, line {reader.line_num:,}: not CSV ({error}); mend its quotes") from None
        finally:
            csv.field_size_limit(limit)
        yield reader.line_num, row


def _bytes_of(name: str, shown: str) -> bytes:
    try:
        if name == "-":
            raw = sys.stdin.buffer.read()
        else:
            path = Path(name)
            if path.is_dir():
                inside = "its files, for instance " + os.path.join(name, "*.txt")
                raise CorpusError(f"{name} is a directory; name {inside}")
            raw = path.read_bytes()
    except FileNotFoundError:
        raise CorpusError(f"{name}: no such file") from None
    except OSError as error:
        raise CorpusError(f"cannot read {shown}: {error.strerror or error}") from error
    if raw.startswith(b"\x1f\x8b"):
        try:
            return gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise CorpusError(f"{shown} is a damaged gzip file ({error}); fetch it again") from None
    return raw


def _sniff(text: str) -> str:
    """Format of standard input: JSON lines start with a brace; TSV has tabs and a text column in its first line."""
    head = text.lstrip()[:1]
    if head == "{":
        return "jsonl"
    first = {cell.strip().lower() for cell in text.split("\n", 1)[0].split("\t")}
    return "tsv" if len(first) > 1 and first & set(TEXT_NAMES) else "txt"
