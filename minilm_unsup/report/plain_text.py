"""The topics and scores as a few lines for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

from .markup import amount, clip, count, number, plain

__all__ = ["render_topics_text"]

_WIDTH = 100


def render_topics_text(data: dict[str, Any]) -> str:
    """Return a compact summary: key figures, a line a topic (largest first), and the tables of scores.

    Parameters
    ----------
    data : dict
        As for `minilm_unsup.report.render_report`.
    """
    blocks = [_opening(data)]
    topics = sorted(data.get("topics") or [], key=lambda t: (-int(t["size"]), int(t["id"])))
    if topics:
        wide = max(len(str(t["id"])) for t in topics), max(len(count(t["size"])) for t in topics)
        lines = []
        for t in topics:
            start = f"  {t['id']!s:>{wide[0]}}  {count(t['size']):>{wide[1]}}  "
            words = " ".join(_line(word) for word, _ in t.get("words") or [])
            lines.append(start + _fit(words or "(no words)", _WIDTH - len(start)))
        blocks.append("\n".join([f"topics ({amount(len(topics), 'topic')}: number, documents, words)", *lines]))
    for table in data.get("evaluation") or []:
        if table.get("rows"):
            blocks.append(_table(table))
    return "\n\n".join(block for block in blocks if block)


def _opening(data: dict[str, Any]) -> str:
    source = data.get("source") or {}
    parts = []
    if "n_documents" in source:
        parts.append(amount(source["n_documents"], "document"))
        if source.get("n_kept") not in (None, source["n_documents"]):
            parts.append(f"{count(source['n_kept'])} kept")
    if source.get("n_labels") is not None:
        parts.append(amount(source["n_labels"], "label"))
    title = _line(data.get("title") or "")
    return ": ".join(part for part in (title, ", ".join(parts)) if part)


def _table(table: dict[str, Any]) -> str:
    rows = [[_line(c) for c in table["columns"]], *([_line(number(v, 4)) for v in row] for row in table["rows"])]
    widths = [max((_columns(row[c]) for row in rows if c < len(row)), default=0) for c in range(max(map(len, rows)))]
    lines = [
        "  " + "  ".join(_pad(cell, widths[c], right=c > 0) for c, cell in enumerate(row)).rstrip() for row in rows
    ]
    return "\n".join([_line(table["title"]), *lines])


def _line(value: Any) -> str:
    return " ".join(plain(value).split())


def _columns(text: str) -> int:
    """Return the terminal columns that `text` takes: East Asian wide characters two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, *, right: bool) -> str:
    fill = " " * (width - _columns(text))
    return fill + text if right else text + fill


def _fit(text: str, columns: int) -> str:
    while _columns(text) > columns:
        text = clip(text, len(text) - max(1, (_columns(text) - columns) // 2))
    return text
