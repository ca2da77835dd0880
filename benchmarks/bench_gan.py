"""Steps of a GAN on vectors, generator 100-256-256-512 and discriminator 512-256-1, beside PyTorch with fused Adam."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.frame import Context, Row, alternate, median, multiply_add_rate, require, spread

LATENT, HIDDEN, FEATURES, BATCH, ROWS = 100, 256, 512, 64, 4096
RATE, BETA1, BETA2, PENALTY = 2e-4, 0.5, 0.999, 10.0
TARGETS = {"non_saturating": 2.5, "wasserstein": 2.0}


def run(context: Context) -> list[Row]:
    require("torch")
    import torch

    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, FEATURES)).astype(np.float32)
    rows = []
    n_steps = context.size(100, 5)
    for loss, target in TARGETS.items():
        _check_equal(loss, X)
        ours, peer = _ours(loss, X)[0], _Peer(loss, X)
        choices = {}
        for threads in {1, context.threads}:  # the faster of one thread and all of them is the one we are compared with
            torch.set_num_threads(threads)
            choices[threads] = median(alternate({"peer": partial(_several, peer.step, n_steps)}, 3)["peer"])
        torch.set_num_threads(min(choices, key=lambda t: choices[t]))
        times = alternate(
            {"ours": partial(_several, ours, n_steps), "peer": partial(_several, peer.step, n_steps)}, context.repeats
        )
        t, other = median(times["ours"]) / n_steps, median(times["peer"]) / n_steps
        rows.append(
            Row(
                f"GAN step, {loss}",
                t,
                other,
                "PyTorch, fused Adam",
                target=f">= {target:g}x",
                met=other >= target * t,
                share=f"{_multiply_adds(loss) / multiply_add_rate() / t / context.threads:.0%} of multiply-adds",
                spread=spread(times["ours"]),
                note=f"{1 / t:.0f} steps a second against {1 / other:.0f}",
            )
        )
    return rows


def _several(step: Callable[[], Any], n: int) -> None:
    for _ in range(n):
        step()


def _multiply_adds(loss: str) -> int:
    """Of one step of both: what the products of the networks take, whoever computes them."""
    generator = LATENT * HIDDEN + HIDDEN * HIDDEN + HIDDEN * FEATURES
    first, last = FEATURES * HIDDEN, HIDDEN
    judge = 2 * (2 * first + 3 * last)  # real and generated rows: forward, by the weights, by the hidden layer
    persuade = 2 * (first + last)  # forward and by the input
    learn = 3 * generator - LATENT * HIDDEN  # forward, by the weights, by the hidden layers
    penalty = 4 * (first + last) if loss == "wasserstein" else 0  # forward, slope, its change, by the weights
    return BATCH * (judge + persuade + learn + penalty)


def _ours(loss: str, X: np.ndarray) -> tuple[Callable[[], float], Any, np.random.Generator]:
    from minilm_unsup._parallel import one_blas_thread
    from minilm_unsup.models import GAN
    from minilm_unsup.nn import Adam, GradientPenalty, ParameterStore
    from minilm_unsup.training.adversarial_task import AdversarialTask

    networks = GAN(LATENT, generator_sizes=(HIDDEN, HIDDEN), discriminator_sizes=HIDDEN)._networks(FEATURES, 0)
    store = ParameterStore(networks.shapes(), np.float32)
    store.assign(networks.initial(np.random.default_rng(1), np.float32))
    penalty = GradientPenalty(PENALTY) if loss == "wasserstein" else None
    task = AdversarialTask(
        networks["generator"],  # type: ignore[arg-type]
        networks["discriminator"],  # type: ignore[arg-type]
        store,
        X,
        np.zeros((len(X), 0), dtype=np.float32),
        loss=loss,
        penalty=penalty,
    )
    optimizer = Adam(RATE, BETA1, BETA2)
    state = optimizer.first_state(store.size, np.float32, n_counts=2)
    rng, at = np.random.default_rng(2), iter(range(10**9))

    def update(groups: Any, count: int) -> None:
        optimizer.step(store, state, groups, count)

    def step() -> float:
        start = BATCH * next(at) % ROWS
        with one_blas_thread():
            return task.step(np.arange(start, start + BATCH), rng, update)

    return step, store, rng


class _Peer:
    """The same step, written as PyTorch's users write it, with the best that is known to us for a CPU."""

    def __init__(self, loss: str, X: np.ndarray, noise: Any = None) -> None:
        import torch
        from torch import nn

        self.torch, self.loss, self.noise, self.at = torch, loss, noise, 0
        self.X = torch.from_numpy(X)
        self.generator = nn.Sequential(
            nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, FEATURES)
        )
        self.discriminator = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.LeakyReLU(0.2), nn.Linear(HIDDEN, 1))
        settings = {"lr": RATE, "betas": (BETA1, BETA2), "fused": True}
        self.of_generator = torch.optim.Adam(self.generator.parameters(), **settings)
        self.of_discriminator = torch.optim.Adam(self.discriminator.parameters(), **settings)

    def take_weights(self, store: Any) -> None:
        for name in ("generator", "discriminator"):
            layers = [layer for layer in getattr(self, name) if hasattr(layer, "weight")]
            for i, layer in enumerate(layers):
                with self.torch.no_grad():
                    layer.weight.copy_(self.torch.from_numpy(store.params[f"{name}.{i}.weight"]))
                    layer.bias.copy_(self.torch.from_numpy(store.params[f"{name}.{i}.bias"]))

    def step(self) -> float:
        torch = self.torch
        softplus = torch.nn.functional.softplus
        start = BATCH * self.at % ROWS
        self.at += 1
        real = self.X[start : start + BATCH]
        z = torch.randn(BATCH, LATENT) if self.noise is None else torch.from_numpy(self.noise.normal())
        made = self.generator(z)
        self.of_discriminator.zero_grad(set_to_none=True)
        judged = self.discriminator(torch.cat((real, made.detach())))
        if self.loss == "wasserstein":
            share = torch.rand(BATCH, 1) if self.noise is None else torch.from_numpy(self.noise.uniform())
            points = (made.detach() + share * (real - made.detach())).requires_grad_(True)
            slope = torch.autograd.grad(self.discriminator(points).sum(), points, create_graph=True)[0]
            loss = judged[BATCH:].mean() - judged[:BATCH].mean() + PENALTY * ((slope.norm(dim=1) - 1) ** 2).mean()
        else:
            loss = softplus(-judged[:BATCH]).mean() + softplus(judged[BATCH:]).mean()
        loss.backward()
        self.of_discriminator.step()
        self.of_generator.zero_grad(set_to_none=True)
        for parameter in self.discriminator.parameters():
            parameter.requires_grad_(False)
        again = self.discriminator(made)
        value = -again.mean() if self.loss == "wasserstein" else softplus(-again).mean()
        value.backward()
        self.of_generator.step()
        for parameter in self.discriminator.parameters():
            parameter.requires_grad_(True)
        return loss.item()


class _Draws:
    """The draws of our step, in its order."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(2)

    def normal(self) -> np.ndarray:
        return self.rng.standard_normal((BATCH, LATENT), dtype=np.float32)

    def uniform(self) -> np.ndarray:
        return self.rng.random((BATCH, 1), dtype=np.float32)


def _check_equal(loss: str, X: np.ndarray) -> None:
    """The same weights, batches and noise give the same losses, step by step."""
    ours, store, _ = _ours(loss, X)
    peer = _Peer(loss, X, _Draws())
    peer.take_weights(store)
    for i in range(50):
        a, b = ours(), peer.step()
        if abs(a - b) > 0.01 * abs(b) + 1e-3:
            raise RuntimeError(f"step {i} of {loss}: loss {a:.6f}, PyTorch's {b:.6f}")
