"""The contract of a layer: hyperparameters in a frozen dataclass, arrays outside, forward and backward pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .parameters import Gradients, Parameters
from .plan import Plan
from .workspace import Workspace

__all__ = ["Layer", "NoCache"]


class NoCache(NamedTuple):
    """What a layer keeps whose backward pass needs nothing."""


@dataclass(frozen=True)
class Layer:
    """Base of every layer.

    A subclass is a frozen dataclass of hyperparameters. It holds no array and no state: parameters come in by name,
    buffers come from the workspace, what backward needs travels in the cache that forward returned. So one layer can
    run twice before one backward pass, and two threads can use it at once.
    """

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of each parameter by name."""
        return {}

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Return first values of each parameter, drawn from `rng`."""
        return {}

    def forward(
        self,
        params: Parameters,
        X: Any,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Any, Any]:
        """Return the output and what `backward` needs.

        Parameters
        ----------
        params : mapping of str to ndarray
            The parameters named by `shapes`.
        X : ndarray of shape (N, n_in) or CSRMatrix
            Never changed.
        work : Workspace
            Where the output and intermediate arrays live; they are valid until the next forward call with it.
        training : bool
            Whether noise and the like are on.
        rng : Generator, optional
            Source of noise, needed where `training` is on and the layer draws.

        Returns
        -------
        Y : ndarray of shape (N, n_out)
        cache : NamedTuple
        """
        raise NotImplementedError

    def backward(
        self, params: Parameters, grads: Gradients, cache: Any, dY: Any, *, work: Workspace, need_dX: bool = True
    ) -> Any:
        """Add the gradient by each parameter to `grads` and return the gradient by the input.

        Parameters
        ----------
        params : mapping of str to ndarray
            As in `forward`.
        grads : Gradients
            Added to.
        cache : NamedTuple
            From `forward`.
        dY : ndarray of shape (N, n_out)
            Gradient of the scalar loss by the output; never changed.
        work : Workspace
            As in `forward`.
        need_dX : bool
            False where nobody asks for the gradient by the input: the first layer of a network.

        Returns
        -------
        ndarray of shape (N, n_in) or None
        """
        raise NotImplementedError

    def plan(self, params: Parameters, grads: Gradients, X: NDArray, *, work: Workspace) -> Plan | None:
        """Return the calls of a training step for the input buffer `X`, or None where they differ from step to step.

        A layer that draws noise or takes sparse rows has none.
        """
        return None

    # The three that follow differentiate the gradient by the input once more (`GradientPenalty`): with g(X) the
    # gradient of sum(dY * Y) by X, the gradient of sum(tX * g(X)) by parameters and input is that of the change of Y in
    # the direction tX, which is run forwards first and then backwards (Pearlmutter 1994).

    def input_gradient(self, params: Parameters, cache: Any, dY: NDArray, *, work: Workspace) -> tuple[NDArray, Any]:
        """Return the gradient by the input, leaving that of the parameters out, and what `second_backward` needs."""
        raise self._has_no_second_derivative()

    def tangent(self, params: Parameters, cache: Any, tX: NDArray, *, work: Workspace) -> tuple[NDArray, Any]:
        """Return how the output changes when the input changes by `tX`, and what `second_backward` needs."""
        raise self._has_no_second_derivative()

    def second_backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: Any,
        first: Any,
        tangent: Any,
        dY2: NDArray | None,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add to `grads` the gradient of ``sum(tX * g(X))`` and return it by the input.

        Parameters
        ----------
        params, grads, work, need_dX
            As for `backward`.
        cache, first, tangent
            From `forward`, `input_gradient` and `tangent`.
        dY2 : ndarray of shape (N, n_out), optional
            What the layers behind give for their input; None stands for zeros, also as the result.
        """
        raise self._has_no_second_derivative()

    def _has_no_second_derivative(self) -> TypeError:
        return TypeError(
            f"{type(self).__name__} has no second derivative here; a gradient penalty takes networks of Linear layers"
        )
