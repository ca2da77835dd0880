"""Docstrings of source files, by ast.walk and ast.get_docstring over every file."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings_of(path: Path) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            return []
    nodes = [node for node in ast.walk(tree) if isinstance(node, WITH_DOCSTRING) and ast.get_docstring(node)]
    nodes.sort(key=lambda node: node.body[0].lineno)
    return [ast.get_docstring(node) for node in nodes]


def corpus_of(root: Path, left_out: set[str], min_words: int, min_documents: int) -> list[tuple[str, str]]:
    """(label, text) of all modules below `root`."""
    by_label: dict[str, list[tuple[tuple[str, ...], list[str]]]] = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        if not left_out & set(parts[:-1]):
            texts = [text for text in docstrings_of(path) if len(text.split()) >= min_words]
            by_label.setdefault(parts[0].removesuffix(".py"), []).append((parts, texts))
    rows = []
    for label in sorted(by_label):
        texts = [text for _, found in sorted(by_label[label], key=lambda item: item[0]) for text in found]
        if len(texts) >= min_documents:
            rows += [(label, text) for text in texts]
    return rows
