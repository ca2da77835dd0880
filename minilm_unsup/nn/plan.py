"""A training step as a list of calls with every argument bound.

In a small network the interpreter's work between the kernels (looking parameters up, checking shapes, asking for
buffers) takes longer than the kernels. None of it changes from step to step as long as the number of rows does not, so
a layer can do it once: `Layer.plan` returns the very calls that `forward` and `backward` would make, on the same
buffers. The results are the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray

__all__ = ["Call", "Plan"]

Call = Callable[[], Any]


class Plan(NamedTuple):
    """The bound calls of a layer for one input buffer.

    Attributes
    ----------
    Y : ndarray
        The buffer of the output.
    forward : list of callables
        To be called in order, without arguments.
    backward : callable
        ``backward(dY, need_dX)`` returns the buffer of the input gradient (or None) and the calls that fill it and
        assign the gradients of the parameters, which must be clear.
    slope : callable, optional
        ``slope(dY)`` returns the buffer of the input gradient and the calls that fill it alone.
    """

    Y: NDArray
    forward: list[Call]
    backward: Callable[[NDArray, bool], tuple[NDArray | None, list[Call]]]
    slope: Callable[[NDArray], tuple[NDArray, list[Call]]] | None = None
