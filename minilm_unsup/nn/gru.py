"""The gated recurrent unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._validation import check_flag, check_number
from ..ops.matmul import matmul
from .layer import Layer
from .parameters import Gradients, Parameters
from .workspace import Workspace

__all__ = ["GRU"]


class GRUCache(NamedTuple):
    """Time comes first, in the order in which it was read."""

    X: NDArray  # (T, B, D)
    states: NDArray  # (T + 1, B, H)
    gates: NDArray  # (T, B, 3 H)   r, z and n
    carried: NDArray  # (T, B, H)     what r let through: h @ U_n.T + c_n before it
    lengths: NDArray  # (B,)


@dataclass(frozen=True)
class GRU(Layer):
    """A state that each step keeps in part and renews in part (Cho et al. 2014, with the reset behind the product).

    ``r = sigmoid(x W_r + b_r + h U_r + c_r)``, ``z`` alike, ``n = tanh(x W_n + b_n + r * (h U_n + c_n))``,
    ``h' = (1 - z) * n + z * h``, from a state of zeros. These are the equations of cuDNN, PyTorch and Keras.

    Parameters
    ----------
    n_in, n_out : int
        Features of a step, and of the state.
    reverse : bool
        Read from the last step of each sequence to its first; outputs stay at the steps they belong to.
    """

    n_in: int
    n_out: int
    reverse: bool = False

    def __post_init__(self) -> None:
        check_number(self.n_in, "n_in", integer=True, low=1)
        check_number(self.n_out, "n_out", integer=True, low=1)
        check_flag(self.reverse, "reverse")

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Weights and biases of input and state, each for r, z and n one below the other."""
        h = self.n_out
        return {
            "input_weight": (3 * h, self.n_in),
            "state_weight": (3 * h, h),
            "input_bias": (3 * h,),
            "state_bias": (3 * h,),
        }

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Uniform within ``1 / sqrt(n_out)``, biases zero."""
        limit = 1 / math.sqrt(self.n_out)
        return {
            name: (rng.uniform(-limit, limit, shape) if len(shape) == 2 else np.zeros(shape)).astype(dtype)
            for name, shape in self.shapes().items()
        }

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
        lengths: NDArray | None = None,
    ) -> tuple[NDArray, GRUCache]:
        """Return the state after each step.

        Parameters
        ----------
        X : ndarray of shape (B, T, n_in)
        lengths : ndarray of shape (B,), optional
            Steps of each sequence; those behind them leave the state as it is.
        params, work, training, rng
            As for `Layer.forward`.

        Returns
        -------
        Y : ndarray of shape (B, T, n_out)
        cache : GRUCache
        """
        (n, steps, _), h, dtype = X.shape, self.n_out, X.dtype
        ends = work.array("ends", (n,), np.int64)
        ends[...] = steps if lengths is None else lengths
        order = slice(None, None, -1) if self.reverse else slice(None)
        inputs = work.array("inputs", (steps, n, self.n_in), dtype)
        np.copyto(inputs, X.transpose(1, 0, 2)[order])
        gates = work.array("gates", (steps, n, 3 * h), dtype)
        flat = gates.reshape(steps * n, 3 * h)
        matmul(inputs.reshape(steps * n, self.n_in), params["input_weight"], flat, transpose_b=True)
        states = work.array("states", (steps + 1, n, h), dtype)
        states[0] = 0
        carried = work.array("carried", (steps, n, h), dtype)
        product = work.array("product", (n, 3 * h), dtype)
        weight, input_bias, state_bias = params["state_weight"], params["input_bias"], params["state_bias"]
        for t in range(steps):
            own = gates[t]
            matmul(states[t], weight, product, transpose_b=True)
            open_gates(product, input_bias, state_bias, own, carried[t])
            np.tanh(own[:, : 2 * h], out=own[:, : 2 * h])
            let_through(carried[t], own)
            np.tanh(own[:, 2 * h :], out=own[:, 2 * h :])
            renew(own, states[t], ends, steps - 1 - t if self.reverse else t, states[t + 1])
        Y = work.array("Y", (n, steps, h), dtype)
        np.copyto(Y, states[1:][order].transpose(1, 0, 2))
        return Y, GRUCache(inputs, states, gates, carried, ends)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: GRUCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add the gradients of weights and biases, return that of the input."""
        (steps, n, _), h, dtype = cache.X.shape, self.n_out, dY.dtype
        order = slice(None, None, -1) if self.reverse else slice(None)
        outputs = work.array("outputs", (steps, n, h), dtype)
        np.copyto(outputs, dY.transpose(1, 0, 2)[order])
        from_input = work.array("from_input", (steps, n, 3 * h), dtype)
        from_state = work.array("from_state", (steps, n, 3 * h), dtype)
        dstate, through = work.array("dstate", (n, h), dtype), work.array("through", (n, h), dtype)
        dstate.fill(0)
        weight = params["state_weight"]
        for t in range(steps - 1, -1, -1):
            dstate += outputs[t]
            close_gates(
                cache.gates[t],
                cache.carried[t],
                cache.states[t],
                cache.lengths,
                steps - 1 - t if self.reverse else t,
                dstate,
                from_input[t],
                from_state[t],
            )
            matmul(from_state[t], weight, through)
            dstate += through
        flat_input, flat_state = from_input.reshape(steps * n, 3 * h), from_state.reshape(steps * n, 3 * h)
        inputs, states = cache.X.reshape(steps * n, self.n_in), cache.states[:-1].reshape(steps * n, h)
        for name, left, right in (("input", flat_input, inputs), ("state", flat_state, states)):
            dweight, written = grads.claim(f"{name}_weight")
            matmul(left, right, dweight, transpose_a=True, accumulate=written)
            dbias = grads[f"{name}_bias"]
            dbias += left.sum(axis=0)
        if not need_dX:
            return None
        reached = work.array("reached", cache.X.shape, dtype)
        matmul(flat_input, params["input_weight"], reached.reshape(steps * n, self.n_in))
        dX = work.array("dX", (n, steps, self.n_in), dtype)
        np.copyto(dX, reached[order].transpose(1, 0, 2))
        return dX


