"""Reading documents: what was written comes back, from every format, wherever it says it came from."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup.text import read_corpus

# Any character may stand in a document; a line ends at a line feed, and NUL becomes a space.
any_text = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1).filter(lambda t: t.strip())
one_line = any_text.filter(lambda t: not set(t) & {"\n", "\t"} and not t.startswith("\ufeff"))
lines = st.lists(one_line, min_size=1, max_size=6)
labels = st.sampled_from(["甲", "b", "c d", ""])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


def _write(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _tsv(rows):
    return "".join("\t".join(row) + "\n" for row in rows)


def _csv(rows, delimiter=","):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue()


def _jsonl(rows):
    head, *rows = rows
    return "".join(json.dumps(dict(zip(head, row, strict=True))) + "\n" for row in rows)


WRITERS = {"tsv": _tsv, "csv": _csv, "jsonl": _jsonl}


@given(lines, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_lines_of_text_come_back_and_only_line_feeds_part_them(folder, texts, end, last):
    # U+2028, U+0085 and form feeds are characters of a line, not ends of it.
    corpus = read_corpus(_write(folder, "a.txt", end.join(texts) + end * last))
    assert corpus.texts == texts
    assert corpus.labels is None
    assert corpus.notes == []


@given(lines)
def test_carriage_returns_part_lines_where_there_is_no_line_feed(folder, texts):
    assert read_corpus(_write(folder, "a.txt", "\r".join(texts))).texts == texts
    mixed = _write(folder, "b.txt", "\r".join(texts) + "\nlast")
    assert read_corpus(mixed).texts == ["\r".join(texts), "last"]


@pytest.mark.parametrize("kind", list(WRITERS))
@given(data=st.data())
def test_tables_and_json_come_back_with_their_labels(folder, kind, data):
    texts = data.draw(lines if kind == "tsv" else st.lists(any_text, min_size=1, max_size=6))
    given_labels = data.draw(st.lists(labels, min_size=len(texts), max_size=len(texts)))
    rows = [("y", "text", "n"), *((y, t, "1") for y, t in zip(given_labels, texts, strict=True))]
    content = WRITERS[kind](rows)
    corpus = read_corpus(_write(folder, f"a.{kind}", content), label_column="y")
    assert corpus.texts == texts
    # A label of a table has no spaces about it; an empty one is none.
    assert corpus.labels == [label or None for label in given_labels]
    unnamed = read_corpus(_write(folder, "nameless", content), label_column="y")
    assert (unnamed.texts, unnamed.labels) == (corpus.texts, corpus.labels)
    zipped = read_corpus(_write(folder, f"b.{kind}", gzip.compress(content.encode())), label_column="y")
    assert (zipped.texts, zipped.labels) == (corpus.texts, corpus.labels)


@pytest.mark.parametrize("delimiter", [";", "\t"])
@given(texts=st.lists(any_text, min_size=1, max_size=4))
def test_csv_may_be_parted_by_semicolons_and_tabs(folder, texts, delimiter):
    path = _write(folder, "a.csv", _csv([("id", "text"), *(("1", text) for text in texts)], delimiter))
    assert read_corpus(path).texts == texts


@given(lines, st.data())
def test_columns_by_number_read_a_table_without_a_header(folder, texts, data):
    given_labels = data.draw(st.lists(labels, min_size=len(texts), max_size=len(texts)))
    texts = ["first line", *texts]
    rows = list(zip(["b", *given_labels], texts, strict=True))
    for kind in ("tsv", "csv"):
        path = _write(folder, f"a.{kind}", WRITERS[kind](rows))
        corpus = read_corpus(path, text_column=2, label_column="1")
        assert corpus.texts == texts
        assert corpus.labels == [label or None for label, _ in rows]
        headed = _write(folder, f"b.{kind}", WRITERS[kind]([("id", "Text"), *rows]))
        assert read_corpus(headed, text_column=2).texts == texts


@given(st.lists(any_text, min_size=1, max_size=5))
def test_a_json_array_and_json_strings_are_read_too(folder, texts):
    array = _write(folder, "a.json", json.dumps([{"content": text} for text in texts], indent=1))
    assert read_corpus(array).texts == texts
    strings = _write(folder, "b.ndjson", "".join(json.dumps(text) + "\n" for text in texts))
    assert read_corpus(strings).texts == texts


@given(st.lists(st.lists(st.one_of(one_line, st.just(""), st.just(" ")), max_size=5), min_size=1, max_size=4))
def test_files_are_read_in_order_and_each_document_knows_its_line(folder, files):
    paths = [_write(folder, f"{i}.txt", "\n".join(texts)) for i, texts in enumerate(files)]
    wanted = [
        (str(path), number, text)
        for path, texts in zip(paths, files, strict=True)
        for number, text in enumerate(texts, 1)
        if text.strip()
    ]
    if not wanted:
        return
    corpus = read_corpus(paths, document="line")
    assert [(*corpus.origin(i), text) for i, text in enumerate(corpus.texts)] == wanted
    with pytest.raises(IndexError, match="index must be from 0"):
        corpus.origin(len(corpus))


def test_the_line_of_a_row_is_the_one_it_starts_on(tmp_path):
    path = _write(tmp_path, "a.csv", 'text,n\r\n"two\nlines",1\r\none,2\r\n\r\nlast,3\r\n')
    corpus = read_corpus(path)
    assert [corpus.origin(i)[1] for i in range(3)] == [2, 4, 6]
    assert corpus.notes == ["1 blank line or empty text was skipped"]
    for name, content in (("b.csv", "\n\nid,text\n1,one\n"), ("b.tsv", "\n\nid\ttext\n1\tone\n")):
        corpus = read_corpus(_write(tmp_path, name, content))
        assert (corpus.texts, corpus.origin(0)[1]) == (["one"], 4)


def test_ten_megabytes_in_one_line_or_field_and_the_limit_of_csv_is_left_alone(tmp_path):
    long = "word " * 2_000_000
    before = csv.field_size_limit()
    assert read_corpus(_write(tmp_path, "a.txt", f"short\n{long}")).texts == ["short", long]
    assert read_corpus(_write(tmp_path, "a.csv", f'id,text\n1,"two\nlines, ""quoted"""\n2,{long}\n')).texts == [
        'two\nlines, "quoted"',
        long,
    ]
    assert csv.field_size_limit() == before
    with pytest.raises(ValueError, match="not CSV"):
        read_corpus(_write(tmp_path, "b.csv", f'text\n"{long}'))
    assert csv.field_size_limit() == before


