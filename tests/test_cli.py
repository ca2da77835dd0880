"""The command line as a person meets it: what it writes, what it says about bad input, and that it loses nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from minilm_unsup import load
from minilm_unsup.cli import main

ENGLISH = {
    "sea": "the ship sailed over the sea with its captain and crew past an island in a storm of waves",
    "food": "the cook baked bread and soup in a kitchen with flour butter salt and pepper for dinner",
    "code": "the compiler parsed a program and reported an error in a function with a missing variable",
}
CHINESE = {
    "体育": "球队 比赛 进球 教练 冠军 联赛 球员 主场 胜利 射门 防守 裁判",
    "财经": "股市 投资 基金 银行 利率 上涨 下跌 市场 经济 公司 债券 货币",
}


def _make(words: dict[str, str], n: int, joiner: str, seed: int = 0) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        label = list(words)[i % len(words)]
        chosen = rng.choice(words[label].split(), size=9)
        rows.append((label, joiner.join(chosen) + (f" {i}" if joiner == " " else f"第{i}场")))
    return rows


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "mixed.tsv"
    rows = _make(ENGLISH, 90, " ") + _make(CHINESE, 60, "")
    path.write_text("label\ttext\n" + "".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "m"
    assert main(["run", str(corpus), "--label-column", "label", "--out", str(out), "--quiet", "--topics", "5"]) == 0
    return out


def test_a_run_writes_one_whole_directory(model):
    assert sorted(os.listdir(model)) == [
        "config.json",
        "documents.jsonl",
        "model.safetensors",
        "report.html",
        "tokenizer.json",
    ]
    assert os.listdir(model.parent) == [model.name]
    page = (model / "report.html").read_text(encoding="utf-8")
    assert "球队" in page
    assert "captain" in page
    lines = (model / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 150
    assert {json.loads(line)["label"] for line in lines} == {*ENGLISH, *CHINESE}


def test_topics_and_labels_are_found_on_separable_text(model, corpus, capsys):
    assert main(["topics", str(model), "--json"]) == 0
    topics = json.loads(capsys.readouterr().out)
    assert len(topics) == 5
    assert sum(topic["size"] for topic in topics) == 150
    assert main(["predict", str(model), str(corpus), "--text-column", "text", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    truth = [line.split("\t")[0] for line in corpus.read_text(encoding="utf-8").splitlines()[1:]]
    right = np.mean([a["label"] == t for a, t in zip(answers, truth, strict=True)])
    assert right > 0.95  # the classes share no content word


def test_saved_model_gives_the_same_codes_in_python_and_by_command(model, corpus, tmp_path, capsys):
    out = tmp_path / "codes.npy"
    assert main(["transform", str(model), str(corpus), "--text-column", "text", "--out", str(out), "--quiet"]) == 0
    texts = [line.split("\t")[1] for line in corpus.read_text(encoding="utf-8").splitlines()[1:]]
    codes = load(model).transform(texts)
    np.testing.assert_array_equal(np.load(out), codes)
    also = tmp_path / "also.npy"
    capsys.readouterr()
    assert main(["transform", str(model), str(corpus), "--text-column", "text", "--out", str(also), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"shape": list(codes.shape), "out": str(also)}
    np.testing.assert_array_equal(np.load(also), codes)
    assert main(["transform", str(model), str(corpus), "--text-column", "text"]) == 0
    printed = np.loadtxt(io.StringIO(capsys.readouterr().out), delimiter="\t")
    np.testing.assert_allclose(printed, codes, rtol=1e-5, atol=1e-30)  # six digits are printed


def test_same_seed_same_bits_on_one_thread_or_two(corpus, tmp_path):
    for threads in ("1", "2"):
        arguments = ["run", str(corpus), "--label-column", "label", "--seed", "3", "--quiet", "--threads", threads]
        assert main([*arguments, "--out", str(tmp_path / threads)]) == 0
    assert (tmp_path / "1/model.safetensors").read_bytes() == (tmp_path / "2/model.safetensors").read_bytes()


def test_json_on_standard_output_and_progress_on_standard_error(corpus, tmp_path, capsys):
    assert main(["run", str(corpus), "--text-column", "text", "--out", str(tmp_path / "m"), "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert summary["source"]["n_documents"] == 150
    assert "scores" in summary
    lines = captured.err.splitlines()
    notes = [line for line in lines if line.startswith("minilm-unsup: ")]
    assert any("label" in note for note in notes)  # a column that looks like labels and was not asked for
    stages = [line.split()[0] for line in lines if line not in notes]
    assert stages[:4] == ["read", "clean", "denoise", "tokenise"]
    assert "autoencoder" in stages


def test_default_output_takes_the_next_free_name(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["run", str(corpus), "--text-column", "text", "--quiet"]) == 0
    assert sorted(os.listdir(tmp_path)) == ["minilm-unsup-out", "minilm-unsup-out-2"]


def test_force_replaces_a_model_and_nothing_else(corpus, tmp_path, capsys):
    out = tmp_path / "m"
    assert main(["run", str(corpus), "--out", str(out), "--quiet"]) == 0
    before = (out / "config.json").read_bytes()
    assert main(["run", str(corpus), "--out", str(out), "--quiet", "--seed", "5"]) == 1
    assert "--force" in capsys.readouterr().err
    assert (out / "config.json").read_bytes() == before
    assert main(["run", str(corpus), "--out", str(out), "--quiet", "--seed", "5", "--force"]) == 0
    assert (out / "config.json").read_bytes() != before
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "thesis.tex").write_text("x")
    assert main(["run", str(corpus), "--out", str(precious), "--quiet", "--force"]) == 1
    assert (precious / "thesis.tex").read_text() == "x"


TEXTS = "".join(f"{b}\n" for _, b in _make(ENGLISH, 60, " "))
BAD = {
    "empty": (b"", [], "empty|no document"),
    "blank lines": (b"\n\n  \n", [], "empty|no document|left after cleaning"),
    "one document": (b"a ship sailed over the sea\n", [], "1 of 1|at least 2"),
    "all equal": (b"a ship sailed over the sea\n" * 20, [], "at least 2 different"),
    "stop words": (
        "\n".join(["the of and to", "is it not that", "of the in a"] * 9).encode(),
        [],
        "stop word|vocabulary|left after",
    ),
    "punctuation": (
        "\n".join(["!!! ... ???", "😀 😀 🎉", "--- *** ###", "。。。，，，"]).encode(),
        [],
        "left after cleaning",
    ),
    "invalid utf-8": (TEXTS.encode() + b"broken \xff\xfe here\n", [], r"bad.*byte|byte.*bad"),
    "missing column": (b"id,body\n1,a ship sailed far\n", ["--text-column", "text"], "'text'.*(id|body)"),
    "broken json": (b'{"text": "a ship"}\n{"text": \n', [], "line 2|:2"),
    "one class": (
        b"label,text\n" + b"".join(b"sea,ship %d sailed far away\n" % i for i in range(60)),
        ["--label-column", "label"],
        "class",
    ),
    "topics beyond documents": (TEXTS.encode(), ["--topics", "500"], "topics|clusters"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_gets_one_sentence_status_1_and_leaves_nothing(name, tmp_path, capsys):
    content, options, words = BAD[name]
    suffix = ".csv" if b"," in content.split(b"\n")[0] else ".jsonl" if content.startswith(b"{") else ".txt"
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    status = main(["run", str(path), "--out", str(tmp_path / "out"), "--quiet", *options])
    said = capsys.readouterr().err
    assert status == 1, said
    assert said.startswith("minilm-unsup: error: ")
    assert said.count("\n") == 1
    assert "Traceback" not in said
    import re

    assert re.search(words, said), said
    assert os.listdir(tmp_path) == [path.name]


def test_errors_replace_goes_on(tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(TEXTS.encode() + b"the broken ship \xff\xfe sailed here\n")
    assert main(["run", str(path), "--out", str(tmp_path / "out"), "--quiet", "--errors", "replace"]) == 0


def test_long_lines_nul_bytes_gzip_and_standard_input(tmp_path, monkeypatch):
    content = TEXTS.encode() + b"ship\0 and sea " + b"word " * 2_000_000 + b"\n"
    path = tmp_path / "long.txt.gz"
    path.write_bytes(gzip.compress(content, 1))
    assert main(["run", str(path), "--out", str(tmp_path / "a"), "--quiet", "--document", "line"]) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXTS.encode())))
    assert main(["run", "-", "--out", str(tmp_path / "b"), "--quiet"]) == 0


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda p: None, "no such file|does not exist|not found"),
        (lambda p: p.mkdir(), "director"),
    ],
)
def test_missing_files_and_directories(make, words, tmp_path, capsys):
    import re

    path = tmp_path / "thing"
    make(path)
    assert main(["run", str(path), "--out", str(tmp_path / "o"), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert re.search(words, said, re.IGNORECASE), said
    assert "thing" in said
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--topics", "0"],
        ["run", "--topics", "many"],
        ["run", "--seed", "-1"],
        ["run", "--threads", "0"],
        ["run", "--no-such-option"],
        ["transform", "m"],
        ["fly"],
        [],
    ],
)
def test_wrong_usage_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: minilm-unsup" in capsys.readouterr().err


def test_damaged_models_are_refused(model, corpus, tmp_path, capsys):
    import shutil

    for name, change in {
        "model.safetensors": lambda raw: raw[: len(raw) // 2],
        "tokenizer.json": lambda raw: raw.replace(b"ship", b"shop"),
        "config.json": lambda raw: raw.replace(b'"n_topics": 5', b'"n_topics": 6'),
    }.items():
        copy = tmp_path / "copy"
        shutil.copytree(model, copy)
        raw = (copy / name).read_bytes()
        assert change(raw) != raw
        (copy / name).write_bytes(change(raw))
        assert main(["topics", str(copy)]) == 1
        said = capsys.readouterr().err
        assert name in said
        assert "Traceback" not in said
        shutil.rmtree(copy)


def test_output_that_cannot_be_written(corpus, tmp_path, capsys):
    assert main(["run", str(corpus), "--out", str(tmp_path / "no/such/m"), "--quiet"]) == 1
    assert "not a directory" in capsys.readouterr().err
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        assert main(["run", str(corpus), "--out", str(locked / "m"), "--quiet"]) == 1
        assert "read-only" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing(corpus, tmp_path, capsys, monkeypatch):
    import minilm_unsup._storage as storage

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    assert main(["run", str(corpus), "--out", str(tmp_path / "m"), "--quiet"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupt_at_any_time_leaves_nothing_half_written(corpus, tmp_path):
    command = [
        sys.executable,
        "-m",
        "minilm_unsup",
        "run",
        str(corpus),
        "--epochs",
        "400",
        "--out",
        str(tmp_path / "m"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("tf-idf"):
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    # A signal in the midst of an evaluated string makes CPython end by the signal itself; a shell sees 130 either way.
    assert process.wait(30) in (130, -signal.SIGINT), rest
    assert "nothing was written" in rest
    assert "Traceback" not in rest
    assert os.listdir(tmp_path) == []
