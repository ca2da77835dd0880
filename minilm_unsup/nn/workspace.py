"""Named buffers that live as long as a fit, so that a training step allocates nothing."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .._buffers import separate_empty

__all__ = ["Workspace"]


class Workspace:
    """Buffers by name and shape.

    A buffer is allocated when it is first asked for, and again only if a larger one is asked for under the same name;
    asking for fewer rows gives a view of its beginning. Each call site has a scope of its own.
    """

    __slots__ = ("_buffers", "_scopes", "_views")

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray] = {}
        self._views: dict[tuple[str, Any], NDArray] = {}
        self._scopes: dict[str, Workspace] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray:
        """Return the C-contiguous buffer `name`; its contents are whatever was there."""
        key = (name, shape)
        view = self._views.get(key)
        if view is not None and view.dtype == dtype:
            return view
        size = 1
        for length in shape:
            size *= length
        buffer = self._buffers.get(name)
        if buffer is None or buffer.dtype != dtype or buffer.size < size:
            buffer = self._buffers[name] = separate_empty(size, dtype)
            for old in [k for k in self._views if k[0] == name]:
                del self._views[old]
        view = self._views[key] = buffer[:size].reshape(shape)
        return view

    def vector(self, name: str, length: int, dtype: Any) -> NDArray:
        """Return a buffer of one dimension for lengths that change from step to step; it grows by half at a time."""
        buffer = self._buffers.get(name)
        if buffer is None or buffer.dtype != dtype or buffer.size < length:
            buffer = self._buffers[name] = separate_empty(length + length // 2, dtype)
        return buffer[:length]

    def scope(self, name: str) -> Workspace:
        """Return the workspace of the call site `name`, the same one each time."""
        scope = self._scopes.get(name)
        if scope is None:
            scope = self._scopes[name] = Workspace()
        return scope

    @property
    def nbytes(self) -> int:
        """Bytes of all buffers, those of the scopes included."""
        return sum(b.nbytes for b in self._buffers.values()) + sum(s.nbytes for s in self._scopes.values())
