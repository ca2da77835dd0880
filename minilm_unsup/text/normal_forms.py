"""Unicode's normal forms, and where each character of the normal form came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMS", "normal_form", "normal_forms", "original_spans"]

FORMS = ("nfc", "nfd", "nfkc", "nfkd")
Name = Literal["NFC", "NFD", "NFKC", "NFKD"]


def normal_form(text: str, form: str) -> tuple[str, NDArray[np.int64] | None]:
    """Return `text` in a normal form (Unicode Standard Annex 15, of the interpreter's Unicode).

    Returns
    -------
    text : str
        The same object where it is in that form.
    spans : ndarray (len(text), 2) int64, or None where nothing changed
        Start and end of the characters that each stands for, as Hugging Face's tokenizers has them: the parts of one
        character stand for that character, one character made of several for the first of them.
    """
    name: Name = form.upper()  # type: ignore[assignment]
    if unicodedata.is_normalized(name, text):
        return text, None
    changes: Iterable[tuple[str, int]] = _decomposed(text, "NFKD" if "K" in name else "NFD")
    if name.endswith("C"):
        changes = _composed(changes)
    out: list[str] = []
    first: list[int] = []
    read = 0
    for character, change in changes:
        out.append(character)
        if change > 0:
            first.append(read - 1)
        else:
            first.append(min(read, len(text) - 1))
            read += 1 - change
    start = np.array(first, dtype=np.int64)
    return "".join(out), np.stack((start, start + 1), axis=1)


def normal_forms(texts: list[str], form: str) -> tuple[list[str], list[NDArray[np.int64] | None]]:
    """Return `normal_form` of each text."""
    pairs = [normal_form(text, form) for text in texts]
    return [text for text, _ in pairs], [spans for _, spans in pairs]


def original_spans(offsets: NDArray[np.int64], sources: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return offsets (n, 2) of a normal form as those of the text it was made of."""
    if not len(sources):
        return np.zeros_like(offsets)
    start, end = offsets[:, 0], offsets[:, 1]
    out = np.stack((sources[np.minimum(start, len(sources) - 1), 0], sources[np.maximum(end - 1, 0), 1]), axis=1)
    empty = end <= start  # of which nothing was left by `trim_offsets`: behind what it had; or put before the text
    out[empty] = np.where(start[empty] > 0, sources[start[empty] - 1, 1], sources[0, 0])[:, None]
    return out


def _decomposed(text: str, name: Name) -> Iterator[tuple[str, int]]:
    """Each character decomposed, marks in canonical order; 1 for what one character gives more than once."""
    waiting: list[tuple[int, str, int]] = []
    for character in text:
        for k, part in enumerate(unicodedata.normalize(name, character)):
            kind = unicodedata.combining(part)
            if kind == 0 and waiting:
                yield from _in_order(waiting)
                waiting.clear()
            waiting.append((kind, part, int(k > 0)))
    yield from _in_order(waiting)


def _in_order(waiting: list[tuple[int, str, int]]) -> Iterator[tuple[str, int]]:
    return ((part, change) for _, part, change in sorted(waiting, key=lambda row: row[0]))


def _composed(parts: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Canonical composition (Unicode Standard 3.11, D117); -1 for each character that went into another."""
    base: tuple[str, int] | None = None
    marks: list[tuple[str, int]] = []
    last = -1  # class of the last mark that stays behind the base; -1 where none does
    for part, change in parts:
        kind = unicodedata.combining(part)
        if base is None:
            if kind:
                yield part, change
            else:
                base = part, change
            continue
        whole = unicodedata.normalize("NFC", base[0] + part) if last < kind else ""
        if len(whole) == 1:
            base = whole, base[1] + change - 1
        elif kind == 0:
            yield base
            yield from marks
            base, last = (part, change), -1
            marks.clear()
        else:
            marks.append((part, change))
            last = kind
    if base is not None:
        yield base
    yield from marks
