"""Attention of several heads, within a sequence and from one to another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT_FAST, njit
from .._parallel import map_blocks
from .._validation import check_choice, check_flag, check_number, kernel_view
from ..ops.exponential import softmax_scores
from ..ops.matmul import matmul
from .initializers import initial_weight
from .layer import Layer
from .parameters import Gradients, Parameters
from .relative_positions import add_by_bucket, bias_of_buckets, buckets_of
from .rotary_positions import turn_heads, turns
from .workspace import Workspace

__all__ = ["CrossAttention", "MultiHeadAttention"]

# Multiply-adds of one block of sequences, worth handing to another thread.
_BLOCK_WORK = 4_000_000
POSITIONS = ("none", "rotary", "relative")


class AttentionCache(NamedTuple):
    """What backward reads."""

    X: NDArray
    memory: NDArray
    queries: NDArray  # (B, H, Q, d), as views
    keys: NDArray  # (B, H, K, d)
    values: NDArray
    shares: NDArray  # (B, H, Q, K)
    gathered: NDArray  # (B, Q, D)


@dataclass(frozen=True)
class _Attention(Layer):
    """``Y = (softmax(Q K.T / sqrt(d)) V) W_o``, head by head (Vaswani et al. 2017, section 3.2)."""

    n_features: int
    n_heads: int = 1

    def __post_init__(self) -> None:
        check_number(self.n_features, "n_features", integer=True, low=1)
        check_number(self.n_heads, "n_heads", integer=True, low=1)
        if self.n_features % self.n_heads:
            raise ValueError(f"n_heads must divide n_features, got {self.n_heads} and {self.n_features}")

    def initial(self, rng: np.random.Generator, dtype: Any = np.float64) -> Mapping[str, NDArray]:
        """Weights by Glorot's rule, matrix by matrix; biases and the relative table zero."""
        d = self.n_features
        values = {name: np.zeros(shape, dtype=dtype) for name, shape in self.shapes().items()}
        for name, array in values.items():
            if name.endswith("weight") and array.ndim == 2:
                for start in range(0, len(array), d):
                    array[start : start + d] = initial_weight("glorot_uniform", d, array.shape[1], rng, dtype)
        return values

    def _heads(self, rows: NDArray, part: int) -> NDArray:
        """View columns of (B, T, n D) as (B, H, T, d)."""
        d = self.n_features
        own = rows[:, :, part * d : (part + 1) * d]
        return own.reshape(*own.shape[:2], self.n_heads, d // self.n_heads).transpose(0, 2, 1, 3)

    def _attend(
        self,
        params: Parameters,
        X: NDArray,
        memory: NDArray,
        queries: NDArray,
        keys: NDArray,
        values: NDArray,
        *,
        lengths: NDArray | None,
        causal: bool,
        bias: NDArray,
        work: Workspace,
    ) -> tuple[NDArray, AttentionCache]:
        n, h, n_queries, size = queries.shape
        n_keys = keys.shape[2]
        ends = work.array("ends", (n,), np.int64)
        ends[...] = n_keys if lengths is None else lengths
        shares = work.array("shares", (n, h, n_queries, n_keys), X.dtype)
        gathered = work.array("gathered", (n, n_queries, self.n_features), X.dtype)
        out = self._heads(gathered, 0)
        scale = X.dtype.type(1 / math.sqrt(size))

        def block(start: int, stop: int) -> None:
            own = shares[start:stop]
            np.matmul(queries[start:stop], keys[start:stop].swapaxes(2, 3), out=own)
            softmax_scores(own, bias, scale, ends[start:stop], causal)
            np.matmul(own, values[start:stop], out=out[start:stop])

        map_blocks(block, n, _sequences_of_a_block(shares.shape, size))
        Y = work.array("Y", gathered.shape, X.dtype)
        flat = Y.reshape(-1, self.n_features)
        matmul(gathered.reshape(flat.shape), params["out_weight"], flat, transpose_b=True)
        flat += params["out_bias"]
        return Y, AttentionCache(X, memory, queries, keys, values, shares, gathered)

    def _unattend(
        self,
        params: Parameters,
        grads: Gradients,
        cache: AttentionCache,
        dY: NDArray,
        to: tuple[NDArray, NDArray, NDArray],
        *,
        work: Workspace,
    ) -> NDArray:
        """Write the gradients by queries, keys and values to the views `to`; return that by the scores, unscaled."""
        n, _, _, size = cache.queries.shape
        flat = kernel_view(dY).reshape(-1, self.n_features)
        dweight, written = grads.claim("out_weight")
        matmul(flat, cache.gathered.reshape(flat.shape), dweight, transpose_a=True, accumulate=written)
        dbias = grads["out_bias"]
        dbias += flat.sum(axis=0)
        dgathered = work.array("dgathered", cache.gathered.shape, dY.dtype)
        matmul(flat, params["out_weight"], dgathered.reshape(flat.shape))
        dout = self._heads(dgathered, 0)
        dscores = work.array("dscores", cache.shares.shape, dY.dtype)
        dqueries, dkeys, dvalues = to
        scale = dY.dtype.type(1 / math.sqrt(size))

        def block(start: int, stop: int) -> None:
            own, shares = dscores[start:stop], cache.shares[start:stop]
            np.matmul(dout[start:stop], cache.values[start:stop].swapaxes(2, 3), out=own)
            np.matmul(shares.swapaxes(2, 3), dout[start:stop], out=dvalues[start:stop])
            unsoftmax(shares.reshape(-1, shares.shape[3]), own.reshape(-1, shares.shape[3]))
            np.matmul(own, cache.keys[start:stop], out=dqueries[start:stop])
            np.matmul(own.swapaxes(2, 3), cache.queries[start:stop], out=dkeys[start:stop])
            dqueries[start:stop] *= scale
            dkeys[start:stop] *= scale

        map_blocks(block, n, _sequences_of_a_block(dscores.shape, size))
        return dscores


@dataclass(frozen=True)
class MultiHeadAttention(_Attention):
    """Attention of each step of a sequence to all of them, or to those up to it (Vaswani et al. 2017, section 3.2.2).

    Parameters
    ----------
    n_features : int
    n_heads : int
        Must divide `n_features`.
    causal : bool
        Whether a step sees no later ones.
    positions : {"none", "rotary", "relative"}
        How steps know where they are. ``"rotary"``: queries and keys are turned by angles that grow with the place (Su
        et al. 2021, eq. 34; halves of a head form the pairs). ``"relative"``: a learned number for each head and
        bucket of distances is added to the scores (Raffel et al. 2020, section 2.1).
    n_buckets, most_distant : int
        Of ``"relative"``: buckets, and the distance from which on all share one.
    """

    causal: bool = False
    positions: str = "none"
    n_buckets: int = 32
    most_distant: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag(self.causal, "causal")
        check_choice(self.positions, "positions", POSITIONS)
        if self.positions == "rotary" and self.n_features // self.n_heads % 2:
            raise ValueError(f"rotary positions need heads of even width, got {self.n_features // self.n_heads}")
        check_number(self.n_buckets, "n_buckets", integer=True, low=4)
        check_number(self.most_distant, "most_distant", integer=True, low=self.n_buckets)

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Weight and bias of queries, keys and values one below the other, of the output, and the relative table."""
        d = self.n_features
        shapes: dict[str, tuple[int, ...]] = {
            "weight": (3 * d, d),
            "bias": (3 * d,),
            "out_weight": (d, d),
            "out_bias": (d,),
        }
        if self.positions == "relative":
            shapes["relative"] = (self.n_buckets, self.n_heads)
        return shapes

    def forward(
        self,
        params: Parameters,
        X: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
        lengths: NDArray | None = None,
    ) -> tuple[NDArray, AttentionCache]:
        """Return what each step gathers.

        Parameters
        ----------
        X : ndarray of shape (B, T, n_features)
        lengths : ndarray of shape (B,), optional
            Steps of each sequence; those behind them are not seen.
        params, work, training, rng
            As for `Layer.forward`.

        Returns
        -------
        Y : ndarray of shape (B, T, n_features)
            Outputs of steps behind the end of their sequence mean nothing.
        cache : AttentionCache
        """
        n, steps, d = X.shape
        projected = work.array("projected", (n, steps, 3 * d), X.dtype)
        flat = projected.reshape(-1, 3 * d)
        matmul(kernel_view(X).reshape(-1, d), params["weight"], flat, transpose_b=True)
        flat += params["bias"]
        if self.positions == "rotary":
            turn_heads(projected, 2 * self.n_heads, *turns(steps, d // self.n_heads, X.dtype), 1)
        parts = [self._heads(projected, part) for part in range(3)]
        return self._attend(
            params,
            X,
            X,
            *parts,
            lengths=lengths,
            causal=self.causal,
            bias=self._bias(params, steps, X.dtype),
            work=work,
        )

    def _bias(self, params: Parameters, steps: int, dtype: Any) -> NDArray:
        if self.positions != "relative":
            return np.zeros((0, 0, 0), dtype=dtype)
        buckets = buckets_of(steps, self.n_buckets, self.most_distant, self.causal)
        return bias_of_buckets(params["relative"], buckets)

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: AttentionCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> NDArray | None:
        """Add the gradients of weights, biases and table, return that of the input."""
        n, steps, d = cache.X.shape
        dprojected = work.array("dprojected", (n, steps, 3 * d), dY.dtype)
        to = (self._heads(dprojected, 0), self._heads(dprojected, 1), self._heads(dprojected, 2))
        dscores = self._unattend(params, grads, cache, dY, to, work=work)
        if self.positions == "relative":
            buckets = buckets_of(steps, self.n_buckets, self.most_distant, self.causal)
            add_by_bucket(dscores, buckets, grads["relative"])
        if self.positions == "rotary":
            turn_heads(dprojected, 2 * self.n_heads, *turns(steps, d // self.n_heads, dY.dtype), -1)
        flat = dprojected.reshape(-1, 3 * d)
        dweight, written = grads.claim("weight")
        matmul(flat, kernel_view(cache.X).reshape(-1, d), dweight, transpose_a=True, accumulate=written)
        dbias = grads["bias"]
        dbias += flat.sum(axis=0)
        if not need_dX:
            return None
        dX = work.array("dX", cache.X.shape, dY.dtype)
        matmul(flat, params["weight"], dX.reshape(-1, d))
        return dX


@dataclass(frozen=True)
class CrossAttention(_Attention):
    """Attention of each step of a sequence to the steps of another, the memory (Vaswani et al. 2017, section 3.2.3).

    Parameters
    ----------
    n_features : int
    n_heads : int
        Must divide `n_features`.
    """

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Weights and biases of the queries, of keys and values one below the other, and of the output."""
        d = self.n_features
        return {
            "query_weight": (d, d),
            "query_bias": (d,),
            "memory_weight": (2 * d, d),
            "memory_bias": (2 * d,),
            "out_weight": (d, d),
            "out_bias": (d,),
        }

    def forward(  # type: ignore[override]
        self,
        params: Parameters,
        X: NDArray,
        memory: NDArray,
        *,
        work: Workspace,
        training: bool = False,
        rng: np.random.Generator | None = None,
        lengths: NDArray | None = None,
    ) -> tuple[NDArray, AttentionCache]:
        """Return what each step of `X` gathers from `memory`.

        Parameters
        ----------
        X : ndarray of shape (B, Q, n_features)
        memory : ndarray of shape (B, K, n_features)
        lengths : ndarray of shape (B,), optional
            Steps of each memory; those behind them are not seen.
        params, work, training, rng
            As for `Layer.forward`.
        """
        d = self.n_features
        asked = work.array("asked", X.shape, X.dtype)
        held = work.array("held", (*memory.shape[:2], 2 * d), X.dtype)
        for name, source, target in (("query", X, asked), ("memory", memory, held)):
            flat = target.reshape(-1, target.shape[2])
            matmul(kernel_view(source).reshape(-1, d), params[f"{name}_weight"], flat, transpose_b=True)
            flat += params[f"{name}_bias"]
        return self._attend(
            params,
            X,
            memory,
            self._heads(asked, 0),
            self._heads(held, 0),
            self._heads(held, 1),
            lengths=lengths,
            causal=False,
            bias=np.zeros((0, 0, 0), dtype=X.dtype),
            work=work,
        )

    def backward(
        self,
        params: Parameters,
        grads: Gradients,
        cache: AttentionCache,
        dY: NDArray,
        *,
        work: Workspace,
        need_dX: bool = True,
    ) -> tuple[NDArray, NDArray]:
        """Add the gradients of weights and biases, return those of the sequence and of the memory."""
        d = self.n_features
        dasked = work.array("dasked", cache.X.shape, dY.dtype)
        dheld = work.array("dheld", (*cache.memory.shape[:2], 2 * d), dY.dtype)
        to = (self._heads(dasked, 0), self._heads(dheld, 0), self._heads(dheld, 1))
        self._unattend(params, grads, cache, dY, to, work=work)
        out = []
        for name, source, gradient in (("query", cache.X, dasked), ("memory", cache.memory, dheld)):
            flat = gradient.reshape(-1, gradient.shape[2])
            dweight, written = grads.claim(f"{name}_weight")
            matmul(flat, kernel_view(source).reshape(-1, d), dweight, transpose_a=True, accumulate=written)
            dbias = grads[f"{name}_bias"]
            dbias += flat.sum(axis=0)
            reached = work.array(f"d{name}", source.shape, dY.dtype)
            matmul(flat, params[f"{name}_weight"], reached.reshape(-1, d))
            out.append(reached)
        return out[0], out[1]


def _sequences_of_a_block(shape: tuple[int, ...], size: int) -> int:
    return max(1, _BLOCK_WORK // max(1, shape[1] * shape[2] * shape[3] * size))


@njit(**JIT_FAST)
def unsoftmax(
    shares,  # IN   (N, K)
    dscores,  # OUT  (N, K)   by the shares in, by the scores out
):
    # forward: shares = softmax(scores), so d = shares (d - shares . d)
    for i in range(shares.shape[0]):
        own, row = shares[i], dscores[i]
        along = own.dtype.type(0)
        for j in range(own.shape[0]):
            along += own[j] * row[j]
        for j in range(own.shape[0]):
            row[j] = own[j] * (row[j] - along)
