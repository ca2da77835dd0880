"""The task of two networks that train against each other."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._buffers import separate_empty
from .._parallel import map_blocks
from ..metrics.distributions import coverage, frechet_distance, maximum_mean_discrepancy
from ..nn.adversarial_loss import DiscriminatorLoss, GeneratorLoss
from ..nn.gradient_penalty import GradientPenalty
from ..nn.optimizer import ParameterGroup
from ..nn.parameters import ParameterStore
from ..nn.plan import Call, Plan
from ..nn.sequential import Sequential
from ..nn.workspace import Workspace
from .batches import checksum
from .task import Task, Update

__all__ = ["AdversarialTask"]

# A batch of twice as many rows is cut in two, each half for a thread.
_LEAST_ROWS = 16


class AdversarialTask(Task):
    """A generator of rows, and a discriminator that tells them from real ones (Goodfellow et al. 2014, algorithm 1).

    A step moves the discriminator by a batch of real rows and as many generated ones, and, every `n_critic` steps, the
    generator by the same generated rows, judged anew. The optimizer's state needs two counts of steps.

    Parameters
    ----------
    generator, discriminator : Sequential
        Of `Linear` layers; the discriminator has one output, and reads the condition behind the row.
    store : ParameterStore
        For the shapes of both, under ``generator`` and ``discriminator``.
    X : ndarray of shape (N, n_features)
        Real rows, of the store's dtype.
    condition : ndarray of shape (N, n_conditions)
        What both networks are given beside noise and row; no columns for none.
    loss : str
        A name of `ADVERSARIAL_LOSSES`.
    penalty : GradientPenalty, optional
        Applied at points between real and generated rows, with ``center=0`` at real rows.
    n_critic : int
        Steps of the discriminator for one of the generator.
    rates : (float, float)
        Factors on the learning rate, of the generator and of the discriminator.
    measured : tuple of three ndarrays, optional
        Real rows, noise and conditions, of one length, by which `figures` measures; it measures nothing without them.
    """

    loss_name = "discriminator_loss"

    def __init__(
        self,
        generator: Sequential,
        discriminator: Sequential,
        store: ParameterStore,
        X: NDArray,
        condition: NDArray,
        *,
        loss: str,
        penalty: GradientPenalty | None = None,
        n_critic: int = 1,
        rates: tuple[float, float] = (1.0, 1.0),
        measured: tuple[NDArray, NDArray, NDArray] | None = None,
    ) -> None:
        self.generator, self.discriminator, self.store = generator, discriminator, store
        self.n_samples, self.n_features = X.shape
        self.judge, self.persuade = DiscriminatorLoss(loss), GeneratorLoss(loss)
        self.penalty, self.n_critic, self.measured = penalty, n_critic, measured
        self._X, self._condition = X, condition
        self._n_noise = next(iter(generator.shapes().values()))[1] - condition.shape[1]
        self._groups = [
            [ParameterGroup(*store.range_of(name), rate)]
            for name, rate in zip(("generator", "discriminator"), rates, strict=True)
        ]
        self._shards: dict[int, list[_Shard]] = {}
        self._turn, self._sum, self._n_steps = 0, 0.0, 0

    def step(self, rows: NDArray[np.int64], rng: np.random.Generator, update: Update, n_parts: int = 1) -> float:
        """Return the discriminator's loss, the penalty included; the generator's, where it is not finite."""
        if n_parts != 1:
            raise ValueError(f"accumulate must be 1 for networks that train against each other, got {n_parts}")
        shards = self._shards.get(len(rows))
        if shards is None:
            shards = self._shards[len(rows)] = [_Shard(self, a, b, len(rows)) for a, b in _cut(len(rows))]
        for shard in shards:
            shard.fill(self._X, self._condition, rows, rng)
        if self.penalty is not None and self.penalty.center > 0:
            for shard in shards:
                shard.between = rng.random((shard.stop - shard.start, 1), dtype=self.store.dtype.type)
        loss = sum(map_blocks(lambda i, _: shards[i].judge(), len(shards), 1))
        if not math.isfinite(loss):
            return loss
        self._gather(shards, "discriminator")
        update(self._groups[1], 1)
        self._turn += 1
        if self._turn % self.n_critic:
            return loss
        value = sum(map_blocks(lambda i, _: shards[i].persuade(), len(shards), 1))
        if not math.isfinite(value):
            return value
        self._gather(shards, "generator")
        update(self._groups[0], 0)
        self._sum += value
        self._n_steps += 1
        return loss

    def _gather(self, shards: list[_Shard], name: str) -> None:
        """Add the parts' gradients to those of the first, which lie where the optimizer looks for them."""
        start, stop = self.store.range_of(name)
        for shard in shards[1:]:
            self.store.grad[start:stop] += shard.grad[start:stop]

    def generate(self, noise: NDArray) -> NDArray:
        """Return rows made of noise with its conditions behind it; a new array."""
        return self.generator.forward(self.store.params.scope("generator"), noise, work=Workspace())[0]

    def figures(self) -> dict[str, float]:
        """Return the generator's mean loss and how far generated rows are from real ones."""
        values = {"generator_loss": self._sum / self._n_steps if self._n_steps else math.nan}
        self._sum, self._n_steps = 0.0, 0
        if self.measured is not None:
            real, noise, condition = self.measured
            made = self.generate(np.hstack((noise, condition)))
            params = self.store.params.scope("discriminator")
            logits = [
                self.discriminator.forward(params, np.hstack((rows, condition)), work=Workspace())[0]
                for rows in (real, made)
            ]
            middle = 0.5 if self.judge.kind == "least_squares" else 0.0
            right = (logits[0] > middle).mean() / 2 + (logits[1] <= middle).mean() / 2
            values |= {
                "discriminator_accuracy": float(right),
                "frechet_distance": frechet_distance(real, made) if np.isfinite(made).all() else math.nan,
                "mmd": maximum_mean_discrepancy(real, made) if np.isfinite(made).all() else math.nan,
                "coverage": coverage(real, made) if np.isfinite(made).all() else math.nan,
            }
        return values

    def get_state(self) -> dict[str, Any]:
        """Return what has been summed up since the last epoch, for a checkpoint."""
        return {"turn": self._turn, "sum": self._sum, "n_steps": self._n_steps}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` gave."""
        self._turn, self._sum, self._n_steps = int(state["turn"]), float(state["sum"]), int(state["n_steps"])

    def fingerprint(self) -> dict[str, Any]:
        """Shapes, networks, losses and a checksum of the data."""
        return {
            **super().fingerprint(),
            "generator": repr(self.generator),
            "discriminator": repr(self.discriminator),
            "loss": [repr(self.judge), repr(self.penalty), self.n_critic, [list(g[0]) for g in self._groups]],
            "data": {"X": checksum(self._X), "condition": checksum(self._condition)},
        }


def _cut(n: int) -> list[tuple[int, int]]:
    """Where a batch of n rows is cut: the bits of a step must not depend on the number of threads, so n alone says."""
    if n < 2 * _LEAST_ROWS:
        return [(0, n)]
    middle = n // 2
    return [(0, middle), (middle, n)]


class _Shard:
    """A part of each batch, with buffers, gradients and bound calls of its own."""

    def __init__(self, task: AdversarialTask, start: int, stop: int, n_rows: int) -> None:
        store, n, d = task.store, stop - start, task.n_features
        width, dtype = d + task._condition.shape[1], store.dtype
        self.start, self.stop, self.share, self.task, self.work = start, stop, n / n_rows, task, Workspace()
        self.grad, self.grads = (store.grad, store.grads) if start == 0 else store.new_gradients()
        self.noise = self.work.array("noise", (n, task._n_noise + width - d), dtype)
        self.judged = self.work.array("judged", (2 * n, width), dtype)  # real rows, then generated ones
        self.is_real = np.arange(2 * n) < n
        self.between = np.zeros((n, 1), dtype)  # where on the way from a generated row to a real one it is penalised
        generator = self._plan("generator", self.noise, "generator")
        judge = self._plan("discriminator", self.judged, "judge")
        again = self._plan("discriminator", self.judged[n:], "again")
        assert again.slope is not None
        self.generate: list[Call] = [*generator.forward, partial(np.copyto, self.judged[n:, :d], generator.Y)]
        self.of_judge, self.of_persuade = judge.Y, again.Y
        self.djudge, self.dpersuade = separate_empty(judge.Y.shape, dtype), separate_empty(again.Y.shape, dtype)
        self.look, self.look_again = judge.forward, again.forward
        self.correct = judge.backward(self.djudge, False)[1]
        slope, self.learn = again.slope(self.dpersuade)
        if width > d:
            rows = self.work.array("slope", (n, d), dtype)
            self.learn.append(partial(np.copyto, rows, slope[:, :d]))
            slope = rows
        self.learn += generator.backward(slope, False)[1]

    def _plan(self, name: str, X: NDArray, where: str) -> Plan:
        network: Sequential = getattr(self.task, name)
        params, grads = self.task.store.params.scope(name), self.grads.scope(name)
        plan = network.plan(params, grads, X, work=self.work.scope(where))
        if plan is None or plan.slope is None:
            raise TypeError(f"the {name} must be of Linear layers, got {network!r}")
        return plan

    def fill(self, X: NDArray, condition: NDArray, rows: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Take the part's real rows, draw noise, and put the rows' conditions behind both."""
        rows = rows[self.start : self.stop]
        n, d, real, latent = len(rows), X.shape[1], self.judged[: len(rows)], self.task._n_noise
        if real.shape[1] == d:
            X.take(rows, 0, real, "clip")
            rng.standard_normal(out=self.noise, dtype=X.dtype.type)
        else:
            real[:, :d] = X[rows]
            self.noise[:, :latent] = rng.standard_normal((n, latent), dtype=X.dtype.type)
            real[:, d:] = self.noise[:, latent:] = self.judged[n:, d:] = condition[rows]

    def judge(self) -> float:
        """Return the part's share of the discriminator's loss, its gradient in `grad`."""
        for call in self.generate:
            call()
        for call in self.look:
            call()
        loss = self.task.judge.gradient(self.of_judge, self.is_real, self.djudge, work=self.work)
        self.djudge *= self.djudge.dtype.type(self.share)
        for call in self.correct:
            call()
        if self.task.penalty is not None:
            loss += self._penalise(self.task.penalty)
        return self.share * loss

    def _penalise(self, penalty: GradientPenalty) -> float:
        n, name = len(self.judged) // 2, "discriminator"
        points = self.judged[:n]
        if penalty.center > 0:
            points = self.work.array("points", points.shape, points.dtype)
            np.subtract(self.judged[:n], self.judged[n:], out=points)
            points *= self.between
            points += self.judged[n:]
        own = GradientPenalty(penalty.weight * self.share, penalty.center)
        params, grads = self.task.store.params.scope(name), self.grads.scope(name)
        work, network = self.work.scope("penalty"), self.task.discriminator
        value = own.gradient(network, params, grads, points, work=work, n_columns=self.task.n_features)
        return value / self.share

    def persuade(self) -> float:
        """Return the part's share of the generator's loss, its gradient in `grad`."""
        for call in self.look_again:
            call()
        loss = self.task.persuade.gradient(self.of_persuade, None, self.dpersuade, work=self.work)
        self.dpersuade *= self.dpersuade.dtype.type(self.share)
        for call in self.learn:
            call()
        return self.share * loss
