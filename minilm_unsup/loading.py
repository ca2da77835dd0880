"""Read whatever the library saved, by the class its config names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ._exceptions import StorageError
from ._storage import load_directory

__all__ = ["load"]

_KINDS = {
    "Autoencoder": "minilm_unsup.models",
    "GAN": "minilm_unsup.models",
    "VariationalAutoencoder": "minilm_unsup.models",
    "TextClassifier": "minilm_unsup.models",
    "TextPipeline": "minilm_unsup.pipeline",
}


def load(path: str | os.PathLike[str]) -> Any:
    """Load a saved model of any class.

    Parameters
    ----------
    path : path
        A directory that ``save`` or ``minilm-unsup run`` wrote.

    Returns
    -------
    TextPipeline, Autoencoder, GAN or TextClassifier

    Raises
    ------
    StorageError
        If the directory is missing, cut, edited, of a newer format, or of a class this release does not know.
    """
    import importlib

    try:
        name = json.loads((Path(path) / "config.json").read_text(encoding="utf-8"))["class"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        name = None
    if not isinstance(name, str) or name not in _KINDS:
        load_directory(path)  # says what is wrong, where something is
        raise StorageError(f"{path} holds a {name!r}; this release loads {', '.join(_KINDS)}")
    return getattr(importlib.import_module(_KINDS[name]), name).load(path)
