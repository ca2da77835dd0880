"""WordPiece, the tokenizer of BERT."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks
from .._validation import check_is_fitted, check_number
from .characters import code_points, covering
from .encoding import check_ids
from .special_tokens import SpecialToken, SpecialTokens
from .subword_tokenizer import SubwordTokenizer, check_special, cut_evenly, in_blocks

__all__ = ["WordPieceTokenizer"]

_wordpiece = load("wordpiece")
_bpe = load("bpe")
_TRAINING_BLOCK = 1 << 22


class WordPieceTokenizer(SubwordTokenizer):
    """Cut words into the longest pieces of a vocabulary (Schuster and Nakajima 2012; Devlin et al. 2019).

    A text is normalised, then cut at white space; each punctuation character and each Han character is a word of its
    own. A piece that goes on with a word is written with `prefix` before it. A word of which some part is no piece is
    `unknown` as a whole. Ids and offsets are those of Hugging Face's tokenizers 0.23, character by character.

    The vocabulary comes from `train` or from a file: `load_wordpiece`, `load_tokenizer`.

    Time is linear in the text. Words that were met are kept with their pieces (at most 131,072 words a thread).

    Parameters
    ----------
    lowercase : bool
        Fold case.
    strip_accents : bool, optional
        Take characters apart (NFD; Hangul into letters too) and leave nonspacing marks out; None: as `lowercase`.
    split_han : bool
        Whether each Han character is a word.
    clean : bool
        Leave control characters, NUL and U+FFFD out.
    prefix : str
        What stands before a piece that goes on with a word.
    unknown : str
        The token of words that cannot be cut; it must be in the vocabulary.
    max_word_length : int
        Characters of the longest word that is cut; a longer one is unknown.
    special_tokens : sequence of str
        Tokens of the vocabulary that are found in a text before all else, such as ``[MASK]``.
    template : sequence of str
        What stands around a text, and around two: ``["[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"]``.
    max_length : int, optional
        Most tokens of an encoding, those of the template included; longer texts are cut on the right.
    pad_token : str, optional
        What `pad` fills up with.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Token to id.

    Examples
    --------
    >>> tokenizer = WordPieceTokenizer().set_vocabulary(["[UNK]", "un", "##believ", "##able", "猫"])
    >>> tokenizer.encode("Unbelievable 猫!").ids.tolist()
    [1, 2, 3, 4, 0]
    """

    def __init__(
        self,
        *,
        lowercase: bool = True,
        strip_accents: bool | None = None,
        split_han: bool = True,
        clean: bool = True,
        prefix: str = "##",
        unknown: str = "[UNK]",
        max_word_length: int = 100,
        special_tokens: Sequence[str] = (),
        template: Sequence[str] = (),
        max_length: int | None = None,
        pad_token: str | None = None,
    ) -> None:
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.split_han = split_han
        self.clean = clean
        self.prefix = prefix
        self.unknown = unknown
        self.max_word_length = max_word_length
        self.special_tokens = special_tokens
        self.template = template
        self.max_length = max_length
        self.pad_token = pad_token

    def train(
        self, texts: Iterable[str], vocab_size: int = 32_000, min_count: int = 2, *, character_coverage: float = 0.9995
    ) -> WordPieceTokenizer:
        """Learn a vocabulary from `texts`, which are read once and not kept.

        The special tokens come first, then the characters, at the start of a word and further on in it, then what the
        most frequent pairs of neighbours in words make, one after another; of equally frequent pairs the one of lower
        ids. The same texts give the same vocabulary in any order, on any number of threads. Memory grows with the
        different words.

        Parameters
        ----------
        texts : iterable of str
        vocab_size : int
            Most tokens. There are fewer where no pair is left that occurs `min_count` times.
        min_count : int
            Least occurrences of a pair that becomes a token.
        character_coverage : float
            Share of the characters of the texts that are to be tokens, in (0, 1]; words with a rarer character are not
            learned from, and are unknown.

        Returns
        -------
        WordPieceTokenizer

        Raises
        ------
        ValueError
            If `vocab_size` cannot hold the characters and the special tokens.
        UnicodeEncodeError
            For a text with a lone surrogate, naming its place; `TextCleaner` removes them.
        """
        special = check_special(self.special_tokens)
        if self.unknown not in special:
            special = [self.unknown, *special]
        vocab_size = check_number(vocab_size, "vocab_size", integer=True, low=1, high=2**31 - 1)
        min_count = check_number(min_count, "min_count", integer=True, low=1)
        coverage = check_number(character_coverage, "character_coverage", low=0, high=1, low_open=True)
        splitter = self._new_encoder([], {self.unknown: 0})
        words = _wordpiece.Words()
        for some in in_blocks(texts, 16 * _TRAINING_BLOCK):
            bounds = cut_evenly(some, _TRAINING_BLOCK)

            def count(a: int, b: int, some: list[str] = some, bounds: list[int] = bounds) -> Any:
                return _wordpiece.count_words(_wordpiece.Words(), splitter, some, bounds[a], bounds[b])

            for part in map_blocks(count, len(bounds) - 1, 1):
                words.add(part)
        utf8, starts, counts = words.listed()
        tokens = _learn(utf8, starts, counts, vocab_size, min_count, coverage, self.prefix, special)
        return self._set_tokens(tokens, [SpecialToken(token, i) for i, token in enumerate(special)])

    def set_vocabulary(self, tokens: Iterable[str]) -> WordPieceTokenizer:
        """Take `tokens` as the vocabulary; the id of a token is its place.

        Returns
        -------
        WordPieceTokenizer

        Raises
        ------
        ValueError
            If a token is there twice, or `unknown` or a special token is not among them.
        """
        if isinstance(tokens, (str, bytes)):
            raise TypeError("tokens must be a list of strings, got a single one")
        listed = list(tokens)
        for i, token in enumerate(listed):
            if not isinstance(token, str):
                raise TypeError(f"tokens must be strings, got {token!r} at {i}")
        return self._set_tokens(listed)

    def _set_tokens(self, tokens: list[str], special: list[SpecialToken] | None = None) -> WordPieceTokenizer:
        """`tokens`: an empty string for an id that no token has. `special`: None for those named by the parameter."""
        vocabulary = {token: i for i, token in enumerate(tokens) if token}
        named = sum(map(bool, tokens))
        if len(vocabulary) < named:
            twice = next(token for i, token in enumerate(tokens) if token and vocabulary[token] != i)
            raise ValueError(f"tokens must not name a token twice, got {twice!r} again")
        if special is None:
            lacking = [token for token in check_special(self.special_tokens) if token not in vocabulary]
            if lacking:
                raise ValueError(f"special_tokens must be in the vocabulary, got {lacking[0]!r}")
            special = [SpecialToken(token, vocabulary[token]) for token in self.special_tokens]
        vocabulary |= {token.content: token.id for token in special}
        encoder = self._new_encoder(tokens, vocabulary)  # raises before anything is changed
        self._encoder = (self._key(), encoder)
        self.vocabulary_, self._tokens, self._special = vocabulary, tokens, SpecialTokens(special)
        return self

    def _key(self) -> tuple[Any, ...]:
        return tuple(
            value
            for name, value in self.get_params().items()
            if name not in ("special_tokens", "template", "max_length", "pad_token")
        )

    def _ready(self) -> Any:
        check_is_fitted(self, "vocabulary_")
        key, kept = self._key(), self.__dict__.get("_encoder")
        if kept is None or kept[0] != key:
            kept = self._encoder = (key, self._new_encoder(self._tokens, self.vocabulary_))
        return kept[1]

    def _new_encoder(self, tokens: list[str], vocabulary: dict[str, int]) -> Any:
        prefix, unknown = self.prefix, self.unknown
        for name, text in (("prefix", prefix), ("unknown", unknown)):
            if not isinstance(text, str) or not text:
                raise ValueError(f"{name} must be a string that is not empty, got {text!r}")
        if unknown not in vocabulary:
            raise ValueError(f"unknown must be in the vocabulary, got {unknown!r}; name the file's own with unknown=")
        most = check_number(self.max_word_length, "max_word_length", integer=True, low=1, high=2**31 - 2)
        heads = [token.encode("utf-8", "surrogatepass") for token in tokens]
        tails = [head[len(prefix.encode()) :] if head.startswith(prefix.encode()) else b"" for head in heads]
        return _wordpiece.Encoder(
            heads,
            tails,
            vocabulary[unknown],
            clean=bool(self.clean),
            split_han=bool(self.split_han),
            strip=bool(self.lowercase if self.strip_accents is None else self.strip_accents),
            lower=bool(self.lowercase),
            most=most,
        )

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        check_is_fitted(self, "vocabulary_")
        return 1 + max(self.vocabulary_.values(), default=-1)

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        encoder = self._ready()
        return lambda start, stop: encoder.encode(texts, start, stop, offsets)

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = False) -> str:
        """Return the words of `ids` with a space between them, none between two Han characters.

        What the normaliser folded and the spacing of the text are not in the ids: see `Encoding.offsets`.

        Raises
        ------
        ValueError
            For an id that no token has.
        """
        check_is_fitted(self, "vocabulary_")
        names = {i: token for token, i in self.vocabulary_.items()}
        skipped = {token.id for token in self._special.tokens if token.special} if skip_special_tokens else ()
        out = ""
        for i in check_ids(ids).tolist():
            if i not in names:
                raise ValueError(f"ids must lie in [0, {self.vocab_size}) and be of a token, got {i}")
            if i in skipped:
                continue
            token = names[i]
            if token.startswith(self.prefix) and out:
                out += token.removeprefix(self.prefix)
            else:
                out += " " * (out != "" and not (_is_han(out[-1]) and _is_han(token[0]))) + token
        return out

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``, in Hugging Face's format."""
        from .wordpiece_files import wordpiece_to_json

        return json.dumps(wordpiece_to_json(self), ensure_ascii=False, indent=1) + "\n"


