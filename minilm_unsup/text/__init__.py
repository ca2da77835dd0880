"""Text in, numbers out: read, clean, denoise, tokenise, count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .cleaner import CleaningReport, Edit, TextCleaner
    from .corpus import Corpus, CorpusError, read_corpus
    from .deduplicator import Deduplicator
    from .quality import QualityFilter
    from .removal import RemovalReport
    from .standard_library import standard_library_docstrings

__all__ = [
    "CleaningReport",
    "Corpus",
    "CorpusError",
    "Deduplicator",
    "Edit",
    "QualityFilter",
    "RemovalReport",
    "TextCleaner",
    "read_corpus",
    "standard_library_docstrings",
]

_WHERE = {
    "CleaningReport": ".cleaner",
    "Corpus": ".corpus",
    "CorpusError": ".corpus",
    "Deduplicator": ".deduplicator",
    "Edit": ".cleaner",
    "QualityFilter": ".quality",
    "RemovalReport": ".removal",
    "TextCleaner": ".cleaner",
    "read_corpus": ".corpus",
    "standard_library_docstrings": ".standard_library",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
