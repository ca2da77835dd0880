"""Networks with hand-written forward and backward passes: layers, losses, optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .activations import Activation
    from .adam import Adam, AdamW
    from .adversarial_loss import DiscriminatorLoss, GeneratorLoss
    from .attention import CrossAttention, MultiHeadAttention
    from .binary_cross_entropy import BinaryCrossEntropy
    from .contrastive import Contrastive
    from .cosine_loss import CosineDistance
    from .embedding import Embedding
    from .gaussian_kl import GaussianCode, GaussianKL
    from .gaussian_noise import GaussianNoise
    from .gelu import GatedGelu, Gelu
    from .gradient_penalty import GradientPenalty
    from .gru import GRU
    from .layer import Layer
    from .layer_norm import LayerNorm, RMSNorm
    from .linear import Linear
    from .loss import Loss
    from .masking import Masking
    from .momentum import Momentum
    from .multinomial import Multinomial
    from .optimizer import Optimizer, ParameterGroup
    from .parameters import Gradients, Parameters, ParameterStore
    from .poisson import Poisson
    from .residual import Residual
    from .rmsprop import RMSProp
    from .schedules import Constant, Cosine, OneCycle, Schedule, StepDecay
    from .sequential import Sequential
    from .sgd import SGD
    from .softmax_cross_entropy import SoftmaxCrossEntropy
    from .softmax_layer import Softmax
    from .sparse_linear import SparseLinear
    from .squared_error import SquaredError
    from .transformer_block import TransformerBlock
    from .unit_rows import UnitRows
    from .workspace import Workspace

__all__ = [
    "GRU",
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "BinaryCrossEntropy",
    "Constant",
    "Contrastive",
    "Cosine",
    "CosineDistance",
    "CrossAttention",
    "DiscriminatorLoss",
    "Embedding",
    "GatedGelu",
    "GaussianCode",
    "GaussianKL",
    "GaussianNoise",
    "Gelu",
    "GeneratorLoss",
    "GradientPenalty",
    "Gradients",
    "Layer",
    "LayerNorm",
    "Linear",
    "Loss",
    "Masking",
    "Momentum",
    "MultiHeadAttention",
    "Multinomial",
    "OneCycle",
    "Optimizer",
    "ParameterGroup",
    "ParameterStore",
    "Parameters",
    "Poisson",
    "RMSNorm",
    "RMSProp",
    "Residual",
    "Schedule",
    "Sequential",
    "Softmax",
    "SoftmaxCrossEntropy",
    "SparseLinear",
    "SquaredError",
    "StepDecay",
    "TransformerBlock",
    "UnitRows",
    "Workspace",
]

_WHERE = {
    "GRU": ".gru",
    "SGD": ".sgd",
    "Activation": ".activations",
    "Adam": ".adam",
    "AdamW": ".adam",
    "BinaryCrossEntropy": ".binary_cross_entropy",
    "Constant": ".schedules",
    "Contrastive": ".contrastive",
    "Cosine": ".schedules",
    "CosineDistance": ".cosine_loss",
    "CrossAttention": ".attention",
    "DiscriminatorLoss": ".adversarial_loss",
    "Embedding": ".embedding",
    "GatedGelu": ".gelu",
    "GaussianCode": ".gaussian_kl",
    "GaussianKL": ".gaussian_kl",
    "GaussianNoise": ".gaussian_noise",
    "Gelu": ".gelu",
    "GeneratorLoss": ".adversarial_loss",
    "GradientPenalty": ".gradient_penalty",
    "Gradients": ".parameters",
    "Layer": ".layer",
    "LayerNorm": ".layer_norm",
    "Linear": ".linear",
    "Loss": ".loss",
    "Masking": ".masking",
    "Momentum": ".momentum",
    "MultiHeadAttention": ".attention",
    "Multinomial": ".multinomial",
    "OneCycle": ".schedules",
    "Optimizer": ".optimizer",
    "ParameterGroup": ".optimizer",
    "ParameterStore": ".parameters",
    "Parameters": ".parameters",
    "Poisson": ".poisson",
    "RMSNorm": ".layer_norm",
    "RMSProp": ".rmsprop",
    "Residual": ".residual",
    "Schedule": ".schedules",
    "Sequential": ".sequential",
    "Softmax": ".softmax_layer",
    "SoftmaxCrossEntropy": ".softmax_cross_entropy",
    "SparseLinear": ".sparse_linear",
    "SquaredError": ".squared_error",
    "StepDecay": ".schedules",
    "TransformerBlock": ".transformer_block",
    "UnitRows": ".unit_rows",
    "Workspace": ".workspace",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
