"""The task of two networks that train against each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics.distributions import coverage, frechet_distance, maximum_mean_discrepancy
from ..nn.adversarial_loss import DiscriminatorLoss, GeneratorLoss
from ..nn.gradient_penalty import GradientPenalty
from ..nn.optimizer import ParameterGroup
from ..nn.parameters import ParameterStore
from ..nn.sequential import Sequential
from ..nn.workspace import Workspace
from .batches import checksum
from .task import Task, Update

__all__ = ["AdversarialTask"]


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
        self._work = Workspace()
        self._turn, self._sum, self._n_steps = 0, 0.0, 0

    def step(self, rows: NDArray[np.int64], rng: np.random.Generator, update: Update) -> float:
        """Return the discriminator's loss, the penalty included; the generator's, where it is not finite."""
        n, d, work, params = len(rows), self.n_features, self._work, self.store.params
        width = d + self._condition.shape[1]
        judged = work.array("judged", (2 * n, width), self._X.dtype)  # real rows, then generated ones
        noise = work.array("noise", (n, self._n_noise + self._condition.shape[1]), self._X.dtype)
        self._fill(judged[:n], noise, rows, rng)
        generated, kept = self.generator.forward(params.scope("generator"), noise, work=work.scope("generator"))
        judged[n:, :d] = generated
        judged[n:, d:] = judged[:n, d:]

        loss = self._judge(judged, n, rng)
        if not math.isfinite(loss):
            return loss
        update(self._groups[1], 1)
        self._turn += 1
        if self._turn % self.n_critic:
            return loss

        grads, inner, outer = self.store.grads, params.scope("discriminator"), work.scope("again")
        output, cache = self.discriminator.forward(inner, judged[n:], work=outer)
        doutput = work.array("doutput", output.shape, output.dtype)
        value = self.persuade.gradient(output, None, doutput, work=outer)
        if not math.isfinite(value):
            return value
        slope, _ = self.discriminator.input_gradient(inner, cache, doutput, work=outer)
        if width > d:
            slope = np.ascontiguousarray(slope[:, :d])
        grads.clear()
        inner, own = params.scope("generator"), grads.scope("generator")
        self.generator.backward(inner, own, kept, slope, work=work.scope("generator"), need_dX=False)
        update(self._groups[0], 0)
        self._sum += value
        self._n_steps += 1
        return loss

    def _fill(self, real: NDArray, noise: NDArray, rows: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Take a batch of real rows, draw noise, and put the rows' conditions behind both."""
        if real.shape[1] == self.n_features:
            self._X.take(rows, 0, real, "clip")
            rng.standard_normal(out=noise, dtype=noise.dtype.type)
            return
        real[:, : self.n_features] = self._X[rows]
        real[:, self.n_features :] = noise[:, self._n_noise :] = self._condition[rows]
        noise[:, : self._n_noise] = rng.standard_normal((len(rows), self._n_noise), dtype=noise.dtype.type)

    def _judge(self, judged: NDArray, n: int, rng: np.random.Generator) -> float:
        """Return the discriminator's loss of n real and n generated rows and leave its gradient in the store."""
        work, grads = self._work.scope("discriminator"), self.store.grads
        params = self.store.params.scope("discriminator")
        is_real = work.array("is_real", (2 * n,), bool)
        is_real[:n], is_real[n:] = True, False
        output, cache = self.discriminator.forward(params, judged, work=work)
        doutput = work.array("doutput", output.shape, output.dtype)
        loss = self.judge.gradient(output, is_real, doutput, work=work)
        grads.clear()
        own = grads.scope("discriminator")
        self.discriminator.backward(params, own, cache, doutput, work=work, need_dX=False)
        if self.penalty is not None:
            points = judged[:n]
            if self.penalty.center > 0:
                share = rng.random((n, 1), dtype=judged.dtype.type)
                points = work.array("points", points.shape, points.dtype)
                np.subtract(judged[:n], judged[n:], out=points)
                points *= share
                points += judged[n:]
            loss += self.penalty.gradient(
                self.discriminator, params, own, points, work=work.scope("penalty"), n_columns=self.n_features
            )
        return loss

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
