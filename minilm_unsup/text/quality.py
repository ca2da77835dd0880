"""Drop documents that hold no text worth learning from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._native import load
from .._validation import check_choice, check_number, check_texts
from .cleaning_rules import urls
from .quality_rules import DUPLICATE_SIZES, PRESETS, STOP_WORDS_EN, STOP_WORDS_ZH, TOP_SIZES, c4_lines, limits_of
from .removal import RemovalReport

__all__ = ["QualityFilter"]

_quality = load("quality")

# Mean length of the words of Han in the PKU test text (SIGHAN 2005).
_HAN_PER_WORD = 1.74
# Rules on lines need lines: a text of one or two is not made of them.
_LEAST_LINES = 3

_LETTERS = re.compile(r"[A-Za-z]+")
_BULLETS = ("•", "-", "*", "·", "●", "○", "■", "□", "▪", "▶", "►", "◆", "‣", "–", "※")
_ELLIPSES = ("...", "…")
_LINE_END = re.compile(r"[.?!\"'。？！；：;:”’…」』）)\]】]\Z")
# Possessive, and from the first mark of a run only: a run that ends no sentence is read once.
_SENTENCE_END = re.compile(r"(?<![.?!])[.?!]++[\"'”’)\]]*+(?=\s|\Z)|[。！？!?；…]+")
_PARAGRAPH = re.compile(r"\n{2,}")


class QualityFilter(Estimator):
    """Tell documents that hold text from those that hold none.

    A text of which more than half of the letters are Han is measured by the limits for Chinese. For `min_words` and
    `max_words` each Han character counts as a word. Rates per word and n-grams mean words as readers know them: with
    `segmenter` its words; without, a Chinese word is taken for 1.74 characters, n-grams are that much longer, and the
    mean length of words, which nothing tells, is not looked at.

    Parameters
    ----------
    preset : {"short", "gopher", "c4", "fineweb", "long"}
        ``"short"``: titles and messages. ``"gopher"``: words, letters, marks and repetition (Rae et al. 2021, tables A1
        and A2). ``"c4"``: keeps the lines that end like a sentence, and texts of five sentences (Raffel et al. 2020,
        section 2.2); text without line breaks is one line. ``"fineweb"``: shares of lines (Penedo et al. 2024, section
        3.4). ``"long"``: "gopher" and "fineweb". Rules on shares of lines apply from three lines up. Limits for
        Chinese are those of FineWeb-2.
    min_words, max_words : int, optional
        Words a document must and may have; None takes the preset's.
    min_letters : float, optional
        Share of letters among the characters that are no space, in [0, 1].
    max_repeated : float, optional
        Share that one character may have, in [0.5, 1].
    segmenter : ChineseSegmenter, optional
        Or any object whose ``encode_batch(texts)`` gives ``offsets``; finds the words of Chinese texts.
    scorer : callable, optional
        Takes a list of texts and returns a number for each, such as the perplexity under a language model.
    max_score : float, optional
        The highest score that is kept; goes with `scorer`.

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
        segmenter: Any = None,
        scorer: Callable[[list[str]], Any] | None = None,
        max_score: float | None = None,
    ) -> None:
        self.preset = preset
        self.min_words = min_words
        self.max_words = max_words
        self.min_letters = min_letters
        self.max_repeated = max_repeated
        self.segmenter = segmenter
        self.scorer = scorer
        self.max_score = max_score

    def _limits(self) -> dict[str, float]:
        check_choice(self.preset, "preset", PRESETS)
        limits = {"max_words": float("inf"), **PRESETS[self.preset][0]}
        for name, options in {
            "min_words": {"integer": True, "low": 0},
            "max_words": {"integer": True, "low": 1},
            "min_letters": {"low": 0, "high": 1},
            "max_repeated": {"low": 0.5, "high": 1},
        }.items():
            value = getattr(self, name)
            if value is not None:
                limits[name] = check_number(value, name, **options)  # type: ignore[arg-type]
        if self.segmenter is not None and not hasattr(self.segmenter, "encode_batch"):
            raise TypeError(f"segmenter must have encode_batch, got {type(self.segmenter).__name__}")
        if (self.scorer is None) != (self.max_score is None):
            raise ValueError("scorer and max_score go together: give both, or neither")
        if self.scorer is not None and not callable(self.scorer):
            raise TypeError(f"scorer must be callable with a list of texts, got {type(self.scorer).__name__}")
        if self.max_score is not None:
            limits["max_score"] = check_number(self.max_score, "max_score")
        if limits["min_words"] > limits["max_words"]:
            raise ValueError(
                f"max_words must be at least min_words, got {limits['max_words']:g} and {limits['min_words']:g}"
            )
        return limits

    def measure(self, text: str) -> dict[str, float]:
        """Return what the rules look at, by name; shares are in [0, 1], of characters that of all of the text.

        With ``preset="c4"`` of the lines that are left.

        Raises
        ------
        TypeError
            If `text` is no string.
        """
        self._limits()
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, got {type(text).__name__}")
        if self.preset == "c4":
            text = c4_lines(text)
        return self._measure(text, self._spans_of([text])[0], _quality.measure(text))

    def reasons(self, texts: Sequence[str]) -> list[str | None]:
        """Return for each text why it would be dropped, None where it is kept."""
        return self._judge(check_texts(texts))[1]

    def filter(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64], RemovalReport]:
        """Return the texts kept, their positions (int64), and the record of the others.

        With ``preset="c4"`` the texts kept have lost the lines that C4 drops.
        """
        texts = check_texts(texts)
        edited, reasons = self._judge(texts)
        kept = np.array([i for i, reason in enumerate(reasons) if reason is None], dtype=np.int64)
        return [edited[i] for i in kept], kept, RemovalReport.from_reasons(texts, reasons)

    def _judge(self, texts: list[str]) -> tuple[list[str], list[str | None]]:
        limits = self._limits()
        raw = texts
        if self.preset == "c4":
            texts = [c4_lines(text) for text in texts]
        spans = self._spans_of(texts)
        reasons = [self._reason(text, own, limits) for text, own in zip(texts, spans, strict=True)]
        for i, reason in enumerate(reasons):
            if reason == "empty" and raw[i].strip():
                reasons[i] = "no line that ends like a sentence"
        if self.scorer is not None:
            most = limits["max_score"]
            left = [i for i, reason in enumerate(reasons) if reason is None]
            scores = np.asarray(self.scorer([texts[i] for i in left]), dtype=np.float64)
            if scores.shape != (len(left),):
                raise ValueError(f"scorer must return one number a text, {len(left)}, it returned {scores.shape}")
            for i, score in zip(left, scores.tolist(), strict=True):
                if not score <= most:  # NaN is no reason to keep a text
                    reasons[i] = f"score above {most:g}"
        return texts, reasons

    def _spans_of(self, texts: list[str]) -> list[NDArray[np.int64] | None]:
        """Words of the Chinese texts, where there is a segmenter."""
        out: list[NDArray[np.int64] | None] = [None] * len(texts)
        if self.segmenter is not None:
            chinese = [i for i, text in enumerate(texts) if _language(_quality.measure(text)) == "zh"]
            for i, encoding in zip(chinese, self.segmenter.encode_batch([texts[i] for i in chinese]), strict=True):
                spans = np.asarray(encoding.offsets, dtype=np.int64)
                words = [any(map(str.isalnum, texts[i][a:b])) for a, b in spans.tolist()]
                out[i] = np.ascontiguousarray(spans[np.array(words, dtype=bool)])
        return out

    def _reason(self, text: str, spans: NDArray[np.int64] | None, limits: dict[str, float]) -> str | None:
        counts = _quality.measure(text)
        solid, letters, _han, words, same = counts
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
        if self.preset == "short":
            if "://" in text and urls(text).strip() == "":
                return "nothing but an address"
            if words < 2 * round(_longer(counts, spans) * DUPLICATE_SIZES[0]):
                return None  # no n-gram of the one rule left can occur twice without overlapping itself
        measures = self._measure(text, spans, counts)
        for limit in limits_of(self.preset, _language(counts)):
            if limit.measure in measures and (reason := limit.broken_by(measures[limit.measure])):
                return reason
        return None

    def _measure(self, text: str, spans: NDArray[np.int64] | None, counts: tuple[int, ...]) -> dict[str, float]:
        """What the rules of the preset look at."""
        solid, letters, _han, words, same = counts
        language = _language(counts)
        longer = _longer(counts, spans)
        top, duplicate = ([round(longer * n) for n in sizes] for sizes in (TOP_SIZES, DUPLICATE_SIZES))
        if self.preset == "short":
            top, duplicate = [], duplicate[:1]
        elif self.preset in ("c4", "fineweb"):
            top, duplicate = [], []
        n, characters, lettered, of_han, tops, duplicates = _quality.repetition(
            text, spans, tuple(top), tuple(duplicate)
        )
        out: dict[str, float] = {
            "words": words,
            "letters": letters / max(solid, 1),
            "repeated character": same / max(solid, 1),
        }
        sizes = zip((*TOP_SIZES[: len(tops)], *DUPLICATE_SIZES[: len(duplicates)]), tops + duplicates, strict=True)
        for i, (size, found) in enumerate(sizes):
            name = f"top {size}-gram" if i < len(tops) else f"duplicate {size}-grams"
            out[f"characters in {'the ' if i < len(tops) else ''}{name}"] = found / max(len(text), 1)
        if self.preset == "short":
            return out
        if self.preset == "c4":
            out["sentences"] = sum(1 for _ in _SENTENCE_END.finditer(text))
            out["curly brackets"] = text.count("{")
            out["lorem ipsum"] = text.lower().count("lorem ipsum")
            return out
        n_words = max(n - of_han + of_han / longer, 1.0)
        if self.preset != "fineweb":
            if spans is not None or language == "en":  # Han in English text says nothing of its words
                out["mean word length"] = (characters - of_han) / max(n - of_han, 1)
            out["words with a letter"] = lettered / max(n, 1)
            out["hash marks per word"] = text.count("#") / n_words
            out["ellipses per word"] = (text.count("...") + text.count("…")) / n_words
            if language == "zh":
                out["stop words"] = sum(word in text for word in STOP_WORDS_ZH)
            else:
                out["stop words"] = len(STOP_WORDS_EN.intersection(map(str.lower, _LETTERS.findall(text))))
        out |= _lines(text, n_words)
        return out


