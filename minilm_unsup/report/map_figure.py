"""The document map: a drawing that needs no script, and the data from which the script makes a live one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .drawing import text_width
from .markup import COLOURS, SHAPES, clip, colour, count, embedded_json, escape, plain, shape, to_float

__all__ = ["map_figure", "topic_entries"]

_SIDE = 9999  # the longer side of the map in whole units
_TEXT_BYTES = 1_600_000  # of all texts together; the page stays near 2 MB
_GRID = 28
_NAMED = 26  # characters of a name on the map


def topic_entries(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return id, name and short name of each topic that the report knows, by rising id: the order of the legend."""
    names = {}
    for topic in data.get("topics") or []:
        words = [plain(word) for word, _ in topic.get("words") or []]
        names[int(topic["id"])] = words
    for i in (data.get("map") or {}).get("topic") or []:
        names.setdefault(int(i), [])
    entries = []
    for i in sorted(names):
        words = _telling(names[i])
        title = f"{i} · {', '.join(words[:3])}" if words else f"topic {i}" if i >= 0 else "no topic"
        entries.append({"id": i, "name": clip(title, 80), "short": clip(" ".join(words[:2]) or title, _NAMED)})
    return entries


def _telling(words: Sequence[str]) -> list[str]:
    """Return the words less those of Han that are part of another: of characters and their pairs, the pairs."""
    return [w for w in words if not ("㐀" <= w[:1] <= "鿿" and any(w in other and w != other for other in words))]


def map_figure(data: dict[str, Any], entries: Sequence[dict[str, Any]]) -> str:
    """Return the figure and its data, or an empty string where no point can be placed."""
    source = data.get("map") or {}
    x = np.array([to_float(v) for v in source.get("x") or []])
    y = np.array([to_float(v) for v in source.get("y") or []])
    kept = np.flatnonzero(np.isfinite(x) & np.isfinite(y)) if len(x) == len(y) else np.array([], dtype=int)
    if not len(kept):
        return ""
    columns, rows, width, height = _whole_units(x[kept], y[kept])
    place = {entry["id"]: k for k, entry in enumerate(entries)}
    topic = np.array([place[int(source["topic"][i])] for i in kept])
    topics = [
        {**entry, "size": int((topic == k).sum()), "at": _densest(columns[topic == k], rows[topic == k])}
        for k, entry in enumerate(entries)
    ]
    labels, label = None, None
    if source.get("label"):
        named = [plain(source["label"][i]) for i in kept]
        order = {name: k for k, name in enumerate(sorted(set(named), key=lambda name: (name == "", name)))}
        label = np.array([order[name] for name in named])
        labels = [
            {
                "name": name,
                "short": clip(name, _NAMED),
                "size": int((label == k).sum()),
                "at": _densest(columns[label == k], rows[label == k]) if name else None,
            }
            for name, k in order.items()
        ]
    room = max(90, _TEXT_BYTES // len(kept))
    documents = source.get("document") or list(range(len(x)))
    live = {
        "width": width,
        "height": height,
        "frame": _frame(columns, rows),
        "x": columns.tolist(),
        "y": rows.tolist(),
        "topic": topic.tolist(),
        "topics": topics,
        "label": None if label is None else label.tolist(),
        "labels": labels,
        "text": [_within(plain(source["text"][i]), room) for i in kept],
        "document": [int(documents[i]) for i in kept],
        "colours": COLOURS,
        "shapes": SHAPES,
        "per_shape": next(i for i in range(1, 99) if shape(i) != shape(0)),
    }
    biggest = sorted(topics, key=lambda t: -t["size"])[:5]
    summary = (
        f"Map of {count(len(kept))} documents in {len(topics)} topics; documents of like words lie near each other. "
        f"Largest topics: " + "; ".join(f"{t['name']} ({count(t['size'])})" for t in biggest)
    )
    legend = "".join(
        f'<li><span class="row"><span class="swatch {shape(k)}" style="--c:{colour(k)}"></span>'
        f'<span class="name">{escape(t["name"])}</span><span class="n">{count(t["size"])}</span></span></li>'
        for k, t in enumerate(topics)
    )
    drawing = _static_map(columns, rows, topic, topics, width, height, summary)
    return (
        f'<figure class="card map" id="document-map" data-summary="{escape(summary)}"><div class="plot">{drawing}</div>'
        f'<div class="side"><ul class="legend" aria-label="Legend">{legend}</ul></div>'
        '<figcaption id="map-caption">Each point is a document. Nearness on the map means likeness of words; the empty '
        "space between islands and their size mean little. Choose an entry of the legend to see it alone.</figcaption>"
        f'</figure>\n<script type="application/json" id="map-data">{embedded_json(live)}</script>'
    )


def _whole_units(x: NDArray, y: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64], int, int]:
    """Return columns and rows as whole numbers from 0, the longer side `_SIDE`, and the two sides."""
    scale = float(max(np.abs(x).max(), np.abs(y).max(), 1e-300))
    x, y = x / scale, -y / scale  # rows grow downwards; the quotient keeps the spans finite
    spans = float(np.ptp(x)), float(np.ptp(y))
    unit = _SIDE / max(*spans, 1e-12)
    columns = np.rint((x - x.min()) * unit).astype(np.int64)
    rows = np.rint((y - y.min()) * unit).astype(np.int64)
    return columns, rows, max(1, int(columns.max())), max(1, int(rows.max()))


