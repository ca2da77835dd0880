"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layer import Layer
from .parameters import Gradients, Parameters
from .plan import Call, Plan
from .workspace import Workspace

__all__ = ["Sequential"]


@dataclass(frozen=True)
class Sequential(Layer):
    """Apply named layers in order; the parameters of layer ``a`` are named ``a.weight`` and so on.

    Parameters
    ----------
    layers : tuple of (str, Layer)
        Names must differ and hold no dot.
    """

    layers: tuple[tuple[str, Layer], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.layers]
        if len(set(names)) != len(names) or any("." in name for name in names):
            raise ValueError(f"layers must have different names without dots, got {names}")

    def __getitem__(self, name: str) -> Layer:
        return dict(self.layers)[name]

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of all layers, prefixed with their names."""
        return {f"{outer}.{inner}": s for outer, layer in self.layers for inner, s in layer.shapes().items()}

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """First values of all layers, drawn in order."""
        return {f"{outer}.{inner}": v for outer, layer in self.layers for inner, v in layer.initial(rng, dtype).items()}

    def _first(self, need_dX: bool) -> int:
        """Return where backward ends: nobody asks the first layer with parameters for the gradient by its input."""
        return 0 if need_dX else next((i for i, (_, layer) in enumerate(self.layers) if layer.shapes()), 0)

    def forward(
        self,
        params: Parameters,
        X: Any,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Any, tuple[Any, ...]]:
        """Return the output of the last layer and the caches of all."""
        caches = []
        for name, layer in self.layers:
            X, cache = layer.forward(params.scope(name), X, work=work.scope(name), training=training, rng=rng)
            caches.append(cache)
        return X, tuple(caches)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: tuple[Any, ...],
        dY: Any,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> Any:
        """Go through the layers from the last to the first."""
        first = self._first(need_dX)
        for i in range(len(self.layers) - 1, first - 1, -1):
            name, layer = self.layers[i]
            dY = layer.backward(
                params.scope(name), grads.scope(name), cache[i], dY, work=work.scope(name), need_dX=need_dX or i > first
            )
        return dY

    def input_gradient(
        self, params: Parameters, cache: tuple[Any, ...], dY: NDArray, *, work: Workspace
    ) -> tuple[NDArray, tuple[Any, ...]]:
        """Go through the layers from the last to the first."""
        firsts: list[Any] = []
        for (name, layer), own in zip(reversed(self.layers), reversed(cache), strict=True):
            dY, first = layer.input_gradient(params.scope(name), own, dY, work=work.scope(name))
            firsts.append(first)
        return dY, tuple(reversed(firsts))

    def tangent(
        self, params: Parameters, cache: tuple[Any, ...], tX: NDArray, *, work: Workspace
    ) -> tuple[NDArray, tuple[Any, ...]]:
        """Go through the layers from the first to the last."""
        tangents: list[Any] = []
        for (name, layer), own in zip(self.layers, cache, strict=True):
            tX, tangent = layer.tangent(params.scope(name), own, tX, work=work.scope(name))
            tangents.append(tangent)
        return tX, tuple(tangents)

    def second_backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: tuple[Any, ...],
        first: tuple[Any, ...],
        tangent: tuple[Any, ...],
        dY2: NDArray | None,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Go through the layers from the last to the first."""
        for i in range(len(self.layers) - 1, -1, -1):
            name, layer = self.layers[i]
            dY2 = layer.second_backward(
                params.scope(name),
                grads.scope(name),
                cache[i],
                first[i],
                tangent[i],
                dY2,
                work=work.scope(name),
                need_dX=need_dX or i > 0,
            )
        return dY2

    def plan(self, params: Parameters, grads: Gradients, X: NDArray, *, work: Workspace) -> Plan | None:
        """Return the bound calls of all layers, or None where one of them has none."""
        plans: list[Plan] = []
        for name, layer in self.layers:
            plan = layer.plan(params.scope(name), grads.scope(name), X, work=work.scope(name))
            if plan is None:
                return None
            plans.append(plan)
            X = plan.Y

        def backward(dY: NDArray, need_dX: bool) -> tuple[NDArray | None, list[Call]]:
            first, calls = self._first(need_dX), []
            dX: NDArray | None = dY
            for i in range(len(plans) - 1, first - 1, -1):
                assert dX is not None
                dX, own = plans[i].backward(dX, need_dX or i > first)
                calls += own
            return dX, calls

        def slope(dY: NDArray) -> tuple[NDArray, list[Call]]:
            calls: list[Call] = []
            for plan in reversed(plans):
                assert plan.slope is not None
                dY, own = plan.slope(dY)
                calls += own
            return dY, calls

        known = all(plan.slope is not None for plan in plans)
        return Plan(X, [call for plan in plans for call in plan.forward], backward, slope if known else None)
