"""A layer beside which its input passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["Residual"]


@dataclass(frozen=True)
class Residual(Layer):
    """``Y = X + layer(X)`` (He et al. 2016, eq. 1); parameters are those of the layer, under its names.

    Parameters
    ----------
    layer : Layer
        Its output must have the shape of its input.
    """

    layer: Layer

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of the layer."""
        return self.layer.shapes()

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """First values of the layer."""
        return self.layer.initial(rng, dtype)

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[NDArray, Any]:
        """Return ``X + layer(X)``."""
        inner, cache = self.layer.forward(params, X, work=work.scope("layer"), training=training, rng=rng)
        if inner.shape != X.shape:
            raise ValueError(f"the layer of a Residual must keep the shape {X.shape} of its input, got {inner.shape}")
        return np.add(X, inner, out=work.array("Y", X.shape, X.dtype)), cache

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: Any,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Return ``dY`` plus what comes back through the layer."""
        inner = self.layer.backward(params, grads, cache, dY, work=work.scope("layer"), need_dX=need_dX)
        if not need_dX or inner is None:
            return None
        return np.add(dY, inner, out=work.array("dX", dY.shape, dY.dtype))
