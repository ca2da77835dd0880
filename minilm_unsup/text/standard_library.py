"""The embedded default: docstrings of Python's own standard library, read from its sources on this machine."""

from __future__ import annotations

import ast
import inspect
import os
import platform
import re
import sysconfig
import warnings
from collections import Counter
from pathlib import Path

from .corpus import Corpus, CorpusError

__all__ = ["standard_library_docstrings"]

# Tests are not documentation; the others are not part of the library proper.
_LEFT_OUT = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "lib2to3"})
_DEFINITION = re.compile(rb"\b(?:def|class)\b")


def standard_library_docstrings(
    *, min_words: int = 10, min_documents: int = 30, folder: str | Path | None = None
) -> Corpus:
    """Return the docstrings of the standard library, labelled by top-level module.

    The sources are parsed with `ast`; nothing is imported. Documents come by label, path and place in
    the source, so the same Python version always gives the same corpus.

    Parameters
    ----------
    min_words : int
        Words a docstring must have.
    min_documents : int
        Docstrings a module must have.
    folder : path, optional
        Where the sources lie; by default this interpreter's standard library.

    Raises
    ------
    CorpusError
        If this build of Python comes without sources.
    """
    root = Path(folder if folder is not None else sysconfig.get_path("stdlib"))
    sources: dict[str, list[bytes]] = {}
    for folder_name, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        for name in sorted(names):
            path = Path(folder_name, name)
            if name.endswith(".py"):
                sources.setdefault(path.relative_to(root).parts[0].removesuffix(".py"), []).append(_read(path))
    found: list[tuple[str, str]] = []
    for label, files in sorted(sources.items()):
        # A docstring needs a definition, or is the file's own: most modules cannot reach the limit and are not parsed.
        if sum(1 + len(_DEFINITION.findall(source)) for source in files) >= min_documents:
            texts = [text for source in files for text in _docstrings(source)]
            found += ((label, text) for text in texts if len(text.split()) >= min_words)
    counts = Counter(label for label, _ in found)
    kept = [(label, text) for label, text in found if counts[label] >= min_documents]
    if not kept:
        raise CorpusError(
            f"this build of Python {platform.python_version()} comes without the sources of its standard library "
            f"({root} holds no docstrings), so there is no embedded default; give a PATH to read"
        )
    name = f"docstrings of the standard library, Python {platform.python_version()}"
    return Corpus([text for _, text in kept], [label for label, _ in kept], name)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _docstrings(raw: bytes) -> list[str]:
    """Docstrings of a file's module, classes and functions, in source order; none where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in old sources
            tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[tuple[int, str]] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                found.append((first.lineno, inspect.cleandoc(first.value.value)))
        for statements in (
            body,
            getattr(node, "orelse", None),
            getattr(node, "handlers", None),
            getattr(node, "finalbody", None),
        ):
            if isinstance(statements, list):
                stack.extend(statements)
    return [text for _, text in sorted(found, key=lambda item: item[0])]
