"""Documents from files or standard input, block by block, for corpora larger than memory."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from .._validation import check_choice
from .corpus_formats import Columns
from .corpus_source import CorpusError, shown_name

__all__ = ["DocumentStream"]

_BLOCK = 1 << 22  # bytes of lines that are handed on together
_FEEDS = re.compile(" ?\n[ \n]*")
_ERRORS = ("strict", "replace", "ignore")


class DocumentStream:
    """Documents of UTF-8 files: plain text, one a line, or JSON lines.

    Parameters
    ----------
    names : sequence of str
        Files, gzipped or not, told by their first bytes; ``-`` for standard input.
    format : {"txt", "jsonl"}, optional
        None: what the name of each file says, else whether its first line is a JSON object.
    text_column : str, optional
        The key of the text; None: the first of the usual names.
    errors : {"strict", "replace", "ignore"}
        What to do about bytes that are no UTF-8.

    Attributes
    ----------
    n_documents, n_bytes : int
        Read so far.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        format: str | None = None,
        text_column: str | None = None,
        errors: str = "strict",
    ) -> None:
        self.errors = check_choice(errors, "errors", _ERRORS)
        self.format = None if format is None else check_choice(format, "format", ("txt", "jsonl"))
        self.names = list(names)
        if self.names.count("-") > 1:
            raise CorpusError("standard input (-) was named twice; it can be read once")
        for name in self.names:
            if name != "-" and not Path(name).is_file():
                what = "is a directory; name its files" if Path(name).is_dir() else "no such file; check the path"
                raise CorpusError(f"{name}: {what}")
        self.columns = Columns(text_column, None)
        self.n_documents = self.n_bytes = 0

    def blocks(self) -> Iterator[tuple[list[str], list[dict[str, Any] | None]]]:
        """Yield texts, and for each the JSON object it came from (None for plain text), in blocks of about 4 MB.

        Raises
        ------
        CorpusError
            At the first line that cannot be read, naming it.
        """
        for name in self.names:
            yield from self._blocks_of(name)

    def texts(self) -> Iterator[str]:
        """Yield the texts one by one."""
        for texts, _ in self.blocks():
            yield from texts

    def _blocks_of(self, name: str) -> Iterator[tuple[list[str], list[dict[str, Any] | None]]]:
        shown, key = shown_name(name), None
        texts: list[str] = []
        rows: list[dict[str, Any] | None] = []
        size, kind = 0, self.format or _kind_of(name)
        try:
            for number, line in enumerate(_lines(name), 1):
                self.n_bytes += len(line)
                size += len(line)
                text = self._decode(line.rstrip(b"\r\n"), f"{shown}, line {number:,}")
                if number == 1:
                    text = text.removeprefix("\ufeff")
                if kind is None:
                    kind = "jsonl" if text.lstrip().startswith("{") else "txt"
                row = None
                if kind == "jsonl":
                    if not text.strip():
                        continue
                    row = _object(text, f"{shown}, line {number:,}")
                    if key is None:
                        key = self.columns.find_text(list(row), f"{shown}, line {number:,}", shown)
                    text = self._text_of(row, key, f"{shown}, line {number:,}")
                self.n_documents += 1
                texts.append(text)
                rows.append(row)
                if size >= _BLOCK:
                    yield texts, rows
                    texts, rows, size = [], [], 0
        except CorpusError:  # what was read before it is handed on first
            if texts:
                yield texts, rows
            raise
        if texts:
            yield texts, rows

    def _decode(self, line: bytes, place: str) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            if self.errors == "strict":
                raise CorpusError(
                    f"{place}: byte {error.start:,} is 0x{line[error.start]:02x}, which is no UTF-8; convert the file, "
                    f"or go on with --errors replace"
                ) from None
        return line.decode("utf-8", self.errors)

    def _text_of(self, row: dict[str, Any], key: str, place: str) -> str:
        if key not in row:
            self.columns.find(key, list(row), place, "--text-column")
        value = row[key]
        if value is not None and not isinstance(value, str):
            raise CorpusError(
                f"{place}: {key!r} must be a string or null, got {json.dumps(value)[:40]}; mend the line, or name "
                f"another key with --text-column"
            )
        self.key = key
        return (value or "").encode("utf-8", "replace").decode() if value else ""

    def written(self, text: str, row: dict[str, Any] | None) -> bytes:
        """Return the line that stands for a document whose text has become `text`."""
        if row is None:
            return _FEEDS.sub(" ", text).encode("utf-8", "replace") + b"\n"
        return json.dumps({**row, self.key: text}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _kind_of(name: str) -> str | None:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    if suffixes[-1:] in ([".jsonl"], [".ndjson"]):
        return "jsonl"
    if suffixes[-1:] in ([".csv"], [".tsv"], [".tab"]):
        raise CorpusError(f"{name}: tables are not read here; give .txt (a document a line) or .jsonl")
    return "txt" if suffixes[-1:] in ([".txt"], [".text"]) else None


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else getattr(error, "msg", str(error))
        raise CorpusError(f"{place}: not JSON ({what}); one object a line") from None
    if not isinstance(row, dict):
        raise CorpusError(f"{place}: no JSON object; one object a line")
    return row


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _lines(name: str) -> Iterable[bytes]:
    """Lines with their ends; a file's first bytes tell gzip."""
    shown = shown_name(name)
    try:
        if name == "-":
            if sys.stdin is None:
                raise CorpusError("standard input is closed; name a file")
            raw: Any = getattr(sys.stdin, "buffer", None) or io.BytesIO(sys.stdin.read().encode())
            file: BinaryIO = raw if hasattr(raw, "peek") else io.BufferedReader(raw)
            yield from _unpacked(file)
        else:
            with open(name, "rb") as file:
                yield from _unpacked(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorpusError(f"{shown} is a damaged gzip file ({error}); fetch it again") from None
    except OSError as error:
        raise CorpusError(f"cannot read {shown}: {error.strerror or error}") from error


def _unpacked(file: Any) -> Iterable[bytes]:
    if file.peek(2)[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield from unpacked
    else:
        yield from file
