"""WordPiece beside tokenizers: encoding with BERT's two vocabularies (one thread) and training."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from typing import Any

from benchmarks.bench_bpe import corpus, rate_of, speed_row
from benchmarks.frame import Context, Row, alternate, require
from benchmarks.sets import labelled


def run(context: Context) -> list[Row]:
    require("tokenizers")
    import minilm_unsup

    english = labelled(context, "20news/20news.tsv.gz")[0][:: context.size(4, 400)]
    with gzip.open(context.data("zh_web_passages/zh_web_passages.train.txt.gz"), "rt", encoding="utf-8") as file:
        chinese = [line.rstrip("\n") for line in file][:: context.size(1, 100)]
    threads = minilm_unsup.get_num_threads()
    minilm_unsup.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        rows = _encode(context, "English", "uncased", english) + _encode(context, "Chinese", "chinese", chinese)
    finally:
        minilm_unsup.set_num_threads(threads)
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
    return rows + _train(context)


def _encode(context: Context, language: str, name: str, texts: list[str]) -> list[Row]:
    from tokenizers import Tokenizer

    from minilm_unsup import load_tokenizer

    path = context.data(f"bert_vocab/bert_base_{name}_tokenizer.json")
    ours, peer = load_tokenizer(path), Tokenizer.from_file(str(path))
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.encode_batch(texts),
        "tokenizers": lambda: peer.encode_batch(texts, add_special_tokens=False),
    }
    for mine, theirs in zip(calls["ours"](), calls["tokenizers"](), strict=True):
        assert mine.ids.tolist() == theirs.ids
        assert mine.offsets.tolist() == [list(span) for span in theirs.offsets]
    times = alternate(calls, context.repeats)
    loop = f"WordPiece encode, BERT's {name}, {language}, ids and offsets"
    return [speed_row(loop, times["ours"], times["tokenizers"], "tokenizers", 20, rate_of(texts))]


def _train(context: Context) -> list[Row]:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    from minilm_unsup import WordPieceTokenizer

    texts, size = corpus(context), context.size(32_000, 12_000)
    ours = WordPieceTokenizer()
    peer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    peer.normalizer, peer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=2, special_tokens=["[UNK]"], limit_alphabet=2**20, show_progress=False
    )
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.train(texts, size, character_coverage=1),
        "tokenizers": lambda: peer.train_from_iterator(texts, trainer),
    }
    times = alternate(calls, context.size(3, 1), warm_up=0)
    # The peer gives ids to characters in the order of a hash table, and ids decide between equally frequent pairs.
    shared = len(ours.vocabulary_.keys() & peer.get_vocab().keys()) / len(ours.vocabulary_)
    assert shared > 0.99, shared
    loop = f"WordPiece training, {len(ours.vocabulary_):,} tokens"
    row = speed_row(loop, times["ours"], times["tokenizers"], "tokenizers", None, rate_of(texts))
    row.note += f"; {shared:.2%} of the tokens the same"
    return [row]
