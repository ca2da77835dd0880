"""Rules for each module by itself, read from the sources with ast. Each returns the violations below a folder."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import compiled_functions, names_of, sources

NEEDED = {"numpy", "numba"}
MODULE_OF = {"scikit-learn": "sklearn", "faiss-cpu": "faiss", "tensorflow-cpu": "tensorflow"}
# Reading these runs code; what the library writes, it also reads.
NEVER = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "kernels", "tests", "benchmarks"}
VAGUE_FILES = re.compile(r"_?(utils?|helpers?|common|misc|tools?|stuff)")
VAGUE_NAMES = re.compile(r"_*(do|fast)_|(^|_)(utils?|helpers?)(_|$)|_2$|[a-z]{4}2$", re.IGNORECASE)
ALLOCATORS = {"empty", "zeros", "ones", "full", "empty_like", "zeros_like", "array", "copy", "arange", "concatenate"}


def optional_packages(pyproject: Path) -> set[str]:
    """Modules of the packages that the extras name."""
    extras = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = {re.split(r"[^\w-]", requirement, maxsplit=1)[0] for group in extras.values() for requirement in group}
    return {MODULE_OF.get(name, name) for name in names}


def incomplete_frames(package: Path) -> list[str]:
    """Modules without docstring, ``annotations`` or a literal ``__all__`` of names they hold."""
    found = []
    for relative, tree in sources(package):
        if not ast.get_docstring(tree):
            found.append(f"{relative}: no docstring")
        if len(tree.body) <= 1:  # a package that is a docstring alone
            continue
        if not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
            found.append(f"{relative}: no 'from __future__ import annotations'")
        if relative.name == "__main__.py":
            continue
        exported = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        ]
        try:
            names = ast.literal_eval(exported[0]) if exported else None
        except ValueError:
            names = None
        if not isinstance(names, list):
            found.append(f"{relative}: no literal __all__")
            continue
        absent = sorted(set(names) - names_of(tree))
        if absent:
            found.append(f"{relative}: __all__ names {absent}, which it does not hold")
        if len(set(names)) < len(names):
            found.append(f"{relative}: __all__ names something twice")
    return found


def _foreign(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node, node.module.split(".")[0]


def foreign_imports(package: Path, optional: set[str]) -> list[str]:
    """Imports of what a user need not have: optional packages at a module's top, and others anywhere."""
    found = []
    for relative, tree in sources(package):
        inside = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(function)
        }
        for node, name in _foreign(tree):
            where = f"{relative}:{getattr(node, 'lineno', 0)}"
            if name in NEVER:
                found.append(f"{where}: {name} is never imported")
            elif name in sys.stdlib_module_names or name in NEEDED or name == package.name:
                continue
            elif name not in optional:
                found.append(f"{where}: {name} is in no extra of pyproject.toml")
            elif id(node) not in inside:
                found.append(f"{where}: {name} is optional; import it in the function that needs it")
    return found


def chance_and_danger(package: Path) -> list[str]:
    """Calls whose result differs from run to run or from caller to caller, or that run what they read."""
    found = []
    for relative, tree in sources(package):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name in ("hash", "eval", "exec"):
                found.append(f"{relative}:{node.lineno}: {name}()")
            if re.fullmatch(r"(np|numpy)\.random\.[a-z_]+", name) and not name.endswith(".default_rng"):
                found.append(f"{relative}:{node.lineno}: {name}() draws from the state of the whole process")
            # check_random_state(None) is the one place where no seed is the caller's wish.
            if name.endswith(".default_rng") and not (node.args or node.keywords) and relative.stem != "_validation":
                found.append(f"{relative}:{node.lineno}: {name}() without a seed")
            if any(
                keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False" for keyword in node.keywords
            ):
                found.append(f"{relative}:{node.lineno}: allow_pickle")
    return found


def impure_kernels(package: Path) -> list[str]:
    """Compiled functions that raise, allocate, or need SciPy: their caller validates and allocates."""
    found = []
    for relative, tree in sources(package):
        for function in compiled_functions(tree):
            for node in ast.walk(function):
                what = None
                if isinstance(node, (ast.Raise, ast.Assert)):
                    what = "raises"
                elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                    what = "uses @, which needs SciPy"
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    if node.func.attr in ("dot", "matmul", "vdot"):
                        what = f"uses {node.func.attr}, which needs SciPy"
                    elif node.func.attr in ALLOCATORS:
                        what = f"allocates with {node.func.attr}"
                if what:
                    found.append(f"{relative}:{node.lineno}: {function.name} {what}")
    return found


def vague_names(package: Path) -> list[str]:
    """Names that tell nothing: util, helper, common; do_, fast_; a 2 at the end."""
    found = []
    for relative, tree in sources(package):
        if VAGUE_FILES.fullmatch(relative.stem):
            found.append(f"{relative}: name the file by its idea")
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and VAGUE_NAMES.search(node.name):
                found.append(f"{relative}:{node.lineno}: {node.name}")
    return found
