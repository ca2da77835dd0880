"""A block of a Transformer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._validation import check_choice, check_number, kernel_view
from .attention import MultiHeadAttention
from .gelu import GatedGelu, Gelu
from .layer import Layer
from .layer_norm import LayerNorm, RMSNorm
from .linear import Linear
from .masking import Masking
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["TransformerBlock"]

NORMS: dict[str, type[LayerNorm]] = {"layer": LayerNorm, "rms": RMSNorm}
UNITS = ("gelu", "gated_gelu")


@dataclass(frozen=True)
class TransformerBlock(Layer):
    """``H = X + attention(norm(X)); Y = H + W_2 unit(W_1 norm(H))``: norms come first (Xiong et al. 2020, figure 1).

    Parameters
    ----------
    n_features : int
    n_heads : int
    n_hidden : int, optional
        Width of the unit, 4 times `n_features` by default.
    causal, positions
        As for `MultiHeadAttention`.
    norm : {"layer", "rms"}
    unit : {"gelu", "gated_gelu"}
    dropout : float in [0, 1)
        Share of the values of both branches that is set to zero while training.
    """

    n_features: int
    n_heads: int = 1
    n_hidden: int | None = None
    causal: bool = False
    positions: str = "none"
    norm: str = "layer"
    unit: str = "gelu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_choice(self.norm, "norm", NORMS)
        check_choice(self.unit, "unit", UNITS)
        if self.n_hidden is not None:
            check_number(self.n_hidden, "n_hidden", integer=True, low=1)
        self.layers  # noqa: B018 (checks the others)

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """The layers of the block by name."""
        d, gated = self.n_features, self.unit == "gated_gelu"
        hidden = 4 * d if self.n_hidden is None else self.n_hidden
        return {
            "attention_norm": NORMS[self.norm](d),
            "attention": MultiHeadAttention(d, self.n_heads, self.causal, self.positions),
            "attention_dropout": Masking(self.dropout),
            "unit_norm": NORMS[self.norm](d),
            "widen": Linear(d, 2 * hidden if gated else hidden),
            "unit": GatedGelu(hidden) if gated else Gelu(),
            "narrow": Linear(hidden, d),
            "unit_dropout": Masking(self.dropout),
        }

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of all layers, prefixed with their names."""
        return {f"{name}.{inner}": s for name, layer in self.layers.items() for inner, s in layer.shapes().items()}

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """First values of all layers, drawn in order."""
        return {
            f"{name}.{inner}": value
            for name, layer in self.layers.items()
            for inner, value in layer.initial(rng, dtype).items()
        }

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
        lengths: NDArray | None = None,
    ) -> tuple[NDArray, dict[str, Any]]:
        """Return what each step becomes.

        Parameters
        ----------
        X : ndarray of shape (B, T, n_features)
        lengths : ndarray of shape (B,), optional
            Steps of each sequence; those behind them are not seen.
        params, work, training, rng
            As for `Layer.forward`.
        """
        caches: dict[str, Any] = {}

        def run(name: str, Y: NDArray, **more: Any) -> NDArray:
            Y, caches[name] = self.layers[name].forward(
                params.scope(name), Y, work=work.scope(name), training=training, rng=rng, **more
            )
            return Y

        H = work.array("H", X.shape, X.dtype)
        branch = run("attention", run("attention_norm", X), lengths=lengths)
        np.add(X, run("attention_dropout", branch), out=H)
        rows = run("unit_norm", H).reshape(-1, self.n_features)
        branch = run("narrow", run("unit", run("widen", rows)))
        Y = work.array("Y", X.shape, X.dtype)
        np.add(H, run("unit_dropout", branch).reshape(X.shape), out=Y)
        return Y, caches

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: dict[str, Any],
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray:
        """Add the gradients of all layers, return that of the input."""

        def back(name: str, d: NDArray) -> NDArray:
            return self.layers[name].backward(
                params.scope(name), grads.scope(name), cache[name], d, work=work.scope(name)
            )

        dY = kernel_view(dY)
        d = back("unit_dropout", dY.reshape(-1, self.n_features))
        d = back("unit_norm", back("widen", back("unit", back("narrow", d))).reshape(dY.shape))
        dH = np.add(dY, d, out=work.array("dH", dY.shape, dY.dtype))
        d = back("attention_norm", back("attention", back("attention_dropout", dH)))
        return np.add(dH, d, out=work.array("dX", dY.shape, dY.dtype))
