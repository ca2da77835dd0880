"""Texts to word counts."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._estimator import Estimator
from .._exceptions import not_fitted_error
from .._native import load
from .._parallel import map_blocks
from .._validation import check_number, check_texts
from .stop_words import stop_words_of
from .subword_tokenizer import SubwordTokenizer
from .term_statistics import TermStatistics
from .word_tokenizer import WordTokenizer

__all__ = ["CountVectorizer"]

_words = load("words")

TEXTS_PER_BLOCK = 1024


class CountVectorizer(Estimator):
    """Count the words, or n-grams of words, of each text.

    Numbers are those of scikit-learn's class of the same name for the same tokens and settings
    (``tokenizer=WordTokenizer(rule="runs", min_length=2)`` for its default tokens).

    Parameters
    ----------
    tokenizer : None, tokenizer or callable
        None for ``WordTokenizer()``. Any object with ``tokenize(text) -> list of str``, or such a callable, is taken;
        a `WordTokenizer` is counted without making a Python string of each token, on all threads; the library's
        other tokenizers encode on all threads.
    ngram_range : (int, int)
        Least and most words of an n-gram; words are joined by a space.
    min_df, max_df : int or float
        Bounds on the number of documents a term occurs in; a float is a share of the documents.
    max_features : int, optional
        Keep the terms of highest total count; of equal counts those first by code point.
    stop_words : None, "auto", "english", "chinese" or iterable of str
        Tokens that are not counted, dropped before n-grams are built; "auto" is both lists of the library.
    binary : bool
        Count a term once a text.
    vocabulary : iterable of str or mapping of str to int, optional
        Fixed terms; a mapping also gives the columns. `min_df`, `max_df` and `max_features` then do not apply.
    dtype : dtype
        Of the counts.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        Term to column; columns are in the order of code points.
    """

    def __init__(
        self,
        *,
        tokenizer: Any = None,
        ngram_range: tuple[int, int] = (1, 1),
        min_df: float = 1,
        max_df: float = 1.0,
        max_features: int | None = None,
        stop_words: Any = None,
        binary: bool = False,
        vocabulary: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.tokenizer = tokenizer
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features
        self.stop_words = stop_words
        self.binary = binary
        self.vocabulary = vocabulary
        self.dtype = dtype

    # What a fit leaves: the terms by column, from which the public names are made when they are asked for; None while
    # `partial_fit` has seen texts since the terms were chosen.
    _terms: Any
    _statistics: TermStatistics | None = None

    @property
    def vocabulary_(self) -> dict[str, int]:
        """Term to column."""
        return {term: i for i, term in enumerate(self._fitted_terms().words())}

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the terms by column, as an array of str objects."""
        return np.array(self._fitted_terms().words(), dtype=object)

    def fit(self, texts: Iterable[str], y: Any = None) -> CountVectorizer:
        """Learn the vocabulary of `texts`.

        Raises
        ------
        TypeError
            If `texts` is a single string or holds something else than strings, or a parameter is of a wrong type.
        ValueError
            If a parameter is out of range, or no term is found or left.
        """
        self.fit_counts(texts)
        return self

    def fit_transform(self, texts: Iterable[str], y: Any = None) -> CSRMatrix:
        """Learn the vocabulary of `texts` and return their counts; equal to ``fit(texts).transform(texts)``."""
        return self.fit_counts(texts)

    def transform(self, texts: Iterable[str]) -> CSRMatrix:
        """Return the counts of `texts`, shape (n_texts, n_terms); terms not in the vocabulary are not counted."""
        return self.transform_counts(texts)

    def fit_counts(self, texts: Iterable[str]) -> CSRMatrix:
        """Learn the vocabulary of `texts` and return their counts."""
        dtype, binary = self._check_dtype(), _check_flag(self.binary, "binary")
        limits = _check_limits(self.min_df, self.max_df, self.max_features)
        fixed = None if self.vocabulary is None else _fixed_terms(self.vocabulary)
        statistics = TermStatistics()
        texts, blocks = self._update(texts, statistics if fixed is None else None)
        if fixed is not None:
            terms = _words.Vocabulary(fixed)
            _look_up(blocks, terms)
        else:
            terms, columns = statistics.choose(*limits, binary=binary)
            for block in blocks:
                block.assign_columns(columns)
        X = _assemble(blocks, len(texts), len(terms), dtype, binary)
        self._terms, self._statistics = terms, None
        self._learn(len(texts), np.bincount(X.indices, minlength=len(terms)), float(X.data.sum(dtype=np.float64)))
        return X

    def partial_fit(self, texts: Iterable[str], y: Any = None) -> CountVectorizer:
        """Take in more texts; equal to ``fit`` with all texts given so far, whatever they were cut into.

        Memory grows with the number of different terms, not of texts. `min_df`, `max_df` and `max_features` are
        applied, to all that was seen, when the vocabulary is next needed.

        Raises
        ------
        ValueError
            After ``fit``, which keeps no counts of the terms it dropped: begin with a new vectorizer.
        """
        binary = _check_flag(self.binary, "binary")
        self._check_dtype()
        _check_limits(self.min_df, self.max_df, self.max_features)
        statistics = self._statistics
        if statistics is None:
            if self.__dict__.get("_terms") is not None:
                raise ValueError(
                    "partial_fit goes on from partial_fit; fit keeps no counts of the terms it dropped: use a new "
                    f"{type(self).__name__}"
                )
            statistics = TermStatistics(None if self.vocabulary is None else _fixed_terms(self.vocabulary))
        self._update(texts, statistics)
        self._statistics, self._terms = statistics, None
        if self.vocabulary is not None:
            self._settle(statistics, binary)
        return self

    def _update(self, texts: Iterable[str], statistics: TermStatistics | None) -> tuple[list[str], list[Any]]:
        """Count `texts`; add what they hold to `statistics`."""
        texts = check_texts(texts)
        blocks = self._count(texts)
        if statistics is not None:
            statistics.add(blocks, len(texts))
        return texts, blocks

    def _settle(self, statistics: TermStatistics, binary: bool) -> None:
        """Choose the terms of all that `partial_fit` has seen."""
        terms, columns = statistics.choose(*_check_limits(self.min_df, self.max_df, self.max_features), binary=binary)
        ids = np.flatnonzero(columns >= 0)
        frequencies, totals = np.zeros((2, len(terms)), dtype=np.int64)
        frequencies[columns[ids]], totals[columns[ids]] = statistics.n_rows[ids], statistics.totals[ids]
        self._terms = terms
        self._learn(statistics.n_texts, frequencies, float((frequencies if binary else totals).sum()))

    def _learn(self, n_texts: int, frequencies: NDArray[np.int64], n_counted: float) -> None:
        """What a subclass learns: texts that were seen, texts that hold each term, and the sum of all counts."""

    def transform_counts(self, texts: Iterable[str]) -> CSRMatrix:
        """Return the counts of `texts` over the fitted (or the fixed) vocabulary."""
        terms = self._fitted_terms()
        dtype, binary = self._check_dtype(), _check_flag(self.binary, "binary")
        texts = check_texts(texts)
        blocks = self._count(texts)
        _look_up(blocks, terms)
        return _assemble(blocks, len(texts), len(terms), dtype, binary)

    def _fitted_terms(self) -> Any:
        terms = self.__dict__.get("_terms")
        if terms is None and self._statistics is not None:
            self._settle(self._statistics, bool(self.binary))
            terms = self._terms
        if terms is None:
            if self.vocabulary is not None and type(self) is CountVectorizer:
                return _words.Vocabulary(_fixed_terms(self.vocabulary))
            raise not_fitted_error(
                f"This {type(self).__name__} instance is not fitted yet. "
                f"Call 'fit' with appropriate arguments before using this estimator."
            )
        return terms

    def _check_dtype(self) -> np.dtype:
        return check_count_dtype(self.dtype)

    def _count(self, texts: list[str]) -> list[Any]:
        return count_blocks(texts, self.tokenizer, self.ngram_range, self.stop_words)

    def get_state(self) -> dict[str, Any]:
        """Return parameters (values that JSON can hold) and arrays from which `from_state` makes the same vectorizer.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        TypeError
            If the tokenizer is not a `WordTokenizer`: code cannot be saved.
        """
        text, starts = self._fitted_terms().state()
        params = self.get_params(deep=False)
        if params["tokenizer"] is not None and not isinstance(params["tokenizer"], WordTokenizer):
            raise TypeError(
                f"a vectorizer whose tokenizer is a {type(params['tokenizer']).__name__} cannot be saved; "
                f"use a WordTokenizer, or save its counts"
            )
        if params["tokenizer"] is not None:
            params["tokenizer"] = params["tokenizer"].get_state()
        if params["stop_words"] is not None and not isinstance(params["stop_words"], str):
            params["stop_words"] = list(params["stop_words"])
        params["dtype"] = np.dtype(params["dtype"]).name
        params["ngram_range"] = [int(n) for n in params["ngram_range"]]
        params["vocabulary"] = None if params["vocabulary"] is None else "fixed"
        for name in ("min_df", "max_df", "max_features"):
            if isinstance(params[name], np.generic):
                params[name] = params[name].item()
        return {"class": type(self).__name__, "params": params, "terms": text, "term_starts": starts}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Any:
        """Return the fitted vectorizer that gave `state`.

        Raises
        ------
        ValueError
            If the state is of another class or damaged.
        """
        if state.get("class") != cls.__name__:
            raise ValueError(f"the state is of a {state.get('class')!r}, not of a {cls.__name__!r}")
        params = dict(state["params"])
        if params["tokenizer"] is not None:
            params["tokenizer"] = WordTokenizer.from_state(params["tokenizer"])
        params["ngram_range"] = tuple(params["ngram_range"])
        params["dtype"] = np.dtype(params["dtype"]).type
        terms = _words.Vocabulary.from_state(state["terms"], state["term_starts"])
        if params["vocabulary"] is not None:
            params["vocabulary"] = terms.words()
        vectorizer = cls(**params)
        vectorizer._terms = terms
        return vectorizer


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


