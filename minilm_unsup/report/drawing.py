"""Drawings as inline SVG: loss curves and the tree of topics."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from .markup import clip, colour, count, escape, number, plain, to_float

__all__ = ["draw_curves", "draw_tree", "text_width", "ticks"]

_WIDTH, _HEIGHT = 560.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 108.0, 16.0, 40.0
_MOST_MARKS = 400  # points a curve is drawn with; more cannot be told apart at this width
_LEAF_HEIGHT = 22.0


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) within [low, high]."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((m * power for m in (1, 2, 5) if m * power >= raw * (1 - 1e-9)), 10 * power)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def text_width(text: str, size: float) -> float:
    """Return about how wide `text` is in a sans-serif face: East Asian wide characters one em, others 0.56."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.56 for c in text)


def _tick_name(value: float, step: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-4:
        return f"{value:.3g}"
    return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def draw_curves(name: str, x_name: str, unit: str, values: dict[str, Sequence[Any]]) -> str:
    """Return one chart of the series in `values`, or an empty string where none has a finite value."""
    series = {key: [to_float(v) for v in vs] for key, vs in values.items()}
    series = {key: vs for key, vs in series.items() if any(not math.isnan(v) for v in vs)}
    if not series:
        return ""
    finite = [v for vs in series.values() for v in vs if not math.isnan(v)]
    low, high = min(finite), max(finite)
    pad = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - pad, high + pad
    length = max(len(vs) for vs in series.values())
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x_of(step: float) -> float:
        return _LEFT + (right - _LEFT) * ((step - 1) / (length - 1) if length > 1 else 0.5)

    def y_of(value: float) -> float:
        return bottom - (bottom - _TOP) * (value - low) / (high - low)

    parts = []
    marks = ticks(low, high)
    gap = marks[1] - marks[0] if len(marks) > 1 else 1.0
    for v in marks:
        parts.append(f'<path class="gridline" d="M{_LEFT:.1f} {y_of(v):.1f}H{right:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8:.1f}" y="{y_of(v) + 4:.1f}" text-anchor="end">{_tick_name(v, gap)}</text>')
    steps = sorted({max(1, round(t)) for t in ticks(1, length, 6)} | {1, length})
    if len(steps) > 2 and steps[1] - 1 < (length - 1) / 12:
        steps.pop(1)
    if len(steps) > 2 and length - steps[-2] < (length - 1) / 12:
        steps.pop(-2)
    for step in steps:
        parts.append(f'<text x="{x_of(step):.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{count(step)}</text>')
    parts.append(f'<path class="axis" d="M{_LEFT:.1f} {bottom:.1f}H{right:.1f}"/>')
    middle = (_LEFT + right) / 2
    parts.append(f'<text x="{middle:.1f}" y="{_HEIGHT - 4:.1f}" text-anchor="middle">{escape(x_name)}</text>')
    ends: list[tuple[float, float, str, float]] = []
    for k, (key, vs) in enumerate(series.items()):
        parts.append(f'<path class="line s{k % 4}" d="{_broken_line(vs, x_of, y_of)}"/>')
        last = max(i for i, v in enumerate(vs) if not math.isnan(v))
        x, y = x_of(last + 1), y_of(vs[last])
        parts.append(f'<circle class="dot s{k % 4}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        ends.append((y, x, key, vs[last]))
    # Names stand beside the ends of the lines, moved apart where the ends meet.
    ends.sort()
    heights: list[float] = []
    for y, *_ in ends:
        heights.append(max(y, heights[-1] + 30) if heights else y)
    overflow = max(0.0, heights[-1] + 18 - bottom)
    for y, (_, x, key, value) in zip(heights, ends, strict=True):
        parts.append(f'<text class="name" x="{x + 9:.1f}" y="{y - overflow:.1f}">{escape(clip(key, 16))}</text>')
        parts.append(f'<text x="{x + 9:.1f}" y="{y - overflow + 14:.1f}">{number(value)}</text>')
    told = "; ".join(f"{key} from {_told(vs, 0)} to {_told(vs, -1)}" for key, vs in series.items())
    label = escape(f"{name}, {unit} by {x_name}: {told}")
    size = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    return f'<svg class="chart" viewBox="{size}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _told(values: Sequence[float], end: int) -> str:
    return number([v for v in values if not math.isnan(v)][end])


def _broken_line(values: Sequence[float], x_of: Any, y_of: Any) -> str:
    """Return a path through the finite values; a gap wherever one is not."""
    stride = -(-len(values) // _MOST_MARKS)
    chosen = sorted({*range(0, len(values), stride), len(values) - 1})
    path, pen_down = [], False
    for i in chosen:
        if math.isnan(values[i]):
            pen_down = False
            continue
        path.append(f"{'L' if pen_down else 'M'}{x_of(i + 1):.1f} {y_of(values[i]):.1f}")
        if not pen_down:
            path.append("h0")  # a lone point shows as a round dot
        pen_down = True
    return "".join(path)


def draw_tree(linkage: Any, leaves: Sequence[str], places: Sequence[int]) -> str:
    """Return the tree of topics, root to the left and leaves to the right, coloured as topics are on the map.

    Parameters
    ----------
    linkage : array-like of shape (n - 1, 4)
        SciPy's format; heights that are no numbers count as the height before them.
    leaves : sequence of n names
    places : sequence of n ints
        Place of each leaf in the legend, which gives its colour.
    """
    from ..cluster import dendrogram

    Z = np.array([[to_float(v) for v in row] for row in linkage], dtype=np.float64)
    Z[:, 2] = np.maximum.accumulate(np.nan_to_num(Z[:, 2], nan=0.0))
    names = [clip(plain(leaf), 44) for leaf in leaves]
    layout = dendrogram(Z, names)
    n, top_height = len(names), float(Z[-1, 2]) or 1.0
    room = min(340.0, max(text_width(name, 13) for name in names) + 24)
    width, foot = 1000.0, 34.0
    right, height = width - room, n * _LEAF_HEIGHT + foot

    def x_of(h: float) -> float:
        return right - (right - 12.0) * h / top_height

    def y_of(position: float) -> float:
        return position * _LEAF_HEIGHT / 10.0 + 6

    parts = []
    marks = ticks(0.0, top_height, 6)
    gap = marks[1] - marks[0] if len(marks) > 1 else 1.0
    for h in marks:
        parts.append(f'<path class="gridline" d="M{x_of(h):.1f} 6V{height - foot + 6:.1f}"/>')
        parts.append(f'<text x="{x_of(h):.1f}" y="{height - 10:.1f}" text-anchor="middle">{_tick_name(h, gap)}</text>')
    brackets = []
    for position, heights in zip(layout["icoord"].tolist(), layout["dcoord"].tolist(), strict=True):
        top, bottom = y_of(position[0]), y_of(position[2])
        joint = x_of(heights[1])
        brackets.append(f"M{x_of(heights[0]):.1f} {top:.1f}H{joint:.1f}V{bottom:.1f}H{x_of(heights[3]):.1f}")
    parts.append(f'<path class="branch" d="{"".join(brackets)}"/>')
    for row, leaf in enumerate(layout["leaves"]):
        y = y_of(10 * row + 5)
        parts.append(f'<circle cx="{right:.1f}" cy="{y:.1f}" r="5" fill="{colour(places[leaf])}"/>')
        parts.append(f'<text class="leaf" x="{right + 12:.1f}" y="{y + 4.5:.1f}">{escape(names[leaf])}</text>')
    label = escape(f"Tree of {n} topics joined by likeness; from top to bottom: " + ", ".join(layout["ivl"]))
    return (
        f'<svg class="chart tree" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )
