"""How far two samples are apart as distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._parallel import one_blas_thread
from .._validation import check_matrix, check_number

__all__ = ["coverage", "frechet_distance", "maximum_mean_discrepancy"]


def frechet_distance(X: Any, Y: Any) -> float:
    """Return the squared Frechet distance of the normal distributions fitted to two samples.

    ``|m - n|**2 + tr(C + D - 2 (C D)**0.5)`` for means m, n and covariances C, D (Dowson and Landau 1982; Heusel et al.
    2017, eq. 6). The trace of the root is the sum of the singular values of the product of the centred samples, so that
    features may be many; time grows with the cube of the rows.

    Parameters
    ----------
    X, Y : array of shape (n, n_features) and (m, n_features), n and m at least 2

    Returns
    -------
    float, at least 0

    Notes
    -----
    Two samples of one distribution are at a distance above 0 that shrinks with their size: compare at equal sizes.
    """
    A, B = _pair(X, Y, 2)
    m, n = A.mean(axis=0), B.mean(axis=0)
    A, B = (A - m) / np.sqrt(len(A) - 1), (B - n) / np.sqrt(len(B) - 1)
    with one_blas_thread():
        if A.shape[1] < min(len(A), len(B)):  # the same values from triangles of the width of the features
            A, B = (np.asarray(np.linalg.qr(rows, mode="r")) for rows in (A, B))
        root = np.linalg.svd(A @ B.T, compute_uv=False).sum()
    return float(max(0.0, np.sum((m - n) ** 2) + np.sum(A * A) + np.sum(B * B) - 2 * root))


def maximum_mean_discrepancy(X: Any, Y: Any, bandwidth: float | None = None) -> float:
    """Return the squared maximum mean discrepancy of two samples, estimated without bias.

    ``mean k(x, x') + mean k(y, y') - 2 mean k(x, y)`` over different rows, with ``k = exp(-|x - y|**2 / (2 s**2))``
    (Gretton et al. 2012, eq. 3).

    Parameters
    ----------
    X, Y : array of shape (n, n_features) and (m, n_features), n and m at least 2
    bandwidth : float, above 0, optional
        s; by default the median distance between rows of `X`.

    Returns
    -------
    float
        About 0 for samples of one distribution, and then often below.
    """
    A, B = _pair(X, Y, 2)
    with one_blas_thread():
        within, across, others = _squares(A, A), _squares(A, B), _squares(B, B)
    if bandwidth is None:
        typical = float(np.median(within[~np.eye(len(A), dtype=bool)]))
        scale = 2 * typical if typical > 0 else 1.0
    else:
        scale = 2 * check_number(bandwidth, "bandwidth", low=0, low_open=True) ** 2
    return _mean_apart(within, scale) + _mean_apart(others, scale) - 2 * float(np.exp(-across / scale).mean())


def coverage(X: Any, Y: Any, n_neighbors: int = 5) -> float:
    """Return the share of rows of `X` near which a row of `Y` lies: within the distance of their own neighbour.

    About ``1 - 2**-n_neighbors`` for two samples of one distribution and size, and low where `Y` leaves out regions
    that `X` has (Naeem et al. 2020, eq. 10).

    Parameters
    ----------
    X, Y : array of shape (n, n_features) and (m, n_features)
        n above `n_neighbors`.
    n_neighbors : int, at least 1
        Which neighbour within `X` bounds the neighbourhood.

    Returns
    -------
    float in [0, 1]
    """
    k = check_number(n_neighbors, "n_neighbors", integer=True, low=1)
    A, B = _pair(X, Y, 1)
    if len(A) <= k:
        raise ValueError(f"n_neighbors must be below the {len(A)} rows of X, got {k}")
    with one_blas_thread():
        within, across = _squares(A, A), _squares(A, B)
    np.fill_diagonal(within, np.inf)
    radius = np.partition(within, k - 1, axis=1)[:, k - 1]
    return float((across.min(axis=1) <= radius).mean())


def _pair(X: Any, Y: Any, least: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    A = np.asarray(check_matrix(X, "X", dtype=np.float64), dtype=np.float64)
    B = np.asarray(check_matrix(Y, "Y", dtype=np.float64), dtype=np.float64)
    if A.shape[1] != B.shape[1]:
        raise ValueError(f"X and Y must have the same features, got {A.shape[1]} and {B.shape[1]}")
    for name, rows in (("X", A), ("Y", B)):
        if len(rows) < least:
            raise ValueError(f"{name} must have at least {least} rows, got {len(rows)}")
    return A, B


def _squares(A: NDArray, B: NDArray) -> NDArray:
    """Squared distances; rows are moved so that the first of A lies at 0, which keeps the digits of far-off data."""
    A, B = A - A[0], B - A[0]
    squares = np.einsum("ij,ij->i", A, A)[:, None] + np.einsum("ij,ij->i", B, B)[None, :] - 2 * (A @ B.T)
    return np.maximum(squares, 0.0, out=squares)


def _mean_apart(squares: NDArray, scale: float) -> float:
    n = len(squares)
    kernel = np.exp(-squares / scale)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
