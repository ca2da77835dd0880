"""Byte-level BPE beside tokenizers, tiktoken and rs-bpe (encoding, one thread) and sentencepiece (training)."""

from __future__ import annotations

import base64
import gzip
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.frame import Context, Row, alternate, median, require, spread
from benchmarks.sets import labelled

_GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def run(context: Context) -> list[Row]:
    for peer in ("tokenizers", "tiktoken", "sentencepiece", "rs_bpe"):
        require(peer)
    import minilm_unsup

    sets = {"English": labelled(context, "20news/20news.tsv.gz")[0][:: context.size(4, 400)]}
    with gzip.open(context.data("zh_web_passages/zh_web_passages.train.txt.gz"), "rt", encoding="utf-8") as file:
        sets["Chinese"] = [line.rstrip("\n") for line in file][:: context.size(1, 100)]
    rows = []
    threads = minilm_unsup.get_num_threads()
    minilm_unsup.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        for language, texts in sets.items():
            rows += _encode(context, language, texts) + _encode_rs(context, language, texts)
    finally:
        minilm_unsup.set_num_threads(threads)
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
    return rows + _train(context)


def rate_of(texts: list[str]) -> Callable[[float], str]:
    n_bytes = sum(len(text.encode()) for text in texts)
    return lambda seconds: f"{n_bytes / seconds / 1e6:.1f} MB/s"


def speed_row(name: str, ours: list[float], peer: list[float], peer_name: str, least: float | None, rate: Any) -> Row:
    return Row(
        name,
        median(ours),
        median(peer),
        peer_name,
        target=f">= {least:g}x" if least else "",
        met=median(peer) >= least * median(ours) if least else None,
        spread=spread(ours),
        note=f"{rate(median(ours))} against {rate(median(peer))}",
    )


def _encode(context: Context, language: str, texts: list[str]) -> list[Row]:
    """GPT-2's tokenizer: tokenizers gives ids and offsets, tiktoken ids."""
    import tiktoken
    from tokenizers import Tokenizer

    from minilm_unsup.text import load_gpt2

    folder = context.data("gpt2_bpe/vocab.bpe").parent
    ours = load_gpt2(folder / "encoder.json", folder / "vocab.bpe")
    tokenizers = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ranks = {ours.decode_bytes([i]): i for i in range(50_256)}
    tik = tiktoken.Encoding("gpt2", pat_str=_GPT2, mergeable_ranks=ranks, special_tokens={})
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.encode_batch(texts, parse_special=False),
        "ours, ids": lambda: ours.encode_batch(texts, parse_special=False, offsets=False),
        "tokenizers": lambda: tokenizers.encode_batch(texts, add_special_tokens=False),
        "tiktoken": lambda: [tik.encode_ordinary(text) for text in texts],
    }
    for mine, theirs, plain in zip(calls["ours"](), calls["tokenizers"](), calls["tiktoken"](), strict=True):
        assert mine.ids.tolist() == theirs.ids == plain
        assert mine.offsets.tolist() == [list(span) for span in theirs.offsets]
    times = alternate(calls, context.repeats)
    rate = rate_of(texts)
    name = f"BPE encode, GPT-2's, {language}"
    with_offsets, plain = {"English": (25, 8), "Chinese": (None, 5)}[language]
    return [
        speed_row(f"{name}, ids and offsets", times["ours"], times["tokenizers"], "tokenizers", with_offsets, rate),
        speed_row(f"{name}, ids", times["ours, ids"], times["tiktoken"], "tiktoken", plain, rate),
    ]


def _encode_rs(context: Context, language: str, texts: list[str]) -> list[Row]:
    """The 100,256 tokens of GPT-4, as rs-bpe carries them."""
    from rs_bpe.bpe import openai

    from minilm_unsup.text import load_tiktoken

    peer = openai.cl100k_base()
    inner = peer.bpe()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ranks")
        tokens = [bytes(inner.decode_tokens([i])) for i in range(100_256)]
        path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % i for i, token in enumerate(tokens)))
        ours = load_tiktoken(path, pattern="gpt4")
    calls: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours.encode_batch(texts, offsets=False),
        "rs-bpe": lambda: [peer.encode(text) for text in texts],
    }
    for mine, theirs in zip(calls["ours"](), calls["rs-bpe"](), strict=True):
        assert mine.ids.tolist() == theirs
    times = alternate(calls, context.repeats)
    least = 4 if language == "English" else None
    name = f"BPE encode, GPT-4's, {language}, ids"
    return [speed_row(name, times["ours"], times["rs-bpe"], "rs-bpe", least, rate_of(texts))]


def corpus(context: Context) -> list[str]:
    """All texts of the data sets together."""
    out = []
    root = context.data("20news").parent
    for path in sorted(root.glob("*/*.t[xs][tv].gz")):
        if path.parent.name not in ("muse_en_fr", "gpt2_bpe", "bert_vocab"):
            with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
                out += [cell for line in file for cell in line.rstrip("\n").split("\t") if len(cell) > 20]
    return out[:: context.size(1, 100)]


def _train(context: Context) -> list[Row]:
    import sentencepiece
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    from minilm_unsup import BPETokenizer

    texts, size = corpus(context), context.size(32_000, 8_000)
    ours = BPETokenizer(pattern="gpt2")
    peer = Tokenizer(models.BPE())
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "corpus.txt")
        file.write_text("\n".join(texts), encoding="utf-8")
        calls: dict[str, Callable[[], Any]] = {
            "ours": lambda: ours.train(texts, size),
            "tokenizers": lambda: peer.train_from_iterator(texts, trainer),
            "sentencepiece": lambda: sentencepiece.SentencePieceTrainer.train(
                input=str(file),
                model_prefix=str(Path(folder, "m")),
                vocab_size=size,
                model_type="bpe",
                num_threads=context.threads,
                hard_vocab_limit=False,
                character_coverage=0.9995,
                max_sentence_length=1 << 20,
                minloglevel=2,
            ),
        }
        times = alternate(calls, context.size(3, 1), warm_up=0)
    merges = [tuple(pair) for pair in json.loads(peer.to_str())["model"]["merges"]]
    assert merges == ours.merges_
    rate = rate_of(texts)
    n_bytes = sum(len(text.encode()) for text in texts)
    name = f"BPE training, {len(ours.vocabulary_):,} tokens, {n_bytes / 1e6:.0f} MB"
    return [
        speed_row(name, times["ours"], times["tokenizers"], "tokenizers, the same merges", 6, rate),
        speed_row(name, times["ours"], times["sentencepiece"], "sentencepiece", 3, rate),
    ]
