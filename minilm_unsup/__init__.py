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

__version__ = "0.1.0"

__all__ = [
    "CollapseWarning",
    "ConvergenceWarning",
    "DataWarning",
    "History",
    "NotFittedError",
    "StorageError",
    "get_num_threads",
    "metrics",
    "set_num_threads",
]

_WHERE = {
    "CollapseWarning": "._exceptions",
    "ConvergenceWarning": "._exceptions",
    "DataWarning": "._exceptions",
    "History": "._history",
    "NotFittedError": "._exceptions",
    "StorageError": "._exceptions",
    "get_num_threads": "._parallel",
    "metrics": ".metrics",
    "set_num_threads": "._parallel",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