def _look_up(blocks: list[Any], terms: Any) -> None:
    terms.index()
    map_blocks(lambda start, stop: [b.look_up_in(terms) for b in blocks[start:stop]], len(blocks), 1)


def _assemble(blocks: list[Any], n_texts: int, n_terms: int, dtype: np.dtype, binary: bool) -> CSRMatrix:
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


def _check_limits(min_df: Any, max_df: Any, max_features: Any) -> tuple[float, float, int | None]:
    limits = []
    for name, value in (("min_df", min_df), ("max_df", max_df)):
        if isinstance(value, numbers.Integral) and not isinstance(value, bool):
            limits.append(check_number(value, name, integer=True, low=1))
        else:
            limits.append(check_number(value, f"{name} (a share of the documents)", low=0.0, high=1.0))
    if max_features is not None:
        max_features = check_number(max_features, "max_features", integer=True, low=1)
    return limits[0], limits[1], max_features


def _fixed_terms(vocabulary: Any) -> list[str]:
    if isinstance(vocabulary, (str, bytes)):
        raise TypeError(f"vocabulary must be an iterable of strings or a mapping, got a {type(vocabulary).__name__}")
    if isinstance(vocabulary, Mapping):
        columns = sorted(vocabulary.values())
        if columns != list(range(len(columns))):
            raise ValueError("vocabulary must map its terms to the columns 0, 1, 2 ... without gaps or repeats")
        terms = sorted(vocabulary, key=vocabulary.__getitem__)
    elif isinstance(vocabulary, (set, frozenset)):
        terms = sorted(vocabulary)
    else:
        terms = list(vocabulary)
    terms = check_texts(terms, "vocabulary", min_count=1)
    if len(set(terms)) < len(terms):
        twice = next(t for i, t in enumerate(terms) if t in terms[:i])
        raise ValueError(f"vocabulary must hold each term once, but {twice!r} occurs twice")
    return terms


def _check_flag(value: Any, name: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)
