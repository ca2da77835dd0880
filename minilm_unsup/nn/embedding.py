"""A vector for each token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT, njit
from .._validation import check_number, kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["Embedding"]


class EmbeddingCache(NamedTuple):
    """The ids that were looked up."""

    ids: NDArray


@dataclass(frozen=True)
class Embedding(Layer):
    """``Y[..., :] = weight[ids[...]]``: a table of vectors, of which each step changes the rows it saw.

    Parameters
    ----------
    n_tokens, n_features : int
    deviation : float, at least 0
        Of the normal numbers of which the table is first made (0.02 as in Radford et al. 2019).
    """

    n_tokens: int
    n_features: int
    deviation: float = 0.02

    def __post_init__(self) -> None:
        check_number(self.n_tokens, "n_tokens", integer=True, low=1)
        check_number(self.n_features, "n_features", integer=True, low=1)
        check_number(self.deviation, "deviation", low=0)

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """``weight (n_tokens, n_features)``."""
        return {"weight": (self.n_tokens, self.n_features)}

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Draw the table."""
        table = self.deviation * rng.standard_normal((self.n_tokens, self.n_features))
        return {"weight": table.astype(dtype, copy=False)}

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, EmbeddingCache]:
        """Return the vectors of the ids `X`, an array of ints of any shape.

        Raises
        ------
        ValueError
            For an id outside of the table.
        """
        if X.size and not (int(X.min()) >= 0 and int(X.max()) < self.n_tokens):
            raise ValueError(f"ids must lie in [0, {self.n_tokens}), got {int(X.min())} to {int(X.max())}")
        weight = params["weight"]
        Y = work.array("Y", (*X.shape, self.n_features), weight.dtype)
        weight.take(X.reshape(-1), axis=0, out=Y.reshape(-1, self.n_features), mode="clip")
        return Y, EmbeddingCache(X)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: EmbeddingCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> None:
        """Add each row of `dY` to the gradient of its token; there is none by the ids."""
        dweight = grads["weight"]
        add_rows(kernel_view(cache.ids.reshape(-1)), kernel_view(dY).reshape(-1, self.n_features), dweight)


@njit(**JIT)
def add_rows(
    ids,  # IN   (N,)
    dY,  # IN   (N, D)
    dweight,  # OUT  (V, D)   added to
):
    for i in range(ids.shape[0]):
        source, target = dY[i], dweight[ids[i]]
        for j in range(source.shape[0]):
            target[j] += source[j]
