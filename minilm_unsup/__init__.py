"""Unsupervised learning on text, on an ordinary CPU, from scratch.

Importing the package loads nothing but itself; each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy_exports

if TYPE_CHECKING:
    from . import metrics
    from ._exceptions import CollapseWarning, ConvergenceWarning, DataWarning, NotFittedError, StorageError
    from ._history import History
    from ._parallel import get_num_threads, set_num_threads
    from .text import Deduplicator, QualityFilter, TextCleaner

__version__ = "0.1.0"

__all__ = [
    "CollapseWarning",
    "ConvergenceWarning",
    "DataWarning",
    "Deduplicator",
    "History",
    "NotFittedError",
    "QualityFilter",
    "StorageError",
    "TextCleaner",
    "get_num_threads",
    "metrics",
    "set_num_threads",
]

_WHERE = {
    "CollapseWarning": "._exceptions",
    "ConvergenceWarning": "._exceptions",
    "DataWarning": "._exceptions",
    "Deduplicator": ".text",
    "History": "._history",
    "NotFittedError": "._exceptions",
    "QualityFilter": ".text",
    "StorageError": "._exceptions",
    "TextCleaner": ".text",
    "get_num_threads": "._parallel",
    "metrics": ".metrics",
    "set_num_threads": "._parallel",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
