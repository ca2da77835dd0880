"""Masking noise (and dropout, which is masking that keeps the mean)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._numba import JIT, njit
from .._validation import check_number, kernel_view
from .layer import Layer, NoCache
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["Masking"]


class MaskingCache(NamedTuple):
    """The uniform numbers that chose what was kept."""

    drawn: NDArray


@dataclass(frozen=True)
class Masking(Layer):
    """Set each value to zero with probability `rate` while training (Vincent et al. 2008, section 2.3).

    On sparse rows only stored values are drawn for: zeros are zero either way.

    Parameters
    ----------
    rate : float in [0, 1)
        Share of values set to zero.
    rescale : bool
        Divide the rest by ``1 - rate``, so that the mean stays what it is (dropout); without it the next layer sees
        larger inputs once training is over.
    """

    rate: float = 0.5
    rescale: bool = True

    def __post_init__(self) -> None:
        check_number(self.rate, "rate", low=0, high=1, high_open=True)

    def forward(
        self,
        params: Parameters,
        X: Any,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Any, MaskingCache | NoCache]:
        """Return `X` with values set to zero, or `X` itself where `training` is off."""
        if not training or self.rate == 0:
            return X, NoCache()
        if rng is None:
            raise ValueError("rng must be a Generator while training with masking noise, got None")
        values = X.data if isinstance(X, CSRMatrix) else X.reshape(-1)
        drawn = work.vector("drawn", values.size, values.dtype)
        rng.random(out=drawn, dtype=values.dtype.type)
        kept = work.vector("kept", values.size, values.dtype)
        keep(kernel_view(values), drawn, values.dtype.type(self.rate), self._factor(values.dtype), kept)
        if isinstance(X, CSRMatrix):
            return CSRMatrix(kept, X.indices, X.indptr, X.shape), MaskingCache(drawn)
        return kept.reshape(X.shape), MaskingCache(drawn)

    def _factor(self, dtype: np.dtype) -> Any:
        return dtype.type(1.0 / (1.0 - self.rate) if self.rescale else 1.0)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: MaskingCache | NoCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return `dY` where the input was kept and zero elsewhere."""
        if not need_dX or isinstance(cache, NoCache):
            return dY if need_dX else None
        if cache.drawn.size != dY.size:
            raise ValueError("the gradient by a sparse input is not defined; ask for it with a dense one")
        dX = work.vector("dX", dY.size, dY.dtype)
        keep(kernel_view(dY.reshape(-1)), cache.drawn, dY.dtype.type(self.rate), self._factor(dY.dtype), dX)
        return dX.reshape(dY.shape)


@njit(**JIT)
def keep(
    values,  # IN   (n,)
    drawn,  # IN   (n,)   uniform in [0, 1)
    rate,  # IN   values drawn below it become zero
    factor,  # IN   for the others
    out,  # OUT  (n,)
):
    zero = values.dtype.type(0)
    for i in range(values.shape[0]):
        out[i] = values[i] * factor if drawn[i] >= rate else zero
