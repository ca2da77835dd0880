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
    "verification": 6,
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
    """Dotted names below `package` that a file imports, and other names behind a ``!``.

    ``from .text import cleaner`` gives ``text`` and ``text.cleaner``: what follows the module may be a module itself.
    """
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
            yield from ((node.lineno, ".".join([*target, alias.name])) for alias in node.names)
        elif not (top_only and (is_type_checking(node) or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))):
            stack.extend(ast.iter_child_nodes(node))


def wrong_directions(package: Path) -> list[str]:
    """Imports of a higher floor, or of another package of floor 2."""
    found: dict[str, None] = {}
    for relative, tree in sources(package):
        part = part_of(relative)
        floor = floor_of(part)
        if floor < 0:
            found[f"{relative}: {part} has no floor"] = None
            continue
        for line, name in imports(relative, tree, package.name):
            if name.startswith("!"):
                continue
            other = name.split(".")[0]
            above = floor_of(other)
            if part == "__init__" or other == part or (other in ("__version__",)):
                continue
            if above > floor or (above == floor == 2):
                found[f"{relative}:{line}: imports {other}"] = None
    return list(found)


def lazy_names(tree: ast.Module) -> dict[str, str]:
    """The map of a lazy package: public name to relative module."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and all(isinstance(part, ast.Constant) for part in (*node.keys, *node.values)):
            found |= ast.literal_eval(node)
    return {name: module for name, module in found.items() if isinstance(module, str) and module.startswith(".")}


def lazy_target(folder: tuple[str, ...], module: str) -> list[str]:
    """The dotted parts, below the package, of a relative module that the package in `folder` names."""
    name = module.lstrip(".")
    level = len(module) - len(name)
    return [*folder[: len(folder) - level + 1], *name.split(".")]


def numba_where_it_must_not_be(package: Path) -> list[str]:
    """Files of ``NO_NUMBA`` from which an import of numba is reached at import time."""
    trees = {str(relative): (relative, tree) for relative, tree in sources(package)}
    direct: dict[str, set[str]] = {}
    for key, (relative, tree) in trees.items():
        direct[key] = {name for _, name in imports(relative, tree, package.name, top_only=True)}

    def files_of(name: str) -> list[str]:
        """Files that are run when `name` is imported, among them the one that a lazy package fetches it from."""
        parts, files = name.split("."), []
        for cut in range(1, len(parts) + 1):
            files += ["/".join(parts[:cut]) + ".py", "/".join([*parts[:cut], "__init__.py"])]
            lazy = lazy_names(trees[files[-1]][1]) if files[-1] in trees else {}
            if cut < len(parts) and parts[cut] in lazy:
                target = lazy_target(tuple(parts[:cut]), lazy[parts[cut]])
                files += ["/".join(target) + ".py", "/".join([*target, "__init__.py"])]
        return [file for file in files if file in trees]

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
    return name in ("njit", "jit", "vectorize", "guvectorize", "stencil", "cfunc", "jitclass", "generated_jit")


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
            if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).split(".")[0] == package.name)
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
    """JIT options other than the sets of ``_numba``, wherever they are written, and other ways to compile."""
    found = []
    for relative, tree in sources(package):
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                options = [
                    (key.value, value)
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                ]
            else:
                options = [(node.arg, node.value)] if isinstance(node, ast.keyword) else []
            for name, value in options:
                if name in ("parallel", "fastmath") and isinstance(value, ast.Constant) and value.value:
                    found.append(f"{relative}:{value.lineno}: {name}={value.value!r}")
            if str(relative) == "_numba.py":
                continue
            for decorator in getattr(node, "decorator_list", []):
                if _is_njit(decorator) and not ast.unparse(decorator).startswith("njit(**JIT"):
                    found.append(f"{relative}:{decorator.lineno}: @{ast.unparse(decorator)}, not @njit(**JIT...)")
            if isinstance(node, ast.Call) and _is_njit(node):
                if node.args or [k.arg for k in node.keywords] != [None]:
                    found.append(f"{relative}:{node.lineno}: njit takes one of the sets of _numba alone")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Call) and _is_njit(node.func):
                found.append(f"{relative}:{node.lineno}: compiled by a call; write a decorator")
            elif isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "numba" for alias in node.names):
                found.append(f"{relative}:{node.lineno}: import numba; take njit from _numba")
            elif isinstance(node, ast.ImportFrom) and node.module == "numba":
                wrong = {alias.name for alias in node.names} - {"types"}
                found += [f"{relative}:{node.lineno}: {name} of numba; take njit from _numba" for name in sorted(wrong)]
    return found


def eager_packages(package: Path) -> list[str]:
    """Package ``__init__`` files whose three lists of names differ, or that import a module when they are imported."""
    found = []
    for relative, tree in sources(package):
        if relative.name != "__init__.py" or part_of(relative) in ("_native", "ops", "cli"):
            continue
        exported, typed, lazy = set(), {}, lazy_names(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                exported = set(ast.literal_eval(node.value))
            elif is_type_checking(node):
                for statement in node.body:
                    module = "." * statement.level + (statement.module or "")
                    for alias in statement.names:
                        # ``from . import metrics`` names the module itself.
                        typed[alias.asname or alias.name] = module if statement.module else module + alias.name
        if not exported == typed.keys() == lazy.keys():
            names = sorted((exported ^ typed.keys()) | (exported ^ lazy.keys()))
            found.append(f"{relative}: {names} not in all three lists")
        found += [
            f"{relative}: {name} is of {typed[name]} for the type checker and of {lazy[name]} for the interpreter"
            for name in sorted(typed.keys() & lazy.keys())
            if typed[name] != lazy[name]
        ]
        eager = {name for _, name in imports(relative, tree, package.name, top_only=True)}
        own = {name for name in eager if not name.startswith("!") and name.split(".")[0] != "_lazy"}
        if own:
            found.append(f"{relative}: imports {sorted(own)} when it is imported")
    return found


def broken_exports(package: Path) -> list[str]:
    """Lazy names whose module is missing or does not hold them: they fail when somebody first uses them."""
    trees = dict(sources(package))
    found = []
    for relative, tree in trees.items():
        if relative.name != "__init__.py":
            continue
        for name, module in lazy_names(tree).items():
            target = Path(*lazy_target(relative.parts[:-1], module))
            file = next((f for f in (target.with_suffix(".py"), target / "__init__.py") if f in trees), None)
            if file is None:
                found.append(f"{relative}: {name} is said to be in {module}, which is not there")
            elif module != f".{name}" and name not in names_of(trees[file]):
                found.append(f"{relative}: {name} is not in {file}")
    return found


def names_of(tree: ast.Module) -> set[str]:
    """Names that a module binds at its top level, lazily or not."""
    found = set(lazy_names(tree))
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.If, ast.Try, ast.Tuple, ast.For, ast.With)):
            stack.extend(ast.iter_child_nodes(node))
    return found


def long_files(package: Path) -> list[str]:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sorted(package.rglob("*.py"))}
    return [f"{path.relative_to(package)}: {n} lines" for path, n in sizes.items() if n > MOST_LINES]


def kernels_without_stub(package: Path, kernels: Path) -> list[str]:
    names = {path.stem for path in kernels.glob("*.pyx")}
    stubs = {path.stem for path in (package / "_native").glob("*.pyi")}
    return [f"{name}: kernel and stub do not pair up" for name in sorted(names ^ stubs)]
