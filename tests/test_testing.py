"""check_gradients finds a wrong gradient and says where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from minilm_unsup._csr import CSRMatrix
from minilm_unsup.nn import BinaryCrossEntropy, Linear, Sequential, SparseLinear
from minilm_unsup.testing import GradientError, check_gradients


@dataclass(frozen=True)
class Wrong(Linear):
    """A layer whose weight gradient is off at one place."""

    def backward(self, params, grads, cache, dY, *, work, need_dX=True):
        dX = super().backward(params, grads, cache, dY, work=work, need_dX=need_dX)
        grads["weight"][1, 2] += 0.01
        return dX


@dataclass(frozen=True)
class Meddling(Linear):
    """A layer that changes the gradient it is given."""

    def backward(self, params, grads, cache, dY, *, work, need_dX=True):
        dX = super().backward(params, grads, cache, dY, work=work, need_dX=need_dX)
        dY *= 2
        return dX


X = np.random.default_rng(0).random((5, 4))


def test_names_parameter_index_and_difference():
    with pytest.raises(GradientError, match=r"two\.weight\[1, 2\]: gradient .*, central difference") as caught:
        check_gradients(Sequential((("one", Linear(4, 3, "tanh")), ("two", Wrong(3, 2)))), X)
    assert "1 failures" in str(caught.value)


def test_right_layers_pass_and_are_counted():
    network = Sequential((("encoder", Linear(4, 3, "tanh")), ("decoder", Linear(3, 4))))
    report = check_gradients(network, X, loss=BinaryCrossEntropy())
    assert report.n_checked == 4 * 3 + 3 + 3 * 4 + 4 + X.size
    assert report.worst < 1e-8
    assert report.worst_at
    sparse = Sequential((("encoder", SparseLinear(4, 3, "tanh")), ("decoder", Linear(3, 4))))
    assert check_gradients(sparse, CSRMatrix.from_dense(X), loss=BinaryCrossEntropy()).n_checked == 31
    assert check_gradients(network, X, most=5).n_checked == 5 + 3 + 5 + 4 + 5


def test_side_effects_are_found():
    with pytest.raises(GradientError, match="changed the gradient it was given"):
        check_gradients(Meddling(4, 2), X)
