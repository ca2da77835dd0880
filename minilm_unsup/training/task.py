"""What is trained: gradients of a batch, loss without them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._csr import CSRMatrix
from ..nn.layer import Layer
from ..nn.loss import Loss
from ..nn.parameters import ParameterStore
from ..nn.workspace import Workspace
from .batches import checksum, take_rows

__all__ = ["NetworkTask", "Task"]

Update = Callable[..., None]  # of optimizer.step, its `groups` and `count`
Step = Callable[[NDArray[np.int64], np.random.Generator], float]

# Values of the output that are computed at once where there is no gradient to take.
EVALUATION_VALUES = 1 << 21


class Task:
    """Base of what a `Trainer` trains.

    Attributes
    ----------
    store : ParameterStore
        Parameters and gradients.
    n_samples : int
        Rows of the data, drawn from and split by the trainer.
    """

    store: ParameterStore
    n_samples: int
    _total: NDArray | None = None  # gradients put together
    #: what `step` returns, in the history
    loss_name = "loss"

    def gradients(self, rows: NDArray[np.int64], rng: np.random.Generator) -> float:
        """Return the mean loss of the given rows and leave its gradient in ``store.grads``."""
        raise NotImplementedError

    def step(self, rows: NDArray[np.int64], rng: np.random.Generator, update: Update, n_parts: int = 1) -> float:
        """Return the mean loss of the given rows, the parameters moved by its gradient where it is finite.

        The gradient is that of `n_parts` batches one after the other, which need less memory than one.
        """
        loss = self.gradients(rows, rng) if n_parts == 1 else self._accumulate(rows, rng, n_parts)
        if math.isfinite(loss):
            update()
        return loss

    def _accumulate(self, rows: NDArray[np.int64], rng: np.random.Generator, n_parts: int) -> float:
        size, grad = -(-len(rows) // n_parts), self.store.grad
        if self._total is None:
            self._total = np.empty_like(grad)
        total, loss = self._total, 0.0
        total.fill(0)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            share = len(part) / len(rows)
            loss += share * self.gradients(part, rng)
            total += grad.dtype.type(share) * grad
        grad[...] = total
        return loss

    def loss(self, rows: NDArray[np.int64]) -> float:
        """Return the mean loss of the given rows, without noise."""
        raise NotImplementedError

    def figures(self) -> dict[str, float]:
        """Return what else is measured after an epoch, for the history."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold beside parameters: values for JSON."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""

    def fingerprint(self) -> dict[str, Any]:
        """Return what must be equal for a checkpoint to fit: shapes, data, settings that are no hyperparameters."""
        return {"shapes": {k: list(v) for k, v in self.store.shapes.items()}, "dtype": str(self.store.dtype)}


class NetworkTask(Task):
    """A network with one input and one loss.

    Parameters
    ----------
    network : Layer
    loss : Loss
    store : ParameterStore
        For the shapes of `network`.
    X : ndarray or CSRMatrix of shape (N, n_in)
        Of the store's dtype.
    targets : ndarray of shape (N, ...), optional
        What the loss compares the output with; by default the input as it is before any noise.
    """

    def __init__(
        self,
        network: Layer,
        loss: Loss,
        store: ParameterStore,
        X: NDArray | CSRMatrix,
        targets: NDArray | None = None,
    ) -> None:
        self.network = network
        self.criterion = loss
        self.store = store
        self.n_samples = X.shape[0]
        self._X = X
        self._targets = targets
        self._steps: dict[int, Step] = {}
        self._work = Workspace()
        self._layers = self._work.scope("layers")
        self._input = self._work.scope("input")
        self._target = self._work.scope("target")
        self._loss = self._work.scope("loss")

    def _batch(self, rows: NDArray[np.int64]) -> tuple[Any, Any]:
        X = take_rows(self._X, rows, self._input)
        return X, X if self._targets is None else take_rows(self._targets, rows, self._target)

    def gradients(self, rows: NDArray[np.int64], rng: np.random.Generator) -> float:
        """Run forward with noise, the loss, and backward."""
        step = self._steps.get(len(rows))
        if step is None:
            step = self._steps[len(rows)] = self._bind_step(len(rows)) or self._step
        return step(rows, rng)

    def _step(self, rows: NDArray[np.int64], rng: np.random.Generator) -> float:
        X, targets = self._batch(rows)
        store, layers = self.store, self._layers
        output, cache = self.network.forward(store.params, X, work=layers, training=True, rng=rng)
        doutput = self._work.array("doutput", output.shape, output.dtype)
        value = self.criterion.gradient(output, targets, doutput, work=self._loss)
        store.grads.clear()
        self.network.backward(store.params, store.grads, cache, doutput, work=layers, need_dX=False)
        store.grads.settle()
        return value

    def _bind_step(self, n_rows: int) -> Step | None:
        """Return the step for batches of `n_rows` rows as bound calls on fixed buffers, if the network has a plan."""
        X, store = self._X, self.store
        if isinstance(X, CSRMatrix):
            return None
        work = self._work.scope(f"{n_rows} rows")
        batch = work.array("X", (n_rows, X.shape[1]), X.dtype)
        plan = self.network.plan(store.params, store.grads, batch, work=work.scope("layers"))
        if plan is None:
            return None
        takes = [(X.take, batch)]
        targets = batch
        if self._targets is not None:
            self.criterion.check_targets(self._targets, "targets", n_outputs=plan.Y.shape[1])
            targets = work.array("targets", (n_rows, *self._targets.shape[1:]), self._targets.dtype)
            takes.append((self._targets.take, targets))
        doutput = work.array("doutput", plan.Y.shape, plan.Y.dtype)
        gradient = self.criterion.bind_gradient(plan.Y, targets, doutput, work=work.scope("loss"))
        _, backward = plan.backward(doutput, False)
        forward = plan.forward

        def step(rows: NDArray[np.int64], rng: np.random.Generator) -> float:
            for take, buffer in takes:
                take(rows, 0, buffer, "clip")
            for call in forward:
                call()
            value = gradient()
            for call in backward:
                call()
            return value

        return step

    def loss(self, rows: NDArray[np.int64]) -> float:
        """Run forward without noise, some rows at a time."""
        n_out = max(shape[0] for shape in self.store.shapes.values())
        size = max(1, EVALUATION_VALUES // n_out)
        work = Workspace()  # of other row counts than the training step's, and dropped when done
        total = 0.0
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            X = take_rows(self._X, part, work.scope("input"))
            targets = X if self._targets is None else take_rows(self._targets, part, work.scope("target"))
            output, _ = self.network.forward(self.store.params, X, work=work.scope("layers"))
            total += self.criterion.value(output, targets, work=work.scope("loss")) * len(part)
        return total / len(rows)

    def fingerprint(self) -> dict[str, Any]:
        """Shapes, network, loss and a checksum of the data."""
        data = {"X": checksum(self._X)} | ({} if self._targets is None else {"targets": checksum(self._targets)})
        return {**super().fingerprint(), "network": repr(self.network), "loss": repr(self.criterion), "data": data}
