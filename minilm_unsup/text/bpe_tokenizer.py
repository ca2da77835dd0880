"""Byte-level byte-pair encoding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._native import load
from .._parallel import map_blocks
from .._validation import check_choice, check_is_fitted, check_number
from .encoding import check_ids
from .special_tokens import SpecialToken, SpecialTokens
from .subword_tokenizer import SubwordTokenizer, check_special, cut_evenly, in_blocks

__all__ = ["BPETokenizer", "bytes_to_symbols"]

_bpe = load("bpe")

_TRAINING_BLOCK = 1 << 22

# The order GPT-2 gives the bytes: first those that are printable characters of Latin-1, which stand for themselves.
_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
ALPHABET = bytes((*_PRINTABLE, *sorted(set(range(256)) - set(_PRINTABLE))))
_SYMBOLS = dict(zip(ALPHABET, map(chr, (*_PRINTABLE, *range(256, 256 + 256 - len(_PRINTABLE)))), strict=True))
_BYTES = {symbol: byte for byte, symbol in _SYMBOLS.items()}


def bytes_to_symbols(token: bytes) -> str:
    """Return a token as the printable characters by which GPT-2's files name its bytes: ``b" a"`` is ``"Ġa"``."""
    return "".join(map(_SYMBOLS.__getitem__, token))


def symbols_to_bytes(symbols: str) -> bytes | None:
    """Return what `bytes_to_symbols` was given; None where a character stands for no byte."""
    try:
        return bytes(map(_BYTES.__getitem__, symbols))
    except KeyError:
        return None


