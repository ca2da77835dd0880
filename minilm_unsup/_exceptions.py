"""The exceptions and warning classes of the library."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

__all__ = [
    "CollapseWarning",
    "ConvergenceWarning",
    "DataWarning",
    "EmptyVocabularyError",
    "LanguageMismatchWarning",
    "MinilmWarning",
    "NotFittedError",
    "StorageError",
]


class NotFittedError(ValueError, AttributeError):
    """An estimator was used before ``fit``."""


class StorageError(ValueError):
    """A saved file or directory cannot be used: missing, cut, edited or of another kind."""


class EmptyVocabularyError(ValueError):
    """No word of the texts is left to be counted."""


class MinilmWarning(UserWarning):
    """Base of every warning the library gives."""


class ConvergenceWarning(MinilmWarning):
    """An iteration stopped at its limit, or ended with less than was asked for."""


class CollapseWarning(MinilmWarning):
    """A model or one of its units carries no information any more."""


class DataWarning(MinilmWarning):
    """The data make a result weaker than it looks."""


class LanguageMismatchWarning(MinilmWarning):
    """Text and settings are of different languages."""


def not_fitted_error(message: str) -> Exception:
    """Return our `NotFittedError`, or one that is scikit-learn's too where that is already imported."""
    module = sys.modules.get("sklearn.exceptions")
    kind = NotFittedError if module is None else _joined(NotFittedError, module.NotFittedError)
    return kind(message)


def peer_convergence_warning() -> type[Warning]:
    """Return our `ConvergenceWarning`, or one that is scikit-learn's too where that is already imported."""
    module = sys.modules.get("sklearn.exceptions")
    return ConvergenceWarning if module is None else _joined(ConvergenceWarning, module.ConvergenceWarning)


@cache
def _joined(ours: type[Exception], peer: type[Exception]) -> type[Any]:
    # A class made here is found under no name: a pickle holds ours, which every process has.
    members = {"__module__": __name__, "__doc__": ours.__doc__, "__reduce__": lambda self: (ours, self.args)}
    return type(ours.__name__, (ours, peer), members)