def _language(counts: tuple[int, ...]) -> str:
    return "zh" if 2 * counts[2] > counts[1] else "en"


def _longer(counts: tuple[int, ...], spans: NDArray[np.int64] | None) -> float:
    """How many of the words that are counted make up one that readers know."""
    return _HAN_PER_WORD if _language(counts) == "zh" and spans is None else 1.0


def _lines(text: str, n_words: float) -> dict[str, float]:
    """Shares of lines and paragraphs, of texts that have some."""
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    if len(lines) < _LEAST_LINES:
        return {}
    n = len(lines)
    paragraphs = [part for part in map(str.strip, _PARAGRAPH.split(text)) if part]
    return {
        "bullet lines": sum(line.startswith(_BULLETS) for line in lines) / n,
        "lines ending in an ellipsis": sum(line.endswith(_ELLIPSES) for line in lines) / n,
        "lines ending in punctuation": sum(_LINE_END.search(line) is not None for line in lines) / n,
        "short lines": sum(len(line) <= 30 for line in lines) / n,
        "line feeds per word": text.count("\n") / n_words,
        "duplicate lines": (n - len(set(lines))) / n,
        "duplicate paragraphs": (len(paragraphs) - len(set(paragraphs))) / len(paragraphs),
        "characters in duplicate lines": _said_again(lines) / len(text),
        "characters in duplicate paragraphs": _said_again(paragraphs) / len(text),
    }


def _said_again(parts: list[str]) -> int:
    """Characters of the parts that occurred before."""
    return sum((count - 1) * len(part) for part, count in Counter(parts).items())