class BPETokenizer(SubwordTokenizer):
    """Cut text into the runs of bytes that occur together most often (Sennrich et al. 2016; Radford et al. 2019).

    A text is first cut into pieces (words with the space before them, numbers, punctuation, space), then in each piece
    pairs of neighbours merge, the pair that was learned first before all others. Every text can be encoded, and
    ``decode(encode(text).ids)`` is the text. Training takes the most frequent pair again and again; of equally frequent
    ones, the pair of lower ids. The same texts give the same merges in any order, on any number of threads.

    Time is linear in the text, whatever the text: ids are found without merging, from which two tokens can be
    neighbours (van Antwerpen and Neubeck 2024).

    Parameters
    ----------
    pattern : {"gpt4", "gpt2", "qwen2", "o200k", "none"}
        Where pieces end. ``"gpt2"``: English endings (``'s``), letters, digits, others, each with one space before.
        ``"gpt4"`` (cl100k): numbers of at most three digits, any one character before letters, line breaks behind
        punctuation. ``"qwen2"``: that with each digit apart. ``"o200k"``: words also end where a capital begins a new
        one, and marks belong to words. ``"none"``: the text is one piece. Letters and digits are those of Unicode 16.
    special_tokens : sequence of str
        Strings that are one token wherever they stand in a text; they have the lowest ids.
    add_prefix_space : bool
        Put a space before a text that does not start with one, so that its first word is like any other.
    trim_offsets : bool
        Leave the spaces at the ends of a token out of its offsets.
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
        Token to id. Bytes are named by the characters of `bytes_to_symbols`.
    merges_ : list of (str, str)
        Pairs in the order in which they merge.

    Examples
    --------
    >>> tokenizer = BPETokenizer().train(["low lower lowest", "新闻 新闻"], vocab_size=280)
    >>> tokenizer.decode(tokenizer.encode("lowest 新闻!").ids)
    'lowest 新闻!'
    """

    def __init__(
        self,
        *,
        pattern: str = "gpt4",
        special_tokens: Sequence[str] = (),
        add_prefix_space: bool = False,
        trim_offsets: bool = False,
        template: Sequence[str] = (),
        max_length: int | None = None,
        pad_token: str | None = None,
        normalization: str | None = None,
    ) -> None:
        self.pattern = pattern
        self.special_tokens = special_tokens
        self.add_prefix_space = add_prefix_space
        self.trim_offsets = trim_offsets
        self.template = template
        self.max_length = max_length
        self.pad_token = pad_token
        self.normalization = normalization

    def train(self, texts: Iterable[str], vocab_size: int = 32_000, min_count: int = 2) -> BPETokenizer:
        """Learn merges from `texts`, which are read once and not kept.

        Memory grows with the different pieces (about 20 bytes for each of their bytes), not with the texts. Pieces
        longer than 65,536 bytes are cut.

        Parameters
        ----------
        texts : iterable of str
        vocab_size : int, at least 256 and the special tokens
            Most tokens. There are fewer where no pair is left that occurs `min_count` times.
        min_count : int
            Least occurrences of a pair that is merged.

        Returns
        -------
        BPETokenizer

        Raises
        ------
        ValueError
            If the vocabulary cannot hold the bytes and the special tokens.
        UnicodeEncodeError
            For a text with a lone surrogate, naming its place; `TextCleaner` removes them.
        """
        rule = check_choice(self.pattern, "pattern", _bpe.RULES)
        special = check_special(self.special_tokens)
        least = 256 + len(special)
        vocab_size = check_number(vocab_size, "vocab_size", integer=True, low=least, high=2**31 - 1)
        min_count = check_number(min_count, "min_count", integer=True, low=1)
        pieces = _bpe.Pieces()
        for some in in_blocks(texts, 16 * _TRAINING_BLOCK):
            some, _ = self._normalized(some)
            bounds = cut_evenly(some, _TRAINING_BLOCK)

            def count(a: int, b: int, some: list[str] = some, bounds: list[int] = bounds) -> Any:
                return _bpe.Pieces().count(some, bounds[a], bounds[b], rule)

            for part in map_blocks(count, len(bounds) - 1, 1):
                pieces.add(part)
        pairs = pieces.learn(ALPHABET, vocab_size - least, min_count)
        del pieces
        tokens = [b""] * len(special) + [bytes((byte,)) for byte in ALPHABET]
        merges = np.empty((len(pairs), 3), dtype=np.int32)
        merges[:, :2] = pairs + len(special)
        merges[:, 2] = np.arange(least, least + len(pairs))
        for left, right, _ in merges.tolist():
            tokens.append(tokens[left] + tokens[right])
        self._set_model(tokens, merges, [SpecialToken(content, i) for i, content in enumerate(special)])
        return self

    def _set_model(
        self,
        tokens: list[bytes],
        merges: NDArray[np.int32] | None,
        special: list[SpecialToken],
        *,
        whole_first: bool = False,
    ) -> None:
        encoder = _bpe.Encoder(tokens, merges, check_choice(self.pattern, "pattern", _bpe.RULES), whole_first)
        self._encoder = (self.pattern, encoder)
        self._tokens, self._merges, self._whole_first = tokens, encoder.merges, whole_first
        self._special = SpecialTokens(special)
        self._spelled = {i: token for i, token in enumerate(tokens) if token}
        self._spelled |= {token.id: token.content.encode() for token in special}
        names = [bytes_to_symbols(token) for token in tokens]
        self.vocabulary_ = {name: i for i, name in enumerate(names) if name}
        self.vocabulary_ |= {token.content: token.id for token in special}
        self.merges_ = [(names[left], names[right]) for left, right, _ in self._merges.tolist()]

    def _ready(self) -> Any:
        check_is_fitted(self, "vocabulary_")
        kept = self.__dict__.get("_encoder")
        if kept is None or kept[0] != self.pattern:
            rule = check_choice(self.pattern, "pattern", _bpe.RULES)
            kept = self._encoder = (self.pattern, _bpe.Encoder(self._tokens, self._merges, rule, self._whole_first))
        return kept[1]

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        check_is_fitted(self, "vocabulary_")
        return max(len(self._tokens), 1 + max((token.id for token in self._special.tokens), default=-1))

    def _encoder_of_blocks(
        self, texts: list[str], begins: bytes | None, offsets: bool
    ) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]]:
        encoder, prefix, trim = self._ready(), bool(self.add_prefix_space), bool(self.trim_offsets)
        return lambda start, stop: encoder.encode(texts, start, stop, offsets, prefix, trim, begins)

    def decode_bytes(self, ids: Iterable[int], *, skip_special_tokens: bool = False) -> bytes:
        """Return the bytes of the tokens, which need not be whole characters.

        Raises
        ------
        ValueError
            For an id that no token has.
        """
        check_is_fitted(self, "vocabulary_")
        numbers = check_ids(ids)
        skipped = {token.id for token in self._special.tokens if token.special} if skip_special_tokens else ()
        try:
            return b"".join([self._spelled[i] for i in numbers.tolist() if i not in skipped])
        except KeyError as error:
            raise ValueError(f"ids must lie in [0, {self.vocab_size}) and be of a token, got {error}") from None

    def decode(self, ids: Iterable[int], *, skip_special_tokens: bool = False) -> str:
        """Return the text of `ids`; bytes that are no whole character become U+FFFD.

        Raises
        ------
        ValueError
            For an id that no token has.
        """
        return self.decode_bytes(ids, skip_special_tokens=skip_special_tokens).decode("utf-8", "replace")

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``, in Hugging Face's format."""
        from .bpe_files import bpe_to_json

        return json.dumps(bpe_to_json(self), ensure_ascii=False, indent=1) + "\n"
