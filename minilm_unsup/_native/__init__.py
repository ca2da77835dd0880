"""The compiled byte kernels of ``kernels/``; each is a module here once built."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["load"]


def load(name: str) -> ModuleType:
    """Import the kernel module `name`, or say how to build it.

    Raises
    ------
    ImportError
        If the module was not built for this interpreter.
    """
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except ImportError as error:
        raise ImportError(
            f"the compiled kernel minilm_unsup._native.{name} cannot be loaded ({error}); "
            "build it with 'pip install .' (or 'pip install -e .') in the source tree, which needs a C compiler"
        ) from error
