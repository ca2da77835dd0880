from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup.text import CorpusError, read_corpus, standard_library_docstrings

one_line = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0\t"), min_size=1).filter(
    lambda t: not t.isspace() and not t.startswith("\ufeff")
)
lines = st.lists(one_line, min_size=1, max_size=6)


def _write(folder, name, text, *, zipped=False):
    path = folder / name
    raw = text.encode("utf-8") if isinstance(text, str) else text
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    return path


@given(lines, st.booleans())
def test_text_lines_come_back_and_only_line_feeds_part_them(tmp_path_factory, texts, zipped):
    folder = tmp_path_factory.mktemp("c")
    # U+2028, U+0085 and form feeds are characters of a line, not ends of it.
    assert read_corpus([_write(folder, "a.txt", "\n".join(texts), zipped=zipped)]).texts == texts
    assert read_corpus([_write(folder, "b.txt", "\r\n".join(texts) + "\r\n")]).texts == texts


@given(lines, st.data())
def test_json_lines_and_tables_come_back(tmp_path_factory, texts, data):
    folder = tmp_path_factory.mktemp("c")
    labels = data.draw(st.lists(st.sampled_from(["甲", "b", ""]), min_size=len(texts), max_size=len(texts)))
    wanted = [label or None for label in labels]
    pairs = list(zip(texts, labels, strict=True))
    records = "".join(json.dumps({"n": 1, "text": t, "y": y}) + "\n" for t, y in pairs)
    corpus = read_corpus([_write(folder, "a.jsonl", records)], label_column="y") if any(labels) else None
    if corpus:
        assert (corpus.texts, corpus.labels) == (texts, wanted)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerows([("y", "text"), *((y, t) for t, y in pairs)])
    corpus = read_corpus([_write(folder, "a.csv", buffer.getvalue())], label_column="y")
    assert (corpus.texts, corpus.labels) == (texts, wanted)
    rows = "".join(f"{y}\t{t}\n" for t, y in pairs)
    for options, text in (
        ({"label_column": "y"}, "y\ttext\n" + rows),
        ({"text_column": "2", "label_column": "1"}, rows),
    ):
        corpus = read_corpus([_write(folder, "a.tsv", text)], **options)
        assert (corpus.texts, corpus.labels) == (texts, wanted)


def test_csv_fields_may_hold_line_feeds_quotes_and_ten_megabytes(tmp_path):
    long = "word " * 2_000_000
    path = _write(tmp_path, "a.csv", f'id,text\n1,"two\nlines, ""quoted"""\n2,{long}\n')
    before = csv.field_size_limit()
    assert read_corpus([path]).texts == ['two\nlines, "quoted"', long]
    assert csv.field_size_limit() == before


def test_labels_are_read_only_where_asked_for(tmp_path):
    path = _write(tmp_path, "a.csv", "label,text\nx,one two\n")
    assert read_corpus([path]).labels is None
    assert read_corpus([path], label_column="label").labels == ["x"]


def test_several_text_files_are_a_document_each(tmp_path):
    paths = [_write(tmp_path, f"{i}.txt", f"first {i}\nsecond") for i in range(2)]
    assert read_corpus(paths).texts == ["first 0\nsecond", "first 1\nsecond"]
    assert len(read_corpus(paths, document="line")) == 4
    assert len(read_corpus(paths[:1], document="file")) == 1


def test_byte_order_marks_nul_bytes_and_blank_lines(tmp_path):
    path = _write(tmp_path, "a.txt", codecs.BOM_UTF8 + "一\0二\n\n \n三".encode())
    corpus = read_corpus([path])
    assert corpus.texts == ["一 二", "三"]
    assert corpus.notes == ["2 blank lines or empty texts were skipped", "1 NUL characters were replaced by spaces"]


