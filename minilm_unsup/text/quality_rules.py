"""Limits of the quality filter, by preset and language, and the lines that C4 keeps.

Sources: Gopher (Rae et al. 2021, arXiv:2112.11446, tables A1 and A2), C4 (Raffel et al. 2020, section 2.2), FineWeb
(Penedo et al. 2024, arXiv:2406.17557, section 3.4) and, for Chinese, the values that FineWeb-2 publishes for cmn_Hani.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

__all__ = [
    "DUPLICATE_SIZES",
    "PRESETS",
    "STOP_WORDS_EN",
    "STOP_WORDS_ZH",
    "TOP_SIZES",
    "Limit",
    "c4_lines",
    "limits_of",
]

INF = float("inf")
TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)


@dataclass(frozen=True)
class Limit:
    """What a measure of a text may be: at least `low`, at most `high`.

    Attributes
    ----------
    measure : str
        A key of `QualityFilter.measure`.
    low, high : float
    reason : str
        Why a text outside is dropped; empty: told from the numbers.
    """

    measure: str
    low: float = -INF
    high: float = INF
    reason: str = ""

    def broken_by(self, value: float) -> str | None:
        """Why `value` is outside; None where it is not."""
        if self.low <= value <= self.high:
            return None
        side = f"below {self.low:g}" if value < self.low else f"above {self.high:g}"
        return self.reason or f"{self.measure} {side}"


def _repetition(lines: float, top: tuple[float, ...], duplicate: tuple[float, ...]) -> tuple[Limit, ...]:
    return (
        Limit("duplicate lines", high=lines),
        Limit("duplicate paragraphs", high=0.3),
        Limit("characters in duplicate lines", high=0.2),
        Limit("characters in duplicate paragraphs", high=0.2),
        *(Limit(f"characters in the top {n}-gram", high=high) for n, high in zip(TOP_SIZES, top, strict=True)),
        *(
            Limit(f"characters in duplicate {n}-grams", high=high)
            for n, high in zip(DUPLICATE_SIZES, duplicate, strict=True)
        ),
    )


_MARKS = (
    Limit("hash marks per word", high=0.1),
    Limit("ellipses per word", high=0.1),
    Limit("bullet lines", high=0.9),
    Limit("lines ending in an ellipsis", high=0.3),
    Limit("stop words", low=2),
)
_GOPHER: dict[str, tuple[Limit, ...]] = {
    "en": (
        Limit("mean word length", 3, 10),
        Limit("words with a letter", low=0.8),
        *_MARKS,
        *_repetition(0.3, (0.2, 0.18, 0.16), (0.15, 0.14, 0.13, 0.12, 0.11, 0.1)),
    ),
    "zh": (
        Limit("mean word length", 1, 5),
        Limit("words with a letter", low=0.735),
        *_MARKS,
        *_repetition(0.287, (0.256, 0.201, 0.171), (0.198, 0.182, 0.167, 0.154, 0.14, 0.127)),
    ),
}
_FINEWEB: dict[str, tuple[Limit, ...]] = {
    "en": (
        Limit("lines ending in punctuation", low=0.12),
        Limit("short lines", high=0.67),
        Limit("characters in duplicate lines", high=0.01),
        Limit("line feeds per word", high=0.3),
    ),
    "zh": (
        Limit("lines ending in punctuation", low=0.106),
        Limit("short lines", high=0.67),
        Limit("characters in duplicate lines", high=0.01),
        Limit("line feeds per word", high=0.178),
    ),
}
_C4: tuple[Limit, ...] = (
    Limit("sentences", low=5),
    Limit("curly brackets", high=0),
    Limit("lorem ipsum", high=0),
)

# Preset to bounds of the parameters, and the rules by language.
PRESETS: dict[str, tuple[dict[str, float], dict[str, tuple[Limit, ...]]]] = {
    "short": (
        {"min_words": 2, "min_letters": 0.3, "max_repeated": 0.6},
        # Titles and messages: lines and stop words say nothing, the same words again and again do. Half of an n-gram's
        # repetitions is more than "Bora Bora" or a refrain has.
        {
            "en": (Limit("characters in duplicate 5-grams", high=0.5),),
            "zh": (Limit("characters in duplicate 5-grams", high=0.5),),
        },
    ),
    "gopher": ({"min_words": 50, "max_words": 100_000, "min_letters": 0, "max_repeated": 1}, _GOPHER),
    "c4": ({"min_words": 0, "min_letters": 0, "max_repeated": 1}, {"en": _C4, "zh": _C4}),
    "fineweb": ({"min_words": 0, "min_letters": 0, "max_repeated": 1}, _FINEWEB),
    "long": (
        {"min_words": 50, "max_words": 100_000, "min_letters": 0.3, "max_repeated": 0.6},
        {language: (*_GOPHER[language], *_FINEWEB[language]) for language in ("en", "zh")},
    ),
}

STOP_WORDS_EN = frozenset(("the", "be", "to", "of", "and", "that", "have", "with"))
STOP_WORDS_ZH = tuple("的年在月是和日了於為有被人中为他與後也而由")


def limits_of(preset: str, language: str) -> tuple[Limit, ...]:
    """Return the rules of `preset` for ``"en"`` or ``"zh"``."""
    return PRESETS[preset][1][language]


_CITATION = re.compile(r"\[(?:[0-9]{1,4}|edit|citation needed)\]")
_POLICY = re.compile(
    r"javascript|terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies", re.I
)
_END = re.compile(r"""[.?!"'。？！”’…][)\]）】」』]?\Z""")
# From the beginning of a run only, so that each is read once.
_LONG_WORD = re.compile(r"(?<![^\s\u3000-\u9fff\uff00-\uffef])[^\s\u3000-\u9fff\uff00-\uffef]{1001}")


def c4_lines(text: str) -> str:
    """Return the lines of `text` that C4 keeps: those that end like a sentence, have three words, no boilerplate.

    A Han character counts as a word, and Chinese stops end a line too. Marks of citations go.
    """
    kept = []
    for line in text.split("\n"):
        line = _CITATION.sub("", line).strip()
        if not _END.search(line) or line.endswith(("...", "…")):
            continue
        if _POLICY.search(line) or _LONG_WORD.search(line) or _n_words(line) < 3:
            continue
        kept.append(line)
    return "\n".join(kept)


_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+")


def _n_words(line: str) -> int:
    return sum(1 for _ in itertools.islice(_WORD.finditer(line), 3))
