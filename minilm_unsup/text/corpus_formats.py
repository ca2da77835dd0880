"""Records of JSON, CSV and TSV as ``(line, text, label)``, with the place in every complaint."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from .corpus_source import CorpusError

__all__ = ["LABEL_NAMES", "TEXT_NAMES", "Columns", "Record", "json_records", "lines_of", "sniff", "table_records"]

TEXT_NAMES = (
    *("text", "content", "body", "document", "sentence", "review", "message", "comment", "abstract", "description"),
    *("title", "docstring", "文本", "内容", "正文", "标题"),
)
LABEL_NAMES = ("label", "labels", "category", "class", "topic", "target", "标签", "类别")

Record = tuple[int, str, "str | None"]
_limit_lock = threading.Lock()


@dataclass
class Columns:
    """The columns asked for, and what was noticed about those that were not.

    A name is looked for in the header or the keys; a number, counted from 1, in a table without a header.
    """

    text: str | None = None
    label: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> list[str]:
        return [name for name in (self.text, self.label) if name is not None]

    def are_numbers(self) -> bool:
        return bool(self.wanted) and all(name.isascii() and name.isdigit() for name in self.wanted)

    def find(self, name: str, names: Sequence[str], where: str, option: str) -> str:
        """Return `name`, which must be one of `names`, once."""
        if name not in names:
            raise CorpusError(f"{where}: no column {name!r}; there are {_list(names)}; name one of them with {option}")
        if names.count(name) > 1:
            raise CorpusError(f"{where}: {names.count(name)} columns are named {name!r}; rename all but one")
        return name

    def find_text(self, names: Sequence[str], where: str, shown: str) -> str:
        """Return which of `names` is the text: the one asked for, else the first of the usual ones, else the only one.

        Labels are never taken by a guess: a column that looks like labels is mentioned in the notes.
        """
        unused = [name for name in names if name.strip().lower() in LABEL_NAMES and name != self.text]
        if self.label is None and unused:
            self.notes.append(f"{shown}: {unused[0]!r} was not read as labels (--label-column {unused[0]} does)")
        if self.text is not None:
            return self.find(self.text, names, where, "--text-column")
        others = [name for name in names if name != self.label]
        lower = {name.strip().lower(): name for name in reversed(others)}
        usual = [lower[name] for name in TEXT_NAMES if name in lower]
        if len(usual) > 1:
            self.notes.append(f"{shown}: the text is {usual[0]!r}, not {usual[1]!r} (--text-column names another)")
        if not usual and len(others) != 1:
            raise CorpusError(
                f"{where}: which column is the text? There are {_list(names)}; name it with --text-column"
            )
        return self.find((usual or others)[0], names, where, "--text-column")


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:20])) + (" ..." if len(names) > 20 else "")


def lines_of(text: str) -> list[str]:
    """Lines end at a line feed alone, with or without a carriage return before it; at carriage returns where a text
    has no line feed.

    U+0085, U+2028, form feeds and the like are characters of a line: `str.splitlines` would cut a document there.
    """
    end = "\n" if "\n" in text or "\r" not in text else "\r"
    lines = text.removesuffix(end).split(end)
    if end == "\n" and "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    return lines


def sniff(text: str, columns: Columns) -> str:
    """Return the format of a text whose name does not tell it.

    JSON where it starts with an object; a table where its first line holds the columns asked for, or a usual text
    column in a row of single words; else plain text.
    """
    compact = "".join(text[:256].split())
    if compact.startswith(("{", "[{", '["')):
        return "jsonl"
    first = lines_of(text[:4096])[0]
    for kind, delimiter in (("tsv", "\t"), ("csv", ","), ("csv", ";")):
        cells = [cell.strip().strip('"') for cell in first.split(delimiter)]
        asked = set(columns.wanted) & set(cells) or columns.are_numbers()
        usual = {cell.lower() for cell in cells} & set(TEXT_NAMES) and not any(" " in cell for cell in cells)
        if len(cells) > 1 and (asked or usual):
            return kind
    return "txt"


def json_records(text: str, shown: str, columns: Columns) -> Iterator[Record]:
    """Objects or strings, one a line; or one array of them, whose items are counted instead of lines."""
    is_array = text.lstrip()[:1] == "["
    entries = enumerate(_array(text, shown), 1) if is_array else _json_lines(text, shown)
    key: str | None = None
    n_labels = n_objects = 0

    def place(number: int) -> str:
        return f"{shown}, {'item' if is_array else 'line'} {number:,}"

    for number, entry in entries:
        if isinstance(entry, str):
            if entry and columns.label is not None:
                raise CorpusError(f"{place(number)}: a bare string has no key {columns.label!r}; drop --label-column")
            yield number, _whole_characters(entry), None
            continue
        if not isinstance(entry, dict):
            raise CorpusError(f"{place(number)}: an object or a string was expected, got {_json_name(entry)}")
        if key is None:
            key = columns.find_text(list(entry), place(number), shown)
        elif key not in entry:
            columns.find(key, list(entry), place(number), "--text-column")
        value = entry[key]
        if value is not None and not isinstance(value, str):
            raise CorpusError(
                f"{place(number)}: {key!r} is {_json_name(value)}, a string was expected; "
                f"name another key with --text-column"
            )
        label = None if columns.label is None else entry.get(columns.label)
        if isinstance(label, (dict, list)):
            raise CorpusError(
                f"{place(number)}: the label {columns.label!r} is {_json_name(label)}, a single value was expected; "
                f"name another key with --label-column"
            )
        n_objects += 1
        n_labels += label is not None
        yield number, _whole_characters(value or ""), None if label is None else _whole_characters(str(label))
    if columns.label is not None and n_objects and not n_labels:
        raise CorpusError(f"{shown}: no line has the key {columns.label!r}; name another with --label-column")


def _array(text: str, shown: str) -> list[Any]:
    try:
        entries: list[Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(shown, getattr(error, "lineno", 1), error) from None
    return entries


def _json_lines(text: str, shown: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines_of(text), 1):
        if not line or line.isspace():
            yield number, ""
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _not_json(shown, number, error) from None
        yield number, entry


def _not_json(shown: str, line: int, error: Exception) -> CorpusError:
    why = getattr(error, "msg", "nested too deeply")
    return CorpusError(f"{shown}, line {line:,}: not JSON ({why}); write one object a line, or one array of objects")


def _json_name(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _whole_characters(text: str) -> str:
    """Return `text` with half surrogate pairs, which JSON can spell and UTF-8 cannot, as U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def table_records(text: str, kind: str, shown: str, columns: Columns) -> Iterator[Record]:
    """Rows of a table with a header, or without one where the columns asked for are numbers.

    With numbers a first line that holds the usual name of a text column in the place of the text is still a header.
    """
    rows = _tsv_rows(text) if kind == "tsv" else _csv_rows(text, shown)
    first, head = next((entry for entry in rows if entry[1]), (1, []))
    if not head:
        return
    where = f"{shown}, line {first:,}"
    label_at: int | None = None
    if columns.are_numbers() and not set(columns.wanted) & set(head):
        if columns.text is None:
            raise CorpusError(
                f"{shown}: the labels are column {columns.label}, but which is the text? Use --text-column"
            )
        for column in map(int, columns.wanted):
            if not 0 < column <= len(head):
                raise CorpusError(f"{where}: no column {column}; its columns are 1 to {len(head)}")
        at = int(columns.text) - 1
        label_at = None if columns.label is None else int(columns.label) - 1
        if head[at].strip().lower() not in TEXT_NAMES:
            rows = chain([(first, head)], rows)
    else:
        at = head.index(columns.find_text(head, where, shown))
        if columns.label is not None:
            label_at = head.index(columns.find(columns.label, head, where, "--label-column"))
    n_doubled = 0
    for number, row in rows:
        if len(row) != len(head):
            if not row:
                yield number, "", None
                continue
            if len(row) < len(head) or any(row[len(head) :]):
                raise CorpusError(_ragged(f"{shown}, line {number:,}", len(row), len(head), kind))
        value = row[at]
        if kind == "tsv" and value[:1] == '"' == value[-1:] and '""' in value[1:-1]:
            n_doubled += 1
        yield number, value, None if label_at is None else row[label_at]
    if n_doubled:
        columns.notes.append(
            f"{shown}: {n_doubled:,} texts stand in quotes with quotes doubled inside; in TSV these are ordinary "
            f"characters (--format csv reads them as CSV does)"
        )


