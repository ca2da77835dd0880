"""Gaussian noise on the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT, njit
from .._validation import check_number, kernel_view
from .layer import Layer, NoCache
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise(Layer):
    """Add independent normal numbers while training (Vincent et al. 2010, section 3.3).

    Noise falls on zeros too, so a sparse batch becomes a dense one: the law of the noise does not depend on how the
    input is stored.

    Parameters
    ----------
    scale : float, at least 0
        Standard deviation.
    """

    scale: float = 0.1

    def __post_init__(self) -> None:
        check_number(self.scale, "scale", low=0)

    def forward(
        self,
        params: Parameters,
        X: Any,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Any, NoCache]:
        """Return `X` plus noise (dense), or `X` itself where `training` is off."""
        if not training or self.scale == 0:
            return X, NoCache()
        if rng is None:
            raise ValueError("rng must be a Generator while training with Gaussian noise, got None")
        Y = work.array("Y", X.shape, X.dtype)
        rng.standard_normal(out=Y, dtype=Y.dtype.type)
        Y *= Y.dtype.type(self.scale)
        if isinstance(X, CSRMatrix):
            add_stored(kernel_view(X.data), kernel_view(X.indices), kernel_view(X.indptr), Y)
        else:
            Y += X
        return Y, NoCache()

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: NoCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return `dY`: a sum hands its gradient on."""
        return dY if need_dX else None


@njit(**JIT)
def add_stored(
    data,  # IN   (nnz,)
    indices,  # IN   (nnz,)    int32
    indptr,  # IN   (N + 1,)  int64
    out,  # OUT  (N, D)    added to
):
    for i in range(out.shape[0]):
        for p in range(indptr[i], indptr[i + 1]):
            out[i, indices[p]] += data[p]
