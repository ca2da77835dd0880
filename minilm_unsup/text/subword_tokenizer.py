"""What tokenizers with a trained vocabulary have in common: special tokens, batches on the shared threads."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._parallel import map_blocks
from .._validation import check_choice, check_is_fitted, check_number, check_texts
from .encoding import Encoding
from .normal_forms import FORMS, normal_forms, original_spans
from .sequence_template import PaddedBatch, Part, apply, parse
from .special_tokens import SpecialTokens

__all__ = ["SubwordTokenizer", "check_special", "cut_evenly", "in_blocks"]

_BLOCK = 1 << 18  # characters that one thread encodes at a time


class SubwordTokenizer(Estimator):
    """Special tokens are found first; the texts between them go to the subclass in blocks."""

    vocabulary_: dict[str, int]
    _special: SpecialTokens
    # Parameters of those subclasses that have them.
    template: Sequence[str] = ()
    max_length: int | None = None
    pad_token: str | None = None
    normalization: str | None = None

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        """Return a function of `start` and `stop` that gives the ids, offsets and bounds of ``texts[start:stop]``.

        `begins`: 1 for each text that is not the rest of one behind a special token; None where all are whole.
        """
        raise NotImplementedError

    def encode(
        self, text: str, pair: str | None = None, *, parse_special: bool = True, template: bool = True
    ) -> Encoding:
        """Return ids and offsets of `text`, or of `text` and `pair` as one sequence.

        Parameters
        ----------
        text : str
        pair : str, optional
            A second text, which follows it as the template says.
        parse_special : bool
            Whether special tokens are looked for; false for text that strangers wrote.
        template : bool
            Whether the tokens of the template are added.

        Raises
        ------
        UnicodeEncodeError
            For a lone surrogate, naming its place; `TextCleaner` removes them.
        """
        for name, value in (("text", text), ("pair", pair)):
            if not isinstance(value, str) and (name == "text" or value is not None):
                raise TypeError(f"{name} must be a string, got {type(value).__name__}")
        pairs = None if pair is None else [pair]
        return self.encode_batch([text], pairs, parse_special=parse_special, template=template)[0]

    def encode_batch(
        self,
        texts: Iterable[str],
        pairs: Iterable[str] | None = None,
        *,
        parse_special: bool = True,
        offsets: bool = True,
        template: bool = True,
    ) -> list[Encoding]:
        """Return one `Encoding` a text; blocks of texts run on the shared threads.

        Parameters
        ----------
        texts : iterable of str
        pairs : iterable of str, optional
            As many second texts.
        parse_special, template : bool
            As for `encode`.
        offsets : bool
            False leaves the offsets empty, which takes about half the time.
        """
        firsts = self._encode_texts(texts, parse_special, offsets)
        if pairs is None and not (template and self.template) and self.max_length is None:
            return firsts
        parts = self._parts()[pairs is not None]
        if not template:
            parts = [part for part in parts if part.text is not None]
        n_added = sum(part.text is None for part in parts)
        most = self.max_length
        if most is not None:
            most = check_number(most, "max_length", integer=True, low=n_added)
        if pairs is None:
            return [apply([first], parts, self.vocabulary_, most) for first in firsts]
        seconds = self._encode_texts(pairs, parse_special, offsets)
        if len(seconds) != len(firsts):
            raise ValueError(f"pairs must be as many as the texts, {len(firsts)}, got {len(seconds)}")
        return [apply(both, parts, self.vocabulary_, most) for both in zip(firsts, seconds, strict=True)]

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of `text` as they stand in the vocabulary, without those of the template."""
        names = self._token_names()
        return [names[i] for i in self.encode(text, template=False).ids.tolist()]

    def _token_names(self) -> dict[int, str]:
        check_is_fitted(self, "vocabulary_")
        vocabulary = self.vocabulary_
        known = self.__dict__.get("_names")
        if known is None or known[0] is not vocabulary:
            known = vocabulary, {i: token for token, i in vocabulary.items()}
            self._names = known
        return known[1]

    def _parts(self) -> tuple[list[Part], list[Part]]:
        both = parse(self.template)
        for parts in both:
            for part in parts:
                if part.token and part.token not in self.vocabulary_:
                    raise ValueError(f"template must name tokens of the vocabulary, got {part.token!r}")
        return both

    def pad(self, encodings: Iterable[Encoding], *, length: int | None = None, multiple_of: int = 1) -> PaddedBatch:
        """Return encodings as arrays of one length, filled up with `pad_token` on the right.

        Parameters
        ----------
        encodings : iterable of Encoding
        length : int, optional
            Tokens of each; None: those of the longest. None may have more.
        multiple_of : int
            The length is rounded up to a multiple of this.

        Raises
        ------
        ValueError
            If `pad_token` is not in the vocabulary, or an encoding is longer than `length`.
        """
        check_is_fitted(self, "vocabulary_")
        if self.pad_token is None or self.pad_token not in self.vocabulary_:
            raise ValueError(f"pad_token must be a token of the vocabulary, got {self.pad_token!r}")
        listed = list(encodings)
        longest = max(map(len, listed), default=0)
        wanted = longest if length is None else check_number(length, "length", integer=True, low=0)
        if wanted < longest:
            raise ValueError(f"length must be at least that of the longest encoding, {longest}, got {wanted}")
        wanted += -wanted % check_number(multiple_of, "multiple_of", integer=True, low=1)
        ids = np.full((len(listed), wanted), self.vocabulary_[self.pad_token], dtype=np.int32)
        mask, types = np.zeros(ids.shape, dtype=bool), np.zeros(ids.shape, dtype=np.int32)
        for i, encoding in enumerate(listed):
            n = len(encoding)
            ids[i, :n], mask[i, :n], types[i, :n] = encoding.ids, True, encoding.type_ids
        return PaddedBatch(ids, mask, types)

    def _encode_texts(self, texts: Iterable[str], parse_special: bool, offsets: bool) -> list[Encoding]:
        check_is_fitted(self, "vocabulary_")
        texts = check_texts(texts)
        found = self._find_special(texts) if parse_special else {}
        plain, begins = texts, None
        if found:
            plain = [part for i, text in enumerate(texts) for part in _between(text, found[i])]
            begins = b"".join(b"\1" + b"\0" * len(found[i]) for i in range(len(texts)))
        plain, sources = self._normalized(plain)
        bounds = cut_evenly(plain, _BLOCK)
        encode = self._encoder_of_blocks(plain, begins, bool(offsets))

        def block(a: int, b: int) -> list[Encoding]:
            ids, spans, ends = encode(bounds[a], bounds[b])
            pairs = itertools.pairwise(ends.tolist())
            if offsets and sources is not None:
                for own, (i, j) in zip(sources[bounds[a] : bounds[b]], itertools.pairwise(ends.tolist()), strict=True):
                    if own is not None:
                        spans[i:j] = original_spans(spans[i:j], own)
            if offsets:
                return [Encoding(ids[i:j], spans[i:j]) for i, j in pairs]
            return [Encoding(ids[i:j], spans) for i, j in pairs]

        parts = [part for some in map_blocks(block, len(bounds) - 1, 1) for part in some]
        if not found:
            return parts
        rest = iter(parts)
        return [_join([next(rest) for _ in range(len(found[i]) + 1)], found[i], offsets) for i in range(len(texts))]

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write ``tokenizer.json``; see `load_tokenizer`.

        Parameters
        ----------
        path : path
            File to write.
        force : bool
            Replace it where it exists.
        """
        from .._storage import write_file

        write_file(path, self.to_json(), force=force)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_encoder", "_scanner")}

    def _normalized(self, texts: list[str]) -> tuple[list[str], list[NDArray[np.int64] | None] | None]:
        """The texts in the form that `normalization` names, and where their characters came from."""
        if self.normalization is None:
            return texts, None
        return normal_forms(texts, check_choice(self.normalization, "normalization", FORMS))

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