def _learn(
    utf8: bytes,
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    vocab_size: int,
    min_count: int,
    coverage: float,
    prefix: str,
    special: list[str],
) -> list[str]:
    """Return the vocabulary for words that lie one after another, word i in ``utf8[starts[i]:starts[i + 1]]``."""
    points, begins = code_points(utf8)
    word = np.searchsorted(starts, begins[:-1], side="right") - 1
    is_head = begins[:-1] == starts[word]
    kept = covering(points, counts[word], coverage)
    heads, tails = kept, np.intersect1d(points[~is_head], kept)
    names = [*map(chr, heads.tolist()), *(prefix + chr(c) for c in tails.tolist())]
    if len(special) + len(names) > vocab_size:
        raise ValueError(
            f"vocab_size must be at least {len(special) + len(names)}, for {len(special)} special tokens and "
            f"{len(names)} characters, got {vocab_size}; or lower character_coverage"
        )
    at = np.where(is_head, np.searchsorted(heads, points), len(heads) + np.searchsorted(tails, points))
    left_out = np.zeros(len(counts), dtype=bool)
    left_out[word[~np.isin(points, kept)]] = True
    symbols = np.full(len(utf8), -2, dtype=np.int32)
    symbols[begins[:-1]] = symbols[begins[1:] - 1] = np.where(left_out[word], -1, at)
    symbols[np.repeat(left_out, np.diff(starts))] = -1
    lengths = np.array([len(name.removeprefix(prefix).encode()) for name in names], dtype=np.int32)
    merges = _bpe.learn_characters(symbols, starts, counts, lengths, vocab_size - len(special) - len(names), min_count)
    for left, right in merges.tolist():
        names.append(names[left] + names[right].removeprefix(prefix))
    return special + [name for name in names if name not in special]


def _is_han(character: str) -> bool:
    return (
        "\u3400" <= character <= "\u4dbf"
        or "\u4e00" <= character <= "\u9fff"
        or "\U00020000" <= character <= "\U0003ffff"
    )
