"""The exceptions and warning classes of the library."""

from __future__ import annotations

import sys

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
    if module is None:
        return NotFittedError(message)
    peer = module.NotFittedError
    return type("NotFittedError", (NotFittedError, peer), {"__module__": __name__})(message)
