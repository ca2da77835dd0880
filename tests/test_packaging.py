from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import metadata

import pytest

import minilm_unsup


def _fresh(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()


def test_import_loads_neither_numba_nor_an_optional_package():
    code = (
        "import sys, minilm_unsup\n"
        "heavy = ('numpy', 'numba', 'llvmlite', 'scipy', 'sklearn', 'rich', 'matplotlib')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    assert _fresh(code) == "[]"


def test_reading_and_cleaning_text_never_loads_numba():
    code = (
        "import sys\nfrom minilm_unsup import TextCleaner, TfidfVectorizer, WordTokenizer\n"
        "TfidfVectorizer().fit_transform(TextCleaner().transform(['a ship 中文', 'a sea']))\n"
        "from minilm_unsup.cli.parser import build_parser\nbuild_parser()\n"
        "print('numba' in sys.modules)"
    )
    assert _fresh(code) == "False"


def test_nothing_optional_is_loaded_by_any_public_name():
    # SciPy is not in the list: numba itself imports it where it is installed.
    code = (
        "import sys, minilm_unsup\n[getattr(minilm_unsup, n) for n in minilm_unsup.__all__]\n"
        "print([m for m in ('sklearn', 'rich', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    assert _fresh(code) == "[]"


@pytest.mark.parametrize("name", minilm_unsup.__all__)
def test_public_names_are_there_and_documented(name):
    value = getattr(minilm_unsup, name)
    assert inspect.getdoc(value)
    assert name in dir(minilm_unsup)
    if inspect.isclass(value) and not issubclass(value, Exception):
        for method, function in inspect.getmembers(value, inspect.isfunction):
            if not method.startswith("_"):
                assert inspect.getdoc(function), f"{name}.{method}"


def test_unknown_names_are_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Transformer'"):
        minilm_unsup.Transformer  # noqa: B018


def test_version_is_that_of_the_installed_package():
    assert metadata.version("minilm_unsup") == minilm_unsup.__version__


def test_run_time_needs_numpy_and_numba_alone():
    needed = [r for r in metadata.requires("minilm_unsup") if "extra ==" not in r]
    assert sorted(r.split(">")[0] for r in needed) == ["numba", "numpy"]
