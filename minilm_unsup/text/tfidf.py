"""Texts to TF-IDF."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._native import load
from .._parallel import map_blocks
from .._validation import check_flag
from .weighed_vectorizer import WeighedVectorizer

__all__ = ["TfidfVectorizer"]

_words = load("words")

ROWS_PER_BLOCK = 4096
_NORMS = {None: 0, "l1": 1, "l2": 2}


class TfidfVectorizer(WeighedVectorizer):
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

    def _check_weights(self) -> None:
        super()._check_weights()
        if self.norm is not None and self.norm not in ("l1", "l2"):
            raise ValueError(f"norm must be 'l1', 'l2' or None, got {self.norm!r}")
        for name in ("use_idf", "smooth_idf", "sublinear_tf"):
            check_flag(getattr(self, name), name)

    def _learn(self, n_texts: int, frequencies: NDArray[np.int64], n_counted: float) -> None:
        smooth = float(self.smooth_idf)
        with np.errstate(divide="ignore"):  # a term of a fixed vocabulary that never occurs, unsmoothed: inf
            idf = np.log((n_texts + smooth) / (frequencies + smooth)) + 1.0
        self._idf = idf if self.use_idf else np.ones(len(frequencies))

    @property
    def idf_(self) -> NDArray[Any]:
        """Inverse document frequency of each term."""
        self._fitted_terms()
        return self._idf.astype(self._check_dtype())

    def _weigh(self, counts: CSRMatrix, *, in_place: bool) -> CSRMatrix:
        dtype = self._check_dtype()
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
