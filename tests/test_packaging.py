"""What is installed: a light import, every public name there and documented, every file packed."""

from __future__ import annotations

import fnmatch
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

import minilm_unsup
from tests.architecture import lazy_names, sources

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(minilm_unsup.__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OPTIONAL = ("scipy", "sklearn", "rich", "matplotlib", "pandas", "torch", "tensorflow", "keras", "faiss", "safetensors")


def _python(*arguments: str) -> str:
    """What a new interpreter prints, started in the root of the tree; it must end well and complain of nothing."""
    answer = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return answer.stdout.strip()


def _packages() -> list[ModuleType]:
    """The package and those below it whose names are lazy, which are its public ones."""
    lazy = [path for path, tree in sources(PACKAGE) if path.name == "__init__.py" and lazy_names(tree)]
    return [importlib.import_module(".".join([PACKAGE.name, *path.parts[:-1]])) for path in lazy]


PUBLIC = {f"{package.__name__}.{name}": getattr(package, name) for package in _packages() for name in package.__all__}
# Each object once, under the shortest name it has.
DOCUMENTED = {id(value): (name, value) for name, value in sorted(PUBLIC.items(), key=lambda i: -len(i[0]))}.values()
CALLABLES = [(name, value) for name, value in DOCUMENTED if callable(value)]


def test_import_loads_the_package_and_nothing_else():
    code = (
        "import sys, minilm_unsup\n"
        f"heavy = ('numpy', 'numba', 'llvmlite', *{OPTIONAL})\n"
        "print([m for m in heavy if m in sys.modules], sorted(m for m in sys.modules if m.startswith('minilm')))"
    )
    assert _python("-W", "error", "-c", code) == "[] ['minilm_unsup', 'minilm_unsup._lazy']"


def test_reading_cleaning_and_counting_text_never_load_numba():
    code = (
        "import sys\nfrom minilm_unsup import TextCleaner, TfidfVectorizer, WordTokenizer\n"
        "from minilm_unsup.text import QualityFilter, Deduplicator, read_corpus, standard_library_docstrings\n"
        "TfidfVectorizer().fit_transform(TextCleaner().transform(['a ship 中文', 'a sea']))\n"
        "from minilm_unsup.cli.parser import build_parser\nbuild_parser()\n"
        "import minilm_unsup._validation, minilm_unsup._storage, minilm_unsup._history\n"
        f"print([m for m in ('numba', 'llvmlite', *{OPTIONAL}) if m in sys.modules])"
    )
    assert _python("-c", code) == "[]"


def test_nothing_optional_is_loaded_by_any_public_name():
    # SciPy is not asked about: numba itself imports it where it is installed.
    code = (
        "import sys, minilm_unsup\n[getattr(minilm_unsup, n) for n in minilm_unsup.__all__]\n"
        f"print([m for m in {OPTIONAL} if m in sys.modules and m != 'scipy'])"
    )
    assert _python("-c", code) == "[]"


def test_every_module_can_be_the_first_one_imported():
    # A circle of imports shows only from some of its points; the package is forgotten before each.
    names = [
        ".".join([PACKAGE.name, *path.with_suffix("").parts]).removesuffix(".__init__") for path, _ in sources(PACKAGE)
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(names)}:\n"
        "    if name.endswith('__main__'):\n        continue\n"
        "    kept = {m: v for m, v in sys.modules.items() if m.startswith('minilm_unsup._native.')}\n"
        "    for m in [m for m in sys.modules if m.split('.')[0] == 'minilm_unsup']:\n        del sys.modules[m]\n"
        "    sys.modules.update(kept)\n"  # compiled modules load once in a process
        "    importlib.import_module(name)\n"
        "print('done')"
    )
    assert _python("-c", code) == "done"


def test_all_public_names_come_with_a_star_and_stand_in_dir():
    for package in _packages():
        star: dict[str, object] = {}
        exec(f"from {package.__name__} import *", star)
        assert set(package.__all__) <= set(star)
        with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'Transformer'"):
            package.Transformer  # noqa: B018
    assert minilm_unsup.__all__ == sorted(minilm_unsup.__all__, key=lambda name: (not name.isupper(), name))
    # dir() must know them before they are first used, when they are no attributes yet.
    code = (
        "import importlib\n"
        f"for name in {[package.__name__ for package in _packages()]}:\n"
        "    package = importlib.import_module(name)\n"
        "    print(sorted(set(package.__all__) - set(dir(package))), end='')"
    )
    assert _python("-c", code) == "[]" * len(_packages())


