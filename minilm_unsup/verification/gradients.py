"""Every layer and loss against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..nn import (
    GRU,
    Activation,
    BinaryCrossEntropy,
    DiscriminatorLoss,
    GatedGelu,
    Gelu,
    GeneratorLoss,
    GradientPenalty,
    LayerNorm,
    Linear,
    Masking,
    MultiHeadAttention,
    Multinomial,
    ParameterStore,
    Residual,
    RMSNorm,
    Sequential,
    Softmax,
    SoftmaxCrossEntropy,
    SparseLinear,
    SquaredError,
    UnitRows,
    Workspace,
)
from ..nn.adversarial_loss import ADVERSARIAL_LOSSES
from ..testing import check_gradients
from .law import Law

__all__ = ["LAWS"]

_STEP, _BOUND = 1e-5, 1e-6  # the central difference is off by about the square of its step


def _of_layer(make: Callable[[int], Any], shape: tuple[int, ...]) -> Callable[[np.random.Generator], float]:
    def check(rng: np.random.Generator) -> float:
        X = rng.standard_normal(shape)
        X += 0.05 * np.sign(X)  # away from the corners of relu
        seed = int(rng.integers(2**31))
        return check_gradients(make(shape[-1]), X, training=True, step=_STEP, tolerance=np.inf, random_state=seed).worst

    return check


def _of_loss(draw: Callable[[np.random.Generator, int, int], tuple[Any, Any, Any]]) -> Callable[..., float]:
    def check(rng: np.random.Generator) -> float:
        n, d = int(rng.integers(2, 6)), int(rng.integers(1, 6))
        loss, logits, targets = draw(rng, n, d)
        layer = Activation(logits.shape[1], "linear")
        return check_gradients(layer, logits, loss=loss, targets=targets, step=_STEP, tolerance=np.inf).worst

    return check


def _classes(rng: np.random.Generator, n: int, d: int) -> tuple[Any, Any, Any]:
    return SoftmaxCrossEntropy(), 3 * rng.standard_normal((n, d)), rng.integers(0, d, n).astype(np.int32)


def _game(rng: np.random.Generator, n: int, d: int) -> tuple[Any, Any, Any]:
    kind = sorted(ADVERSARIAL_LOSSES)[int(rng.integers(len(ADVERSARIAL_LOSSES)))]
    is_real = np.arange(n) < 1 + int(rng.integers(n - 1))
    logits = 0.5 * rng.standard_normal((n, 1))  # mostly inside the corners of the hinge, and kept off them
    logits = np.where(np.abs(np.abs(logits) - 1) < 1e-3, 0.5, logits)
    return (DiscriminatorLoss if rng.random() < 0.5 else GeneratorLoss)(kind), logits, is_real


def _penalty(rng: np.random.Generator) -> float:
    d, kind = int(rng.integers(1, 5)), ("tanh", "sigmoid")[int(rng.integers(2))]
    network = Sequential((("a", Linear(d, 4, kind)), ("b", Linear(4, 3, kind)), ("c", Linear(3, 1))))
    store = ParameterStore(network.shapes(), np.float64)
    store.data[:] = rng.standard_normal(store.size)
    X, penalty, worst = rng.standard_normal((3, d)), GradientPenalty(1.5, float(rng.integers(2))), 0.0

    def value() -> float:
        store.grads.clear()
        return penalty.gradient(network, store.params, store.grads, X, work=Workspace())

    value()
    store.grads.settle()
    found = store.grad.copy()
    for i in range(store.size):
        kept = store.data[i]
        sides = []
        for sign in (1, -1):
            store.data[i] = kept + sign * _STEP
            sides.append(value())
        store.data[i] = kept
        expected = (sides[0] - sides[1]) / (2 * _STEP)
        worst = max(worst, abs(found[i] - expected) / max(1.0, abs(expected)))
    return worst


def _network(d: int) -> Any:
    inner = Sequential((("a", Masking(0.3)), ("b", Linear(d, 4, "tanh")), ("c", SparseLinear(4, d, "sigmoid"))))
    return Sequential((("one", Residual(inner)), ("two", UnitRows())))


LAWS = [
    Law("gradients", "linear", _of_layer(lambda d: Linear(d, 3, "tanh"), (4, 5)), _BOUND),
    Law("gradients", "leaky relu", _of_layer(lambda d: Activation(d, "leaky_relu"), (4, 5)), _BOUND),
    Law(
        "gradients",
        "linear, weights by input",
        _of_layer(lambda d: SparseLinear(d, 3, "tanh"), (4, 5)),
        _BOUND,
    ),
    Law("gradients", "masking, residual, unit rows in one network", _of_layer(_network, (4, 5)), _BOUND),
    Law("gradients", "layer norm", _of_layer(LayerNorm, (3, 2, 5)), _BOUND),
    Law("gradients", "root mean square norm", _of_layer(RMSNorm, (3, 2, 5)), _BOUND),
    Law("gradients", "gelu", _of_layer(lambda d: Gelu(), (4, 6)), _BOUND),
    Law("gradients", "gated gelu", _of_layer(lambda d: GatedGelu(d // 2), (4, 6)), _BOUND),
    Law("gradients", "softmax", _of_layer(lambda d: Softmax(), (4, 6)), _BOUND),
    Law("gradients", "gated recurrent unit", _of_layer(lambda d: GRU(d, 3), (2, 4, 3)), _BOUND),
    Law("gradients", "attention", _of_layer(lambda d: MultiHeadAttention(d, 2), (2, 4, 4)), _BOUND),
    Law(
        "gradients",
        "causal attention, rotary positions",
        _of_layer(lambda d: MultiHeadAttention(d, 2, True, "rotary"), (2, 4, 4)),
        _BOUND,
    ),
    Law(
        "gradients",
        "attention, relative positions",
        _of_layer(lambda d: MultiHeadAttention(d, 2, False, "relative", 4, 6), (2, 4, 4)),
        _BOUND,
    ),
    Law(
        "gradients",
        "binary cross-entropy",
        _of_loss(lambda rng, n, d: (BinaryCrossEntropy(), rng.standard_normal((n, d)), rng.random((n, d)))),
        _BOUND,
    ),
    Law(
        "gradients",
        "multinomial",
        _of_loss(lambda rng, n, d: (Multinomial(), rng.standard_normal((n, d)), 3 * rng.random((n, d)))),
        _BOUND,
    ),
    Law(
        "gradients",
        "squared error",
        _of_loss(lambda rng, n, d: (SquaredError(), rng.standard_normal((n, d)), rng.standard_normal((n, d)))),
        _BOUND,
    ),
    Law("gradients", "softmax cross-entropy", _of_loss(_classes), _BOUND),
    Law("gradients", "losses of adversarial networks", _of_loss(_game), _BOUND, draws=20),
    Law("gradients", "gradient penalty, a gradient of a gradient", _penalty, _BOUND),
]