@njit(**JIT_FAST)
def open_gates(
    product,  # IN   (B, 3 H)   h @ U.T
    input_bias,  # IN   (3 H,)
    state_bias,  # IN   (3 H,)
    gates,  # OUT  (B, 3 H)   x @ W.T in; half the argument of the sigmoids, and x @ W_n.T + b_n
    carried,  # OUT  (B, H)     h @ U_n.T + c_n
):
    half = product.dtype.type(0.5)
    h = carried.shape[1]
    for i in range(product.shape[0]):
        row, own, kept = product[i], gates[i], carried[i]
        for j in range(2 * h):
            own[j] = half * (own[j] + row[j] + input_bias[j] + state_bias[j])
        new, after = own[2 * h :], row[2 * h :]
        b, c = input_bias[2 * h :], state_bias[2 * h :]
        for j in range(h):
            new[j] += b[j]
            kept[j] = after[j] + c[j]


@njit(**JIT_FAST)
def let_through(
    carried,  # IN   (B, H)
    gates,  # OUT  (B, 3 H)   r and z from the tangents of half their arguments; the argument of n
):
    half = carried.dtype.type(0.5)
    h = carried.shape[1]
    for i in range(carried.shape[0]):
        own, kept = gates[i], carried[i]
        for j in range(2 * h):
            own[j] = half * own[j] + half
        new = own[2 * h :]
        for j in range(h):
            new[j] += own[j] * kept[j]


@njit(**JIT_FAST)
def renew(
    gates,  # IN   (B, 3 H)   r, z, n
    state,  # IN   (B, H)
    lengths,  # IN   (B,)
    step,  # IN   place of the step in its sequence
    out,  # OUT  (B, H)
):
    h = state.shape[1]
    for i in range(state.shape[0]):
        old, new = state[i], out[i]
        if step >= lengths[i]:
            for j in range(h):
                new[j] = old[j]
            continue
        z, n = gates[i, h : 2 * h], gates[i, 2 * h :]
        for j in range(h):
            new[j] = n[j] + z[j] * (old[j] - n[j])


@njit(**JIT_FAST)
def close_gates(
    gates,  # IN   (B, 3 H)   r, z, n
    carried,  # IN   (B, H)
    state,  # IN   (B, H)   before the step
    lengths,  # IN   (B,)
    step,  # IN   place of the step in its sequence
    dstate,  # OUT  (B, H)   by the state after it; what goes straight to the state before it is left
    from_input,  # OUT  (B, 3 H)  gradient by x @ W.T
    from_state,  # OUT  (B, 3 H)  gradient by h @ U.T
):
    # forward: h' = n + z (h - n), n = tanh(a + r m), m = h @ U_n.T + c_n
    zero, one = state.dtype.type(0), state.dtype.type(1)
    h = state.shape[1]
    for i in range(state.shape[0]):
        own, left, right = gates[i], from_input[i], from_state[i]
        if step >= lengths[i]:
            for j in range(3 * h):
                left[j] = zero
                right[j] = zero
            continue
        r, z, n = own[:h], own[h : 2 * h], own[2 * h :]
        m, old, d = carried[i], state[i], dstate[i]
        left_r, left_z, left_n = left[:h], left[h : 2 * h], left[2 * h :]
        right_r, right_z, right_n = right[:h], right[h : 2 * h], right[2 * h :]
        for j in range(h):
            dn = d[j] * (one - z[j]) * (one - n[j] * n[j])
            dr = dn * m[j] * r[j] * (one - r[j])
            dz = d[j] * (old[j] - n[j]) * z[j] * (one - z[j])
            left_r[j] = dr
            right_r[j] = dr
            left_z[j] = dz
            right_z[j] = dz
            left_n[j] = dn
            right_n[j] = dn * r[j]
            d[j] *= z[j]
