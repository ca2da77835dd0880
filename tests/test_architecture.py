"""The rules of the house hold in the tree, and each checker sees a tree that breaks its rule."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests import architecture as rules
from tests import architecture_modules as modules

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "minilm_unsup"

CHECKS = {
    "wrong_directions": rules.wrong_directions,
    "numba_where_it_must_not_be": rules.numba_where_it_must_not_be,
    "calls_across_files": rules.calls_across_files,
    "forbidden_options": rules.forbidden_options,
    "eager_packages": rules.eager_packages,
    "broken_exports": rules.broken_exports,
    "long_files": rules.long_files,
    "incomplete_frames": modules.incomplete_frames,
    "foreign_imports": partial(modules.foreign_imports, optional=modules.optional_packages(ROOT / "pyproject.toml")),
    "chance_and_danger": modules.chance_and_danger,
    "impure_kernels": modules.impure_kernels,
    "vague_names": modules.vague_names,
}
FRAME = '"""A module."""\nfrom __future__ import annotations\n__all__ = []\n'
LAZY = """
if TYPE_CHECKING:
    from .a import {typed}
__all__ = ["{exported}"]
__getattr__, __dir__ = lazy_exports(__name__, {{"{lazy}": ".{module}"}})
"""
KERNEL = "@njit(**JIT)\ndef f(x):\n    "

# What breaks each rule: files, or the content of nn/a.py.
PLANTED = {
    "wrong_directions": [
        "from ..cluster.kmeans import KMeans\n",
        "def f():\n    from ..models import Autoencoder\n",
        "import minilm_unsup.cli\n",
        "from minilm_unsup.pipeline import TextPipeline\n",
        "from .. import training\n",
        "if TYPE_CHECKING:\n    from ..models import Autoencoder\n",
        {"text/a.py": "from ..nn import Linear\n"},
        {"ops/a.py": "from ..metrics import nmi\n"},
        {"_a.py": "from .ops import softmax\n"},
        {"attic/a.py": "x = 1\n"},
    ],
    "numba_where_it_must_not_be": [
        {"text/a.py": "import numba\n"},
        {"cli/parser.py": "from numba import njit\n"},
        {"text/a.py": "from .._b import x\n", "_b.py": "import numba\n"},
        {"text/a.py": "from .. import _b\n", "_b.py": "import numba\n"},
        {"text/a.py": "from . import b\n", "text/b.py": "from ..ops import c\n", "ops/c.py": "import numba\n"},
        {"text/a.py": "if True:\n    import llvmlite.ir\n"},
        {
            "text/a.py": "from ..metrics import nmi\n",
            "metrics/__init__.py": LAZY.format(typed="nmi", exported="nmi", lazy="nmi", module="a"),
            "metrics/a.py": "import numba\n",
        },
    ],
    "calls_across_files": [
        "from .b import g\n" + KERNEL + "return g(x)\n",
        "from minilm_unsup.nn.b import g\n" + KERNEL + "return g(x)\n",
        "from ..ops import b\n" + KERNEL + "return b.g(x)\n",
        "@njit(**JIT)\ndef g(x):\n    return x\n" + KERNEL + "return g(x)\n",
    ],
    "forbidden_options": [
        "@njit(parallel=True)\ndef f(x): ...\n",
        "@njit\ndef f(x): ...\n",
        "@njit()\ndef f(x): ...\n",
        "@njit(**JIT, fastmath=True)\ndef f(x): ...\n",
        "@njit(**OTHER)\ndef f(x): ...\n",
        "@njit('f8(f8)', **JIT)\ndef f(x): ...\n",
        "@vectorize\ndef f(x): ...\n",
        "f = njit(**JIT)(g)\n",
        "JIT = {'parallel': True}\n",
        "import numba as nb\n",
        "from numba import prange\n",
        {"_numba.py": "JIT = {'fastmath': True}\n"},
    ],
    "eager_packages": [
        {"nn/__init__.py": '__all__ = ["A"]\nfrom .a import A\n', "nn/a.py": "A = 1\n"},
        *(
            {
                "nn/__init__.py": LAZY.format(
                    **{**dict.fromkeys(("typed", "exported", "lazy"), "A"), "module": "a"} | odd
                )
            }
            for odd in ({"typed": "B"}, {"exported": "B"}, {"lazy": "B"}, {"module": "b"})
        ),
    ],
    "broken_exports": [
        {"nn/__init__.py": LAZY.format(typed="A", exported="A", lazy="A", module="a")},
        {"nn/__init__.py": LAZY.format(typed="A", exported="A", lazy="A", module="a"), "nn/a.py": "B = 1\n"},
    ],
    "long_files": ["x = 1\n" * (rules.MOST_LINES + 1)],
    "incomplete_frames": [
        FRAME.replace('"""A module."""', "pass"),
        FRAME.replace("from __future__ import annotations", "pass"),
        FRAME.replace("__all__ = []", "pass"),
        FRAME.replace("[]", '["f"]'),
        FRAME.replace("[]", '[name for name in "f"]') + "f = 1\n",
        FRAME.replace("[]", '["f", "f"]') + "f = 1\n",
    ],
    "foreign_imports": [
        "import scipy.sparse\n",
        "try:\n    from rich import print\nexcept ImportError:\n    pass\n",
        "class A:\n    import matplotlib\n",
        "def f():\n    import pandas\n",
        "def f():\n    import pickle\n",
        "from kernels import words\n",
    ],
    "chance_and_danger": [
        "x = hash('a')\n",
        "def f(x):\n    eval(x)\n",
        "np.random.seed(0)\n",
        "numpy.random.shuffle(x)\n",
        "rng = np.random.default_rng()\n",
        "np.load('a.npy', allow_pickle=True)\n",
    ],
    "impure_kernels": [
        KERNEL + "return x @ x\n",
        KERNEL + "return np.dot(x, x)\n",
        KERNEL + "y = np.zeros(3)\n",
        KERNEL + "raise ValueError\n",
        KERNEL + "assert x\n",
    ],
    "vague_names": [
        {"nn/utils.py": ""},
        {"_common.py": ""},
        "def do_step(): ...\n",
        "class A:\n    def _fast_sum(self): ...\n",
        "class Layer_Helper: ...\n",
        "def merge2(): ...\n",
    ],
}

# What the rules must let pass.
ALLOWED = {
    "wrong_directions": ["from ..ops import softmax\nfrom ..metrics import nmi\nfrom .b import c\nimport os\n"],
    "numba_where_it_must_not_be": [
        {"text/a.py": "def f():\n    import numba\nif TYPE_CHECKING:\n    import numba\n"},
        {"nn/a.py": "import numba\n"},
    ],
    "calls_across_files": [
        "@njit(**JIT_INLINE)\ndef g(x):\n    return math.exp(x)\n" + KERNEL + "return g(x)\n",
        "from .b import g\ndef f(x):\n    return g(x)\n",
    ],
    "forbidden_options": [KERNEL + "return x\n", "from numba import types\noptions = {'parallel': False}\n"],
    "eager_packages": [{"nn/__init__.py": LAZY.format(typed="A", exported="A", lazy="A", module="a")}],
    "broken_exports": [
        {"nn/__init__.py": LAZY.format(typed="A", exported="A", lazy="A", module="a"), "nn/a.py": "class A: ...\n"}
    ],
    "long_files": ["x = 1\n" * rules.MOST_LINES],
    "incomplete_frames": [FRAME, FRAME.replace("[]", '["f"]') + "try:\n    f: int = 1\nexcept OSError:\n    f = 2\n"],
    "foreign_imports": ["import os\nimport numpy as np\nfrom . import b\ndef f():\n    import scipy.sparse\n"],
    "chance_and_danger": ["rng = np.random.default_rng(seed)\nnp.load('a', allow_pickle=False)\n"],
    "impure_kernels": ["def f(x):\n    return np.zeros(3) @ x\n"],
    "vague_names": ["def document(): ...\ndef log2(): ...\ndef fasten(): ...\n"],
}


def _plant(folder, files):
    package = folder / "minilm_unsup"
    for file, content in ({"nn/a.py": files} if isinstance(files, str) else files).items():
        path = package / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return package


def _cases(table):
    return [pytest.param(name, files, id=f"{name}-{i}") for name in table for i, files in enumerate(table[name])]


@pytest.mark.parametrize("name", list(CHECKS))
def test_the_tree_keeps_the_rule(name):
    assert CHECKS[name](PACKAGE) == []


@pytest.mark.parametrize("name, files", _cases(PLANTED))
def test_the_rule_finds_a_planted_violation(name, files, tmp_path):
    assert CHECKS[name](_plant(tmp_path, files)) != []


@pytest.mark.parametrize("name, files", _cases(ALLOWED))
def test_the_rule_lets_pass_what_it_should(name, files, tmp_path):
    assert CHECKS[name](_plant(tmp_path, files)) == []


def test_no_rule_is_without_its_violation():
    assert set(PLANTED) == set(ALLOWED) == set(CHECKS)
    assert len(list(rules.sources(PACKAGE))) > 50  # the tree was found


def test_every_kernel_has_its_stub(tmp_path):
    assert rules.kernels_without_stub(PACKAGE, ROOT / "kernels") == []
    (tmp_path / "a.pyx").write_text("")
    assert rules.kernels_without_stub(tmp_path, tmp_path) != []
    (tmp_path / "_native").mkdir()
    (tmp_path / "_native/a.pyi").write_text("")
    assert rules.kernels_without_stub(tmp_path, tmp_path) == []
    assert rules.kernels_without_stub(tmp_path, tmp_path / "_native") != []
    assert not (ROOT / "kernels/__init__.py").exists()


def test_reference_twins_do_not_import_the_library():
    twins = list((ROOT / "tests/reference").glob("*.py"))
    assert len(twins) > 5
    for path in twins:
        assert "import minilm_unsup" not in path.read_text(encoding="utf-8")
        assert "from minilm_unsup" not in path.read_text(encoding="utf-8")
