"""Networks with hand-written forward and backward passes: layers, losses, optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .activations import Activation
    from .adam import Adam
    from .binary_cross_entropy import BinaryCrossEntropy
    from .gaussian_noise import GaussianNoise
    from .layer import Layer
    from .linear import Linear
    from .loss import Loss
    from .masking import Masking
    from .momentum import Momentum
    from .multinomial import Multinomial
    from .optimizer import Optimizer, ParameterGroup
    from .parameters import Gradients, Parameters, ParameterStore
    from .sequential import Sequential
    from .sgd import SGD
    from .softmax_cross_entropy import SoftmaxCrossEntropy
    from .sparse_linear import SparseLinear
    from .squared_error import SquaredError
    from .unit_rows import UnitRows
    from .workspace import Workspace

__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "BinaryCrossEntropy",
    "GaussianNoise",
    "Gradients",
    "Layer",
    "Linear",
    "Loss",
    "Masking",
    "Momentum",
    "Multinomial",
    "Optimizer",
    "ParameterGroup",
    "ParameterStore",
    "Parameters",
    "Sequential",
    "SoftmaxCrossEntropy",
    "SparseLinear",
    "SquaredError",
    "UnitRows",
    "Workspace",
]

_WHERE = {
    "SGD": ".sgd",
    "Activation": ".activations",
    "Adam": ".adam",
    "BinaryCrossEntropy": ".binary_cross_entropy",
    "GaussianNoise": ".gaussian_noise",
    "Gradients": ".parameters",
    "Layer": ".layer",
    "Linear": ".linear",
    "Loss": ".loss",
    "Masking": ".masking",
    "Momentum": ".momentum",
    "Multinomial": ".multinomial",
    "Optimizer": ".optimizer",
    "ParameterGroup": ".optimizer",
    "ParameterStore": ".parameters",
    "Parameters": ".parameters",
    "Sequential": ".sequential",
    "SoftmaxCrossEntropy": ".softmax_cross_entropy",
    "SparseLinear": ".sparse_linear",
    "SquaredError": ".squared_error",
    "UnitRows": ".unit_rows",
    "Workspace": ".workspace",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
