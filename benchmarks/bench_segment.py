"""Chinese words: beside jieba with a dictionary (one thread), and learned without one."""

from __future__ import annotations

import gzip
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.bench_bpe import rate_of, speed_row
from benchmarks.frame import Context, Row, alternate, require


def run(context: Context) -> list[Row]:
    require("jieba")
    import minilm_unsup

    threads = minilm_unsup.get_num_threads()
    minilm_unsup.set_num_threads(1)
    try:
        rows = _with_dictionary(context)
    finally:
        minilm_unsup.set_num_threads(threads)
    return rows + _without(context)


def _lines(context: Context, name: str) -> list[str]:
    with gzip.open(context.data(name), "rt", encoding="utf-8", newline="\n") as file:
        return [line.rstrip("\n") for line in file]


def _with_dictionary(context: Context) -> list[Row]:
    """Passages; on their runs of Han the two agree. jieba with its own dictionary and no model of new words."""
    import jieba

    from minilm_unsup.text import load_chinese_dictionary

    jieba.setLogLevel(60)
    texts = _lines(context, "zh_web_passages/zh_web_passages.train.txt.gz")[:: context.size(1, 100)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dict.txt")
        path.write_bytes(jieba.get_module_res("dict.txt").read())
        ours = load_chinese_dictionary(path)
    jieba.initialize()
    for run in re.findall("[\u4e00-\u9fa5]+", "\n".join(texts)):
        assert ours.tokenize(run) == list(jieba.cut(run, HMM=False))
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: [ours.tokenize(text) for text in texts],
        "ours, batch": lambda: ours.encode_batch(texts),
        "jieba": lambda: [list(jieba.cut(text, HMM=False)) for text in texts],
    }
    times = alternate(calls, context.size(5, 1))
    rate = rate_of(texts)
    loop = "Chinese words, jieba's dictionary"
    return [
        speed_row(f"{loop}, ids and offsets", times["ours, batch"], times["jieba"], "jieba", 20, rate),
        speed_row(f"{loop}, as strings", times["ours"], times["jieba"], "jieba", None, rate),
    ]


def _f1(found: list[list[str]], gold: list[list[str]]) -> float:
    right = total = 0
    for pair in zip(found, gold, strict=True):
        spans = []
        for words in pair:
            at, some = 0, Counter[tuple[int, int]]()
            for word in words:
                some[at, at + len(word)] += 1
                at += len(word)
            spans.append(some)
        right, total = right + (spans[0] & spans[1]).total(), total + len(pair[0]) + len(pair[1])
    return 2 * right / total


def _without(context: Context) -> list[Row]:
    from minilm_unsup import ChineseSegmenter

    gold = [line.split() for line in _lines(context, "zh_seg_pku/zh_seg_pku_gold.txt.gz")]
    raw = ["".join(words) for words in gold]
    corpus = [
        *raw,
        *_lines(context, "zh_web_passages/zh_web_passages.train.txt.gz"),
        *_lines(context, "zh_web_passages/zh_web_passages.test.txt.gz"),
        *(row.split("\t")[2] for row in _lines(context, "thucnews/thucnews.tsv.gz")),
    ][:: context.size(1, 20)]
    start = time.perf_counter()
    learned = ChineseSegmenter().train(corpus)
    seconds = time.perf_counter() - start
    words = _lines(context, "zh_seg_pku/zh_seg_pku_words.txt.gz")
    control = ChineseSegmenter().set_words(dict.fromkeys(words, 1))
    f1 = {
        "learned": _f1([learned.tokenize(text) for text in raw], gold),
        "words of the training part": _f1([control.tokenize(text) for text in raw], gold),
        "characters": _f1([[c for c in text if not c.isspace()] for text in raw], gold),
    }
    n_characters = sum(map(len, corpus))
    note = ", ".join(f"{name} {value:.3f}" for name, value in f1.items())
    row = Row(f"Chinese words learned from {n_characters / 1e6:.1f} million characters, F1", seconds, note=note)
    row.target, row.met = "F1 >= .75", None if context.smoke else f1["learned"] >= 0.75
    return [row]
