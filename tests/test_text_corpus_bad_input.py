"""Input that cannot be read gets one sentence that names it, the place in it and the way out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup.text import CorpusError, read_corpus


def _zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "one")
    return buffer.getvalue()


def _tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


CHINESE = "我们在这里写一些中文的句子，看看程序怎么说。\n" * 20
BAD = {
    "empty.txt": (b"", {}, "no document"),
    "blank.txt": (b"\n \n\t\n", {}, "no document"),
    "empty.csv": (b"", {}, "no document"),
    "header.csv": (b"id,text\n", {}, "no document"),
    "byte.txt": ("好".encode() + b"\n\xffbad", {}, r"byte 4 \(line 2\) is 0xff.*--errors replace"),
    "cut.txt": ("好好".encode()[:-1], {}, r"byte 3 \(line 1\) is 0xe5"),
    "gb.txt": (CHINESE.encode("gb18030"), {}, "perhaps it is GB18030"),
    "encoded.txt": (b"\x80\x81", {"encoding": "ascii"}, "bad byte in ASCII"),
    "marked.txt": ("\ufeffone".encode("utf-16"), {}, "is UTF-16.*iconv"),
    "wide.txt": ("\ufeffone".encode("utf-32"), {}, "is UTF-32.*iconv"),
    "little.txt": ("one two three".encode("utf-16-le"), {}, "looks like UTF-16LE.*iconv"),
    "big.txt": ("one two three".encode("utf-16-be"), {}, "looks like UTF-16BE.*iconv"),
    "plain.txt": (b"one", {"text_column": "text"}, "no column 'text'.*--format"),
    "plainer.txt": (b"one", {"label_column": "y"}, "no column 'y'; drop --label-column"),
    "cut.txt.gz": (gzip.compress(b"one" * 99)[:-9], {}, "damaged gzip.*fetch it again"),
    "flipped.txt.gz": (gzip.compress(b"one" * 99)[:-6] + b"\0" * 6, {}, "damaged gzip"),
    "a.txt.bz2": (bz2.compress(b"one"), {}, "bzip2.*bunzip2"),
    "a.txt.xz": (lzma.compress(b"one"), {}, "xz -d"),
    "a.txt.zst": (b"\x28\xb5\x2f\xfd\0\0", {}, "zstd -d"),
    "a.zip": (_zip(), {}, "ZIP archive or an Office document.*unpack"),
    "a.tar.gz": (_tar(), {}, "tar archive.*unpack"),
    "a.pdf": (b"%PDF-1.7\n", {}, "PDF.*pdftotext"),
    "a.parquet": (b"PAR1\0\0PAR1", {}, "Parquet.*jsonl"),
    "broken.jsonl": (b'{"text": "a"}\n{"text"\n', {}, r"line 2: not JSON \(Expecting"),
    "broken.json": (b'[{"text": "a"},\n{"text"]\n', {}, "line 2: not JSON"),
    "number.jsonl": (b'{"text": 5}\n', {}, "line 1: 'text' is a number.*--text-column"),
    "items.jsonl": (b"[1]\n", {}, "item 1: an object or a string was expected, got a number"),
    "null.jsonl": (b"null\n", {}, "line 1: an object or a string was expected, got null"),
    "deep.jsonl": (b"[" * 100_000, {}, "not JSON"),
    "deeper.jsonl": (b'{"text": ' + b"[" * 100_000, {}, r"line 1: not JSON \(nested too deeply"),
    "unlabelled.jsonl": (b'{"text": "a"}\n', {"label_column": "y"}, "no line has the key 'y'.*--label-column"),
    "string.jsonl": (b'"a"\n', {"label_column": "y"}, "a bare string has no key 'y'"),
    "object.jsonl": (b'{"text": "a", "y": [1]}\n', {"label_column": "y"}, "the label 'y' is an array"),
    "keys.jsonl": (b'{"text": "a"}\n{"body": "b"}\n', {}, "line 2: no column 'text'; there are 'body'"),
    "which.csv": (b"a,b\n1,2\n", {}, "which column is the text.*'a', 'b'.*--text-column"),
    "missing.csv": (b"a,b\n1,2\n", {"text_column": "c"}, "no column 'c'; there are 'a', 'b'.*--text-column"),
    "label.csv": (b"a,text\n1,2\n", {"label_column": "c"}, "no column 'c'; there are 'a', 'text'.*--label-column"),
    "twice.csv": (b"text,text\n1,2\n", {}, "2 columns are named 'text'"),
    "short.csv": (b"x,text\n1,a\n1\n", {}, "line 3: 1 columns where the first line has 2"),
    "long.csv": (b"x,text\n1,hello, world\n", {}, "line 2: 3 columns where the first line has 2; quote"),
    "long.tsv": (b"x\ttext\n1\thello\tworld\n", {}, "line 2: 3 columns.*--format csv"),
    "open.csv": (b'text\na\n"open\nand\nopen\n', {}, "lines 3 to 5: not CSV.*quotes"),
    "tail.csv": (b'text\n"a"b\n', {}, "line 2: not CSV"),
    "third.tsv": (b"a\tb\n", {"text_column": "3"}, "no column 3; its columns are 1 to 2"),
    "zero.tsv": (b"a\tb\n", {"text_column": 0}, "no column 0; its columns are 1 to 2"),
    "label.tsv": (b"a\tb\n", {"label_column": 1}, "which is the text"),
    "same.tsv": (b"a\ttext\n", {"text_column": "text", "label_column": "text"}, "named as the text and as the label"),
}
NAMELESS = ("same.tsv",)  # refused before any file is opened


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_are_named_with_the_place_and_the_way_out(name, tmp_path):
    content, options, words = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=words) as caught:
        read_corpus([path], **options)
    message = str(caught.value)
    assert name in NAMELESS or name in message
    assert "\n" not in message


@given(st.text(), st.text(), st.booleans(), st.booleans())
def test_the_first_bad_byte_is_named_by_its_offset_and_line(tmp_path_factory, before, after, marked, zipped):
    start = (b"\xef\xbb\xbf" if marked else b"") + before.encode()
    raw = start + b"\xff" + after.encode()
    path = tmp_path_factory.mktemp("c") / "a.txt"
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    # NULs in every second place are told as UTF-16 instead, which they are.
    if b"\0" in raw or raw.startswith(b"\xff\xfe"):
        return
    with pytest.raises(CorpusError) as caught:
        read_corpus(path)
    assert f"byte {len(start):,} (line {start.count(bytes([10])) + 1:,}) is 0xff" in str(caught.value)


def test_one_bad_byte_in_chinese_utf8_is_not_taken_for_another_encoding(tmp_path):
    raw = "我们在".encode()
    raw = raw[:1] + raw[2:] + "我们".encode() * 10
    assert sum("\u4e00" <= character <= "\u9fff" for character in raw.decode("gb18030")) > 20  # it might be taken
    (tmp_path / "a.txt").write_bytes(raw)
    with pytest.raises(CorpusError, match="bad byte in UTF-8") as caught:
        read_corpus(tmp_path / "a.txt")
    assert "GB18030" not in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(CorpusError, match=r"none\.txt: no such file"):
        read_corpus([tmp_path / "none.txt"])
    with pytest.raises(CorpusError, match=r"is a directory; name its files, for instance .*\*\.txt"):
        read_corpus([tmp_path])
    with pytest.raises(CorpusError, match="cannot read"):
        read_corpus([tmp_path / ("long" * 200)])
    with pytest.raises(CorpusError, match=r"cannot read a.b.*null"):
        read_corpus(["a\0b"])
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(CorpusError, match=r"cannot read .*loop.*(symbolic|links)"):
        read_corpus(loop)


def test_a_file_without_permission_is_named(tmp_path, monkeypatch):
    path = tmp_path / "locked.txt"
    path.write_text("one")
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser reads everything: the system's answer is put in its place

        def refuse(self):
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CorpusError, match=r"cannot read .*locked\.txt: Permission denied.*permissions"):
        read_corpus(path)


def test_no_paths_standard_input_twice_and_closed(monkeypatch):
    for paths in ([], [""], ""):
        with pytest.raises(CorpusError, match="no file was named"):
            read_corpus(paths)
    with pytest.raises(CorpusError, match="twice"):
        read_corpus(["-", "-"])
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CorpusError, match="standard input is closed"):
        read_corpus(["-"])


def test_arguments_are_checked_before_any_file(tmp_path):
    for options, error, words in (
        ({"errors": "skip"}, ValueError, "errors must be one of"),
        ({"document": "page"}, ValueError, "document must be one of"),
        ({"format": "xml"}, ValueError, "format must be one of"),
        ({"encoding": "klingon"}, ValueError, "encoding must be the name"),
        ({"encoding": "hex"}, ValueError, "encoding must be the name"),
        ({"encoding": None}, TypeError, "encoding must be a str"),
        ({"text_column": 1.0}, TypeError, "text_column must be a str, an int or None"),
        ({"label_column": True}, TypeError, "label_column must be a str, an int or None"),
    ):
        with pytest.raises(error, match=words):
            read_corpus(tmp_path / "none.txt", **options)


def test_one_bad_file_among_good_ones_is_the_one_named(tmp_path):
    (tmp_path / "good.jsonl").write_text('{"text": "a", "y": "1"}\n')
    (tmp_path / "bad.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(CorpusError, match=r"bad\.jsonl: no line has the key 'y'"):
        read_corpus([tmp_path / "good.jsonl", tmp_path / "bad.jsonl"], label_column="y")
