"""The report of a run: one self-contained HTML page, and a summary for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .page import render_report, write_report
    from .plain_text import render_topics_text

__all__ = ["render_report", "render_topics_text", "write_report"]

__getattr__, __dir__ = lazy_exports(
    __name__, {"render_report": ".page", "render_topics_text": ".plain_text", "write_report": ".page"}
)
