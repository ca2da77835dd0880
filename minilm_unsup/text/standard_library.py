"""The embedded default: docstrings of Python's own standard library, read from its sources on this machine."""

from __future__ import annotations

import ast
import inspect
import os
import platform
import re
import sysconfig
import warnings
from array import array
from collections.abc import Iterator
from pathlib import Path

from .corpus import Corpus, CorpusError

__all__ = ["standard_library_docstrings"]

# Tests are not documentation; the others do not belong to the library proper.
_LEFT_OUT = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "lib2to3"})
_DEFINITION = re.compile(rb"\b(?:def|class)\b")
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def standard_library_docstrings(
    *, min_words: int = 10, min_documents: int = 30, folder: str | os.PathLike[str] | None = None
) -> Corpus:
    """Return the docstrings of the standard library, labelled by top-level module.

    The sources are parsed with `ast`; nothing is imported. Modules, classes and functions count, nested and private
    ones too; test packages and installed packages do not. Documents come by label, path and place in the source, so
    the same release of Python always gives the same corpus: about 4,000 documents of about 40 modules.

    Parameters
    ----------
    min_words : int
        Words, parted by white space, that a docstring must have.
    min_documents : int
        Such docstrings that a module must have.
    folder : path, optional
        Where the sources lie; by default this interpreter's standard library.

    Returns
    -------
    Corpus
        ``texts`` as `inspect.cleandoc` leaves them, ``labels`` the modules (a module written in Python beside one
        in C keeps its own name, such as ``_pydecimal``).

    Raises
    ------
    CorpusError
        If this build of Python comes without sources, or none meets the limits.
    """
    root = Path(folder if folder is not None else sysconfig.get_path("stdlib"))
    sources: dict[str, list[tuple[str, bytes]]] = {}
    for path in _python_files(root):
        label = path.relative_to(root).parts[0].removesuffix(".py")
        sources.setdefault(label, []).append((str(path), _read(path)))
    texts: list[str] = []
    labels: list[str | None] = []
    starts: list[tuple[int, str]] = []
    lines = array("q")
    for label, files in sorted(sources.items()):
        # A docstring is its file's own or needs a definition: most modules cannot reach the limit and are not parsed.
        if sum(1 + len(_DEFINITION.findall(source)) for _, source in files) < min_documents:
            continue
        found = [
            (name, line, text)
            for name, source in files
            for line, text in _docstrings(source)
            if len(text.split()) >= min_words
        ]
        if len(found) < min_documents:
            continue
        for path_name, line, text in found:
            if not starts or starts[-1][1] != path_name:
                starts.append((len(texts), path_name))
            texts.append(text)
            labels.append(label)
            lines.append(line)
    python = platform.python_version()
    if not sources:
        raise CorpusError(
            f"this build of Python {python} comes without the sources of its standard library (no .py file in {root}), "
            f"so there is no embedded default; give a PATH to read"
        )
    if not texts:
        raise CorpusError(
            f"no module below {root} has {min_documents} docstrings of {min_words} words; lower the limits, "
            f"or give a PATH to read"
        )
    name = f"docstrings of the standard library, Python {python}"
    return Corpus(texts, labels, name, starts=starts, lines=lines)


def _python_files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _docstrings(source: bytes) -> list[tuple[int, str]]:
    """Line and text of the docstrings of a file, in its order; none where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in old sources
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[tuple[int, str]] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            value = first.value.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None
            if isinstance(value, str):
                found.append((first.lineno, inspect.cleandoc(value)))
        for name in _BLOCKS:  # a definition is a statement: expressions need not be walked
            block = getattr(node, name, None)
            if isinstance(block, list):
                stack.extend(block)
    return sorted(found, key=lambda item: item[0])
