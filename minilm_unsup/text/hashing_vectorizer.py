"""Texts to counts over columns that a hash chooses: nothing to learn, nothing to keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._csr import CSRMatrix
from .._estimator import Estimator
from .._native import load
from .._validation import check_choice, check_flag, check_number, check_texts, sum_duplicates
from .counting import assembled, check_count_dtype, count_blocks

__all__ = ["HashingVectorizer"]

_words = load("words")


class HashingVectorizer(Estimator):
    """Count the words, or n-grams of words, of each text in columns that their hash chooses (Weinberger et al. 2009).

    No vocabulary is learnt, so texts can come in any number and in any order, and memory is bounded by those of one
    call. Columns cannot be named again, and words that meet in one are counted together; with `alternate_sign` half of
    them are subtracted, so that inner products are right on average.

    Numbers are those of scikit-learn's class of the same name for the same tokens and settings: MurmurHash3 (32 bits,
    seed 0) of the UTF-8 bytes, the column is its absolute value modulo `n_features`, its sign the sign.

    Parameters
    ----------
    tokenizer, ngram_range, stop_words
        As in `CountVectorizer`.
    n_features : int, 1 to 2**31 - 1
        Columns.
    binary : bool
        Ones in place of counts.
    norm : "l2", "l1" or None
        Norm that each row is brought to; a text without words stays a row of zeros.
    alternate_sign : bool
        Take the sign of the hash.
    dtype : dtype
        float32 or float64.

    Examples
    --------
    >>> HashingVectorizer(n_features=16).transform(["a ship at sea", "大海上的船"]).shape
    (2, 16)
    """

    def __init__(
        self,
        *,
        tokenizer: Any = None,
        ngram_range: tuple[int, int] = (1, 1),
        n_features: int = 2**20,
        stop_words: Any = None,
        binary: bool = False,
        norm: str | None = "l2",
        alternate_sign: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        self.tokenizer = tokenizer
        self.ngram_range = ngram_range
        self.n_features = n_features
        self.stop_words = stop_words
        self.binary = binary
        self.norm = norm
        self.alternate_sign = alternate_sign
        self.dtype = dtype

    def fit(self, texts: Any = None, y: Any = None) -> HashingVectorizer:
        """Check the parameters and return self; there is nothing to learn."""
        self._check()
        return self

    def partial_fit(self, texts: Any = None, y: Any = None) -> HashingVectorizer:
        """Do as ``fit``."""
        return self.fit(texts, y)

    def fit_transform(self, texts: Iterable[str], y: Any = None) -> CSRMatrix:
        """Do as ``transform``."""
        return self.transform(texts)

    def transform(self, texts: Iterable[str]) -> CSRMatrix:
        """Return the hashed counts of `texts`, shape (n_texts, n_features).

        Raises
        ------
        TypeError
            If `texts` is a single string or holds something else than strings.
        ValueError
            If a parameter is out of range.
        """
        dtype, n_features = self._check()
        texts = check_texts(texts)
        blocks = count_blocks(texts, self.tokenizer, self.ngram_range, self.stop_words)
        everything = _words.Vocabulary()
        for block in blocks:
            block.merge_into(everything)
        columns = np.arange(len(everything), dtype=np.int32)
        for block in blocks:
            block.assign_columns(columns)
        counts = assembled(blocks, len(texts), len(everything), np.dtype(np.float64), False)
        hashes = everything.murmurhash3(0)
        data = counts.data
        if self.alternate_sign:
            data *= np.where(hashes >= 0, 1.0, -1.0)[counts.indices]
        place = (np.abs(hashes.astype(np.int64)) % n_features).astype(np.int32)
        out = sum_duplicates(CSRMatrix(data, place[counts.indices], counts.indptr, (len(texts), n_features)))
        values = np.ones(out.nnz) if self.binary else out.data
        if self.norm is not None:
            sizes = np.square(values) if self.norm == "l2" else np.abs(values)
            totals = np.bincount(out.row_numbers(), weights=sizes, minlength=len(texts))
            norms = np.sqrt(totals) if self.norm == "l2" else totals
            values = values / np.where(norms > 0, norms, 1.0)[out.row_numbers()]
        return CSRMatrix(values.astype(dtype), out.indices, out.indptr, out.shape)

    def _check(self) -> tuple[np.dtype, int]:
        check_choice(self.norm, "norm", ("l1", "l2", None))
        for name in ("binary", "alternate_sign"):
            check_flag(getattr(self, name), name)
        dtype = check_count_dtype(self.dtype)
        if dtype.kind != "f":
            raise ValueError(f"dtype must be float32 or float64, got {dtype}")
        return dtype, check_number(self.n_features, "n_features", integer=True, low=1, high=2**31 - 1)
