"""The contract of a loss: its value and its gradient by the output of the network, in one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from .._csr import CSRMatrix
from .._parallel import map_blocks
from .._validation import kernel_view
from .plan import Call
from .workspace import Workspace

__all__ = ["Loss", "check_loss_arrays", "split_targets", "sum_over_rows"]

# Values of the output that one block of rows holds: about 0.15 ms of one core, worth handing to another thread.
BLOCK_VALUES = 1 << 18


def sum_over_rows(function: Callable[[int, int], float], n_rows: int, n_columns: int) -> float:
    """Return the sum of ``function(start, stop)`` over blocks of rows, added in order; blocks run on all threads."""
    size = max(1, BLOCK_VALUES // max(1, n_columns))
    if n_rows <= size:
        return function(0, n_rows)
    return float(sum(map_blocks(function, n_rows, size)))


def split_targets(targets: NDArray | CSRMatrix) -> tuple[tuple[NDArray, NDArray, NDArray] | None, NDArray]:
    """Return targets as kernels take them: the three arrays of sparse rows or None, and the dense array (or values)."""
    if isinstance(targets, CSRMatrix):
        data = kernel_view(targets.data)
        return (data, kernel_view(targets.indices), kernel_view(targets.indptr)), data
    return None, kernel_view(targets)


def check_loss_arrays(logits: NDArray, targets: Any, out: NDArray, shape: tuple[int, ...] | None = None) -> None:
    """Raise unless `targets` have `shape` (that of `logits` where it is left out) and `out` is like `logits`.

    The kernels read and write what these shapes say without another look.
    """
    wanted = logits.shape if shape is None else shape
    if targets.shape != wanted:
        raise ValueError(
            f"targets must have shape {wanted} to go with logits of shape {logits.shape}, got {targets.shape}"
        )
    if out.shape != logits.shape or out.dtype != logits.dtype:
        raise ValueError(
            f"out must have the shape {logits.shape} and dtype {logits.dtype} of the logits, "
            f"got {out.shape} and {out.dtype}"
        )


@dataclass(frozen=True)
class Loss:
    """Base of every loss.

    A loss takes the output of the network's last affine map (logits, where a link function follows) and targets.
    """

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss of the rows and write its gradient by `logits` to `out`.

        Parameters
        ----------
        logits : ndarray of shape (N, D)
        targets : ndarray or CSRMatrix of shape (N, D), or ndarray of shape (N,)
        out : ndarray of shape (N, D)
        work : Workspace
        """
        raise NotImplementedError

    def bind_gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> Call:
        """Return ``gradient(logits, targets, out, work=work)`` for dense targets as a call without arguments."""
        return partial(self.gradient, logits, targets, out, work=work)

    def value(self, logits: NDArray, targets: Any, *, work: Workspace) -> float:
        """Return the mean loss of the rows."""
        return self.gradient(logits, targets, work.array("unused", logits.shape, logits.dtype), work=work)

    def mean(self, logits: NDArray) -> NDArray:
        """Return the mean of the targets that `logits` stand for; a new array."""
        raise NotImplementedError

    def check_targets(self, targets: Any, name: str = "X", *, n_outputs: int | None = None) -> None:
        """Raise where `targets` are out of the range of the loss, for a network of `n_outputs` outputs."""
