"""Texts to word counts."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._estimator import Estimator
from .._exceptions import not_fitted_error
from .._native import load
from .._validation import check_flag, check_number, check_texts
from .counting import assembled, check_count_dtype, count_blocks, look_up
from .subword_tokenizer import SubwordTokenizer
from .term_statistics import TermStatistics
from .word_tokenizer import WordTokenizer

__all__ = ["CountVectorizer"]

_words = load("words")


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
        dtype, binary = self._check_dtype(), check_flag(self.binary, "binary")
        limits = _check_limits(self.min_df, self.max_df, self.max_features)
        fixed = None if self.vocabulary is None else _fixed_terms(self.vocabulary)
        statistics = TermStatistics()
        texts, blocks = self._update(texts, statistics if fixed is None else None)
        if fixed is not None:
            terms = _words.Vocabulary(fixed)
            look_up(blocks, terms)
        else:
            terms, columns = statistics.choose(*limits, binary=binary)
            for block in blocks:
                block.assign_columns(columns)
        X = assembled(blocks, len(texts), len(terms), dtype, binary)
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
        binary = check_flag(self.binary, "binary")
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
        dtype, binary = self._check_dtype(), check_flag(self.binary, "binary")
        texts = check_texts(texts)
        blocks = self._count(texts)
        look_up(blocks, terms)
        return assembled(blocks, len(texts), len(terms), dtype, binary)

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
            If the tokenizer is none of the library's: code cannot be saved.
        """
        text, starts = self._fitted_terms().state()
        params = self.get_params(deep=False)
        if params["tokenizer"] is not None:
            params["tokenizer"] = _state_of_tokenizer(params["tokenizer"])
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
            params["tokenizer"] = _tokenizer_of_state(params["tokenizer"])
        params["ngram_range"] = tuple(params["ngram_range"])
        params["dtype"] = np.dtype(params["dtype"]).type
        terms = _words.Vocabulary.from_state(state["terms"], state["term_starts"])
        if params["vocabulary"] is not None:
            params["vocabulary"] = terms.words()
        vectorizer = cls(**params)
        vectorizer._terms = terms
        return vectorizer


def _state_of_tokenizer(tokenizer: Any) -> dict[str, Any]:
    if isinstance(tokenizer, WordTokenizer):
        return tokenizer.get_state()
    if isinstance(tokenizer, SubwordTokenizer):
        return {"json": tokenizer.to_json()}
    raise TypeError(
        f"a vectorizer whose tokenizer is a {type(tokenizer).__name__} cannot be saved; use a tokenizer of this "
        f"library, or save its counts"
    )


def _tokenizer_of_state(state: dict[str, Any]) -> Any:
    if "json" not in state:
        return WordTokenizer.from_state(state)
    from .tokenizer_files import tokenizer_from_json

    return tokenizer_from_json(state["json"])


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
