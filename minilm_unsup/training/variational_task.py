"""The task of a network whose code is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from ..nn.gaussian_kl import GaussianKL
from ..nn.loss import Loss
from ..nn.parameters import ParameterStore
from ..nn.sequential import Sequential
from ..nn.workspace import Workspace
from .batches import take_rows
from .task import EVALUATION_VALUES, NetworkTask, Step

__all__ = ["VariationalTask"]


class VariationalTask(NetworkTask):
    """Reconstruction plus the divergence of the codes: the negated lower bound of Kingma and Welling 2014, eq. 3.

    Parameters
    ----------
    network : Sequential
        Of ``encoder``, whose output are means and log-variances, ``code`` (a `GaussianCode`) and ``decoder``; a layer
        of noise may stand before.
    loss : Loss
    store : ParameterStore
    X : ndarray or CSRMatrix of shape (N, n_in)
    scale : float
        What `loss` is multiplied by to be the negative log-likelihood of a row.
    divergence : GaussianKL
    n_warm_up : int
        Steps in which the weight of the divergence rises to 1 (Bowman et al. 2016, section 3.1).
    n_steps : int
        Steps made before, by an earlier training.
    """

    def __init__(
        self,
        network: Sequential,
        loss: Loss,
        store: ParameterStore,
        X: NDArray | CSRMatrix,
        *,
        scale: float,
        divergence: GaussianKL,
        n_warm_up: int,
        n_steps: int = 0,
    ) -> None:
        super().__init__(network, loss, store, X)
        self.layers, self.scale = network.layers, scale
        self.divergence, self.n_warm_up, self._n_steps = divergence, n_warm_up, n_steps

    def _bind_step(self, n_rows: int) -> Step | None:
        return None  # each step draws

    def _step(self, rows: NDArray[np.int64], rng: np.random.Generator) -> float:
        X, targets = self._batch(rows)
        params, grads, caches = self.store.params, self.store.grads, []
        Y: Any = X
        for name, layer in self.layers:
            Y, cache = layer.forward(params.scope(name), Y, work=self._layers.scope(name), training=True, rng=rng)
            caches.append(cache)
            if name == "encoder":
                codes = Y
        dY: Any = self._work.array("doutput", Y.shape, Y.dtype)
        value = self.scale * self.criterion.gradient(Y, targets, dY, work=self._loss)
        dY *= dY.dtype.type(self.scale)
        weight = min(1.0, (self._n_steps + 1) / self.n_warm_up) if self.n_warm_up else 1.0
        self._n_steps += 1
        grads.clear()
        for (name, layer), cache in zip(reversed(self.layers), reversed(caches), strict=True):
            dY = layer.backward(
                params.scope(name),
                grads.scope(name),
                cache,
                dY,
                work=self._layers.scope(name),
                need_dX=name in ("decoder", "code"),
            )
            if name == "code":
                value += self.divergence.gradient(codes, weight, dY)
            if name == "encoder":
                break
        grads.settle()
        return value

    def loss(self, rows: NDArray[np.int64]) -> float:
        """Return the mean negated bound, of one code a row, the same draws each time."""
        layers, params, rng = dict(self.layers), self.store.params, np.random.default_rng(0)
        size = max(1, EVALUATION_VALUES // max(shape[0] for shape in self.store.shapes.values()))
        total, plain, work = 0.0, GaussianKL(), Workspace()
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            X = take_rows(self._X, part, work.scope("input"))
            codes, _ = layers["encoder"].forward(params.scope("encoder"), X, work=work.scope("encoder"))
            Z, _ = layers["code"].forward(params.scope("code"), codes, work=work.scope("code"), training=True, rng=rng)
            output, _ = layers["decoder"].forward(params.scope("decoder"), Z, work=work.scope("decoder"))
            value = self.scale * self.criterion.value(output, X, work=work.scope("loss"))
            total += len(part) * (value + float(plain.of_features(codes).sum()))
        return total / len(rows)

    def get_state(self) -> dict[str, Any]:
        """Return the number of steps, on which the warm-up depends."""
        return {"n_steps": self._n_steps}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._n_steps = int(state["n_steps"])

    def fingerprint(self) -> dict[str, Any]:
        """What `NetworkTask` has, and the parts of the bound."""
        return {**super().fingerprint(), "bound": [self.scale, repr(self.divergence), self.n_warm_up]}
