"""Drop documents that hold no text worth learning from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._native import load
from .._validation import check_choice, check_number, check_texts
from .cleaning_rules import urls
from .removal import RemovalReport

__all__ = ["QualityFilter"]

_clean = load("clean")

PRESETS: dict[str, dict[str, float]] = {
    # Titles, messages, sentences.
    "short": {"min_words": 2, "min_letters": 0.3, "max_repeated": 0.6},
    # Whole pages: Gopher's limits on words and letters (Rae et al. 2021, table A1).
    "long": {"min_words": 50, "min_letters": 0.3, "max_repeated": 0.6, "max_words": 100_000},
}


class QualityFilter(Estimator):
    """Tell documents that hold text from those that hold none.

    Each Han character counts as a word of its own, so one set of limits serves Chinese and English.

    Parameters
    ----------
    preset : {"short", "long"}
        Limits for titles and messages, or for whole pages.
    min_words, max_words : int, optional
        Words a document must and may have; None takes the preset's.
    min_letters : float, optional
        Share of letters among the characters that are no space, in [0, 1].
    max_repeated : float, optional
        Share that one character may have, in [0.5, 1].

    Examples
    --------
    >>> QualityFilter().reasons(["a ship at sea", "!!!", "哈哈哈哈哈哈", "天气很好"])
    [None, 'no words', 'one repeated character', None]
    """

    def __init__(
        self,
        preset: str = "short",
        *,
        min_words: int | None = None,
        max_words: int | None = None,
        min_letters: float | None = None,
        max_repeated: float | None = None,
    ) -> None:
        self.preset = preset
        self.min_words = min_words
        self.max_words = max_words
        self.min_letters = min_letters
        self.max_repeated = max_repeated

    def _limits(self) -> dict[str, float]:
        check_choice(self.preset, "preset", PRESETS)
        limits = {"max_words": float("inf"), **PRESETS[self.preset]}
        for name, options in {
            "min_words": {"integer": True, "low": 0},
            "max_words": {"integer": True, "low": 1},
            "min_letters": {"low": 0, "high": 1},
            "max_repeated": {"low": 0.5, "high": 1},
        }.items():
            value = getattr(self, name)
            if value is not None:
                limits[name] = check_number(value, name, **options)  # type: ignore[arg-type]
        return limits

    def reasons(self, texts: Sequence[str]) -> list[str | None]:
        """Return for each text why it would be dropped, None where it is kept."""
        limits = self._limits()
        return [_reason(text, limits) for text in check_texts(texts)]

    def filter(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64], RemovalReport]:
        """Return the texts kept, their positions (int64), and the record of the others."""
        texts = check_texts(texts)
        reasons = self.reasons(texts)
        kept = np.array([i for i, reason in enumerate(reasons) if reason is None], dtype=np.int64)
        return [texts[i] for i in kept], kept, RemovalReport.from_reasons(texts, reasons)


def _reason(text: str, limits: dict[str, Any]) -> str | None:
    solid, letters, _han, words, same = _clean.measure(text)
    if solid == 0:
        return "empty"
    if words == 0:
        return "no words"
    if solid >= 4 and same > limits["max_repeated"] * solid:
        return "one repeated character"
    if words < limits["min_words"]:
        return "too few words"
    if words > limits["max_words"]:
        return "too many words"
    if letters < limits["min_letters"] * solid:
        return "too few letters"
    if "://" in text and urls(text).strip() == "":
        return "nothing but an address"
    return None
