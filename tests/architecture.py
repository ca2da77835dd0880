"""The rules of the house, read from the sources with ast. Each returns the violations it finds below a folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FLOORS = {
    "_native": 0,
    "ops": 1,
    "metrics": 1.5,
    "text": 2,
    "vectors": 2,
    "nn": 2,
    "cluster": 2,
    "training": 3,
    "models": 4,
    "apply": 5,
    "pipeline": 5,
    "pipeline_state": 5,
    "evaluation": 5,
    "loading": 5,
    "testing": 5,
    "main_job": 6,
    "report": 6,
    "cli": 6,
    "__main__": 6,
    "__init__": 6,
}
# What must start fast, or run where the JIT compiler is not wanted.
NO_NUMBA = ("text", "_validation", "_storage", "_history", "_csr", "_estimator", "_exceptions", "_progress", "_lazy")
NO_NUMBA_FILES = ("cli/__init__.py", "cli/parser.py", "__init__.py")
MOST_LINES = 480


def sources(package: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package), ast.parse(path.read_text(encoding="utf-8"))


def part_of(relative: Path) -> str:
    return relative.parts[0].removesuffix(".py")


def floor_of(part: str) -> float:
    return FLOORS[part] if part in FLOORS else 0 if part.startswith("_") else -1


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(relative: Path, tree: ast.AST, package: str, *, top_only: bool = False) -> Iterator[tuple[int, str]]:
    """Dotted names below `package` that a file imports (``text.cleaner``), and other names behind a ``!``."""
    folder = list(relative.parts[:-1])
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                inside = alias.name.removeprefix(package + ".") if alias.name.startswith(package + ".") else None
                yield node.lineno, inside if inside is not None else "!" + alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = folder[: len(folder) - node.level + 1]
                target = [*base, *(node.module.split(".") if node.module else [])]
            elif node.module and node.module.split(".")[0] == package:
                target = node.module.split(".")[1:]
            else:
                yield node.lineno, "!" + str(node.module)
                continue
            if target:
                yield node.lineno, ".".join(target)
            else:
                yield from ((node.lineno, alias.name) for alias in node.names)
        elif not (top_only and (is_type_checking(node) or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))):
            stack.extend(ast.iter_child_nodes(node))


def wrong_directions(package: Path) -> list[str]:
    """Imports of a higher floor, or of another package of floor 2."""
    found = []
    for relative, tree in sources(package):
        part = part_of(relative)
        floor = floor_of(part)
        if floor < 0:
            found.append(f"{relative}: {part} has no floor")
            continue
        for line, name in imports(relative, tree, package.name):
            if name.startswith("!"):
                continue
            other = name.split(".")[0]
            above = floor_of(other)
            if part == "__init__" or other == part or (other in ("__version__",)):
                continue
            if above > floor or (above == floor == 2):
                found.append(f"{relative}:{line}: imports {name}")
    return found


def numba_where_it_must_not_be(package: Path) -> list[str]:
    """Files of ``NO_NUMBA`` from which an import of numba is reached at import time."""
    trees = {str(relative): (relative, tree) for relative, tree in sources(package)}
    direct: dict[str, set[str]] = {}
    for key, (relative, tree) in trees.items():
        direct[key] = {name for _, name in imports(relative, tree, package.name, top_only=True)}

    def files_of(name: str) -> list[str]:
        parts = name.split(".")
        return [
            key
            for cut in range(1, len(parts) + 1)
            for key in ("/".join(parts[:cut]) + ".py", "/".join([*parts[:cut], "__init__.py"]))
            if key in trees
        ]

    found = []
    for start, (relative, _) in trees.items():
        if part_of(relative) not in NO_NUMBA and start not in NO_NUMBA_FILES:
            continue
        seen, stack = set(), [start]
        while stack:
            key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            for name in direct[key]:
                if name.split(".")[0] in ("!numba", "!llvmlite"):
                    found.append(f"{start}: reaches numba through {key}")
                elif not name.startswith("!"):
                    stack += files_of(name)
    return found


def _is_njit(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return name in ("njit", "jit", "vectorize", "guvectorize")


def compiled_functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_is_njit, node.decorator_list)):
            yield node


def calls_across_files(package: Path) -> list[str]:
    """Compiled functions that call something imported from this package, whose change the JIT cache would not see.

    Also those that call a compiled function of their own file that is not inlined: see ``_numba.JIT_INLINE``.
    """
    found = []
    for relative, tree in sources(package):
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level
            for alias in node.names
        }
        own = {function.name: ast.unparse(function.decorator_list[-1]) for function in compiled_functions(tree)}
        for function in compiled_functions(tree):
            body = [n for statement in function.body for n in ast.walk(statement)]
            names = {n.id for n in body if isinstance(n, ast.Name)}
            found += [f"{relative}:{function.lineno}: {function.name} uses {name}" for name in sorted(names & imported)]
            called = {name for name in names & own.keys() if own[name] != "njit(**JIT_INLINE)"}
            found += [f"{relative}:{function.lineno}: {name} must be njit(**JIT_INLINE)" for name in sorted(called)]
    return found


def forbidden_options(package: Path) -> list[str]:
    """JIT options other than the one set of ``_numba``."""
    found = []
    for relative, tree in sources(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in ("parallel", "fastmath"):
                if isinstance(node.value, ast.Constant) and node.value.value is True:
                    found.append(f"{relative}:{node.value.lineno}: {node.arg}=True")
            elif isinstance(node, ast.Call) and _is_njit(node) and str(relative) != "_numba.py":
                if node.args or any(k.arg is not None for k in node.keywords):
                    found.append(f"{relative}:{node.lineno}: njit takes **JIT or **JIT_FAST alone")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
                found.append(f"{relative}:{node.lineno}: hash() differs from run to run")
    return found


def eager_packages(package: Path) -> list[str]:
    """Package ``__init__`` files whose three lists of names differ, or that import a module when they are imported."""
    found = []
    for relative, tree in sources(package):
        if relative.name != "__init__.py" or part_of(relative) in ("_native", "ops", "cli"):
            continue
        exported, typed, lazy = set(), set(), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                exported = set(ast.literal_eval(node.value))
            elif isinstance(node, ast.Dict) and node.keys:
                lazy |= {k.value for k in node.keys if isinstance(k, ast.Constant)}
            elif is_type_checking(node):
                for statement in node.body:
                    typed |= {a.asname or a.name for a in getattr(statement, "names", [])}
        if not exported == typed == lazy:
            found.append(f"{relative}: {sorted(exported ^ typed | exported ^ lazy)} not in all three lists")
        names = {name for _, name in imports(relative, tree, package.name, top_only=True)}
        own = {n for n in names if not n.startswith("!") and n.split(".")[-1] != "_lazy"}
        if own:
            found.append(f"{relative}: imports {sorted(own)} when it is imported")
    return found


def long_files(package: Path) -> list[str]:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sorted(package.rglob("*.py"))}
    return [f"{path.relative_to(package)}: {n} lines" for path, n in sizes.items() if n > MOST_LINES]


def kernels_without_stub(package: Path, kernels: Path) -> list[str]:
    names = {path.stem for path in kernels.glob("*.pyx")}
    stubs = {path.stem for path in (package / "_native").glob("*.pyi")}
    return [f"{name}: kernel and stub do not pair up" for name in sorted(names ^ stubs)]
