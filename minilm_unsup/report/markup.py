"""Text, numbers and colours as they may stand in HTML, SVG and JSON inside a page."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable
from typing import Any

__all__ = [
    "COLOURS",
    "SHAPES",
    "amount",
    "clip",
    "colour",
    "count",
    "embedded_json",
    "escape",
    "joined",
    "number",
    "plain",
    "quoted",
    "seconds",
    "shape",
    "to_float",
]

# Chosen one by one, each as far as could be from those before it for normal, protanopic and deuteranopic sight at once
# (OKLab distances after the simulation of Machado, Oliveira and Fernandes 2009), on white and on near-black. No 36
# colours can be told apart by everyone: the marker's shape changes too, and names stand on the map.
COLOURS = (
    "#2d6fbe", "#71c82e", "#be0e2a", "#d09efd", "#fb5885", "#6f2b79", "#2936b7", "#816ffb", "#c57118", "#c83082",
    "#26afb9", "#336a54", "#c277e3", "#5858df", "#f69c8d", "#3ca059", "#aa32a4", "#f77dc6", "#055f04", "#f26b59",
    "#851394", "#c3639c", "#fe9f0b", "#b55ada", "#534859", "#596877", "#9b76bd", "#be8a9f", "#907247", "#cab0af",
    "#c6910b", "#7d5237", "#7d2e42", "#818e7b", "#96afdb", "#a5b866",
)  # fmt: skip
SHAPES = ("circle", "square", "triangle", "diamond")
_PER_SHAPE = 9  # colours until the shape changes

# C0 controls show as their pictures; tab and line feed are ordinary white space.
_CONTROLS = {c: 0x2400 + c for c in range(32) if c not in (9, 10)} | {0x7F: 0x2421, 13: 0x20}


def colour(index: int) -> str:
    """Return the colour of the entry at a place in a legend."""
    return COLOURS[index % len(COLOURS)]


def shape(index: int) -> str:
    """Return the marker's shape for the entry at a place in a legend."""
    return SHAPES[index // _PER_SHAPE % len(SHAPES)]


def plain(value: Any) -> str:
    """Return text that every encoder and parser takes: lone surrogates replaced, controls made visible."""
    text = value if isinstance(value, str) else str(value)
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.translate(_CONTROLS)


def clip(text: str, length: int) -> str:
    """Return `text` cut to `length` characters, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def escape(value: Any) -> str:
    """Return `value` as text for an element or a quoted attribute."""
    return html.escape(plain(value), quote=True)


def _language(text: str) -> str:
    return ' lang="zh"' if any("㐀" <= c <= "鿿" for c in text) else ""


def quoted(tag: str, value: Any, *, kind: str = "") -> str:
    """Return an element around text of the user's: direction found from it, Han glyphs marked as Chinese."""
    text = plain(value)
    attributes = f' class="{kind}"' if kind else ""
    return f'<{tag}{attributes} dir="auto"{_language(text)}>{html.escape(text)}</{tag}>'


def embedded_json(value: Any) -> str:
    """Return JSON that may stand inside a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def to_float(value: Any) -> float:
    """Return a finite number, or NaN for anything else."""
    if isinstance(value, (bool, str)) or value is None:
        return math.nan
    try:
        x = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return x if math.isfinite(x) else math.nan


def count(value: Any) -> str:
    """Return a whole number with separators, an en dash where there is none."""
    x = to_float(value)
    return "–" if math.isnan(x) else f"{round(x):,}"


def number(value: Any, digits: int = 4) -> str:
    """Return a number with few digits, an en dash where there is none; text as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    x = to_float(value)
    if math.isnan(x):
        return "–"
    if x == round(x) and abs(x) < 1e15 and not (isinstance(value, float) and abs(x) < 100):
        return f"{round(x):,}"
    if abs(x) >= 1e6 or 0 < abs(x) < 1e-4:
        return f"{x:.{digits - 1}g}"
    whole = len(str(int(abs(x))))
    return f"{x:,.{max(0, digits - whole)}f}"


def amount(n: Any, one: str, many: str | None = None) -> str:
    """Return a count with its noun."""
    return f"{count(n)} {one if to_float(n) == 1 else many or one + 's'}"


def seconds(value: Any) -> str:
    """Return a duration for reading."""
    x = to_float(value)
    if math.isnan(x):
        return "–"
    if x >= 99.5:
        return f"{round(x) // 60} min {round(x) % 60:02d} s"
    return f"{x:.1f} s" if x >= 9.95 else f"{x:.2f} s"


def joined(parts: Iterable[str]) -> str:
    """Return the parts one a line, the empty ones left out."""
    return "\n".join(part for part in parts if part)
