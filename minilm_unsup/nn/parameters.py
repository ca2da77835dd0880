"""All parameters of a network in one flat vector, and all gradients in another, with views by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._buffers import separate_zeros

__all__ = ["Gradients", "ParameterStore", "Parameters"]


class Parameters(dict[str, NDArray]):
    """Parameter arrays by name; `scope` narrows to the names of one inner layer."""

    def __init__(self, arrays: Mapping[str, NDArray]) -> None:
        super().__init__(arrays)
        self._scopes: dict[str, Parameters] = {}

    def scope(self, prefix: str) -> Parameters:
        """Return the parameters whose names start with ``prefix.``, under the rest of their names."""
        scope = self._scopes.get(prefix)
        if scope is None:
            cut = len(prefix) + 1
            scope = Parameters({name[cut:]: a for name, a in self.items() if name.startswith(f"{prefix}.")})
            self._scopes[prefix] = scope
        return scope


class Gradients:
    """Gradient arrays by name, each added to by the layers of a network.

    ``grads[name]`` is an array to add to. A layer that can write its gradient in one go asks `claim` whether anything
    was added since the last `clear`, and assigns where nothing was: that spares a pass over memory to zero the array
    and another to add.
    """

    __slots__ = ("_arrays", "_prefix", "_scopes", "_written")

    def __init__(self, arrays: Mapping[str, NDArray], prefix: str = "", written: set[str] | None = None) -> None:
        self._arrays = dict(arrays)
        self._prefix = prefix
        self._written: set[str] = set() if written is None else written
        self._scopes: dict[str, Gradients] = {}

    def __getitem__(self, name: str) -> NDArray:
        array, written = self.claim(name)
        if not written:
            array.fill(0)
        return array

    def __setitem__(self, name: str, value: NDArray) -> None:
        if value is not self._arrays[name]:  # "grads[name] += x" ends with the array itself
            self._arrays[name][...] = value
        self._written.add(self._prefix + name)

    def claim(self, name: str) -> tuple[NDArray, bool]:
        """Return the array, and whether it holds something that must be added to; it counts as written from now on."""
        full = self._prefix + name
        written = full in self._written
        if not written:
            self._written.add(full)
        return self._arrays[name], written

    def clear(self) -> None:
        """Forget all gradients."""
        self._written.clear()

    def settle(self) -> None:
        """Set to zero what no layer has written since the last `clear`; after it every array is valid."""
        if len(self._written) < len(self._arrays):
            for name in self._arrays:
                if self._prefix + name not in self._written:
                    self[name]

    def scope(self, prefix: str) -> Gradients:
        """Return the gradients whose names start with ``prefix.``, under the rest of their names."""
        scope = self._scopes.get(prefix)
        if scope is None:
            start = f"{prefix}."
            arrays = {name[len(start) :]: a for name, a in self._arrays.items() if name.startswith(start)}
            scope = self._scopes[prefix] = Gradients(arrays, self._prefix + start, self._written)
        return scope

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __len__(self) -> int:
        return len(self._arrays)


class ParameterStore:
    """One vector of parameters and one of gradients.

    An optimizer is one loop over them, a checkpoint is one array, and the check of gradients needs no special case.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of each parameter by name, laid out in this order.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    data, grad : ndarray of shape (size,)
        The flat vectors.
    params : Parameters
        Views into `data` by name.
    grads : Gradients
        Views into `grad` by name.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: Any) -> None:
        self.shapes = {name: tuple(int(length) for length in shape) for name, shape in shapes.items()}
        self._ranges: dict[str, tuple[int, int]] = {}
        end = 0
        for name, shape in self.shapes.items():
            self._ranges[name] = (end, end + math.prod(shape))
            end += math.prod(shape)
        self.data = separate_zeros(end, dtype)
        self.grad = separate_zeros(end, dtype)
        self.params = Parameters(self._views(self.data))
        self.grads = Gradients(self._views(self.grad))

    def _views(self, vector: NDArray) -> dict[str, NDArray]:
        return {name: vector[a:b].reshape(self.shapes[name]) for name, (a, b) in self._ranges.items()}

    def new_gradients(self) -> tuple[NDArray, Gradients]:
        """Return another vector of gradients and its views, for a part of a batch."""
        vector = separate_zeros(self.size, self.dtype)
        return vector, Gradients(self._views(vector))

    @property
    def dtype(self) -> np.dtype:
        """The dtype of both vectors."""
        return self.data.dtype

    @property
    def size(self) -> int:
        """Number of parameters."""
        return int(self.data.size)

    def assign(self, values: Mapping[str, NDArray]) -> None:
        """Set parameters by name; the shapes must fit.

        Raises
        ------
        ValueError
            For a name or a shape that is not of this store.
        """
        for name, value in values.items():
            if name not in self.shapes:
                raise ValueError(f"there is no parameter {name!r}; the parameters are {', '.join(self.shapes)}")
            if np.shape(value) != self.shapes[name]:
                raise ValueError(f"parameter {name!r} must have shape {self.shapes[name]}, got {np.shape(value)}")
            self.params[name][...] = value

    def range_of(self, prefix: str) -> tuple[int, int]:
        """Return where in the flat vectors the parameters of the inner layer `prefix` start and stop."""
        ranges = [r for name, r in self._ranges.items() if name == prefix or name.startswith(f"{prefix}.")]
        if not ranges:
            raise ValueError(f"there is no parameter {prefix!r}; the parameters are {', '.join(self.shapes)}")
        return ranges[0][0], ranges[-1][1]

    def describe(self, position: int) -> tuple[str, tuple[int, ...]]:
        """Return the name and index of the parameter at `position` of the flat vectors."""
        for name, (start, stop) in self._ranges.items():
            if start <= position < stop:
                return name, tuple(int(i) for i in np.unravel_index(position - start, self.shapes[name]))
        raise IndexError(f"position {position} lies outside the {self.size} parameters")

    def __reduce__(self) -> tuple[Any, ...]:
        # Views would come back from a pickle as arrays of their own.
        return _rebuild, (self.shapes, self.data)

    def __deepcopy__(self, memo: dict[int, Any]) -> ParameterStore:
        return self.copy()

    def copy(self) -> ParameterStore:
        """Return a store of its own memory with the same parameters; its gradients are clear."""
        other = ParameterStore(self.shapes, self.dtype)
        other.data[:] = self.data
        return other


def _rebuild(shapes: Mapping[str, tuple[int, ...]], data: NDArray) -> ParameterStore:
    store = ParameterStore(shapes, data.dtype)
    store.data[:] = data
    return store
