"""The network of an autoencoder: noise, an encoder, and a decoder that mirrors it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .._validation import check_choice, check_number
from ..nn.activations import ACTIVATIONS
from ..nn.adam import Adam, AdamW
from ..nn.binary_cross_entropy import BinaryCrossEntropy
from ..nn.gaussian_noise import GaussianNoise
from ..nn.layer import Layer
from ..nn.linear import Linear
from ..nn.loss import Loss
from ..nn.masking import Masking
from ..nn.momentum import Momentum
from ..nn.multinomial import Multinomial
from ..nn.optimizer import Optimizer
from ..nn.poisson import Poisson
from ..nn.rmsprop import RMSProp
from ..nn.sequential import Sequential
from ..nn.sgd import SGD
from ..nn.sparse_linear import SparseLinear
from ..nn.squared_error import SquaredError

__all__ = ["LOSSES", "OPTIMIZERS", "mirrored_network", "noise_layer"]

LOSSES: dict[str, type[Loss]] = {
    "binary_crossentropy": BinaryCrossEntropy,
    "multinomial": Multinomial,
    "squared_error": SquaredError,
    "poisson": Poisson,
}
OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSProp,
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": partial(Momentum, nesterov=True),  # type: ignore[dict-item]
}


def mirrored_network(
    n_features: int,
    hidden_sizes: int | Sequence[int],
    activation: str,
    noise: str | None,
    noise_level: float | None,
    *,
    sparse_input: bool,
) -> Sequential:
    """Return the layers ``noise`` (where there is any), ``encoder`` and ``decoder``; the last one is left linear.

    The parameters are those of `Autoencoder`, which documents them; with `sparse_input` the first layer reads CSR rows.

    Raises
    ------
    TypeError, ValueError
        If one is out of range.
    """
    sizes = (hidden_sizes,) if isinstance(hidden_sizes, (int, np.integer)) else tuple(hidden_sizes)
    if not sizes:
        raise ValueError("hidden_sizes must name at least one layer, got none")
    widths = [n_features, *(check_number(size, "hidden_sizes", integer=True, low=1) for size in sizes)]
    activation = check_choice(activation, "activation", ACTIVATIONS)
    encoder: list[tuple[str, Layer]] = []
    for i, (n_in, n_out) in enumerate(pairwise(widths)):
        kind: Any = SparseLinear if sparse_input and i == 0 else Linear
        encoder.append((str(i), kind(n_in, n_out, activation)))
    decoder: list[tuple[str, Layer]] = []
    for i, (n_in, n_out) in enumerate(pairwise(reversed(widths))):
        decoder.append((str(i), Linear(n_in, n_out, activation if i < len(sizes) - 1 else "linear")))
    layers: list[tuple[str, Layer]] = [("encoder", Sequential(tuple(encoder))), ("decoder", Sequential(tuple(decoder)))]
    return Sequential((*noise_layer(noise, noise_level), *layers))


def noise_layer(noise: str | None, noise_level: float | None) -> list[tuple[str, Layer]]:
    """Return the layer ``noise``, or nothing; the parameters are those of `Autoencoder`."""
    if check_choice(noise, "noise", (None, "masking", "gaussian")) == "masking":
        level = 0.3 if noise_level is None else noise_level
        return [("noise", Masking(check_number(level, "noise_level", low=0, high=1, high_open=True)))]
    if noise == "gaussian":
        level = 0.1 if noise_level is None else noise_level
        return [("noise", GaussianNoise(check_number(level, "noise_level", low=0)))]
    return []
