"""Checks that users can run on their own layers, losses and models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._csr import CSRMatrix
from ._validation import check_number, check_random_state
from .nn.layer import Layer
from .nn.loss import Loss
from .nn.parameters import ParameterStore
from .nn.workspace import Workspace

__all__ = ["GradientError", "GradientReport", "check_gradients"]


class GradientError(AssertionError):
    """A gradient differs from the central difference."""


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found.

    Attributes
    ----------
    n_checked : int
        Derivatives compared.
    worst : float
        Largest error relative to the size of the derivative (or to 1, if that is larger).
    worst_at : str
        Where it is, for instance ``"encoder.0.weight[3, 1]"``.
    failures : list of str
        One line for each derivative beyond the tolerance.
    """

    n_checked: int
    worst: float
    worst_at: str
    failures: list[str] = field(default_factory=list)


def check_gradients(
    layer: Layer,
    inputs: Any,
    *,
    loss: Loss | None = None,
    targets: Any = None,
    params: dict[str, NDArray] | None = None,
    training: bool = False,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    most: int = 2000,
    random_state: Any = 0,
) -> GradientReport:
    """Compare the gradients that a layer computes with central differences in float64.

    The derivative of a scalar by each parameter and each input is compared with ``(f(x + h) - f(x - h)) / 2h``. The
    scalar is `loss` of the output, or, without one, the sum of the output weighted by random numbers, which checks
    `backward` for a random `dY`.

    Parameters
    ----------
    layer : Layer
        A layer, or a whole network as a `Sequential`. A layer that draws noise is given the same draws each time.
    inputs : ndarray of shape (N, n_in) or CSRMatrix
        Taken in float64. The gradient by the input is checked for dense ones.
    loss : Loss, optional
    targets : optional
        What `loss` compares with; by default `inputs`.
    params : dict of str to ndarray, optional
        Values at which to check; by default ``layer.initial``, with biases (all that starts at zero) drawn at random.
    training : bool
        Passed to ``forward``.
    step : float, above 0
        ``h``. Relu has no derivative at 0: where a difference straddles the kink, the check fails though the gradient
        is right; draw other inputs.
    tolerance : float, above 0
        Largest error allowed, relative to the larger of 1 and the derivative. The central difference itself is off by
        about ``h**2`` plus ``1e-16 / h``.
    most : int, at least 1
        Derivatives compared for each array; beyond it a random choice.
    random_state : None, int or Generator

    Returns
    -------
    GradientReport

    Raises
    ------
    GradientError
        If any derivative is off; the message names parameters, indices and differences.
    """
    check_number(step, "step", low=0, low_open=True)
    check_number(tolerance, "tolerance", low=0, low_open=True)
    check_number(most, "most", integer=True, low=1)
    rng = check_random_state(random_state)
    seed = int(rng.integers(2**31))
    X: Any = inputs.astype(np.float64) if isinstance(inputs, CSRMatrix) else np.array(inputs, dtype=np.float64)
    if loss is not None and targets is None:
        targets = X if isinstance(X, CSRMatrix) else X.copy()  # the target stays where it is when the input moves
    store = ParameterStore(layer.shapes(), np.float64)
    store.assign(layer.initial(rng, np.float64))
    for name, array in store.params.items():
        if params is not None:
            array[...] = params[name]
        elif not array.any():
            array[...] = 0.1 * rng.standard_normal(array.shape)
    weights: NDArray | None = None

    def run(work: Workspace) -> tuple[float, Any, NDArray]:
        nonlocal weights
        noise = np.random.default_rng(seed)
        output, cache = layer.forward(store.params, X, work=work, training=training, rng=noise)
        gradient = np.empty_like(output)
        if loss is not None:
            return loss.gradient(output, targets, gradient, work=work.scope("loss")), cache, gradient
        if weights is None:
            weights = rng.standard_normal(output.shape)
        gradient[...] = weights
        return float(np.sum(output * weights)), cache, gradient

    work = Workspace()
    before = _copied(X)
    _, cache, dY = run(work)
    kept = dY.copy()
    store.grads.clear()
    dX = layer.backward(store.params, store.grads, cache, dY, work=work, need_dX=not isinstance(X, CSRMatrix))
    store.grads.settle()
    failures: list[str] = []
    if not np.array_equal(dY, kept):
        failures.append("backward changed the gradient it was given")
    if not np.array_equal(_copied(X), before):
        failures.append("forward or backward changed the input")
    found = {name: store.grads[name].copy() for name in store.shapes}
    places: dict[str, NDArray] = dict(store.params)
    if dX is None and not isinstance(X, CSRMatrix):
        failures.append("backward returned no gradient by the input though need_dX is true")
    elif dX is not None and not isinstance(X, CSRMatrix):
        found["X"], places["X"] = np.array(dX), X
    n_checked, worst, worst_at = 0, 0.0, ""
    for name, array in places.items():
        flat, gradient = array.reshape(-1), found[name].reshape(-1)
        chosen = np.arange(flat.size)
        if flat.size > most:
            chosen = np.sort(rng.choice(flat.size, most, replace=False))
        for position in chosen:
            old = flat[position]
            flat[position] = old + step
            above = run(Workspace())[0]
            flat[position] = old - step
            below = run(Workspace())[0]
            flat[position] = old
            expected = (above - below) / (2 * step)
            error = abs(gradient[position] - expected) / max(1.0, abs(expected))
            where = f"{name}[{', '.join(str(i) for i in np.unravel_index(position, array.shape))}]"
            n_checked += 1
            if not error <= worst:
                worst, worst_at = float(error), where
            if not error <= tolerance:
                failures.append(f"{where}: gradient {gradient[position]:.9g}, central difference {expected:.9g}")
    if failures:
        shown = "\n  ".join(failures[:10])
        more = f"\n  and {len(failures) - 10} more" if len(failures) > 10 else ""
        raise GradientError(
            f"{type(layer).__name__}: {len(failures)} failures in {n_checked} derivatives "
            f"(tolerance {tolerance:g}):\n  {shown}{more}"
        )
    return GradientReport(n_checked, worst, worst_at)


def _copied(X: Any) -> NDArray:
    return X.data.copy() if isinstance(X, CSRMatrix) else X.copy()
