"""The penalty on the discriminator's gradient by its input."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import NDArray

from .._numba import JIT, njit
from .._validation import check_number, kernel_view
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["GradientPenalty"]


@dataclass(frozen=True)
class GradientPenalty:
    """``weight * mean((|g| - center)**2)``, g the gradient of the network's output by its input, row by row.

    With `center` 1 at points between real and generated rows it keeps a Wasserstein discriminator near slope one
    (Gulrajani et al. 2017, eq. 3); with `center` 0 at real rows it is R1 (Mescheder et al. 2018, eq. 9, whose gamma is
    twice `weight`). Where g is 0 and `center` is not, the gradient is taken as 0.

    Parameters
    ----------
    weight : float, at least 0
    center : float, at least 0
    """

    weight: float = 10.0
    center: float = 1.0

    def __post_init__(self) -> None:
        check_number(self.weight, "weight", low=0)
        check_number(self.center, "center", low=0)

    def gradient(
        self,
        network: Layer,
        params: Parameters,
        grads: Gradients,
        X: NDArray,
        *,
        work: Workspace,
        n_columns: int | None = None,
    ) -> float:
        """Return the penalty and add its gradient by the parameters to `grads`.

        Parameters
        ----------
        network : Layer
            Of `Linear` layers, with one output.
        params, grads
            Of the network.
        X : ndarray of shape (N, n_in)
        work : Workspace
        n_columns : int, optional
            Columns of X, from the first, by which is differentiated; the others are a condition.

        Raises
        ------
        TypeError
            If the network holds a layer that cannot be differentiated twice.
        """
        output, cache = network.forward(params, X, work=work)
        ones = work.array("ones", output.shape, output.dtype)
        ones.fill(1)
        slope, first = network.input_gradient(params, cache, ones, work=work)
        direction = work.array("direction", slope.shape, slope.dtype)
        scale = self.weight / X.shape[0]
        columns = slope.shape[1] if n_columns is None else n_columns
        value = pull(kernel_view(slope), columns, self.center, scale, direction)
        # The gradient of the penalty by the parameters is that of sum(direction * slope), direction held fast.
        _, tangent = network.tangent(params, cache, direction, work=work)
        network.second_backward(params, grads, cache, first, tangent, None, work=work, need_dX=False)
        return value


@njit(**JIT)
def pull(
    slope,  # IN   (N, D)
    n_columns,  # IN   columns that count
    center,  # IN   length at which nothing pulls
    scale,  # IN   factor of a row's value
    direction,  # OUT  (N, D)   gradient of the value by slope
):
    """Return ``scale * sum((|g| - center)**2)``."""
    total = 0.0
    for i in range(slope.shape[0]):
        square = 0.0
        for j in range(n_columns):
            square += float(slope[i, j]) * float(slope[i, j])
        length = math.sqrt(square)
        total += scale * (length - center) * (length - center)
        factor = 2.0 * scale * (1.0 - center / length) if length > 0.0 else 0.0
        for j in range(n_columns):
            direction[i, j] = factor * slope[i, j]
        for j in range(n_columns, slope.shape[1]):
            direction[i, j] = 0.0
    return total
