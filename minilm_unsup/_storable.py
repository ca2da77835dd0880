"""Saving and loading of models whose state is a dict for JSON and a dict of arrays."""

from __future__ import annotations

import os
from typing import Any, Self

from numpy.typing import NDArray

from ._storage import load_directory, save_directory

__all__ = ["Storable"]


class Storable:
    """Adds ``save`` and ``load`` to what has ``get_state`` and ``from_state``; the config's ``"class"`` is its name."""

    def get_state(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Return what storage needs: a dict for JSON and a dict of arrays."""
        raise NotImplementedError

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """Return the model whose `get_state` this is."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the fitted model to the directory `path`, whole or not at all.

        Raises
        ------
        FileExistsError
            If `path` exists and `force` is false.
        StorageError
            If it cannot be written.
        """
        config, arrays = self.get_state()
        save_directory(path, config, arrays, force=force)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote.

        Raises
        ------
        StorageError
            If the directory is missing, cut, edited, or of another kind.
        """
        config, arrays = load_directory(path, cls.__name__)
        return cls.from_state(config, arrays)
