"""Blocks of counts, and the matrix they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._csr import CSRMatrix
from .._native import load
from .._parallel import map_blocks
from .._validation import check_number, check_texts
from .stop_words import stop_words_of
from .subword_tokenizer import SubwordTokenizer
from .word_tokenizer import WordTokenizer

__all__ = ["assembled", "check_count_dtype", "count_blocks", "look_up"]

_words = load("words")

TEXTS_PER_BLOCK = 1024


def check_count_dtype(value: Any) -> np.dtype:
    """Return `value` as a dtype of counts."""
    try:
        dtype = np.dtype(value)
    except TypeError:
        raise TypeError(f"dtype must be a numeric numpy dtype, got {value!r}") from None
    if dtype.kind not in "iuf":
        raise ValueError(f"dtype must be one of integers or floats, got {dtype}")
    return dtype


def count_blocks(texts: list[str], tokenizer: Any, ngram_range: Any, stop_words: Any) -> list[Any]:
    """Return one block of counts for each fixed run of texts; parameters as in `CountVectorizer`."""
    low, high = _check_ngram_range(ngram_range)
    stop_table = _stop_table(stop_words)
    tokenizer = WordTokenizer() if tokenizer is None else tokenizer
    if isinstance(tokenizer, WordTokenizer):
        scanner = tokenizer.scanner()
        return map_blocks(
            lambda start, stop: scanner.count(texts, start, stop, low, high, stop_table), len(texts), TEXTS_PER_BLOCK
        )
    tokenize = tokenizer.tokenize if hasattr(tokenizer, "tokenize") else tokenizer
    if not callable(tokenize):
        raise TypeError(
            f"tokenizer must be None, an object with a method tokenize, or a callable that returns a list of "
            f"strings, got {type(tokenizer).__name__}"
        )
    # A tokenizer of the caller's own holds the interpreter's lock: its blocks run one after another, here.
    starts = range(0, len(texts), TEXTS_PER_BLOCK)
    if isinstance(tokenizer, SubwordTokenizer) and type(tokenizer).tokenize is SubwordTokenizer.tokenize:
        names = tokenizer._token_names()

        def tokenize_block(some: list[str]) -> Any:
            encodings = tokenizer.encode_batch(some, offsets=False, template=False)
            found = iter([[names[i] for i in encoding.ids.tolist()] for encoding in encodings])
            return _count_strings(lambda _: next(found), some, low, high, stop_table)

        return [tokenize_block(texts[i : i + TEXTS_PER_BLOCK]) for i in starts]
    return [_count_strings(tokenize, texts[i : i + TEXTS_PER_BLOCK], low, high, stop_table) for i in starts]


def _count_strings(tokenize: Callable[[str], Any], texts: list[str], low: int, high: int, stop_words: Any) -> Any:
    lists = []
    for text in texts:
        tokens = tokenize(text)
        if isinstance(tokens, str) or not isinstance(tokens, Iterable):
            raise TypeError(f"tokenizer must return a list of strings, it returned a {type(tokens).__name__}")
        tokens = list(tokens)
        wrong = [t for t in tokens if not isinstance(t, str)]
        if wrong:
            raise TypeError(f"tokenizer must return a list of strings, it returned a {type(wrong[0]).__name__} in it")
        if high > 1:
            if stop_words is not None:
                tokens = [t for t in tokens if stop_words.look_up(t) < 0]
            tokens = [" ".join(tokens[i : i + n]) for n in range(low, high + 1) for i in range(len(tokens) - n + 1)]
        lists.append(tokens)
    return _words.count_lists(lists, stop_words if high == 1 else None)


def look_up(blocks: list[Any], terms: Any) -> None:
    terms.index()
    map_blocks(lambda start, stop: [b.look_up_in(terms) for b in blocks[start:stop]], len(blocks), 1)


def assembled(blocks: list[Any], n_texts: int, n_terms: int, dtype: np.dtype, binary: bool) -> CSRMatrix:
    """One matrix of all blocks, columns rising in each row."""
    indptr = np.zeros(n_texts + 1, dtype=np.int64)

    def each(function: Callable[[Any, int, int], None]) -> None:
        def call(first: int, last: int) -> None:
            for i in range(first, last):
                start = i * TEXTS_PER_BLOCK
                function(blocks[i], start, min(start + TEXTS_PER_BLOCK, n_texts))

        map_blocks(call, len(blocks), 1)

    each(lambda block, start, stop: block.row_lengths(indptr[start + 1 : stop + 1]))
    np.cumsum(indptr, out=indptr)
    direct = dtype if dtype in _FILLED else np.dtype(np.int64)
    indices, data = np.empty(indptr[-1], dtype=np.int32), np.empty(indptr[-1], dtype=direct)
    each(lambda block, start, stop: block.fill(indptr[start : stop + 1], indices, data, binary))
    return CSRMatrix(data.astype(dtype, copy=False), indices, indptr, (n_texts, n_terms))


_FILLED = tuple(np.dtype(t) for t in (np.float32, np.float64, np.int32, np.int64))


def _stop_table(stop_words: Any) -> Any:
    if stop_words is None:
        return None
    if isinstance(stop_words, str):
        stop_words = stop_words_of(stop_words)
    table = _words.Vocabulary(sorted(set(check_texts(stop_words, "stop_words"))))
    table.index()
    return table


def _check_ngram_range(value: Any) -> tuple[int, int]:
    try:
        low, high = value
    except (TypeError, ValueError):
        raise ValueError(f"ngram_range must be two whole numbers, got {value!r}") from None
    low = check_number(low, "ngram_range[0]", integer=True, low=1)
    high = check_number(high, "ngram_range[1]", integer=True, low=1, high=1000)
    if low > high:
        raise ValueError(f"ngram_range must not fall, got {value!r}")
    return low, high
