"""The largest singular vectors of a sparse or dense matrix by random projection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._estimator import Estimator, TransformerMixin
from .._parallel import map_blocks, one_blas_thread
from .._validation import check_is_fitted, check_matrix, check_n_features, check_number, check_random_state
from ..ops.matmul import matmul
from ..ops.sparse import csr_matmul, csr_transpose

__all__ = ["TruncatedSVD", "randomized_svd"]

# Rows whose products make up one term of a Gram matrix; the terms are added in order.
GRAM_BLOCK = 2048
# Below this share of the largest eigenvalue of a Gram matrix (squared singular values), rounding has eaten a direction.
FLAT = 1e-10

Product = Callable[[NDArray], NDArray]


class TruncatedSVD(TransformerMixin, Estimator):
    """``X ~ U diag(s) components``, the best approximation of rank `n_components`, without centring: LSA on counts.

    Parameters
    ----------
    n_components : int, default 100
        At least 1, at most the number of columns; where the matrix has fewer rows, or too low a rank for that many,
        the components beyond are kept with singular value 0.
    n_iter : int, default 6
        Power iterations; each brings the range of the projection nearer to that of the largest singular vectors.
    n_oversamples : int, default 10
        Further directions carried along and dropped at the end.
    random_state : None, int or numpy.random.Generator

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Rows of unit length; in each the entry of largest size is positive.
    singular_values_ : ndarray of shape (n_components,)
    explained_variance_, explained_variance_ratio_ : ndarray of shape (n_components,)
        Variance of the columns of the transformed data, and its share of the variance of all columns of `X`.
    n_features_in_ : int

    References
    ----------
    Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011: algorithms 4.4 and 5.1.
    """

    _accepts_sparse = True

    def __init__(
        self, n_components: int = 100, *, n_iter: int = 6, n_oversamples: int = 10, random_state: Any = None
    ) -> None:
        self.n_components = n_components
        self.n_iter = n_iter
        self.n_oversamples = n_oversamples
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> TruncatedSVD:
        """Find the components of `X`, an array or sparse matrix of shape (n_samples, n_features)."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> NDArray:
        """Find the components and return ``U diag(s)``, shape (n_samples, n_components)."""
        check_number(self.n_components, "n_components", integer=True, low=1)
        check_number(self.n_iter, "n_iter", integer=True, low=0)
        check_number(self.n_oversamples, "n_oversamples", integer=True, low=0)
        X = check_matrix(X, accept_sparse=True, min_features=2, estimator="TruncatedSVD")
        if self.n_components > X.shape[1]:
            raise ValueError(f"n_components({self.n_components}) must be <= n_features({X.shape[1]}).")
        rng = check_random_state(self.random_state)
        U, s, Vt = randomized_svd(X, self.n_components, n_iter=self.n_iter, n_oversamples=self.n_oversamples, rng=rng)
        self.components_ = Vt
        self.singular_values_ = s
        self.n_features_in_ = int(X.shape[1])
        scores = U * s
        self.explained_variance_ = np.var(scores, axis=0)
        total = _total_variance(X)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = self.explained_variance_ / total
        self.explained_variance_ratio_ = ratio if total > 0 else np.zeros_like(ratio)
        return scores

    def transform(self, X: Any) -> NDArray:
        """Return ``X @ components_.T``, shape (n_samples, n_components)."""
        check_is_fitted(self, "components_")
        X = check_matrix(X, accept_sparse=True, estimator="TruncatedSVD")
        check_n_features(self, X)
        if X.dtype != self.components_.dtype:
            X = X.astype(self.components_.dtype)
        if isinstance(X, CSRMatrix):
            return csr_matmul(X, self.components_.T)
        return matmul(X, self.components_, transpose_b=True)

    def inverse_transform(self, X: Any) -> NDArray:
        """Return ``X @ components_``, shape (n_samples, n_features), from scores (n_samples, n_components)."""
        check_is_fitted(self, "components_")
        X = check_matrix(X)
        if X.shape[1] != len(self.components_):
            raise ValueError(f"X has {X.shape[1]} columns, but the model has {len(self.components_)} components")
        return matmul(X.astype(self.components_.dtype, copy=False), self.components_)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Return truncatedsvd0, truncatedsvd1, ..."""
        check_is_fitted(self, "components_")
        return np.asarray([f"truncatedsvd{i}" for i in range(len(self.components_))], dtype=object)


def randomized_svd(
    X: NDArray | CSRMatrix, n_components: int, *, n_iter: int, n_oversamples: int, rng: np.random.Generator
) -> tuple[NDArray, NDArray, NDArray]:
    """Return U (N, r), s (r,), Vt (r, D) of rank ``r = n_components``.

    The range is found by subspace iteration from a Gaussian start on the shorter side, orthonormal after each product
    (algorithm 4.4); the decomposition of the projected matrix then gives the factors (algorithm 5.1).

    Parameters
    ----------
    X : ndarray or CSRMatrix of shape (N, D), float32 or float64, checked
    n_components, n_iter, n_oversamples : int
    rng : numpy.random.Generator
    """
    n, d = X.shape
    dtype = X.dtype
    times, transpose_times = _products(X)
    width = min(n_components + n_oversamples, n, d)
    if n >= d:  # the Gaussian block is drawn on the shorter side
        forward, backward = times, transpose_times
    else:
        forward, backward = transpose_times, times
    short = rng.standard_normal((min(n, d), width), dtype=np.float32).astype(dtype)
    # On the way one pass keeps the columns apart well enough; the last basis is orthonormal to the dtype.
    long = forward(short)
    for _ in range(n_iter):
        short = orthonormal(backward(orthonormal(long, passes=1)), passes=1)
        long = forward(short)
    long = orthonormal(long)
    # X ~ long long^T X: the small factor is the SVD of B = (X^T long), tall and thin.
    left, s, right = _thin_svd(backward(long))
    long = matmul(long, np.ascontiguousarray(right))
    U, V = (long, left) if n >= d else (left, long)
    U, V, s = _padded(U, n_components), _padded(V, n_components), _padded(s[None], n_components)[0]
    largest = np.abs(V).argmax(axis=0)
    signs = np.where(V[largest, np.arange(V.shape[1])] < 0, -1, 1).astype(dtype)
    return U * signs, s, np.ascontiguousarray((V * signs).T)


def orthonormal(Y: NDArray, *, passes: int = 2) -> NDArray:
    """Return an orthonormal basis of the columns of `Y`, tall and thin, shape (n, width).

    By the Cholesky factor of the Gram matrix in float64, twice (CholeskyQR2, Fukaya et al. 2014), which reads the
    tall matrix with matrix products alone; by Householder QR where the Gram matrix is not safely positive.
    """
    Q = Y
    for _ in range(passes):
        G = _gram(Q)
        scale = float(np.trace(G)) / len(G)
        with one_blas_thread():
            smallest = np.linalg.eigvalsh(G)[0] if scale > 0 else 0.0
            if not smallest > FLAT * scale:
                return np.linalg.qr(Y)[0].astype(Y.dtype, copy=False)
            inverse = np.linalg.inv(np.linalg.cholesky(G))
        Q = matmul(Q, np.ascontiguousarray(inverse.T.astype(Y.dtype)))
    return Q


def _gram(Y: NDArray) -> NDArray[np.float64]:
    """Return ``Y.T @ Y`` in float64, blocks of rows added in order."""

    def block(start: int, stop: int) -> NDArray[np.float64]:
        part = Y[start:stop].astype(np.float64, copy=False)
        return part.T @ part

    terms = map_blocks(block, len(Y), GRAM_BLOCK)
    total = terms[0]
    for term in terms[1:]:
        total += term
    return total


def _thin_svd(B: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return left (m, w), s (w,), right (w, w) with ``B = left diag(s) right.T``, for B tall and thin."""
    Q = orthonormal(B)
    R = matmul(np.ascontiguousarray(Q.T), B)
    with one_blas_thread():
        u, s, vt = np.linalg.svd(R.astype(np.float64))
    left = matmul(Q, np.ascontiguousarray(u.astype(B.dtype)))
    return left, s.astype(B.dtype), np.ascontiguousarray(vt.T.astype(B.dtype))


def _products(X: NDArray | CSRMatrix) -> tuple[Product, Product]:
    if isinstance(X, CSRMatrix):
        turned = csr_transpose(X)
        return (lambda B: csr_matmul(X, B)), (lambda Y: csr_matmul(turned, Y))
    return (lambda B: matmul(X, B)), (lambda Y: matmul(X, Y, transpose_a=True))


def _padded(A: NDArray, width: int) -> NDArray:
    """Return the first `width` columns, columns of zeros added where there are fewer."""
    if A.shape[1] >= width:
        return A[:, :width]
    return np.concatenate((A, np.zeros((len(A), width - A.shape[1]), dtype=A.dtype)), axis=1)


def _total_variance(X: NDArray | CSRMatrix) -> float:
    if not isinstance(X, CSRMatrix):
        return float(np.var(X, axis=0, dtype=np.float64).sum())
    squares = float(np.einsum("p,p->", X.data, X.data, dtype=np.float64))
    means = X.sum(axis=0) / X.shape[0]
    return max(0.0, squares / X.shape[0] - float(means @ means))
