"""Texts to TF-IDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._native import load
from .._parallel import map_blocks
from .._validation import check_is_fitted, check_matrix
from .count_vectorizer import CountVectorizer, _check_flag

__all__ = ["TfidfVectorizer"]

_words = load("words")

ROWS_PER_BLOCK = 4096
_NORMS = {None: 0, "l1": 1, "l2": 2}


class TfidfVectorizer(CountVectorizer):
    r"""Weigh the words of each text by how rare they are among the texts.

    .. math:: x_{dt} = tf_{dt} \cdot idf_t, \qquad
        idf_t = \ln\frac{1 + N}{1 + df_t} + 1 \quad\text{(smooth)}, \qquad \ln\frac{N}{df_t} + 1 \quad\text{(not)}

    with tf the count, or ``1 + ln(count)`` when sublinear, over N texts of which df hold term t; each row is then
    divided by its norm. (Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval", with the
    smoothing and the added 1 of scikit-learn, whose numbers these are.)

    ``fit_counts`` and ``weigh`` are the two halves of ``fit_transform``, for callers that need the counts as well.

    Parameters
    ----------
    tokenizer, ngram_range, min_df, max_df, max_features, stop_words, binary, vocabulary, dtype
        As in `CountVectorizer`; `dtype` is float32 or float64.
    norm : "l2", "l1" or None
        Norm that each row is brought to; a text without known words stays a row of zeros.
    use_idf, smooth_idf, sublinear_tf : bool
        See above.

    Attributes
    ----------
    idf_ : ndarray of shape (n_terms,), `dtype`
        With ``use_idf``; ones without.
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
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
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
        self.norm = norm
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf

    def fit_counts(self, texts: Iterable[str]) -> CSRMatrix:
        """Learn vocabulary and weights from `texts` and return their counts, to be weighed by `weigh`."""
        self._check_weights()
        counts = super().fit_counts(texts)
        self._fit_idf(counts)
        return counts

    def fit_transform(self, texts: Iterable[str], y: Any = None) -> CSRMatrix:
        """Learn vocabulary and weights from `texts` and return their TF-IDF."""
        return self._weigh(self.fit_counts(texts), in_place=True)

    def transform(self, texts: Iterable[str]) -> CSRMatrix:
        """Return the TF-IDF of `texts`, shape (n_texts, n_terms)."""
        return self._weigh(self.transform_counts(texts), in_place=True)

    def weigh(self, counts: Any) -> CSRMatrix:
        """Return the TF-IDF of counts over this vocabulary; `counts` is left as it is.

        Parameters
        ----------
        counts : CSR matrix of shape (n_texts, n_terms)
            As `fit_counts` or `transform_counts` gave it.

        Raises
        ------
        ValueError
            If `counts` has another number of columns than there are terms, or negative values.
        """
        counts = check_matrix(counts, "counts", accept_sparse=True, min_samples=0)
        if not isinstance(counts, CSRMatrix):
            counts = CSRMatrix.from_dense(counts)
        if counts.nnz and counts.data.min() < 0:
            raise ValueError("counts must not be negative")
        return self._weigh(counts, in_place=False)

    def _check_weights(self) -> None:
        dtype = self._check_dtype()
        if dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise ValueError(f"dtype must be float32 or float64 for TF-IDF, got {dtype}")
        if self.norm is not None and self.norm not in ("l1", "l2"):
            raise ValueError(f"norm must be 'l1', 'l2' or None, got {self.norm!r}")
        for name in ("use_idf", "smooth_idf", "sublinear_tf"):
            _check_flag(getattr(self, name), name)

    def _fit_idf(self, counts: CSRMatrix) -> None:
        n_texts, n_terms = counts.shape
        frequencies = np.bincount(counts.indices, minlength=n_terms).astype(np.float64)
        smooth = float(self.smooth_idf)
        with np.errstate(divide="ignore"):  # a term of a fixed vocabulary that never occurs, unsmoothed: inf
            idf = np.log((n_texts + smooth) / (frequencies + smooth)) + 1.0
        self._idf = idf if self.use_idf else np.ones(n_terms)

    @property
    def idf_(self) -> NDArray[Any]:
        """Inverse document frequency of each term."""
        check_is_fitted(self, "_idf")
        return self._idf.astype(self._check_dtype())

    def _weigh(self, counts: CSRMatrix, *, in_place: bool) -> CSRMatrix:
        check_is_fitted(self, "_idf")
        self._check_weights()
        dtype = self._check_dtype()
        if counts.shape[1] != len(self._idf):
            raise ValueError(
                f"counts has {counts.shape[1]} features, but TfidfVectorizer is expecting {len(self._idf)} features "
                f"as input; count with the vectorizer that weighs"
            )
        out = counts.data if in_place and counts.data.dtype == dtype else np.empty(counts.nnz, dtype=dtype)
        idf = self._idf if self.use_idf else np.empty(0)
        sublinear, norm = bool(self.sublinear_tf), _NORMS[self.norm]
        map_blocks(
            lambda start, stop: _words.weigh_rows(
                counts.data, counts.indices, counts.indptr, start, stop, idf, sublinear, norm, out
            ),
            counts.shape[0],
            ROWS_PER_BLOCK,
        )
        return CSRMatrix(out, counts.indices, counts.indptr, counts.shape)

    def get_state(self) -> dict[str, Any]:
        """Return parameters and arrays, as `CountVectorizer.get_state`; the weights are among the arrays."""
        check_is_fitted(self, "_idf")
        return {**super().get_state(), "idf": self._idf.copy()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TfidfVectorizer:
        """Return the fitted vectorizer that gave `state`."""
        vectorizer = super().from_state(state)
        idf = np.asarray(state["idf"], dtype=np.float64)
        if idf.shape != (len(vectorizer._terms),):
            raise ValueError(f"the state is damaged: {idf.shape} weights for {len(vectorizer._terms)} terms")
        vectorizer._idf = idf
        return vectorizer
