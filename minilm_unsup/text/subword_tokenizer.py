"""What tokenizers with a trained vocabulary have in common: special tokens, batches on the shared threads."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._parallel import map_blocks
from .._validation import check_is_fitted, check_texts
from .encoding import Encoding
from .special_tokens import SpecialTokens

__all__ = ["SubwordTokenizer", "check_special", "cut_evenly", "in_blocks"]

_BLOCK = 1 << 18  # characters that one thread encodes at a time


class SubwordTokenizer(Estimator):
    """Special tokens are found first; the texts between them go to the subclass in blocks."""

    vocabulary_: dict[str, int]
    _special: SpecialTokens

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        """Return a function of `start` and `stop` that gives the ids, offsets and bounds of ``texts[start:stop]``.

        `begins`: 1 for each text that is not the rest of one behind a special token; None where all are whole.
        """
        raise NotImplementedError

    def encode(self, text: str, *, parse_special: bool = True) -> Encoding:
        """Return ids and offsets of `text`.

        Parameters
        ----------
        text : str
        parse_special : bool
            Whether special tokens are looked for; false for text that strangers wrote.

        Raises
        ------
        UnicodeEncodeError
            For a lone surrogate, naming its place; `TextCleaner` removes them.
        """
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, got {type(text).__name__}")
        return self.encode_batch([text], parse_special=parse_special)[0]

    def encode_batch(self, texts: Iterable[str], *, parse_special: bool = True, offsets: bool = True) -> list[Encoding]:
        """Return one `Encoding` a text; blocks of texts run on the shared threads.

        Parameters
        ----------
        texts : iterable of str
        parse_special : bool
            As for `encode`.
        offsets : bool
            False leaves the offsets empty, which takes about half the time.
        """
        check_is_fitted(self, "vocabulary_")
        texts = check_texts(texts)
        found = self._find_special(texts) if parse_special else {}
        plain, begins = texts, None
        if found:
            plain = [part for i, text in enumerate(texts) for part in _between(text, found[i])]
            begins = b"".join(b"\1" + b"\0" * len(found[i]) for i in range(len(texts)))
        bounds = cut_evenly(plain, _BLOCK)
        encode = self._encoder_of_blocks(plain, begins, bool(offsets))

        def block(a: int, b: int) -> list[Encoding]:
            ids, spans, ends = encode(bounds[a], bounds[b])
            pairs = itertools.pairwise(ends.tolist())
            if offsets:
                return [Encoding(ids[i:j], spans[i:j]) for i, j in pairs]
            return [Encoding(ids[i:j], spans) for i, j in pairs]

        parts = [part for some in map_blocks(block, len(bounds) - 1, 1) for part in some]
        if not found:
            return parts
        rest = iter(parts)
        return [_join([next(rest) for _ in range(len(found[i]) + 1)], found[i], offsets) for i in range(len(texts))]

    def _find_special(self, texts: list[str]) -> dict[int, list[tuple[int, int, int]]]:
        """Special tokens of each text; empty where no text has any."""
        special = self._special
        if not special or not any(special.may_occur(text) for text in texts):
            return {}
        found = {i: list(special.find(text)) for i, text in enumerate(texts)}
        return found if any(found.values()) else {}


def check_special(special_tokens: Any) -> list[str]:
    if isinstance(special_tokens, str):
        raise TypeError(f"special_tokens must be a list of strings, got a single one; wrap it: [{special_tokens!r}]")
    special = list(special_tokens)
    for token in special:
        if not isinstance(token, str):
            raise TypeError(f"special_tokens must be strings, got {token!r}")
        if not token:
            raise ValueError("special_tokens must not be empty strings")
    if len(set(special)) < len(special):
        raise ValueError("special_tokens must not name a token twice")
    return special


def in_blocks(texts: Iterable[str], size: int) -> Iterable[list[str]]:
    """Lists of texts of about `size` characters together."""
    if isinstance(texts, (str, bytes)):
        check_texts(texts)  # raises
    some: list[str] = []
    n = 0
    for text in texts:
        some.append(text)
        n += len(text) if isinstance(text, str) else 0
        if n >= size:
            yield check_texts(some)
            some, n = [], 0
    if some:
        yield check_texts(some)


def cut_evenly(texts: list[str], size: int) -> list[int]:
    """Where to cut a list so that each part has about `size` characters."""
    bounds, n = [0], 0
    for i, text in enumerate(texts):
        n += len(text)
        if n >= size:
            bounds.append(i + 1)
            n = 0
    return bounds if bounds[-1] == len(texts) else [*bounds, len(texts)]


def _between(text: str, found: list[tuple[int, int, int]]) -> list[str]:
    ends = [0, *(at for start, end, _ in found for at in (start, end)), len(text)]
    return [text[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)]


def _join(parts: list[Encoding], found: list[tuple[int, int, int]], offsets: bool) -> Encoding:
    """Put special tokens back between the parts of a text."""
    ids, spans, shift = [], [], 0
    for part, special in itertools.zip_longest(parts, found):
        ids.append(part.ids)
        spans.append(part.offsets + shift)
        if special is not None:
            start, end, number = special
            ids.append(np.array([number], dtype=np.int32))
            spans.append(np.array([[start, end]] if offsets else np.empty((0, 2)), dtype=np.int64))
            shift = end
    return Encoding(np.concatenate(ids), np.concatenate(spans))