def _frame(columns: NDArray, rows: NDArray) -> list[int]:
    """Return left, top, right and bottom of the part that holds all but the outermost points."""
    (left, right), (top, bottom) = (np.quantile(side, (0.004, 0.996)).tolist() for side in (columns, rows))
    return [int(left), int(top), math.ceil(right), math.ceil(bottom)]


def _densest(columns: NDArray, rows: NDArray) -> list[int] | None:
    """Return the middle of the densest part of some points, where a name stands among them; None for no points."""
    if not len(columns):
        return None
    size = (_SIDE + 1) / _GRID
    i, j = (columns / size).astype(int), (rows / size).astype(int)
    grid = np.zeros((_GRID + 2, _GRID + 2))
    np.add.at(grid, (i + 1, j + 1), 1)
    around = sum(np.roll(grid, (a, b), axis=(0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)) + grid
    a, b = np.unravel_index(int(np.argmax(around)), grid.shape)
    near = (np.abs(i + 1 - a) <= 1) & (np.abs(j + 1 - b) <= 1)
    return [int(columns[near].mean()), int(rows[near].mean())]


def _within(text: str, n_bytes: int) -> str:
    """Return `text` cut to at most `n_bytes` of UTF-8."""
    raw = text.encode()
    return text if len(raw) <= n_bytes else raw[: n_bytes - 3].decode("utf-8", "ignore").rstrip() + "…"


def _static_map(
    columns: NDArray,
    rows: NDArray,
    topic: NDArray,
    topics: Sequence[dict[str, Any]],
    width: int,
    height: int,
    summary: str,
) -> str:
    """Return the map as SVG: for readers without scripts, and for print."""
    scale, margin = 960.0 / _SIDE, 20.0
    breadth, depth = max(width * scale, 300.0) + 2 * margin, max(height * scale, 200.0) + 2 * margin
    left, top = (breadth - width * scale) / 2, (depth - height * scale) / 2
    stroke = 4.5 if len(columns) > 2500 else 6 if len(columns) > 600 else 9
    parts = []
    for k in range(len(topics)):
        mine = topic == k
        points = zip((columns[mine] * scale + left).tolist(), (rows[mine] * scale + top).tolist(), strict=True)
        path = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points)
        if path:
            cap = "square" if shape(k) in ("square", "diamond") else "round"
            parts.append(
                f'<path d="{path}" stroke="{colour(k)}" stroke-width="{stroke}" stroke-linecap="{cap}" opacity=".82"/>'
            )
    taken: list[tuple[float, float, float, float]] = []
    for entry in sorted(topics, key=lambda t: -t["size"]):
        if entry["at"] is None:
            continue
        half = text_width(entry["short"], 13) / 2 + 4
        x = min(max(entry["at"][0] * scale + left, half), breadth - half)
        y = entry["at"][1] * scale + top
        box = (x - half, y - 10, x + half, y + 10)
        if any(box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in taken):
            continue
        taken.append(box)
        parts.append(f'<text x="{x:.0f}" y="{y + 4:.0f}">{escape(entry["short"])}</text>')
    sides = f"{math.ceil(breadth)} {math.ceil(depth)}"
    return f'<svg viewBox="0 0 {sides}" role="img" aria-label="{escape(summary)}">{"".join(parts)}</svg>'
