"""Optimizers against their formulas, models against closed forms, the same bits on any number of threads."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from .._csr import CSRMatrix
from .._parallel import get_num_threads, set_num_threads
from ..models import Autoencoder, VariationalAutoencoder
from ..nn import Adam, LayerNorm, ParameterStore, Softmax, Workspace
from ..ops.matmul import matmul
from ..training import ModelCheckpoint
from .law import Law

__all__ = ["LAWS", "on_threads"]


def on_threads(result: Callable[[], bytes]) -> float:
    """Return 0 where 1, 2 and 3 threads give the same bytes, else 1."""
    before, found = get_num_threads(), set()
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            found.add(result())
    finally:
        set_num_threads(before)
    return float(len(found) > 1)


def _adam(rng: np.random.Generator) -> float:
    optimizer, store = Adam(0.01), ParameterStore({"w": (4,)}, np.float64)
    store.data[:] = theta = rng.standard_normal(4)
    state, m, v = optimizer.first_state(4, np.float64), np.zeros(4), np.zeros(4)
    for t in range(1, 20):
        store.grad[:] = g = rng.standard_normal(4)
        optimizer.step(store, state)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return float(np.abs(store.data - theta).max())


def _principal(rng: np.random.Generator) -> float:
    X = rng.standard_normal((150, 2)) @ rng.standard_normal((2, 6)) + 0.2 * rng.standard_normal((150, 6))
    X -= X.mean(axis=0)
    model = Autoencoder(
        2, activation="linear", loss="squared_error", epochs=2500, learning_rate=0.01, batch_size=150, random_state=0
    ).fit(X)
    _, values, _ = np.linalg.svd(X, full_matrices=False)
    best = float(np.sum(values[2:] ** 2))
    return (float(np.sum((model.reconstruct(X) - X) ** 2)) - best) / float(np.sum(X**2))


def _sparse(rng: np.random.Generator) -> float:
    X = (rng.random((40, 12)) * (rng.random((40, 12)) < 0.3)).astype(np.float64)
    settings: dict[str, Any] = {"loss": "multinomial", "epochs": 3, "batch_size": 8, "random_state": 0}
    dense = Autoencoder(4, **settings).fit(X)
    sparse = Autoencoder(4, **settings).fit(CSRMatrix.from_dense(X))
    return float(np.abs(dense.transform(X) - sparse.transform(CSRMatrix.from_dense(X))).max())


def _resumed(rng: np.random.Generator) -> float:
    X = rng.random((60, 8)).astype(np.float32)
    settings: dict[str, Any] = {"noise": "masking", "batch_size": 16, "validation_split": 0.2, "random_state": 1}
    whole = Autoencoder(3, epochs=4, **settings).fit(X)
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/checkpoint"
        Autoencoder(3, epochs=2, callbacks=[ModelCheckpoint(path)], **settings).fit(X)
        resumed = Autoencoder(3, epochs=4, **settings).fit(X, resume=path)
    same = whole.transform(X).tobytes() == resumed.transform(X).tobytes()
    return float(not same or whole.history_ != resumed.history_)


def _shifted(rng: np.random.Generator) -> float:
    X, empty = 3 * rng.standard_normal((5, 7)), ParameterStore({}, np.float64)
    shift = 10 * rng.standard_normal((5, 1))
    a, _ = Softmax().forward(empty.params, X, work=Workspace())
    b, _ = Softmax().forward(empty.params, X + shift, work=Workspace())
    return float(max(np.abs(a - b).max(), np.abs(a.sum(axis=1) - 1).max()))


def _normed(rng: np.random.Generator) -> float:
    layer = LayerNorm(9, eps=1e-12)
    store = ParameterStore(layer.shapes(), np.float64)
    store.assign(layer.initial(rng))
    Y, _ = layer.forward(store.params, 5 + 3 * rng.standard_normal((6, 9)), work=Workspace())
    return float(max(np.abs(Y.mean(axis=1)).max(), np.abs(Y.std(axis=1) - 1).max()))


def _product(rng: np.random.Generator) -> float:
    m, k, n = rng.integers(1, 200, 3).tolist()
    A, B = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    expected = np.array([[math.fsum(row * column) for column in B.T[:8]] for row in A[:8]])
    return float(np.abs(matmul(A, B)[:8, :8] - expected).max())


def _bound(rng: np.random.Generator) -> float:
    """How far the estimated likelihood of a linear variational model is from its closed form, N(b, W W' + I)."""
    X = rng.standard_normal((60, 2)) @ rng.standard_normal((2, 4)) + rng.standard_normal((60, 4))
    model = VariationalAutoencoder(
        (), latent_size=2, loss="squared_error", epochs=150, learning_rate=0.02, random_state=0
    ).fit(X)
    W, b = model.parameters_["decoder.0.weight"], model.parameters_["decoder.0.bias"]
    covariance = W @ W.T + np.eye(4)
    exact = -0.5 * np.einsum("ij,jk,ik->i", X - b, np.linalg.inv(covariance), X - b)
    exact -= 0.5 * (np.linalg.slogdet(covariance)[1] + 4 * math.log(2 * math.pi))
    bound, likelihood = model.bounds(X, n_samples=500)
    return float(max(abs(likelihood.mean() - exact.mean()), bound.mean() - exact.mean()))


def _threads(rng: np.random.Generator) -> float:
    X = rng.random((300, 700)).astype(np.float32)

    def result() -> bytes:
        model = Autoencoder((600, 50), epochs=1, batch_size=128, random_state=0).fit(X)
        return model.transform(X).tobytes()

    return on_threads(result)


LAWS = [
    Law("training", "Adam is its formula", _adam, 1e-12),
    Law("training", "matrix products against exact sums", _product, 1e-11),
    Law("training", "softmax ignores a shift and sums to 1", _shifted, 1e-13),
    Law("training", "layer norm gives mean 0 and deviation 1", _normed, 1e-11),
    Law("training", "a linear autoencoder rebuilds as principal components do", _principal, 1e-3, draws=2),
    Law("training", "a linear variational autoencoder has the likelihood of its closed form", _bound, 0.1, draws=2),
    Law("training", "sparse rows are trained on as dense ones", _sparse, 1e-12),
    Law("training", "a stopped and resumed training gives the same bits", _resumed, 0, draws=2),
    Law("training", "1, 2 and 3 threads give the same bits", _threads, 0, draws=1),
]
