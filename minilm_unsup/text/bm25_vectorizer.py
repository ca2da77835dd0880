"""Texts to BM25 weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._validation import check_number
from .weighed_vectorizer import WeighedVectorizer

__all__ = ["BM25Vectorizer"]


class BM25Vectorizer(WeighedVectorizer):
    r"""Weigh the words of each text by Okapi BM25.

    .. math:: x_{dt} = idf_t \cdot \frac{(k_1 + 1)\, tf_{dt}}{tf_{dt} + k_1 (1 - b + b\, l_d / \bar l)}, \qquad
        idf_t = \ln\left(1 + \frac{N - df_t + 1/2}{df_t + 1/2}\right)

    with tf the count, l the sum of a text's counts over the vocabulary, and its mean over the N texts that were fitted
    (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", equation 3.15; the idf is
    Lucene's, which is never negative). The score of a query is the product of its counts with a row::

        X = vectorizer.fit_transform(texts)
        scores = vectorizer.transform_counts(queries).toscipy() @ X.toscipy().T

    Parameters
    ----------
    tokenizer, ngram_range, min_df, max_df, max_features, stop_words, binary, vocabulary, dtype
        As in `CountVectorizer`; `dtype` is float32 or float64.
    k1 : float, at least 0
        How slowly repeated words saturate; 0: a word counts once.
    b : float in [0, 1]
        How much long texts are discounted.

    Attributes
    ----------
    idf_ : ndarray of shape (n_terms,), `dtype`
    mean_length_ : float
    vocabulary_ : dict of str to int
        Term to column.
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
        k1: float = 1.2,
        b: float = 0.75,
    ) -> None:
        super().__init__(
            tokenizer=tokenizer,
            ngram_range=ngram_range,
            min_df=min_df,
            max_df=max_df,
            max_features=max_features,
            stop_words=stop_words,
            binary=binary,
            vocabulary=vocabulary,
            dtype=dtype,
        )
        self.k1 = k1
        self.b = b

    def _check_weights(self) -> None:
        super()._check_weights()
        check_number(self.k1, "k1", low=0)
        check_number(self.b, "b", low=0, high=1)

    def _learn(self, n_texts: int, frequencies: NDArray[np.int64], n_counted: float) -> None:
        self._idf = np.log1p((n_texts - frequencies + 0.5) / (frequencies + 0.5))
        self._mean_length = n_counted / n_texts if n_texts else 0.0

    @property
    def idf_(self) -> NDArray[Any]:
        """Inverse document frequency of each term."""
        self._fitted_terms()
        return self._idf.astype(self._check_dtype())

    @property
    def mean_length_(self) -> float:
        """Mean length of the texts that were fitted."""
        self._fitted_terms()
        return self._mean_length

    def _weigh(self, counts: CSRMatrix, *, in_place: bool) -> CSRMatrix:
        values = counts.data.astype(np.float64)
        rows = counts.row_numbers()
        lengths = np.bincount(rows, weights=values, minlength=counts.shape[0])
        # Texts of no word are all as long as the mean; their rows are empty.
        slowness = self.k1 * (1 - self.b + self.b * lengths / (self._mean_length or 1.0))
        below = values + slowness[rows]
        weights = self._idf[counts.indices] * values * (self.k1 + 1) / np.where(below > 0, below, 1.0)
        return CSRMatrix(weights.astype(self._check_dtype()), counts.indices, counts.indptr, counts.shape)

    def get_state(self) -> dict[str, Any]:
        """Return parameters and arrays, as `CountVectorizer.get_state`, with the weights and the mean length."""
        return {**super().get_state(), "mean_length": self._mean_length}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> BM25Vectorizer:
        """Return the fitted vectorizer that gave `state`."""
        vectorizer = super().from_state(state)
        vectorizer._mean_length = check_number(state["mean_length"], "mean_length", low=0)
        return vectorizer
