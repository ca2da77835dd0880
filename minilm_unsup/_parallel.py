"""One shared thread pool, fixed blocks of rows, and BLAS held to one thread.

The same seed gives the same bits on any number of threads because neither the split into blocks nor what a block
computes depends on the number of threads: blocks are a function of the shapes alone, each runs serially, and partial
results are added in block order by the caller.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

__all__ = [
    "blas_is_controlled",
    "blas_is_held",
    "blocks_of",
    "get_num_threads",
    "map_blocks",
    "one_blas_thread",
    "set_num_threads",
]

T = TypeVar("T")

_lock = threading.RLock()
_n_threads: int | None = None
_pool: ThreadPoolExecutor | None = None
_in_worker = threading.local()


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def get_num_threads() -> int:
    """Return how many threads the library uses (``MINILM_NUM_THREADS``, else all cores)."""
    global _n_threads
    if _n_threads is None:
        text = os.environ.get("MINILM_NUM_THREADS", "").strip()
        if text:
            if not text.isascii() or not text.isdigit() or int(text) < 1:
                raise ValueError(
                    f"the environment variable MINILM_NUM_THREADS must be a whole number of at least 1, got {text!r}"
                )
            _n_threads = int(text)
        else:
            _n_threads = _available_cores()
    return _n_threads


def set_num_threads(n_threads: int | None) -> None:
    """Set how many threads the library uses; results do not depend on it.

    Parameters
    ----------
    n_threads : int or None
        At least 1; None goes back to ``MINILM_NUM_THREADS`` or all cores.

    Raises
    ------
    TypeError, ValueError
        If `n_threads` is not a whole number of at least 1.
    """
    global _n_threads, _pool
    if n_threads is not None:
        if isinstance(n_threads, bool) or not isinstance(n_threads, (int, np.integer)):
            raise TypeError(f"n_threads must be an int or None, got {type(n_threads).__name__}")
        if n_threads < 1:
            raise ValueError(f"n_threads must be at least 1, got {n_threads}")
    with _lock:
        _n_threads = None if n_threads is None else int(n_threads)
        if _pool is not None:
            # Running calls keep their reference to the old pool and finish on it.
            _pool.shutdown(wait=False)
            _pool = None


def _after_fork_in_child() -> None:
    # Threads do not survive a fork; locks may have been held by one of them.
    global _lock, _pool
    _lock = threading.RLock()
    _pool = None
    _blas.after_fork_in_child()


def _shared_pool() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=max(1, get_num_threads() - 1), thread_name_prefix="minilm")
        return _pool


def blocks_of(n: int, size: int) -> list[tuple[int, int]]:
    """Return the ``(start, stop)`` pairs that cut ``range(n)`` into blocks of `size`; a function of `n` alone."""
    return [(start, min(start + size, n)) for start in range(0, n, size)]


def map_blocks(function: Callable[[int, int], T], n: int, size: int) -> list[T]:
    """Call ``function(start, stop)`` on each block of ``range(n)``; results come in block order.

    Blocks run in the calling thread and on the shared pool where there is more than one and more than one thread is
    allowed; a call from inside a block runs inline, so that nesting cannot dead-lock. BLAS is held to one thread
    meanwhile. The first exception, in block order, is raised once the blocks under way have ended; an interrupt goes
    before it.
    """
    pairs = blocks_of(n, size)
    with one_blas_thread():
        if len(pairs) <= 1 or get_num_threads() == 1 or getattr(_in_worker, "active", False):
            return [function(start, stop) for start, stop in pairs]

        claims = itertools.count()  # each block goes to whoever is free first, in rising order
        results: list[Any] = [None] * len(pairs)
        errors: dict[int, BaseException] = {}

        def work() -> None:
            _in_worker.active = True
            try:
                while not errors and (i := next(claims)) < len(pairs):
                    try:
                        results[i] = function(*pairs[i])
                    except BaseException as error:  # no block after it is begun; those before it are under way
                        errors[i] = error
            finally:
                _in_worker.active = False

        with _lock:  # against set_num_threads closing the pool between look-up and submission
            pool = _shared_pool()
            helpers = [pool.submit(work) for _ in range(min(get_num_threads(), len(pairs)) - 1)]
        try:
            work()
            for helper in helpers:
                if not helper.cancel():
                    helper.result()
        except BaseException as error:  # an interrupt between two blocks
            errors[-1] = error
        if errors:
            interrupts = [error for error in errors.values() if not isinstance(error, Exception)]
            raise interrupts[0] if interrupts else errors[min(errors)]
        return results


class _BlasThreads:
    """The thread count of the BLAS that numpy has loaded, through that library's own setter."""

    # (get, set) of OpenBLAS as numpy's wheels, scipy's wheels and distributions name them, then MKL and BLIS.
    _NAMES = (
        ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
        ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
        ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
        ("openblas_get_num_threads", "openblas_set_num_threads"),
        ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
        ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._saved = 1
        self._found: tuple[Any, Any] | None = None
        self._searched = False

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        if self._depth and self._found:
            self._found[1](self._saved)
        self._depth = 0

    @staticmethod
    def _libraries() -> Iterator[str]:
        root = Path(np.__file__).resolve().parent
        for folder in (root.parent / "numpy.libs", root / ".libs", root / ".dylibs"):
            if folder.is_dir():
                for path in sorted(folder.iterdir()):
                    if any(key in path.name.lower() for key in ("blas", "mkl", "blis")):
                        yield str(path)
        try:
            with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
                seen = {line.split()[-1] for line in maps if "/" in line}
        except OSError:
            return
        yield from sorted(p for p in seen if any(k in Path(p).name.lower() for k in ("blas", "mkl_rt", "blis")))

    def _functions(self) -> tuple[Any, Any] | None:
        if not self._searched:
            self._searched = True
            for path in self._libraries():
                try:
                    library = ctypes.CDLL(path)
                except OSError:
                    continue
                for get_name, set_name in self._NAMES:
                    try:
                        self._found = getattr(library, get_name), getattr(library, set_name)
                    except AttributeError:
                        continue
                    return self._found
        return self._found

    def controlled(self) -> bool:
        with self._lock:
            return self._functions() is not None

    def enter(self) -> None:
        _held.depth = getattr(_held, "depth", 0) + 1
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                functions = self._functions()
                if functions is not None:
                    self._saved = functions[0]()
                    if self._saved != 1:
                        functions[1](1)

    def leave(self) -> None:
        _held.depth -= 1
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._found is not None and self._saved != 1:
                self._found[1](self._saved)


_held = threading.local()
_blas = _BlasThreads()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def blas_is_controlled() -> bool:
    """Tell whether the loaded BLAS lets its thread count be set, on which bit-equality across threads depends."""
    return _blas.controlled()


def blas_is_held() -> bool:
    """Tell whether the calling thread holds BLAS to one thread, as it does all through a fit, or runs a block for such.

    That another thread holds it says nothing: it may let go in the middle of a product.
    """
    return getattr(_held, "depth", 0) > 0 or getattr(_in_worker, "active", False)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread inside the block; nests, and restores the caller's count at the end."""
    _blas.enter()
    try:
        yield
    finally:
        _blas.leave()
