from __future__ import annotations

from pathlib import Path

import pytest

from tests import architecture as rules

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "minilm_unsup"

RULES = {
    "wrong_directions": {"text/a.py": "from ..nn import Linear\n"},
    "numba_where_it_must_not_be": {"text/a.py": "from .._b import x\n", "_b.py": "import numba\n"},
    "calls_across_files": {"nn/a.py": "from .b import g\n@njit(**JIT)\ndef f(x):\n    return g(x)\n"},
    "forbidden_options": {"nn/a.py": "@njit(parallel=True)\ndef f(x): ...\n"},
    "eager_packages": {
        "nn/__init__.py": '__all__ = ["A"]\nfrom .a import A\n',
        "nn/a.py": "A = 1\n",
    },
    "long_files": {"nn/a.py": "x = 1\n" * 481},
}


@pytest.mark.parametrize("name", list(RULES))
def test_the_tree_keeps_the_rule(name):
    assert getattr(rules, name)(PACKAGE) == []


@pytest.mark.parametrize("name", list(RULES))
def test_the_rule_finds_a_planted_violation(name, tmp_path):
    package = tmp_path / "minilm_unsup"
    for file, content in RULES[name].items():
        path = package / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert getattr(rules, name)(package) != []


@pytest.mark.parametrize(
    "content",
    [
        "from ..cluster.kmeans import KMeans\n",
        "def f():\n    from ..models import Autoencoder\n",
        "import minilm_unsup.cli\n",
    ],
)
def test_late_and_absolute_imports_are_seen_too(content, tmp_path):
    path = tmp_path / "minilm_unsup/nn/a.py"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert rules.wrong_directions(tmp_path / "minilm_unsup") != []


def test_every_kernel_has_its_stub(tmp_path):
    assert rules.kernels_without_stub(PACKAGE, ROOT / "kernels") == []
    (tmp_path / "a.pyx").write_text("")
    assert rules.kernels_without_stub(tmp_path, tmp_path) != []
    assert not (ROOT / "kernels/__init__.py").exists()


def test_reference_twins_do_not_import_the_library():
    for path in (ROOT / "tests/reference").glob("*.py"):
        assert "import minilm_unsup" not in path.read_text(encoding="utf-8")
        assert "from minilm_unsup" not in path.read_text(encoding="utf-8")
