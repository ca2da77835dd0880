"""What the documents name is there, and what they show runs."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


def _text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_function_that_the_maths_names_is_there():
    names = set(re.findall(r"`(minilm_unsup(?:\.\w+)+)`", _text("docs/maths.md")))
    assert len(names) > 30
    for name in names:
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), name


def test_every_test_that_the_maths_names_is_there():
    names = set(re.findall(r"`(tests/\w+\.py)::(\w+)`", _text("docs/maths.md")))
    assert len(names) > 40
    known = {}
    for file, test in names:
        if file not in known:
            tree = ast.parse(_text(file))
            known[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert test in known[file], f"{file}::{test}"


EXAMPLES = [
    pytest.param(code, id=f"{name}-{i}")
    for name in DOCUMENTS
    for i, code in enumerate(re.findall(r"^```python\n(.*?)^```", _text(name), re.MULTILINE | re.DOTALL))
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_run_as_they_stand(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {"__name__": "example"})


def test_links_lead_somewhere():
    for name in [*DOCUMENTS, "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md", "kernels/README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", _text(name)):
            assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"
