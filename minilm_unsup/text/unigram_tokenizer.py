"""Subwords under a unigram language model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks
from .._validation import check_choice, check_is_fitted, check_number
from .encoding import check_ids
from .special_tokens import SpecialToken, SpecialTokens
from .subword_tokenizer import SubwordTokenizer, check_special, cut_evenly, in_blocks
from .unigram_training import learn_pieces

__all__ = ["UnigramTokenizer"]

_unigram = load("unigram")

SPACE = "\u2581"
_TRAINING_BLOCK = 1 << 22
_NEVER = -1e4  # the score of tokens that text does not spell: what looks like one is written with other pieces
PREFIXES = ("first", "always", "never")
_PENALTY = 10.0  # of a character that no token covers, below the least probable token; as sentencepiece has it
_BYTE = re.compile("<0x([0-9A-F]{2})>")


class UnigramTokenizer(SubwordTokenizer):
    """Cut text into the most probable pieces, each drawn by itself (Kudo 2018).

    A space is the character ``▁``; it begins a word, and no piece reaches over two words. Of all segmentations of a
    word the most probable one is taken (Viterbi). A character that no piece covers is written as its bytes, so that
    every text can be encoded and ``decode(encode(text).ids)`` is the text, but for ``▁``, which is a space, and for
    one space at its start where `prefix_space` puts one; without `byte_fallback` such a character is `unknown`. Ids
    and offsets are those of Hugging Face's tokenizers for the same file.

    Time is linear in the text. Words that were met are kept with their pieces (at most 131,072 words a thread).

    Parameters
    ----------
    byte_fallback : bool
        Whether 256 tokens stand for the bytes of characters that no piece covers.
    prefix_space : {"first", "always", "never"}
        Where a space is put that the text does not have: before a text, so that its first word is like any other;
        also behind each special token; nowhere.
    unknown : str
        The token of characters that cannot be written.
    special_tokens : sequence of str
        Strings that are one token wherever they stand in a text; `train` gives them the lowest ids.
    template : sequence of str
        What stands around a text, and around two: ``["[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"]``.
    max_length : int, optional
        Most tokens of an encoding, those of the template included; longer texts are cut on the right.
    pad_token : str, optional
        What `pad` fills up with.
    normalization : None, "nfc", "nfd", "nfkc" or "nfkd"
        Unicode's normal form (of the interpreter's Unicode) into which texts are brought first, but for special tokens.
        Offsets are those of the text that was given; `decode` gives the normal form.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Piece to id.
    scores_ : ndarray (V,) float64
        The natural logarithm of the probability of each piece, by id.

    Examples
    --------
    >>> pieces = {"<unk>": 0.0, "▁": -4.0, "▁un": -2.0, "able": -2.5, "▁una": -5.0, "ble": -5.0, "猫": -3.0}
    >>> tokenizer = UnigramTokenizer(byte_fallback=False).set_vocabulary(pieces)
    >>> tokenizer.encode("unable 猫").ids.tolist()
    [2, 3, 1, 6]
    """

    scores_: NDArray[np.float64]

    def __init__(
        self,
        *,
        byte_fallback: bool = True,
        prefix_space: str = "first",
        unknown: str = "<unk>",
        special_tokens: Sequence[str] = (),
        template: Sequence[str] = (),
        max_length: int | None = None,
        pad_token: str | None = None,
        normalization: str | None = None,
    ) -> None:
        self.byte_fallback = byte_fallback
        self.prefix_space = prefix_space
        self.unknown = unknown
        self.special_tokens = special_tokens
        self.template = template
        self.max_length = max_length
        self.pad_token = pad_token
        self.normalization = normalization

    def train(
        self,
        texts: Iterable[str],
        vocab_size: int = 32_000,
        *,
        character_coverage: float = 0.9995,
        max_piece_length: int = 16,
        n_seeds: int = 1_000_000,
    ) -> UnigramTokenizer:
        """Learn pieces and their probabilities from `texts`, which are read once and not kept.

        Training begins with the `n_seeds` substrings of words of the highest count times length. Rounds of
        expectation-maximisation then take turns with leaving out a quarter of the pieces, those without which the
        likelihood loses least, until the vocabulary has its size. Words are runs of letters, digits, Han or others, of
        at most 256 bytes, the space before them included. The same texts give the same pieces in any order, on any
        number of threads. Memory grows with the different words.

        Ids: the special tokens, `unknown`, the bytes, then the pieces from the most probable one.

        Parameters
        ----------
        texts : iterable of str
        vocab_size : int
            Most tokens. There are fewer where the texts do not have so many substrings that occur twice.
        character_coverage : float
            Share of the characters of the texts that are to be pieces, in (0, 1]; of the others nothing is learned.
        max_piece_length : int
            Most characters of a piece, from 2 to 16.
        n_seeds : int

        Returns
        -------
        UnigramTokenizer

        Raises
        ------
        ValueError
            If `vocab_size` cannot hold the special tokens, the bytes and the characters.
        UnicodeEncodeError
            For a text with a lone surrogate, naming its place; `TextCleaner` removes them.
        """
        named = check_special(self.special_tokens)
        tokens = named if self.unknown in named else [*named, self.unknown]
        if self.byte_fallback:
            tokens = [*tokens, *(f"<0x{byte:02X}>" for byte in range(256))]
        vocab_size = check_number(vocab_size, "vocab_size", integer=True, low=1, high=2**31 - 1)
        coverage = check_number(character_coverage, "character_coverage", low=0, high=1, low_open=True)
        longest = check_number(max_piece_length, "max_piece_length", integer=True, low=2, high=16)
        n_seeds = check_number(n_seeds, "n_seeds", integer=True, low=1)
        prefix = check_choice(self.prefix_space, "prefix_space", PREFIXES) != "never"
        words = _unigram.Words()
        for some in in_blocks(texts, 16 * _TRAINING_BLOCK):
            some, _ = self._normalized(some)
            bounds = cut_evenly(some, _TRAINING_BLOCK)

            def count(a: int, b: int, some: list[str] = some, bounds: list[int] = bounds) -> Any:
                return _unigram.count_words(_unigram.Words(), some, bounds[a], bounds[b], prefix)

            for part in map_blocks(count, len(bounds) - 1, 1):
                words.add(part)
        pieces, scores, n_characters = learn_pieces(
            words,
            vocab_size - len(tokens),
            coverage=coverage,
            always=SPACE + "".join(tokens[len(named) :]),  # so that text that looks like these can be spelled
            longest=longest,
            n_seeds=n_seeds,
        )
        if not pieces:
            raise ValueError(
                f"vocab_size must be at least {len(tokens) + n_characters}, for {len(tokens)} special tokens and bytes "
                f"and {n_characters} characters, got {vocab_size}; or lower character_coverage"
            )
        kept = [i for i, piece in enumerate(pieces) if piece not in tokens]
        special = [SpecialToken(token, i) for i, token in enumerate(named)]
        # Few digits, which every JSON reader reads alike.
        values = [*[_NEVER] * len(tokens), *(float(f"{score:.12f}") for score in scores[kept].tolist())]
        return self._set_pieces([*tokens, *(pieces[i] for i in kept)], values, special)

    def set_vocabulary(self, pieces: Mapping[str, float]) -> UnigramTokenizer:
        """Take `pieces` with their log probabilities as the vocabulary; the id of a piece is its place.

        Returns
        -------
        UnigramTokenizer

        Raises
        ------
        ValueError
            If `unknown`, a special token or, for `byte_fallback`, a byte (``<0x00>`` to ``<0xFF>``) is not among them,
            or a number is not finite.
        """
        special = [SpecialToken(token, list(pieces).index(token)) for token in self._lacking(pieces)]
        return self._set_pieces(list(pieces), list(pieces.values()), special)

    def _lacking(self, pieces: Mapping[str, float]) -> list[str]:
        special = check_special(self.special_tokens)
        for token in special:
            if token not in pieces:
                raise ValueError(f"special_tokens must be in the vocabulary, got {token!r}")
        return special

    def _set_pieces(self, pieces: list[str], scores: Iterable[float], special: list[SpecialToken]) -> UnigramTokenizer:
        values = np.array([float(score) for score in scores], dtype=np.float64)
        vocabulary = {piece: i for i, piece in enumerate(pieces)}
        for i, piece in enumerate(pieces):
            if not isinstance(piece, str) or not piece:
                raise ValueError(f"pieces must be strings that are not empty, got {piece!r} at {i}")
            if vocabulary[piece] != i:
                raise ValueError(f"pieces must not name one twice, got {piece!r} again")
        if not np.isfinite(values).all():
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            raise ValueError(f"the log probability of {pieces[at]!r} must be finite, got {values[at]}")
        encoder = self._new_encoder(pieces, values, vocabulary)  # raises before anything is changed
        self._encoder = (self._key(), encoder)
        self._pieces, self.scores_, self._special = pieces, values, SpecialTokens(special)
        self.vocabulary_ = vocabulary | {token.content: token.id for token in special}
        return self

    def _key(self) -> tuple[Any, ...]:
        return self.unknown, self.byte_fallback

    def _ready(self) -> Any:
        check_is_fitted(self, "vocabulary_")
        key, kept = self._key(), self.__dict__.get("_encoder")
        if kept is None or kept[0] != key:
            vocabulary = {piece: i for i, piece in enumerate(self._pieces)}
            kept = self._encoder = (key, self._new_encoder(self._pieces, self.scores_, vocabulary))
        return kept[1]

    def _new_encoder(self, pieces: list[str], scores: NDArray[np.float64], vocabulary: dict[str, int]) -> Any:
        if self.unknown not in vocabulary:
            raise ValueError(f"unknown must be in the vocabulary, got {self.unknown!r}")
        of_byte = None
        if self.byte_fallback:
            of_byte = np.array([vocabulary.get(f"<0x{byte:02X}>", -1) for byte in range(256)], dtype=np.int32)
            if (of_byte < 0).all():
                raise ValueError("byte_fallback needs pieces <0x00> to <0xFF>, got none; set it to False")
        spelled = [piece.encode("utf-8", "surrogatepass") for piece in pieces]
        return _unigram.Encoder(spelled, scores, vocabulary[self.unknown], float(scores.min()) - _PENALTY, of_byte)

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        check_is_fitted(self, "vocabulary_")
        return 1 + max(self.vocabulary_.values())

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        where = check_choice(self.prefix_space, "prefix_space", PREFIXES)
        encoder, prefix = self._ready(), where != "never"
        first = begins if where == "first" else None
        return lambda start, stop: encoder.encode(texts, start, stop, offsets, prefix, first)

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = False) -> str:
        """Return the text of `ids`; bytes that are no whole characters become U+FFFD.

        Raises
        ------
        ValueError
            For an id that no token has.
        """
        check_is_fitted(self, "vocabulary_")
        names = {i: token for token, i in self.vocabulary_.items()}
        special = {token.id: token.special for token in self._special.tokens}
        out: list[bytes] = []
        at_start = self.prefix_space != "never"  # of a text, or of what follows a special token
        for i in check_ids(ids).tolist():
            if i not in names:
                raise ValueError(f"ids must lie in [0, {self.vocab_size}) and be of a token, got {i}")
            if i in special:
                if not (skip_special_tokens and special[i]):
                    out.append(names[i].encode())
                at_start = self.prefix_space == "always"
                continue
            is_byte = _BYTE.fullmatch(names[i]) if self.byte_fallback else None
            piece = bytes.fromhex(is_byte[1]) if is_byte else names[i].replace(SPACE, " ").encode()
            out.append(piece.removeprefix(b" ") if at_start else piece)
            at_start = False
        return b"".join(out).decode("utf-8", "replace")

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``, in Hugging Face's format."""
        from .unigram_files import unigram_to_json

        return json.dumps(unigram_to_json(self), ensure_ascii=False, indent=1) + "\n"