def _ragged(where: str, n: int, expected: int, kind: str) -> str:
    way_out = (
        "quote what holds a delimiter" if kind == "csv" else "mend it, or use --format csv where fields are quoted"
    )
    return f"{where}: {n} columns where the first line has {expected}; {way_out}"


def _tsv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines_of(text), 1):
        yield number, line.split("\t") if line and not line.isspace() else []


def _csv_rows(text: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each starts on; the delimiter is what parts the first line into most cells, comma first."""
    first = text[:4096].lstrip("\r\n").split("\n", 1)[0].split("\r", 1)[0]
    delimiter = max((",", ";", "\t"), key=lambda d: len(next(csv.reader([first], delimiter=d), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    while True:
        try:
            row = _next_row(reader, len(text))
        except StopIteration:
            return
        except csv.Error as error:
            place = f"line {start:,}" if reader.line_num <= start else f"lines {start:,} to {reader.line_num:,}"
            raise CorpusError(f"{shown}, {place}: not CSV ({error}); close or double its quotes") from None
        yield start, row
        start = reader.line_num + 1


def _next_row(reader: Iterator[list[str]], size: int) -> list[str]:
    """Return the next row, whose fields may have `size` characters; the limit is the module's and goes back."""
    with _limit_lock:
        limit = csv.field_size_limit()
        if size <= limit:
            return next(reader)
        csv.field_size_limit(min(size, 2**31 - 1))  # a C long, which has 32 bits on Windows
        try:
            return next(reader)
        finally:
            csv.field_size_limit(limit)
