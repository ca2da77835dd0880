"""Drop documents that say again what another has said."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._native import load
from .._validation import check_choice, check_texts
from .removal import RemovalReport

__all__ = ["Deduplicator"]

_clean = load("clean")


class Deduplicator(Estimator):
    """Find texts that are equal but for case, width, accents of composition, spaces and punctuation.

    Two texts are duplicates if the letters and digits of their NFKC case-folded forms are the same; a text without
    letters and digits is only a duplicate of itself.

    Parameters
    ----------
    method : {"exact"}

    Examples
    --------
    >>> Deduplicator().filter(["A ship.", "a  SHIP!", "天气，好", "天气好。"])[1]
    array([0, 2])
    """

    def __init__(self, method: str = "exact") -> None:
        self.method = method

    def first_occurrence(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return for each text the position of the first one it duplicates, its own where there is none before it."""
        check_choice(self.method, "method", ("exact",))
        texts = check_texts(texts)
        seen: dict[bytes, int] = {}
        return np.array([seen.setdefault(_key(text), i) for i, text in enumerate(texts)], dtype=np.int64)

    def filter(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64], RemovalReport]:
        """Return the texts without later duplicates, their positions (int64), and the record of the others."""
        texts = check_texts(texts)
        first = self.first_occurrence(texts)
        own = first == np.arange(len(texts))
        kept = np.flatnonzero(own).astype(np.int64)
        reasons = [None if is_first else "duplicate" for is_first in own]
        return [texts[i] for i in kept], kept, RemovalReport.from_reasons(texts, reasons)


def _key(text: str) -> bytes:
    """128 bits that equal texts share; two different ones share them with a chance of 2**-128."""
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    letters = _clean.alphanumeric(folded)
    content = letters if letters else "\0" + text
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()
