"""The one set of JIT options that every compiled function of the library takes.

``@njit(**JIT)`` for exact loops, ``@njit(**JIT_FAST)`` where sums may be reassociated so that they vectorise,
``@njit(**JIT_INLINE)`` for what other compiled functions of the same file call.
A compiled function calls compiled functions of its own file only: Numba's cache does not notice a change elsewhere.
"""

from __future__ import annotations

from typing import Any

import numba
from numba import njit

__all__ = ["FASTMATH", "JIT", "JIT_FAST", "JIT_INLINE", "njit"]

# No "nnan"/"ninf": with them the compiler may assume away the NaN that a check is looking for.
FASTMATH = frozenset({"reassoc", "contract", "arcp", "nsz"})


def _cache_is_usable() -> bool:
    """Tell whether compiled code can be kept: a folder is writable, and no bounds check was asked for."""
    if numba.config.BOUNDSCHECK:  # code in a warm cache was compiled without the checks
        return False
    try:
        njit(cache=True)(lambda: None)
    except RuntimeError:  # "no locator available": read-only install and no home
        return False
    return True


JIT: dict[str, Any] = {"nogil": True, "cache": _cache_is_usable(), "error_model": "numpy"}
JIT_FAST: dict[str, Any] = {**JIT, "fastmath": set(FASTMATH)}
# A callee that is not inlined is a symbol that every caller brings a copy of, each optimised in its own way; which copy
# runs depends on what was compiled and what came from the cache, and so would the bits.
JIT_INLINE: dict[str, Any] = {**JIT_FAST, "inline": "always"}
