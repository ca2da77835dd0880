"""The page: sections put together with their style and script into one file that asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import os
from importlib import resources
from typing import Any

from .._storage import write_file
from .map_figure import map_figure, topic_entries
from .markup import amount, escape, joined, plain
from .sections import (
    cleaning_section,
    evaluation_section,
    head,
    learning_section,
    timings_section,
    topics_section,
    tree_section,
    vocabulary_section,
)

__all__ = ["render_report", "write_report"]


def render_report(data: dict[str, Any]) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    data : dict
        Plain values, every part optional: ``title``, ``created``, ``version``, ``command``, ``python``, ``seed``,
        ``threads``, ``vectors`` (text), ``source``, ``cleaning``, ``vocabulary``, ``map``, ``topics``, ``dendrogram``,
        ``curves``, ``evaluation``, ``confusion``, ``timings``. A part that is missing, None or empty is left out.

    Returns
    -------
    str
        HTML that names no other file or address. All text is escaped; its security policy lets no script run but the
        page's own.
    """
    entries = topic_entries(data)
    places = {entry["id"]: k for k, entry in enumerate(entries)}
    figure = map_figure(data, entries)
    sections = [
        ("map", "Map", f"<h2>Map of documents</h2>{figure}" if figure else ""),
        ("topics", "Topics", topics_section(data, places)),
        ("tree", "Tree", tree_section(data, places)),
        ("evaluation", "Evaluation", evaluation_section(data)),
        ("learning", "Learning", learning_section(data)),
        ("cleaning", "Cleaning", cleaning_section(data)),
        ("vocabulary", "Terms", vocabulary_section(data)),
        ("time", "Time", timings_section(data)),
    ]
    sections = [section for section in sections if section[2]]
    script = _resource("map.js") if figure else ""
    links = "".join(f'<li><a href="#{key}">{name}</a></li>' for key, name, _ in sections)
    body = joined(f'<section id="{key}" class="wrap">{content}</section>' for key, _, content in sections)
    return joined(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(data.get('title') or 'Texts')} · topics</title>",
            f"<style>\n{_resource('report.css')}</style>\n</head>\n<body>",
            '<a class="skip" href="#content">Skip to the content</a>',
            head(data),
            f'<nav class="toc" aria-label="Sections"><ul class="wrap">{links}</ul></nav>' if len(sections) > 1 else "",
            f'<main id="content">\n{body}\n</main>',
            _footer(data),
            f"<script>{script}</script>" if script else "",
            "</body>\n</html>\n",
        ]
    )


def write_report(data: dict[str, Any], path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write the report to `path`, whole or not at all.

    Parameters
    ----------
    data : dict
        As for `render_report`.
    path : path
        File to write.
    force : bool
        Replace a file that exists.

    Raises
    ------
    FileExistsError
        If `path` exists and `force` is false.
    StorageError
        If the place cannot be written.
    """
    write_file(path, render_report(data), force=force)


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return a policy that forbids every load and every script but the one of this hash."""
    allowed = "'none'"
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed = f"'sha256-{digest}'"
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; form-action 'none'"


def _footer(data: dict[str, Any]) -> str:
    facts = [
        ("Made by", " ".join(filter(None, ("minilm_unsup", plain(data.get("version") or ""))))),
        ("Python", data.get("python")),
        ("Command", data.get("command")),
        ("Seed", data.get("seed")),
        ("Threads", data.get("threads")),
    ]
    rows = "".join(
        f"<dt>{name}</dt><dd>{f'<code>{escape(value)}</code>' if name == 'Command' else escape(value)}</dd>"
        for name, value in facts
        if value is not None and value != ""
    )
    size = (data.get("source") or {}).get("n_characters")
    read = f"<p>{amount(size, 'character')} read.</p>" if size is not None else ""
    return f'<footer><div class="wrap">{read}<dl>{rows}</dl></div></footer>'
