"""Unigram subwords beside tokenizers (encoding, one thread) and sentencepiece (training)."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_bpe import corpus, rate_of, speed_row
from benchmarks.frame import Context, Row, alternate, require
from benchmarks.sets import labelled


def run(context: Context) -> list[Row]:
    for peer in ("tokenizers", "sentencepiece"):
        require(peer)
    import minilm_unsup

    rows, model = _train(context)
    sets = {"English": labelled(context, "20news/20news.tsv.gz")[0][:: context.size(4, 400)]}
    with gzip.open(context.data("zh_web_passages/zh_web_passages.train.txt.gz"), "rt", encoding="utf-8") as file:
        sets["Chinese"] = [line.rstrip("\n") for line in file][:: context.size(1, 100)]
    threads = minilm_unsup.get_num_threads()
    minilm_unsup.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        for language, texts in sets.items():
            rows.append(_encode(context, language, texts, model))
    finally:
        minilm_unsup.set_num_threads(threads)
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
    return rows


def _encode(context: Context, language: str, texts: list[str], ours: Any) -> Row:
    from tokenizers import Tokenizer

    from minilm_unsup.text.unigram_files import unigram_to_json

    peer = Tokenizer.from_str(json.dumps(unigram_to_json(ours)))
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.encode_batch(texts),
        "tokenizers": lambda: peer.encode_batch(texts, add_special_tokens=False),
    }
    for mine, theirs in zip(calls["ours"](), calls["tokenizers"](), strict=True):
        assert mine.ids.tolist() == theirs.ids
        assert mine.offsets.tolist() == [list(span) for span in theirs.offsets]
    times = alternate(calls, context.repeats)
    loop = f"Unigram encode, {language}, ids and offsets"
    return speed_row(loop, times["ours"], times["tokenizers"], "tokenizers", None, rate_of(texts))


def _train(context: Context) -> tuple[list[Row], Any]:
    import sentencepiece

    from minilm_unsup import UnigramTokenizer

    size = context.size(32_000, 8_000)
    texts = [" ".join(text.split()) for text in corpus(context)]
    ours = UnigramTokenizer(prefix_space="always")
    with tempfile.TemporaryDirectory() as folder:
        file, model = Path(folder, "corpus.txt"), Path(folder, "m")
        file.write_text("\n".join(texts), encoding="utf-8")
        calls: dict[str, Callable[[], Any]] = {
            "ours": lambda: ours.train(texts, size),
            "sentencepiece": lambda: sentencepiece.SentencePieceTrainer.train(
                input=str(file),
                model_prefix=str(model),
                vocab_size=size,
                model_type="unigram",
                num_threads=context.threads,
                hard_vocab_limit=False,
                byte_fallback=True,
                normalization_rule_name="identity",
                max_sentence_length=1 << 20,
                minloglevel=2,
            ),
        }
        times = alternate(calls, 1, warm_up=0)
        theirs = sentencepiece.SentencePieceProcessor(model_file=f"{model}.model")
    # Two sets of pieces that are as good: bits a character of every 40th text under each one's own frequencies.
    some = texts[::40]
    n_characters = sum(map(len, some))
    bits = [
        _bits(np.concatenate([encoding.ids for encoding in ours.encode_batch(some)])) / n_characters,
        _bits(np.concatenate([np.array(theirs.encode(text)) for text in some if text])) / n_characters,
    ]
    assert bits[0] < 1.03 * bits[1], bits
    n_bytes = sum(len(text.encode()) for text in texts)
    loop = f"Unigram training, {len(ours.vocabulary_):,} tokens, {n_bytes / 1e6:.0f} MB"
    row = speed_row(loop, times["ours"], times["sentencepiece"], "sentencepiece", 3, rate_of(texts))
    row.note += f"; {bits[0]:.3f} against {bits[1]:.3f} bits a character"
    return [row], ours


def _bits(ids: Any) -> float:
    counts = np.bincount(ids)
    counts = counts[counts > 0]
    return float(-(counts * np.log2(counts / counts.sum())).sum())
