"""The embedded default is what ast says of the sources on this machine: nothing imported, nothing left to chance."""

from __future__ import annotations

import ast
import hashlib
import inspect
import subprocess
import sys
import sysconfig
import warnings
from collections import Counter
from pathlib import Path

import pytest

from minilm_unsup.text import CorpusError, standard_library_docstrings
from tests.reference.docstrings import corpus_of, docstrings_of

SOURCE = '''"""Module with one two three words."""
class A:
    \'\'\'Class with one two three words.\'\'\'
    def f(self):
        'Method: short.'
        async def g():
            """Inner with one two three words.

                More.
            """
if True:
    def h(): "Guarded with one two three words."
else:
    try:
        def i():
            r"Tried with one \\d two three words."
    except ValueError:
        class B:
            """Handled with one two three words."""
    finally:
        with open("x"):
            def j():
                ("Opened with one "
                 "two three words.")
match 1:
    case 1:
        def k():
            """Matched with one two three words."""
x = """Not a docstring though it has words."""
def l():
    f"""Not a docstring {x} though it has words."""
def m():
    b"""Not a docstring though it has words."""
'''


def _fill(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_docstrings_of_modules_classes_and_functions_at_any_depth(tmp_path):
    _fill(tmp_path, {"alpha.py": SOURCE})
    corpus = standard_library_docstrings(min_words=5, min_documents=1, folder=tmp_path)
    assert [text.split()[0] for text in corpus.texts] == [
        *("Module", "Class", "Inner", "Guarded", "Tried", "Handled", "Opened", "Matched")
    ]
    assert corpus.texts == [t for t in docstrings_of(tmp_path / "alpha.py") if len(t.split()) >= 5]
    assert corpus.labels == ["alpha"] * 8
    source = SOURCE.split("\n")
    for i, text in enumerate(corpus.texts):
        name, line = corpus.origin(i)
        assert name == str(tmp_path / "alpha.py")
        assert text.split()[0] in source[line - 1]


def test_limits_labels_order_and_what_is_left_out(tmp_path):
    words = '"""One two three four five words in {}."""\n'
    _fill(
        tmp_path,
        {
            "b.py": words.format("b"),
            "a/__init__.py": words.format("a"),
            "a/z.py": words.format("z"),
            "a/c/d.py": words.format("d"),
            "a/tests/e.py": words.format("e"),
            "test/f.py": words.format("f"),
            "site-packages/g.py": words.format("g"),
            "_h.py": words.format("h"),
            "broken.py": words.format("broken") + "def (:",
            "bytes.py": b'"""One two three four five words in \xff."""\n',
            "latin.py": '# coding: latin-1\n"""One two three four five words in caf\xe9."""\n'.encode("latin-1"),
            "a.txt": words.format("text"),
        },
    )
    corpus = standard_library_docstrings(min_words=8, min_documents=1, folder=tmp_path)
    assert [text.split()[-1] for text in corpus.texts] == ["h.", "a.", "z.", "d.", "b.", "café."]
    assert corpus.labels == ["_h", "a", "a", "a", "b", "latin"]
    names = [str(Path(corpus.origin(i)[0]).relative_to(tmp_path)) for i in range(6)]
    assert names == ["_h.py", "a/__init__.py", "a/z.py", "a/c/d.py", "b.py", "latin.py"]
    assert standard_library_docstrings(min_words=8, min_documents=3, folder=tmp_path).labels == ["a"] * 3
    with pytest.raises(CorpusError, match="lower the limits, or give a PATH"):
        standard_library_docstrings(min_words=9, min_documents=1, folder=tmp_path)


def test_old_escapes_are_read_without_a_warning(tmp_path):
    _fill(tmp_path, {"a.py": '"""One two three four five."""\nx = "\\d"\n'})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(standard_library_docstrings(min_words=5, min_documents=1, folder=tmp_path)) == 1


def test_a_build_without_sources_says_so(tmp_path):
    for folder in (tmp_path, tmp_path / "python.zip"):
        with pytest.raises(CorpusError, match=r"comes without the sources.*give a PATH") as caught:
            standard_library_docstrings(folder=folder)
        assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def default():
    return standard_library_docstrings()


def test_the_embedded_default_is_there(default):
    assert 3_000 <= len(default) <= 5_000
    counts = Counter(default.labels)
    assert min(counts.values()) >= 30
    assert len(counts) >= 30
    assert min(len(text.split()) for text in default.texts) >= 10
    assert sorted(default.labels) == default.labels
    root = sysconfig.get_path("stdlib")
    assert all(name.startswith(root) and "site-packages" not in name for _, name in default.starts)
    assert sys.version.split()[0].rstrip("+") in default.name


def test_the_embedded_default_is_what_the_reference_reads(default):
    # One pass over all sources without our shortcuts; some modules are enough to see a shortcut that loses documents.
    root = Path(sysconfig.get_path("stdlib"))
    for label in ("email", "functools", "_pydecimal", "xml", "shutil", "idlelib"):
        paths = [root / f"{label}.py"] if (root / f"{label}.py").exists() else sorted((root / label).rglob("*.py"))
        wanted = [
            text
            for path in paths
            if not {"test", "tests", "idle_test"} & set(path.relative_to(root).parts)
            for text in docstrings_of(path)
            if len(text.split()) >= 10
        ]
        ours = [text for text, y in zip(default.texts, default.labels, strict=True) if y == label]
        assert sorted(ours) == sorted(wanted) if len(wanted) >= 30 else ours == []


def test_small_trees_equal_the_reference_whole(tmp_path):
    import json as package  # a package of the library, with its own files, as a tree

    source = Path(package.__file__).parent
    _fill(tmp_path, {f"p/{path.name}": path.read_bytes() for path in source.glob("*.py")})
    _fill(tmp_path, {"q.py": Path(inspect.getfile(ast)).read_bytes(), "empty.py": ""})
    for min_words, min_documents in ((1, 1), (10, 5), (5, 10)):
        corpus = standard_library_docstrings(min_words=min_words, min_documents=min_documents, folder=tmp_path)
        rows = corpus_of(tmp_path, {"test"}, min_words, min_documents)
        assert list(zip(corpus.labels, corpus.texts, strict=True)) == rows


def test_reading_imports_nothing_and_gives_the_same_corpus_in_every_process(default):
    code = (
        "import sys, hashlib, warnings\n"
        "warnings.simplefilter('error')\n"
        "from minilm_unsup.text import standard_library_docstrings\n"
        "import minilm_unsup.text.standard_library\n"
        "before = set(sys.modules)\n"
        "corpus = standard_library_docstrings()\n"
        # Python itself loads the codecs that sources name, and the record of its own build.
        "new = {m for m in set(sys.modules) - before if not m.startswith(('encodings.', '_sysconfigdata'))}\n"
        "assert not new, new\n"
        "print(hashlib.sha256('\\0'.join(corpus.texts + corpus.labels).encode()).hexdigest())\n"
    )
    ours = hashlib.sha256("\0".join(default.texts + default.labels).encode()).hexdigest()
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert answer.stderr == ""
    assert answer.stdout.strip() == ours
