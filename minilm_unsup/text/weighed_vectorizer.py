"""What vectorizers that weigh their counts share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._validation import check_matrix
from .count_vectorizer import CountVectorizer

__all__ = ["WeighedVectorizer"]

Self = TypeVar("Self", bound="WeighedVectorizer")


class WeighedVectorizer(CountVectorizer):
    """Base of `TfidfVectorizer` and `BM25Vectorizer`: counts, weighed by what `_learn` took from the texts."""

    _idf: NDArray[np.float64]

    def _weigh(self, counts: CSRMatrix, *, in_place: bool) -> CSRMatrix:
        """Return the weights of `counts`, which has a column for each term; in place if that can be."""
        raise NotImplementedError

    def _check_weights(self) -> None:
        """Check the parameters that weigh."""
        dtype = self._check_dtype()
        if dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise ValueError(f"dtype must be float32 or float64 for {type(self).__name__}, got {dtype}")

    def fit_counts(self, texts: Iterable[str]) -> CSRMatrix:
        """Learn vocabulary and weights from `texts` and return their counts, to be weighed by `weigh`."""
        self._check_weights()
        return super().fit_counts(texts)

    def partial_fit(self: Self, texts: Iterable[str], y: Any = None) -> Self:
        """Take in more texts: see `CountVectorizer.partial_fit`; the weights are those of all texts so far."""
        self._check_weights()
        super().partial_fit(texts)
        return self

    def fit_transform(self, texts: Iterable[str], y: Any = None) -> CSRMatrix:
        """Learn vocabulary and weights from `texts` and return their weighed counts."""
        return self._weigh(self.fit_counts(texts), in_place=True)

    def transform(self, texts: Iterable[str]) -> CSRMatrix:
        """Return the weighed counts of `texts`, shape (n_texts, n_terms)."""
        counts = self.transform_counts(texts)
        self._check_weights()
        return self._weigh(counts, in_place=True)

    def weigh(self, counts: Any) -> CSRMatrix:
        """Return the weights of counts over this vocabulary; `counts` is left as it is.

        Parameters
        ----------
        counts : CSR matrix of shape (n_texts, n_terms)
            As `fit_counts` or `transform_counts` gave it.

        Raises
        ------
        ValueError
            If `counts` has another number of columns than there are terms, or negative values.
        """
        n_terms = len(self._fitted_terms())
        self._check_weights()
        counts = check_matrix(counts, "counts", accept_sparse=True, min_samples=0)
        if not isinstance(counts, CSRMatrix):
            counts = CSRMatrix.from_dense(counts)
        if counts.nnz and counts.data.min() < 0:
            raise ValueError("counts must not be negative")
        if counts.shape[1] != n_terms:
            raise ValueError(
                f"counts has {counts.shape[1]} features, but {type(self).__name__} is expecting {n_terms} features "
                f"as input; count with the vectorizer that weighs"
            )
        return self._weigh(counts, in_place=False)

    def get_state(self) -> dict[str, Any]:
        """Return parameters and arrays, as `CountVectorizer.get_state`; the weights are among the arrays."""
        return {**super().get_state(), "idf": self._idf.copy()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Any:
        """Return the fitted vectorizer that gave `state`."""
        vectorizer = super().from_state(state)
        idf = np.asarray(state["idf"], dtype=np.float64)
        if idf.shape != (len(vectorizer._terms),):
            raise ValueError(f"the state is damaged: {idf.shape} weights for {len(vectorizer._terms)} terms")
        vectorizer._idf = idf
        return vectorizer
