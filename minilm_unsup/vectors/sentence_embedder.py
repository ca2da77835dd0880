"""Document vectors from counts alone: smooth inverse frequency over word vectors, latent semantic analysis, or both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._estimator import Estimator, TransformerMixin
from .._parallel import map_blocks, one_blas_thread
from .._validation import (
    check_choice,
    check_is_fitted,
    check_matrix,
    check_n_features,
    check_number,
    check_random_state,
)
from ..ops.matmul import matmul
from ..ops.sparse import csr_matmul, normalize_rows, row_norms
from .cooccurrence import cooccurrence_vectors
from .truncated_svd import TruncatedSVD

__all__ = ["SentenceEmbedder"]

PARTS = {"sif+lsa": ("sif", "lsa"), "sif": ("sif",), "lsa": ("lsa",)}
# Length to which float32 rounds what remains of a unit row less its own direction.
ROUNDING = 1e-5


class SentenceEmbedder(TransformerMixin, Estimator):
    """Turn rows of a document-term matrix into dense vectors of unit length, learnt from these documents alone.

    ``"sif"``: the mean of the vectors of a document's words, each weighted ``a / (a + p(w))`` (Arora, Liang and Ma
    2017, algorithm 1), to unit length, less its part along the first singular direction of all documents; the
    word vectors are those of `cooccurrence_vectors`. ``"lsa"``: TF-IDF, ``(1 + log tf) (log((1 + N) / (1 + df)) + 1)``
    in unit rows, projected on its largest singular vectors. ``"sif+lsa"``: both side by side, each of unit length.

    Parameters
    ----------
    method : {"sif+lsa", "sif", "lsa"}
    n_components : int, default 100
        Length of each part; less where there are fewer columns.
    a : float, default 1e-3
        Word frequency at which the weight is one half.
    n_contexts : int, default 2000
        Words that the vectors of the others are built upon.
    n_iter : int, default 4
        Power iterations of the factorisations.
    random_state : None, int or numpy.random.Generator

    Attributes
    ----------
    word_vectors_ : ndarray of shape (n_features, n_components), float32
        Weighted; ``"sif"`` only.
    common_direction_ : ndarray of shape (n_components,), float32
        What is taken off; ``"sif"`` only.
    idf_ : ndarray of shape (n_features,), float32
        ``"lsa"`` only.
    components_ : ndarray of shape (n_components, n_features), float32
        ``"lsa"`` only.
    n_features_in_ : int

    Notes
    -----
    A document without a known word becomes a row of zeros.
    """

    _accepts_sparse = True
    _positive_only = True
    _preserves_dtype = ()  # counts in, float32 out

    def __init__(
        self,
        method: str = "sif+lsa",
        n_components: int = 100,
        *,
        a: float = 1e-3,
        n_contexts: int = 2000,
        n_iter: int = 4,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.n_components = n_components
        self.a = a
        self.n_contexts = n_contexts
        self.n_iter = n_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> SentenceEmbedder:
        """Learn from counts `X` of shape (n_documents, n_words), sparse or dense, none negative."""
        check_choice(self.method, "method", PARTS)
        check_number(self.n_components, "n_components", integer=True, low=1)
        check_number(self.a, "a", low=0, low_open=True)
        check_number(self.n_contexts, "n_contexts", integer=True, low=1)
        check_number(self.n_iter, "n_iter", integer=True, low=0)
        X = _check_counts(X)
        rng = check_random_state(self.random_state)
        seeds = rng.integers(0, 2**63 - 1, size=2)
        n_components = min(self.n_components, X.shape[1])
        with self._new_fit():
            if "sif" in PARTS[self.method]:
                word_rng = np.random.default_rng(int(seeds[0]))
                vectors = cooccurrence_vectors(
                    X, n_components, n_contexts=self.n_contexts, n_iter=self.n_iter, rng=word_rng
                )
                frequency = X.sum(axis=0)
                share = frequency / max(float(frequency.sum()), 1.0)
                self.word_vectors_ = vectors * (self.a / (self.a + share)).astype(np.float32)[:, None]
                self.common_direction_ = _first_direction(self._averages(X))
            if "lsa" in PARTS[self.method]:
                found_in = np.bincount(X.indices, minlength=X.shape[1])
                self.idf_ = (np.log((1 + X.shape[0]) / (1 + found_in)) + 1).astype(np.float32)
                svd = TruncatedSVD(n_components, n_iter=self.n_iter, random_state=int(seeds[1]))
                self.components_ = svd.fit(self._tf_idf(X)).components_
            self.n_features_in_ = int(X.shape[1])
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return unit rows of shape (n_documents, n_components), twice that for two parts, float32."""
        check_is_fitted(self, "n_features_in_")
        X = _check_counts(X)
        check_n_features(self, X)
        parts: list[NDArray] = []
        if "sif" in PARTS[self.method]:
            E = self._averages(X)
            E -= matmul(E, self.common_direction_[:, None]) * self.common_direction_
            E[row_norms(E) < ROUNDING] = 0  # nothing but the common direction: what is left is noise
            parts.append(np.asarray(normalize_rows(E)))
        if "lsa" in PARTS[self.method]:
            parts.append(np.asarray(normalize_rows(csr_matmul(self._tf_idf(X), self.components_.T))))
        return parts[0] if len(parts) == 1 else np.asarray(normalize_rows(np.concatenate(parts, axis=1)))

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Return the parameters (but for a Generator given as seed) and the fitted arrays, for storage."""
        check_is_fitted(self, "n_features_in_")
        config = self._storable_params()
        names = ("word_vectors_", "common_direction_", "idf_", "components_")
        return config, {name: getattr(self, name) for name in names if hasattr(self, name)}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray]) -> SentenceEmbedder:
        """Return the embedder whose `get_state` this is."""
        model = cls(**config)
        for name, value in arrays.items():
            setattr(model, name, value)
        widths = arrays["word_vectors_"].shape[0] if "word_vectors_" in arrays else arrays["idf_"].shape[0]
        model.n_features_in_ = int(widths)
        return model

    def _averages(self, X: CSRMatrix) -> NDArray[np.float32]:
        return np.asarray(normalize_rows(csr_matmul(X, self.word_vectors_)))

    def _tf_idf(self, X: CSRMatrix) -> CSRMatrix:
        weights = (1 + np.log(X.data)) * self.idf_[X.indices]
        weighted = normalize_rows(CSRMatrix(weights, X.indices, X.indptr, X.shape))
        assert isinstance(weighted, CSRMatrix)
        return weighted


def _check_counts(X: Any) -> CSRMatrix:
    X = check_matrix(X, accept_sparse=True, estimator="SentenceEmbedder", dtype=np.float32)
    if not isinstance(X, CSRMatrix):
        X = CSRMatrix.from_dense(X)
    if X.nnz and float(X.data.min()) <= 0:
        if float(X.data.min()) < 0:
            raise ValueError(
                "Negative values in data passed to SentenceEmbedder: X must hold counts; give it counts, not scores"
            )
        kept = X.data > 0  # zeros stored as values
        indptr = np.concatenate(([0], np.cumsum(kept)))[X.indptr]
        X = CSRMatrix(X.data[kept], X.indices[kept], indptr, X.shape)
    return X


def _first_direction(E: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the first right singular vector of `E`, by the eigenvectors of its Gram matrix."""

    def block(start: int, stop: int) -> NDArray[np.float64]:
        part = E[start:stop].astype(np.float64)
        return part.T @ part

    gram = np.sum(map_blocks(block, len(E), 2048), axis=0)
    with one_blas_thread():
        return np.linalg.eigh(gram)[1][:, -1].astype(np.float32)
