"""The confusion matrix: a table of shaded cells, or a picture of cells where classes are many."""

from __future__ import annotations

import math
from typing import Any

from .drawing import text_width
from .markup import clip, count, escape, plain, to_float

__all__ = ["confusion_table"]

_MOST_NUMBERED = 40  # classes up to which cells hold their numbers
_MOST_NAMED = 120  # classes up to which a picture of cells names them
_MOST_CLASSES = 400
_LISTED = 8


def confusion_table(confusion: dict[str, Any] | None) -> str:
    """Return the matrix, rows the true labels and columns the predicted, shaded by share of the row."""
    if not confusion or not confusion.get("matrix"):
        return ""
    labels = [plain(name) for name in confusion["labels"]]
    matrix = [[_positive(value) for value in row] for row in confusion["matrix"]]
    shares = [[v / (sum(row) or 1.0) for v in row] for row in matrix]
    if len(labels) <= _MOST_NUMBERED:
        drawing = _numbered(labels, matrix, shares)
    elif len(labels) <= _MOST_CLASSES:
        drawing = _cells(labels, shares)
    else:
        drawing = f'<p class="soft">{len(labels)} classes are too many to draw.</p>'
    return (
        '<div class="card below"><h3>Where the classifier errs</h3><p class="soft small">Rows are true labels, columns '
        "predictions; the deeper the shade, the larger the share of the row. The diagonal is right.</p>"
        f'<div class="scroll">{drawing}</div>{_worst(labels, matrix, shares)}</div>'
    )


def _positive(value: Any) -> float:
    x = to_float(value)
    return 0.0 if math.isnan(x) else max(0.0, x)


def _numbered(labels: list[str], matrix: list[list[float]], shares: list[list[float]]) -> str:
    header = "".join(
        f'<th scope="col" title="{escape(name)}"><span dir="auto">{escape(clip(name, 22))}</span></th>'
        for name in labels
    )
    body = []
    for i, name in enumerate(labels):
        cells = []
        for j, (value, share) in enumerate(zip(matrix[i], shares[i], strict=True)):
            kinds = [kind for kind, holds in (("hi", share > 0.36), ("zero", value == 0), ("self", i == j)) if holds]
            kind = f' class="{" ".join(kinds)}"' if kinds else ""
            shade = f' style="--v:{math.sqrt(share):.2f}"' if value else ""  # the root lifts small errors into sight
            cells.append(f"<td{kind}{shade}>{count(value)}</td>")
        title = f' title="{escape(name)}"' if len(name) > 22 else ""
        body.append(f'<tr><th scope="row"{title} dir="auto">{escape(clip(name, 22))}</th>{"".join(cells)}</tr>')
    return (
        f'<table class="heat"><thead><tr><td><span class="gone">true label</span></td>{header}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _cells(labels: list[str], shares: list[list[float]]) -> str:
    n, named = len(labels), len(labels) <= _MOST_NAMED
    names = [clip(name, 20) for name in labels] if named else []
    size = 15.0 if named else max(2.0, 760.0 / n)
    edge = max((text_width(name, 11) for name in names), default=0.0) + (10 if named else 0)
    before = edge - 6
    words = ""
    for i, name in enumerate(names):
        middle = edge + (i + 0.5) * size + 4
        words += f'<text x="{before:.0f}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>'
        words += f'<text transform="translate({middle:.0f} {before:.0f}) rotate(-90)">{escape(name)}</text>'
    rects = "".join(
        f'<rect x="{j}" y="{i}" width="1" height="1" opacity="{math.sqrt(share):.2f}"/>'
        for i, row in enumerate(shares)
        for j, share in enumerate(row)
        if share > 0
    )
    side = math.ceil(edge + n * size)
    label = f"Confusion of {n} classes, in one order from top to bottom and from left to right"
    return (
        f'<svg class="cells" width="{side}" height="{side}" viewBox="0 0 {side} {side}" role="img" '
        f'aria-label="{label}">'
        f'{words}<g transform="translate({edge:.1f} {edge:.1f}) scale({size:.4g})" shape-rendering="crispEdges">'
        f'<rect class="back" width="{n}" height="{n}"/>{rects}</g></svg>'
    )


def _worst(labels: list[str], matrix: list[list[float]], shares: list[list[float]]) -> str:
    pairs = [
        (matrix[i][j], shares[i][j], name, labels[j])
        for i, name in enumerate(labels)
        for j in range(len(labels))
        if i != j and matrix[i][j] > 0
    ]
    if not pairs:
        return ""
    pairs.sort(key=lambda pair: (-pair[0], pair[2], pair[3]))
    items = "".join(
        f"<li><bdi>{escape(clip(a, 40))}</bdi> taken for <bdi>{escape(clip(b, 40))}</bdi>: {count(v)} "
        f'<span class="soft">({100 * share:.0f} %)</span></li>'
        for v, share, a, b in pairs[:_LISTED]
    )
    return f'<div class="worst"><h4>Most frequent errors</h4><ul>{items}</ul></div>'