def test_threads_may_read_large_fields_at_once(tmp_path):
    # So many rows that threads meet inside the change of the limit, which is one for the whole process.
    path = _write(tmp_path, "a.csv", "text\n" + "longer than the limit\n" * 60_000)
    results = []
    threads = [threading.Thread(target=lambda: results.append(len(read_corpus(path)))) for _ in range(4)]
    before, interval = csv.field_size_limit(8), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [60_000] * 4
        assert csv.field_size_limit() == 8
    finally:
        sys.setswitchinterval(interval)
        csv.field_size_limit(before)


def test_labels_are_read_only_where_asked_for_and_mentioned_otherwise(tmp_path):
    path = _write(tmp_path, "a.csv", "category,text\nx,one two\n")
    corpus = read_corpus(path)
    assert corpus.labels is None
    assert corpus.notes == [f"{path}: 'category' was not read as labels (--label-column category does)"]
    corpus = read_corpus(path, label_column="category")
    assert corpus.labels == ["x"]
    assert corpus.notes == []


def test_a_label_of_spaces_is_none_and_others_lose_theirs(tmp_path):
    path = _write(tmp_path, "a.csv", "text,y\none, \ntwo, b \n")
    assert read_corpus(path, label_column="y").labels == [None, "b"]


def test_the_text_column_is_the_most_usual_one_and_the_choice_is_told(tmp_path):
    path = _write(tmp_path, "a.tsv", "title\tBody\nshort\tlong\n")
    corpus = read_corpus(path)
    assert corpus.texts == ["long"]
    assert corpus.notes == [f"{path}: the text is 'Body', not 'title' (--text-column names another)"]
    assert read_corpus(path, text_column="title").texts == ["short"]
    assert read_corpus(path, label_column="Body").texts == ["short"]
    assert read_corpus(_write(tmp_path, "c.tsv", "Text\ttext\nfirst\tsecond\n")).texts == ["first"]
    assert read_corpus(_write(tmp_path, "b.tsv", "标签\t正文\n体育\t夺冠\n"), label_column="标签").texts == ["夺冠"]


def test_json_lines_keep_to_the_key_of_the_first(tmp_path):
    path = _write(tmp_path, "a.jsonl", '{"body": "one"}\n\n{"text": "no", "body": "two"}\n{"body": null}\n')
    corpus = read_corpus(path)
    assert corpus.texts == ["one", "two"]
    assert [corpus.origin(i)[1] for i in range(2)] == [1, 3]
    assert corpus.notes == ["2 blank lines or empty texts were skipped"]


def test_half_surrogate_pairs_of_json_become_characters_that_can_be_written(tmp_path):
    path = _write(tmp_path, "a.jsonl", '{"text": "\\ud83d\\ude00 \\ud800 \u00e9", "y": "\\udc00"}\n')
    corpus = read_corpus(path, label_column="y")
    assert corpus.texts == ["😀 \ufffd é"]
    assert corpus.labels == ["\ufffd"]