@pytest.mark.parametrize(
    "text, expected",
    [("one\ntwo\n", ["one", "two"]), ('{"text": "one"}\n', ["one"]), ("id\ttext\n1\tone\n", ["one"])],
)
def test_standard_input_is_looked_at(text, expected, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    corpus = read_corpus(["-"])
    assert corpus.texts == expected
    assert corpus.name == "standard input"


BAD = {
    "a.txt": (b"", {}, "no document"),
    "b.txt": ("好".encode() + b"\n\xffbad", {}, r"b\.txt: byte 4 \(line 2\) is 0xff"),
    "c.txt": ("\ufeffone".encode("utf-16"), {}, "UTF-16"),
    "d.txt": (b"one", {"text_column": "text"}, "no column 'text'"),
    "e.txt.gz": (gzip.compress(b"one" * 99)[:-9], {}, "damaged gzip"),
    "f.jsonl": (b'{"text": "a"}\n{"text"\n', {}, r"f\.jsonl, line 2: not JSON"),
    "g.jsonl": (b'{"text": 5}\n', {}, "'text' is int"),
    "h.jsonl": (b"[1]\n", {}, "an object or a string"),
    "i.jsonl": (b"[" * 100_000, {}, "not JSON"),
    "j.jsonl": (b'{"text": "a"}\n', {"label_column": "y"}, "no line has the key 'y'"),
    "k.csv": (b"a,b\n1,2\n", {}, "which column is the text.*'a', 'b'"),
    "l.csv": (b"a,b\n1,2\n", {"text_column": "c"}, "no column 'c'; there are 'a', 'b'"),
    "m.csv": (b"x,text\n1\n", {}, r"m\.csv, line 2: 1 columns"),
    "n.csv": (b'text\n"open\n', {}, "not CSV"),
    "o.tsv": (b"a\tb\n", {"text_column": "3"}, "no column 3"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_are_named_with_the_place(name, tmp_path):
    raw, options, words = BAD[name]
    with pytest.raises(CorpusError, match=words) as caught:
        read_corpus([_write(tmp_path, name, raw)], **options)
    assert name.split(".")[0] in str(caught.value)


def test_missing_files_directories_and_no_paths(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        read_corpus([tmp_path / "none.txt"])
    with pytest.raises(CorpusError, match="is a directory"):
        read_corpus([tmp_path])
    with pytest.raises(CorpusError, match="no file was named"):
        read_corpus([])
    with pytest.raises(CorpusError, match="twice"):
        read_corpus(["-", "-"])
    with pytest.raises(ValueError, match="errors must be one of"):
        read_corpus(["-"], errors="skip")


def test_bytes_that_are_no_utf8_can_be_replaced(tmp_path):
    path = _write(tmp_path, "a.txt", b"a\xffb")
    assert read_corpus([path], errors="replace").texts == ["a\ufffdb"]
    assert read_corpus([path], errors="ignore").texts == ["ab"]


def test_docstrings_are_what_ast_says(tmp_path):
    (tmp_path / "alpha.py").write_text(
        '"""Module with one two three words."""\n'
        "class A:\n    '''Class with one two three words.'''\n"
        "    def f(self):\n        'Method: short.'\n        def g():\n"
        '            """Inner with one two three words.\n\n'
        '            More.\n            """\n'
        'if True:\n    def h():\n        """Guarded with one two three words."""\n'
        'x = """Not a docstring though it has words."""\n',
        encoding="utf-8",
    )
    (tmp_path / "test").mkdir()
    (tmp_path / "test/beta.py").write_text('"""Left out with one two three words."""')
    (tmp_path / "broken.py").write_text('"""Never parsed with one two three words."""\ndef (:')
    corpus = standard_library_docstrings(min_words=4, min_documents=1, folder=tmp_path)
    assert corpus.texts == [
        "Module with one two three words.",
        "Class with one two three words.",
        "Inner with one two three words.\n\nMore.",
        "Guarded with one two three words.",
    ]
    assert corpus.labels == ["alpha"] * 4
    with pytest.raises(CorpusError, match="without the sources"):
        standard_library_docstrings(min_documents=5, folder=tmp_path)


def test_the_embedded_default_is_there():
    before = set(sys.modules)
    corpus = standard_library_docstrings()
    assert not {m for m in set(sys.modules) - before if m.split(".")[0] in ("tkinter", "idlelib", "turtle")}
    assert 2_000 < len(corpus) < 8_000
    counts = {label: corpus.labels.count(label) for label in set(corpus.labels)}
    assert min(counts.values()) >= 30
    assert min(len(text.split()) for text in corpus.texts) >= 10
