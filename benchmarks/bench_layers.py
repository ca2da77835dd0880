"""Training steps of networks and layers beside PyTorch: the same weights and rows, results compared first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.frame import Context, Row, alternate, median, multiply_add_rate, require, spread

ROWS, SIZES = 128, (784, 512, 64, 512, 784)
BATCH, STEPS, WIDTH, HEADS = 32, 64, 128, 4


def run(context: Context) -> list[Row]:
    require("torch")
    rate = multiply_add_rate()
    rows = []
    for make in (_dense, _gru, _block):
        name, ours, peer, work = make()
        a, b = ours(), peer()
        for x, y in zip(a, b, strict=True):
            if not np.allclose(x, y, rtol=1e-3, atol=1e-4 * float(np.abs(y).max())):
                raise RuntimeError(f"{name}: results differ by {np.abs(x - y).max():.2e} of {np.abs(y).max():.2e}")
        rows.append(_row(context, name, ours, peer, work, rate))
    return rows


def _row(context: Context, name: str, ours: Callable[[], Any], peer: Callable[[], Any], work: int, rate: float) -> Row:
    import torch

    n = context.size(20, 2)
    choices = {}
    for threads in {1, context.threads}:  # the faster of one thread and all of them is the one we are compared with
        torch.set_num_threads(threads)
        choices[threads] = median(alternate({"peer": partial(_several, peer, n)}, 3)["peer"])
    torch.set_num_threads(min(choices, key=lambda t: choices[t]))
    times = alternate({"ours": partial(_several, ours, n), "peer": partial(_several, peer, n)}, context.repeats)
    t, other = median(times["ours"]) / n, median(times["peer"]) / n
    return Row(
        name,
        t,
        other,
        "PyTorch",
        target=">= 1.3x",
        met=other >= 1.3 * t,
        share=f"{work / rate / t / context.threads:.0%} of multiply-adds",
        spread=spread(times["ours"]),
    )


def _several(step: Callable[[], Any], n: int) -> None:
    for _ in range(n):
        step()


def _dense() -> tuple[str, Callable[[], Any], Callable[[], Any], int]:
    """Forward, squared error, backward of a dense autoencoder."""
    import torch
    from torch import nn

    from minilm_unsup._parallel import one_blas_thread
    from minilm_unsup.nn import Linear, ParameterStore, Sequential, SquaredError
    from minilm_unsup.training import NetworkTask

    pairs = list(pairwise(SIZES))
    last = len(pairs) - 1
    network = Sequential(
        tuple((str(i), Linear(a, b, "relu" if i < last else "linear")) for i, (a, b) in enumerate(pairs))
    )
    store = ParameterStore(network.shapes(), np.float32)
    store.assign(network.initial(np.random.default_rng(0), np.float32))
    X = np.random.default_rng(1).random((ROWS, SIZES[0])).astype(np.float32)
    task, rng, chosen = NetworkTask(network, SquaredError(), store, X), np.random.default_rng(0), np.arange(ROWS)

    def ours() -> list[np.ndarray]:
        with one_blas_thread():
            task.gradients(chosen, rng)
        return [store.grads["0.weight"], store.grads[f"{last}.weight"]]

    modules: list[Any] = []
    for i, (a, b) in enumerate(pairs):
        modules += [nn.Linear(a, b), *([nn.ReLU()] if i < last else [])]
    peer_network, data = nn.Sequential(*modules), torch.from_numpy(X)
    linear = [m for m in modules if isinstance(m, nn.Linear)]
    with torch.no_grad():
        for i, m in enumerate(linear):
            m.weight.copy_(torch.from_numpy(store.params[f"{i}.weight"]))
            m.bias.copy_(torch.from_numpy(store.params[f"{i}.bias"]))

    def peer() -> list[np.ndarray]:
        peer_network.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(peer_network(data), data).backward()
        return [linear[0].weight.grad.numpy(), linear[-1].weight.grad.numpy()]

    products = sum(a * b for a, b in pairs)
    return "dense 784-512-64-512-784, batch 128", ours, peer, ROWS * (3 * products - SIZES[0] * SIZES[1])


def _sequence_step(layer: Any, store: Any, X: np.ndarray) -> Callable[[], list[np.ndarray]]:
    from minilm_unsup._parallel import one_blas_thread
    from minilm_unsup.nn import Workspace

    work = Workspace()

    def ours() -> list[np.ndarray]:
        with one_blas_thread():
            Y, cache = layer.forward(store.params, X, work=work)
            store.grads.clear()
            dX = layer.backward(store.params, store.grads, cache, Y, work=work)
        return [Y, dX]

    return ours


def _stored(layer: Any) -> Any:
    from minilm_unsup.nn import ParameterStore

    store = ParameterStore(layer.shapes(), np.float32)
    store.assign(layer.initial(np.random.default_rng(0), np.float32))
    return store


def _peer_step(module: Any, X: np.ndarray, first: Callable[[Any], Any]) -> Callable[[], list[np.ndarray]]:
    import torch

    data = torch.from_numpy(X.copy()).requires_grad_(True)

    def peer() -> list[np.ndarray]:
        module.zero_grad(set_to_none=True)
        data.grad = None
        Y = first(module(data))
        Y.backward(Y.detach())
        return [Y.detach().numpy(), data.grad.numpy()]

    return peer


def _gru() -> tuple[str, Callable[[], Any], Callable[[], Any], int]:
    import torch

    from minilm_unsup.nn import GRU

    layer = GRU(WIDTH, WIDTH)
    store = _stored(layer)
    X = np.random.default_rng(1).standard_normal((BATCH, STEPS, WIDTH)).astype(np.float32)
    module = torch.nn.GRU(WIDTH, WIDTH, batch_first=True)
    names = {"input_weight": "weight_ih_l0", "state_weight": "weight_hh_l0"}
    names |= {"input_bias": "bias_ih_l0", "state_bias": "bias_hh_l0"}
    with torch.no_grad():
        for mine, theirs in names.items():
            getattr(module, theirs).copy_(torch.from_numpy(store.params[mine]))
    work = 3 * BATCH * STEPS * 2 * 3 * WIDTH * WIDTH
    name = f"GRU, batch {BATCH}, {STEPS} steps of {WIDTH}"
    return name, _sequence_step(layer, store, X), _peer_step(module, X, lambda out: out[0]), work


def _block() -> tuple[str, Callable[[], Any], Callable[[], Any], int]:
    import torch

    from minilm_unsup.nn import TransformerBlock

    layer = TransformerBlock(WIDTH, HEADS)
    store = _stored(layer)
    X = np.random.default_rng(1).standard_normal((BATCH, STEPS, WIDTH)).astype(np.float32)
    module = torch.nn.TransformerEncoderLayer(
        WIDTH,
        HEADS,
        4 * WIDTH,
        dropout=0.0,
        activation=lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
        batch_first=True,
        norm_first=True,
    )
    p = store.params
    pairs = (
        (module.self_attn.in_proj_weight, "attention.weight"),
        (module.self_attn.in_proj_bias, "attention.bias"),
        (module.self_attn.out_proj.weight, "attention.out_weight"),
        (module.self_attn.out_proj.bias, "attention.out_bias"),
        (module.linear1.weight, "widen.weight"),
        (module.linear1.bias, "widen.bias"),
        (module.linear2.weight, "narrow.weight"),
        (module.linear2.bias, "narrow.bias"),
    )
    with torch.no_grad():
        for theirs, mine in pairs:
            theirs.copy_(torch.from_numpy(p[mine]))
    tokens = BATCH * STEPS
    work = 3 * tokens * (12 * WIDTH * WIDTH + 2 * STEPS * WIDTH)
    name = f"Transformer block, batch {BATCH}, {STEPS} steps of {WIDTH}, {HEADS} heads"
    return name, _sequence_step(layer, store, X), _peer_step(module, X, lambda out: out), work