@pytest.mark.parametrize("name, value", [pytest.param(*entry, id=entry[0]) for entry in DOCUMENTED])
def test_public_names_are_documented_and_so_are_their_methods(name, value):
    assert inspect.getdoc(value)
    if inspect.isclass(value) and not issubclass(value, Exception):
        for method, function in inspect.getmembers(value, inspect.isfunction):
            if not method.startswith("_"):
                assert inspect.getdoc(function), f"{name}.{method}"


def _documented_parameters(doc: str) -> list[str] | None:
    """Names of the section Parameters of a NumPy-style docstring; None where there is none."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    if section is None:
        return None
    heads = [line.split(" : ")[0] for line in section[1].split("\n") if line and not line[0].isspace()]
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


def _stale_or_missing(name: str, function: object) -> str | None:
    documented = _documented_parameters(inspect.getdoc(function) or "")
    if documented is None:
        return None
    actual = [parameter for parameter in inspect.signature(function).parameters if parameter != "self"]
    if stale := [parameter for parameter in documented if parameter not in actual]:
        return f"{name}: documents {stale}, which it does not take"
    if missing := [parameter for parameter in actual if parameter not in documented]:
        return f"{name}: takes {missing}, which it does not document"
    return None


@pytest.mark.parametrize("name, value", [pytest.param(*entry, id=entry[0]) for entry in CALLABLES])
def test_documented_parameters_are_those_of_the_signature(name, value):
    parts = [(name.rsplit(".", 1)[1], value)]
    if inspect.isclass(value):
        parts += [(f"{parts[0][0]}.{k}", f) for k, f in vars(value).items() if inspect.isfunction(f) and k[0] != "_"]
    assert [found for part in parts if (found := _stale_or_missing(*part))] == []


def test_the_check_of_parameters_sees_a_stale_and_a_missing_one():
    def f(a, *rest, b=1, **more):
        """Do it.

        Parameters
        ----------
        a, b : int
            Wrapped : here.
        *rest, **more
            Others.

        Returns
        -------
        x : int
        """

    assert _stale_or_missing("f", f) is None
    f.__doc__ = f.__doc__.replace("a, b :", "a, c :")
    assert "documents ['c']" in _stale_or_missing("f", f)
    f.__doc__ = f.__doc__.replace("a, c :", "a :")
    assert "takes ['b']" in _stale_or_missing("f", f)


def test_version_is_one():
    assert metadata.version("minilm_unsup") == minilm_unsup.__version__ == PROJECT["project"]["version"]
    assert _python("-m", "minilm_unsup", "--version") == f"minilm-unsup {minilm_unsup.__version__}"


def test_run_time_needs_numpy_and_numba_alone():
    needed = [r for r in metadata.requires("minilm_unsup") if "extra ==" not in r]
    assert sorted(r.split(">")[0] for r in needed) == ["numba", "numpy"]


def test_the_command_is_installed_and_can_be_called():
    (command,) = metadata.entry_points(group="console_scripts", name="minilm-unsup")
    assert callable(command.load())


def test_every_folder_and_file_of_the_package_is_packed():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    built = ("*.py", "*.so", "*.pyd", "*.nbi", "*.nbc")
    source = ROOT / "minilm_unsup"
    for path in source.rglob("*"):
        if "__pycache__" in path.parts or path.is_dir():
            continue
        assert any(fnmatch.fnmatch(path.name, pattern) for pattern in (*patterns, *built)), f"{path} is not packed"
        assert (path.parent / "__init__.py").exists(), f"{path.parent} is no package: its files are not packed"
    assert (source / "py.typed").exists()


def test_every_kernel_is_built_and_holds_what_its_stub_says():
    from minilm_unsup._native import load

    kernels = sorted(path.stem for path in (ROOT / "kernels").glob("*.pyx"))
    assert kernels
    for name in kernels:
        stub = (ROOT / "minilm_unsup/_native" / f"{name}.pyi").read_text(encoding="utf-8")
        declared = re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE)
        assert declared
        assert [n for n in declared if not hasattr(load(name), n)] == []
    with pytest.raises(ImportError, match=r"_native\.nothing cannot be loaded.*pip install"):
        load("nothing")
