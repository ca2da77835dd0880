"""The commands that stream: documents in, documents out."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys

import pytest

from minilm_unsup import load_tokenizer
from minilm_unsup.cli import main
from minilm_unsup.text import streams

LINES = [
    "<b>Hello</b>  ＡＢＣ world",
    "mail a@b.com or 13800138000谢谢",
    "hello, abc WORLD",
    "",
    "我们今天去看海",
    "Hello ABC world",
]


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(line + "\n" for line in LINES), encoding="utf-8")
    return path


@pytest.fixture
def objects(tmp_path):
    path = tmp_path / "b.jsonl"
    path.write_text(
        "".join(json.dumps({"id": i, "text": line}) + "\n" for i, line in enumerate(LINES)), encoding="utf-8"
    )
    return path


def _run(capsys, *arguments):
    status = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_clean_keeps_one_line_a_document(plain, objects, capsys):
    status, out, err = _run(capsys, "clean", plain)
    assert (status, out[0], len(out)) == (0, "Hello ABC world", len(LINES))
    assert "6 documents in; 1 edited" in err
    status, out, _ = _run(capsys, "clean", objects, "--profile", "topics", "--quiet")
    rows = list(map(json.loads, out))
    assert [row["id"] for row in rows] == list(range(len(LINES)))
    assert rows[1]["text"] == "mail or 13800138000谢谢"


def test_pii_masks_and_names(plain, capsys, monkeypatch):
    assert _run(capsys, "pii", plain, "--quiet")[1][1] == "mail [EMAIL] or [CN_MOBILE]谢谢"
    assert (
        _run(capsys, "pii", plain, "--quiet", "--kinds", "email", "--action", "drop")[1][1]
        == "mail  or 13800138000谢谢"
    )
    status, _, err = _run(capsys, "pii", plain, "--action", "pseudonym")
    assert status == 1
    assert "MINILM_PII_KEY" in err
    monkeypatch.setenv("MINILM_PII_KEY", "a secret")
    assert "<EMAIL_" in _run(capsys, "pii", plain, "--action", "pseudonym")[1][1]


def test_dedup_exact_and_near(plain, tmp_path, capsys):
    out = tmp_path / "kept.txt.gz"
    status, printed, _ = _run(capsys, "dedup", plain, plain, "--out", out, "--json")
    summary = json.loads(printed[0])
    assert (status, summary["documents"], summary["kept"]) == (0, 12, 5)
    with gzip.open(out, "rt", encoding="utf-8") as file:
        assert file.read().splitlines() == [LINES[i] for i in (0, 1, 2, 3, 4)]
    near = ["dedup", plain, plain, "--method", "near", "--shingle-size", 1, "--quiet"]
    assert [line for line in _run(capsys, *near)[1] if line] == [LINES[i] for i in (0, 1, 4)]
    assert [line for line in _run(capsys, *near, "--threshold", 0.9)[1] if line] == [LINES[i] for i in (0, 1, 2, 4)]


def test_near_duplicates_of_a_pipe_are_those_of_a_file(tmp_path):
    lines = "".join(f"the ship {i // 2} sails at dawn from the harbour of town {i // 2}\n" for i in range(3000))
    path = tmp_path / "many.txt"
    path.write_text(lines, encoding="utf-8")
    command = [sys.executable, "-m", "minilm_unsup", "dedup", "--method", "near", "--quiet"]
    whole = subprocess.run([*command, str(path)], capture_output=True, check=True).stdout
    assert subprocess.run([*command, "-"], input=lines.encode(), capture_output=True, check=True).stdout == whole
    assert 0 < whole.count(b"\n") <= 1500


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_output_is_not_blamed_on_the_temporary_folder(plain):
    command = [sys.executable, "-m", "minilm_unsup", "dedup", "--method", "near", "--quiet", str(plain)]
    with open("/dev/full", "wb") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode != 0
    assert "No space left" in run.stderr
    assert "TMPDIR" not in run.stderr
    assert "Traceback" not in run.stderr


def test_an_interrupted_near_run_leaves_nothing(tmp_path):
    place = tmp_path / "spool"
    place.mkdir()
    command = [sys.executable, "-m", "minilm_unsup", "dedup", "-", "--method", "near", "--out", str(tmp_path / "a.txt")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(place)}
    ) as run:
        assert run.stdin is not None
        run.stdin.write(b"a ship sails at dawn\n" * 200_000)
        run.stdin.flush()  # most of it has been read: the pipe holds less
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == [place]
    assert not list(place.iterdir())


def test_lines_that_are_no_json_are_refused(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "n": NaN}\n')
    status, out, err = _run(capsys, "clean", path)
    assert (status, out) == (1, [])
    assert "line 1: not JSON (NaN is no number of JSON)" in err


def test_line_feeds_of_a_cleaned_text_become_one_space(tmp_path, capsys):
    path = tmp_path / "a.txt"
    path.write_text("<p>a</p><p>b</p>\n")
    assert _run(capsys, "clean", path, "--quiet")[1] == ["a b"]


def test_blocks_change_nothing(plain, capsys, monkeypatch):
    whole = [_run(capsys, command, plain, "--quiet")[1] for command in ("clean", "dedup", "pii")]
    monkeypatch.setattr(streams, "_BLOCK", 1)
    assert [_run(capsys, command, plain, "--quiet")[1] for command in ("clean", "dedup", "pii")] == whole


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram", "words", "chinese"])
def test_a_tokenizer_is_trained_and_used(kind, plain, objects, tmp_path, capsys):
    path = tmp_path / "tokenizer.json"
    special = ["--special", "<s>"] if kind != "chinese" else []
    assert _run(capsys, "train-tokenizer", plain, "--type", kind, "--vocab-size", 500, "--out", path, *special)[0] == 0
    tokenizer = load_tokenizer(path)
    status, out, err = _run(capsys, "tokenize", plain, "--tokenizer", path)
    assert status == 0
    assert [list(map(int, line.split())) for line in out] == [e.ids.tolist() for e in tokenizer.encode_batch(LINES)]
    rows = [
        json.loads(line) for line in _run(capsys, "tokenize", objects, "--tokenizer", path, "--tokens", "--quiet")[1]
    ]
    assert [len(row["tokens"]) for row in rows] == [len(line.split()) for line in out]
    status, _, err = _run(capsys, "train-tokenizer", plain, "--type", kind, "--out", path)
    assert (status, "exists" in err) == (1, True)


def test_mistakes_are_named(plain, tmp_path, capsys, monkeypatch):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a"}\n{"text": 3}\n')
    for arguments, message in (
        (["clean", "none.txt"], "no such file"),
        (["clean", tmp_path], "is a directory"),
        (["clean", table], "tables are not read here"),
        (["clean", bad], "line 2: 'text' must be a string or null, got 3"),
        (["clean", plain, "--format", "jsonl"], "line 1: not JSON"),
        (["clean", plain, "--out", plain], "exists"),
        (["pii", plain, "--kinds", "names"], "kinds must be one of"),
        (["dedup", plain, "--threshold", "2"], "threshold must be"),
        (["tokenize", plain, "--tokenizer", plain], "is not JSON"),
        (
            ["train-tokenizer", plain, "--type", "chinese", "--special", "x", "--out", tmp_path / "x"],
            "no special tokens",
        ),
    ):
        status, out, err = _run(capsys, *arguments)
        # What was read before a bad line is written; a run that ends at another mistake writes nothing.
        assert (status, out) == (1, ['{"text": "a"}'] if bad in arguments else [])
        assert message in err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"good\nbad \xff\n")))
    status, _, err = _run(capsys, "clean")
    assert status == 1
    assert "standard input, line 2: byte 4 is 0xff" in err


def test_a_failed_run_leaves_no_file(tmp_path, capsys):
    source, out = tmp_path / "a.txt", tmp_path / "out.txt"
    source.write_bytes(b"good\n" * 10 + b"\xff\n")
    assert _run(capsys, "clean", source, "--out", out)[0] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt"]
    assert _run(capsys, "clean", source, "--out", out, "--errors", "ignore")[0] == 0
    assert out.read_text().splitlines() == ["good"] * 10 + [""]


def test_a_pipe_that_closes_early_is_no_error(tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("a line of text\n" * 400_000)
    command = f"{sys.executable} -m minilm_unsup clean {source} --quiet | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["a line of text", "0"]
    assert done.stderr == ""
