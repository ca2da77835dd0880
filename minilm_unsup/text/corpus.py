"""Read documents from text, JSON lines, CSV and TSV files, gzipped or not, or from standard input."""

from __future__ import annotations

import codecs
import os
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._validation import check_choice
from .corpus_formats import Columns, json_records, lines_of, sniff, table_records
from .corpus_source import CorpusError, bytes_of, decode, shown_name

__all__ = ["Corpus", "CorpusError", "read_corpus"]

_FORMATS = ("txt", "jsonl", "csv", "tsv")
_SUFFIXES = {
    **{".txt": "txt", ".text": "txt", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv"},
    **{".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"},
}
_MOST_NOTES = 10


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
        What a reader should know: lines skipped, characters replaced, columns that were not used.
    starts : list of (int, str)
        For each file that gave documents: the number of its first one, and its name.
    lines : array of int
        The line of its file on which each document starts, from 1.
    """

    texts: list[str]
    labels: list[str | None] | None
    name: str
    notes: list[str] = field(default_factory=list)
    starts: list[tuple[int, str]] = field(default_factory=list, repr=False)
    lines: array[int] = field(default_factory=lambda: array("q"), repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def origin(self, index: int) -> tuple[str, int]:
        """Return the file and the line (in a JSON array: the item) of the document `index`, both as a person counts.

        Raises
        ------
        IndexError
            If there is no such document, or the corpus was not read from files.
        """
        if not 0 <= index < len(self.lines):
            raise IndexError(f"index must be from 0 to {len(self.lines) - 1}, got {index}")
        return self.starts[bisect_right(self.starts, index, key=lambda start: start[0]) - 1][1], self.lines[index]


def read_corpus(
    paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    text_column: str | int | None = None,
    label_column: str | int | None = None,
    format: str | None = None,
    document: str = "auto",
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Corpus:
    """Read documents from files.

    Parameters
    ----------
    paths : sequence of path, or path
        Each a ``.txt``, ``.jsonl`` (``.ndjson``, ``.json``), ``.csv`` or ``.tsv`` file, gzipped or not (told by its
        content), or ``-`` for standard input. Other names are looked at: JSON objects, a table with a usual text
        column, else plain text.
    text_column, label_column : str or int, optional
        Column or key names; numbers, from 1, for a table without a header. Without `text_column` the first of the
        usual names is taken (text, content, body, ..., 文本, 内容). Labels are read only where `label_column` is given.
    format : {"txt", "jsonl", "csv", "tsv"}, optional
        For all files, whatever their names.
    document : {"auto", "line", "file"}
        For plain text: a document a line, a file a document, or "auto": a file a document where several plain text
        files are given, else a line.
    encoding : str
        Of the files; a name that Python knows, such as "gb18030".
    errors : {"strict", "replace", "ignore"}
        What to do about bytes that are not of the encoding: stop and name the first, put U+FFFD, or leave them out.

    Returns
    -------
    Corpus

    Raises
    ------
    CorpusError
        If a file is missing, unreadable, a directory, not text, not what its format says, without the column, or if
        there is no document in all of them.
    TypeError, ValueError
        If an argument is none of the above.

    Notes
    -----
    Lines end at a line feed, with or without a carriage return before it; at carriage returns where a text has no
    line feed. No other character ends a line, U+2028 and U+0085 included. A byte order mark is dropped. NUL characters
    become spaces. Blank lines and empty texts are skipped; `Corpus.notes` counts them.

    CSV is RFC 4180: fields in double quotes may hold delimiters, line feeds and doubled quotes; the delimiter is the
    comma, semicolon or tab that parts the first line into most cells. In TSV every character but tab and line feed is
    an ordinary one, quotes too. A row that is longer or shorter than the first is an error: a delimiter inside an
    unquoted text would otherwise cut it silently.
    """
    check_choice(document, "document", ("auto", "line", "file"))
    check_choice(errors, "errors", ("strict", "replace", "ignore"))
    if format is not None:
        check_choice(format, "format", _FORMATS)
    encoding = _check_encoding(encoding)
    columns = Columns(_check_column(text_column, "text_column"), _check_column(label_column, "label_column"))
    if columns.text is not None and columns.text == columns.label:
        raise CorpusError(f"{columns.text!r} is named as the text and as the label; name two columns")
    names = [os.fsdecode(path) for path in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    if not names or "" in names:
        raise CorpusError("no file was named; give at least one path, or - for standard input")
    if names.count("-") > 1:
        raise CorpusError("standard input (-) was named twice; it can be read once")
    kinds = [format or _SUFFIXES.get(_suffix(name)) for name in names]
    n_plain = sum(kind in ("txt", None) for kind in kinds)
    whole = document == "file" or (document == "auto" and n_plain > 1)
    reader = _Reader(columns, whole, encoding, errors)
    for name, kind in zip(names, kinds, strict=True):
        reader.read(name, kind)
    title = ", ".join("standard input" if name == "-" else Path(name).name for name in names[:3])
    title += f" and {len(names) - 3} more" if len(names) > 3 else ""
    if not reader.texts:
        shown = ", ".join(map(shown_name, names[:3])) + (" ..." if len(names) > 3 else "")
        raise CorpusError(f"{shown}: no document in it; it is empty or holds blank lines alone")
    if reader.n_whole > 1 and document == "auto":
        columns.notes.append(
            f"{reader.n_whole:,} files were read as a document each (--document line: a document a line)"
        )
    labels = reader.labels if columns.label is not None else None
    return Corpus(reader.texts, labels, title, reader.notes(), reader.starts, reader.lines)


def _check_encoding(encoding: str) -> str:
    if not isinstance(encoding, str):
        raise TypeError(f"encoding must be a str, got {type(encoding).__name__}")
    try:
        b"a".decode(encoding, "ignore")  # a codec of bytes to bytes is refused here
        return codecs.lookup(encoding).name.removesuffix("-sig")
    except LookupError:
        raise ValueError(f"encoding must be the name of a text encoding, such as 'utf-8', got {encoding!r}") from None


def _check_column(column: str | int | None, name: str) -> str | None:
    if column is None or (isinstance(column, (str, int)) and not isinstance(column, bool)):
        return None if column is None else str(column)
    raise TypeError(f"{name} must be a str, an int or None, got {type(column).__name__}")


def _suffix(name: str) -> str:
    path = Path(name.lower())
    return Path(path.stem).suffix if path.suffix == ".gz" else path.suffix


class _Reader:
    """Collects the documents of one call."""

    def __init__(self, columns: Columns, whole: bool, encoding: str, errors: str) -> None:
        self.columns = columns
        self.whole = whole
        self.encoding = encoding
        self.errors = errors
        self.texts: list[str] = []
        self.labels: list[str | None] = []
        self.starts: list[tuple[int, str]] = []
        self.lines: array[int] = array("q")
        self.n_blank = self.n_nul = self.n_bad = self.n_whole = 0

    def notes(self) -> list[str]:
        counted = (
            (self.n_blank, "blank line or empty text was", "blank lines or empty texts were", "skipped"),
            (self.n_nul, "NUL character was", "NUL characters were", "replaced by spaces"),
            (self.n_bad, "bad byte sequence was", "bad byte sequences were", _DONE.get(self.errors, "")),
        )
        notes = [f"{n:,} {one if n == 1 else many} {done}" for n, one, many, done in counted if n]
        others = self.columns.notes
        if len(others) > _MOST_NOTES:
            others = [*others[:_MOST_NOTES], f"and {len(others) - _MOST_NOTES:,} more notes of this kind"]
        return notes + others

    def read(self, name: str, kind: str | None) -> None:
        shown = shown_name(name)
        text, n_bad = decode(bytes_of(name), shown, self.encoding, self.errors)
        self.n_bad += n_bad
        if "\0" in text:
            self.n_nul += text.count("\0")
            text = text.replace("\0", " ")
        kind = kind or sniff(text, self.columns)
        self.starts.append((len(self.texts), shown))
        if kind == "txt":
            self._read_text(text, shown)
            return
        if kind == "jsonl":
            records = json_records(text, shown, self.columns)
        else:
            records = table_records(text, kind, shown, self.columns)
        for line, value, label in records:
            self._add(line, value, label)

    def _read_text(self, text: str, shown: str) -> None:
        for option, value in (("text-column", self.columns.text), ("label-column", self.columns.label)):
            if value is not None:
                raise CorpusError(
                    f"{shown}: plain text has no column {value!r}; drop --{option}, or name the format "
                    f"with --format jsonl, csv or tsv"
                )
        if self.whole:
            self.n_whole += 1
            self._add(1, text.rstrip("\r\n"), None)
            return
        for number, line in enumerate(lines_of(text) if text else (), 1):
            self._add(number, line, None)

    def _add(self, line: int, text: str, label: str | None) -> None:
        if not text or text.isspace():
            self.n_blank += 1
            return
        self.texts.append(text)
        self.labels.append((label.strip() or None) if label else None)
        self.lines.append(line)


_DONE = {"replace": "replaced by U+FFFD", "ignore": "left out"}
