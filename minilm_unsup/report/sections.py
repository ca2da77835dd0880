"""The sections of the report, each from its part of the data; an empty string where that part is missing."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from typing import Any

from .drawing import draw_curves, draw_tree
from .markup import amount, clip, colour, count, escape, joined, number, plain, quoted, seconds, shape, to_float

__all__ = [
    "cleaning_section",
    "evaluation_section",
    "head",
    "learning_section",
    "timings_section",
    "topics_section",
    "tree_section",
    "vocabulary_section",
]

_SHOWN = 300  # characters of an example
# What changes as a whole in a difference: a run of letters and digits, but each Han character by itself.
_PIECES = re.compile(r"[^\W_㐀-鿿]+|.", re.DOTALL)


def head(data: dict[str, Any]) -> str:
    """Return the title and the key figures."""
    source, vocabulary = data.get("source") or {}, data.get("vocabulary") or {}
    figures: list[tuple[str, str, str]] = []
    if "n_documents" in source:
        n, kept = to_float(source["n_documents"]), to_float(source.get("n_kept"))
        left = "" if math.isnan(kept) or kept == n else f"{amount(kept, 'document')} kept after cleaning"
        figures.append(("documents", count(n), left))
    if source.get("languages"):
        shares = sorted(((to_float(v), k) for k, v in source["languages"].items() if to_float(v) > 0), reverse=True)
        if shares:
            rest = ", ".join(f"{count(v)} {plain(k)}" for v, k in shares[1:])
            figures.append(("mostly in" if rest else "all in", plain(shares[0][1]), rest))
    if data.get("topics") is not None:
        sizes = [int(t["size"]) for t in data["topics"]]
        rest = f"of {count(min(sizes))} to {count(max(sizes))} documents" if len(sizes) > 1 else ""
        figures.append(("topics", count(len(sizes)), rest))
    if source.get("n_labels") is not None:
        figures.append(("labels", count(source["n_labels"]), "hidden from all but the classifier"))
    if "n_terms" in vocabulary:
        mean = number(to_float(vocabulary.get("mean_tokens")), 3)
        figures.append(("terms", count(vocabulary["n_terms"]), f"{mean} tokens a document" if mean != "–" else ""))
    if "n_tokens" in vocabulary:
        figures.append(("tokens", count(vocabulary["n_tokens"]), ""))
    if data.get("timings"):
        figures.append(("in all", seconds(_total(data["timings"])), amount(data.get("threads"), "thread")))
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd>{f'<dd>{escape(note)}</dd>' if note else ''}</div>"
        for name, value, note in figures
    )
    vectors = f'<p class="soft">Topics are made from {escape(data["vectors"])}.</p>' if data.get("vectors") else ""
    when = " · ".join(escape(part) for part in ("Unsupervised text report", data.get("created")) if part)
    title = quoted("h1", data.get("title") or "Texts")
    band = f'<dl class="figures">{shown}</dl>' if shown else ""
    return f'<header class="top wrap"><p class="kicker">{when}</p>{title}{vectors}{band}</header>'


def _total(timings: Sequence[dict[str, Any]]) -> float:
    return math.fsum(v for v in (to_float(t.get("seconds")) for t in timings) if not math.isnan(v))


def topics_section(data: dict[str, Any], places: dict[int, int]) -> str:
    """Return a card a topic: words, size, nearest documents, make-up by label."""
    topics = data.get("topics")
    if not topics:
        return ""
    total = sum(int(t["size"]) for t in topics) or 1
    names = sorted({plain(name) for t in topics for name, _ in t.get("labels") or []})
    hue = {name: k for k, name in enumerate(names)}
    cards = joined(_topic_card(t, places[int(t["id"])], total, hue) for t in topics)
    return (
        '<h2>Topics</h2><p class="soft">Words are ordered by how much they set a topic apart from the others; the bars '
        "show by how much. The quoted documents lie nearest to the topic’s centre.</p>"
        f'<div class="grid three">{cards}</div>'
    )


def _topic_card(topic: dict[str, Any], place: int, total: int, hue: dict[str, int]) -> str:
    size = int(topic["size"])
    weights = [max(0.0, w) if not math.isnan(w := to_float(v)) else 0.0 for _, v in topic.get("words") or []]
    top = max(weights, default=0.0) or 1.0
    bars = "".join(
        f'<li title="{escape(word)} {number(weight)}">{quoted("span", word, kind="word")}'
        f'<span class="bar" style="--v:{weight / top:.3f}" aria-hidden="true"></span></li>'
        for (word, _), weight in zip(topic.get("words") or [], weights, strict=True)
    )
    parts = [f'<ol class="bars" style="--c:{colour(place)}">{bars}</ol>' if bars else '<p class="soft">No words.</p>']
    if topic.get("documents"):
        quotes = "".join(quoted("li", clip(plain(d), _SHOWN)) for d in topic["documents"])
        parts.append(f'<div><h4>Nearest documents</h4><ul class="docs">{quotes}</ul></div>')
    if topic.get("labels"):
        shares = [(plain(name), to_float(n) / max(size, 1)) for name, n in topic["labels"]]
        stripes = "".join(f'<i style="--v:{v:.4f};--c:{colour(hue[name])}"></i>' for name, v in shares if v > 0)
        key = "".join(
            f'<li><span class="swatch {shape(hue[name])}" style="--c:{colour(hue[name])}" aria-hidden="true"></span>'
            f"{quoted('span', name, kind='name')} {100 * v:.0f} %</li>"
            for name, v in shares
            if v > 0
        )
        parts.append(
            f'<div><h4>Labels</h4><div class="mix" aria-hidden="true">{stripes}</div>'
            f'<ul class="mixkey">{key}</ul></div>'
        )
    return (
        f'<article class="card topic" id="topic-{int(topic["id"])}"><header>'
        f'<span class="swatch {shape(place)}" style="--c:{colour(place)}" aria-hidden="true"></span>'
        f"<h3>Topic {int(topic['id'])}</h3>"
        f'<span class="soft">{amount(size, "document")} · {100 * size / total:.1f} %</span></header>'
        f"{''.join(parts)}</article>"
    )


def tree_section(data: dict[str, Any], places: dict[int, int]) -> str:
    """Return the dendrogram of topics."""
    tree = data.get("dendrogram")
    if not tree or not len(tree.get("linkage") or []):
        return ""
    ids = [int(t["id"]) for t in data.get("topics") or []]
    hues = [places[i] for i in ids] if len(ids) == len(tree["leaves"]) else list(range(len(tree["leaves"])))
    drawing = draw_tree(tree["linkage"], tree["leaves"], hues)
    return (
        '<h2>How topics join</h2><p class="soft">Two branches meet at the distance of what they join: the further '
        f'right, the more alike.</p><figure class="card drawing"><div class="scroll">{drawing}</div></figure>'
    )


def learning_section(data: dict[str, Any]) -> str:
    """Return the curves; a measure and its ``val_`` twin share a chart."""
    figures = []
    for curve in data.get("curves") or []:
        groups: dict[str, dict[str, Any]] = {}
        for key, values in (curve.get("values") or {}).items():
            groups.setdefault(key.removeprefix("val_"), {})[key] = values
        for base, series in groups.items():
            unit = curve.get("unit", "") if base == next(iter(groups)) else base
            drawing = draw_curves(plain(curve["name"]), plain(curve.get("x_name", "epoch")), plain(unit), series)
            if drawing:
                title = f'{escape(curve["name"])} <span class="soft small">{escape(unit)}</span>'
                figures.append(f'<figure class="card drawing"><h3>{title}</h3>{drawing}</figure>')
    if not figures:
        return ""
    return f'<h2>Learning</h2><div class="grid two">{joined(figures)}</div>'


def _lower_is_better(column: str) -> bool:
    return any(
        key in column.lower() for key in ("loss", "perplexity", "error", "second", "inertia", "entropy", "distance")
    )


def evaluation_section(data: dict[str, Any]) -> str:
    """Return the tables of scores, the best of each column marked, and the confusion matrix."""
    from .confusion import confusion_table

    tables = [_table(t) for t in data.get("evaluation") or [] if t.get("rows")]
    heat = confusion_table(data.get("confusion"))
    if not tables and not heat:
        return ""
    body = "".join(f'<div class="card scroll">{t}</div>' for t in tables)
    return f'<h2>Evaluation</h2><div class="grid two">{body}</div>{heat}'


def _table(table: dict[str, Any]) -> str:
    columns, rows = [plain(c) for c in table["columns"]], table["rows"]
    values = [[to_float(v) for v in row[1:]] for row in rows]
    best: dict[int, float] = {}
    for c, name in enumerate(columns[1:]):
        finite = [row[c] for row in values if c < len(row) and not math.isnan(row[c])]
        if len(finite) > 1:
            best[c] = min(finite) if _lower_is_better(name) else max(finite)
    header = "".join(f'<th scope="col"{" class=n" if c else ""}>{escape(name)}</th>' for c, name in enumerate(columns))
    body = []
    for row, numbers in zip(rows, values, strict=True):
        name = plain(row[0])
        cells = []
        for c, (value, x) in enumerate(zip(row[1:], numbers, strict=True)):
            kinds = ["n"]
            if not math.isnan(x) and best.get(c) == x:
                kinds.append("best")
            share = ""
            column = [v[c] for v in values if c < len(v) and not math.isnan(v[c])]
            if not math.isnan(x) and column and min(column) >= 0 and max(column) <= 1:
                kinds.append("meter")
                share = f' style="--v:{x:.3f}"'
            cells.append(f'<td class="{" ".join(kinds)}"{share}>{escape(number(value, 4))}</td>')
        baseline = name.lower().startswith(("baseline", "best constant"))
        body.append(f'<tr{" class=plain" if baseline else ""}><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    note = f'<p class="soft small">{escape(table["note"])}</p>' if table.get("note") else ""
    return (
        f"<h3>{escape(table['title'])}</h3>{note}<table><thead><tr>{header}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def cleaning_section(data: dict[str, Any]) -> str:
    """Return what cleaning took away and changed, with examples."""
    cleaning = data.get("cleaning") or {}
    removed, edits = cleaning.get("removed") or [], cleaning.get("edits") or []
    if not removed and not edits:
        return ""
    n = to_float((data.get("source") or {}).get("n_documents"))
    cards = []
    if removed:
        items = joined(_removed(entry, n) for entry in removed)
        total = sum(v for v in (to_float(entry.get("count")) for entry in removed) if not math.isnan(v))
        cards.append(
            f'<div class="card"><h3>Left out: {amount(total, "document")}</h3><ul class="why">{items}</ul></div>'
        )
    if edits:
        items = joined(_edit(entry) for entry in edits)
        cards.append(f'<div class="card"><h3>Changed inside documents</h3><ul class="why">{items}</ul></div>')
    return f'<h2>What cleaning did</h2><div class="grid two loose">{joined(cards)}</div>'


def _reason(name: Any, n: Any) -> str:
    text = plain(name).replace("_", " ")
    return f'<div class="head"><span>{escape(text)}</span><span class="n">{count(n)}</span></div>'


def _removed(entry: dict[str, Any], n_documents: float) -> str:
    part = to_float(entry.get("count")) / n_documents if n_documents else math.nan
    share = f'<div class="share" aria-hidden="true"><i style="--v:{min(1.0, part):.4f}"></i></div>' if part >= 0 else ""
    examples = "".join(
        quoted("p", clip(plain(text), _SHOWN), kind="example")
        if plain(text).strip()
        else '<p class="example">(empty)</p>'
        for text in entry.get("examples") or []
    )
    return f"<li>{_reason(entry.get('reason', ''), entry.get('count'))}{share}{examples}</li>"


def _edit(entry: dict[str, Any]) -> str:
    examples = "".join(
        f'<p class="example" dir="auto">{difference(plain(e.get("before", "")), plain(e.get("after", "")))}</p>'
        for e in entry.get("examples") or []
    )
    return f"<li>{_reason(entry.get('rule', ''), entry.get('count'))}{examples}</li>"


def difference(before: str, after: str) -> str:
    """Return one line in which what went is a ``<del>`` and what came an ``<ins>``."""
    old, new = (_PIECES.findall(clip(text, _SHOWN)) for text in (before, after))
    tail = "…" if "…" in (*old[-1:], *new[-1:]) else ""
    old, new = (pieces[:-1] if pieces[-1:] == ["…"] else pieces for pieces in (old, new))
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    if tail and any(step[0] != "equal" for step in steps[:-1]) and steps[-1][0] != "equal":
        steps = steps[:-1]  # excerpts of a text that grew or shrank end at different words: no change of the text
    parts = []
    for kind, a, b, c, d in steps:
        if kind == "equal":
            parts.append(escape("".join(old[a:b])))
            continue
        if b > a:
            parts.append(f"<del>{_visible(''.join(old[a:b]))}</del>")
        if d > c:
            parts.append(f"<ins>{_visible(''.join(new[c:d]))}</ins>")
    return "".join(parts) + tail


def _visible(text: str) -> str:
    """White space that came or went is shown by signs; other characters that cannot be seen by their code."""
    signs = {" ": "␣", "\n": "⏎", "\t": "⇥"}
    return escape("".join(signs.get(c, c if c.isprintable() else f"⟨U+{ord(c):04X}⟩") for c in text))


def vocabulary_section(data: dict[str, Any]) -> str:
    """Return the commonest terms, larger the commoner."""
    terms = [(plain(w), to_float(n)) for w, n in (data.get("vocabulary") or {}).get("top_terms") or []]
    terms = [(w, n) for w, n in terms if n > 0]
    if not terms:
        return ""
    top = max(n for _, n in terms)
    items = "".join(
        f'<li style="font-size:{0.85 + 1.1 * math.sqrt(n / top):.2f}rem">{quoted("span", w)}'
        f'<span class="n">{count(n)}</span></li>'
        for w, n in terms
    )
    return f'<h2>Commonest terms</h2><ul class="words card">{items}</ul>'


def timings_section(data: dict[str, Any]) -> str:
    """Return a bar a stage."""
    timings = data.get("timings") or []
    if not timings:
        return ""
    longest = max((v for v in (to_float(t.get("seconds")) for t in timings) if v > 0), default=1.0)
    items = "".join(
        f'<li><span>{escape(t.get("stage", ""))}</span><span class="n">{seconds(t.get("seconds"))}</span>'
        f'<span class="bar" style="--v:{_share(t, longest):.4f}" aria-hidden="true"></span>'
        f'<span class="what">{escape(t.get("detail") or "")}</span></li>'
        for t in timings
    )
    return (
        f'<h2>Time</h2><p class="soft">{seconds(_total(timings))} in all.</p>'
        f'<div class="card"><ul class="times">{items}</ul></div>'
    )


def _share(timing: dict[str, Any], longest: float) -> float:
    value = to_float(timing.get("seconds"))
    return 0.0 if math.isnan(value) else max(0.0, value / longest)