def test_quotes_are_ordinary_in_tsv_and_the_way_to_read_them_is_told(tmp_path):
    path = _write(tmp_path, "a.tsv", 'id\ttext\n1\t"he said ""yes"""\n2\t"plain"\n3\t"\n')
    corpus = read_corpus(path)
    assert corpus.texts == ['"he said ""yes"""', '"plain"', '"']
    assert len(corpus.notes) == 1
    assert "--format csv" in corpus.notes[0]
    quoted = _write(tmp_path, "b.tsv", 'id\ttext\n1\t"he said ""yes"""\n2\t"plain"\n')
    assert read_corpus(quoted, format="csv").texts == ['he said "yes"', "plain"]


def test_several_text_files_are_a_document_each(tmp_path):
    paths = [_write(tmp_path, f"{i}.txt", f"first {i}\nsecond\n") for i in range(2)]
    corpus = read_corpus(paths)
    assert corpus.texts == ["first 0\nsecond", "first 1\nsecond"]
    assert corpus.notes == ["2 files were read as a document each (--document line: a document a line)"]
    assert len(read_corpus(paths, document="line")) == 4
    nameless = [_write(tmp_path, name, "first\nsecond\n") for name in ("README", "a.log")]
    assert len(read_corpus(nameless)) == 2
    assert len(read_corpus(paths[:1])) == 2
    assert len(read_corpus(paths[:1], document="file")) == 1


def test_byte_order_marks_nul_bytes_and_blank_lines(tmp_path):
    path = _write(tmp_path, "a.txt", codecs.BOM_UTF8 + "一\0二\n\n \n三\n".encode())
    corpus = read_corpus(path)
    assert corpus.texts == ["一 二", "三"]
    assert corpus.notes == ["2 blank lines or empty texts were skipped", "1 NUL character was replaced by spaces"]


def test_bad_bytes_can_be_replaced_or_left_out_and_are_counted(tmp_path):
    path = _write(tmp_path, "a.txt", "\ufeffa\ufffdb".encode() + b"\xffc\xfe")
    corpus = read_corpus(path, errors="replace")
    assert corpus.texts == ["a\ufffdb\ufffdc\ufffd"]
    assert corpus.notes == ["2 bad byte sequences were replaced by U+FFFD"]
    corpus = read_corpus(path, errors="ignore")
    assert corpus.texts == ["a\ufffdbc"]
    assert corpus.notes == ["2 bad byte sequences were left out"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-32", "utf-8-sig", "UTF8"])
@given(texts=lines)
def test_other_encodings_are_read_where_they_are_named(folder, encoding, texts):
    path = _write(folder, "a.txt", "\n".join(texts).encode(encoding))
    assert read_corpus(path, encoding=encoding).texts == texts


@pytest.mark.parametrize(
    "content, expected",
    [
        ("one\ntwo\n", ["one", "two"]),
        ("Here it is, text, they say, of prose\n", ["Here it is, text, they say, of prose"]),
        ('{"text": "one"}\n', ["one"]),
        ('[{"text": "one"}]', ["one"]),
        ("[aside] the rest\n", ["[aside] the rest"]),
        ("id\ttext\n1\tone\n", ["one"]),
        ('"id","text"\n1,"one, two"\n', ["one, two"]),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_standard_input_is_looked_at(content, expected, zipped, monkeypatch):
    raw = gzip.compress(content.encode()) if zipped else content.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    corpus = read_corpus(["-"])
    assert corpus.texts == expected
    assert corpus.name == "standard input"
    assert corpus.origin(0)[0] == "standard input"


def test_standard_input_may_be_a_stream_of_text(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("一\ntwo"))
    assert read_corpus("-").texts == ["一", "two"]


def test_notes_do_not_grow_with_the_number_of_files(tmp_path):
    paths = [_write(tmp_path, f"{i}.csv", "label,text\nx,one\n") for i in range(30)]
    corpus = read_corpus(paths)
    assert len(corpus) == 30
    assert len(corpus.notes) == 11
    assert corpus.notes[-1] == "and 20 more notes of this kind"
    assert corpus.name == "0.csv, 1.csv, 2.csv and 27 more"


@pytest.mark.parametrize("name, n_documents", [("20news/20news.tsv.gz", 18_846), ("thucnews/thucnews.tsv.gz", 20_000)])
def test_real_sets_are_read_whole(data_dir, name, n_documents):
    corpus = read_corpus(data_dir / name, text_column=3, label_column=2)
    with gzip.open(data_dir / name, "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    assert len(corpus) == n_documents
    assert corpus.texts == [row[2] for row in rows]
    assert corpus.labels == [row[1] for row in rows]
