"""Raw documents: cleaning and judging by themselves, and all the way to TF-IDF beside scikit-learn."""

from __future__ import annotations

import functools
import gzip
import json

import numpy as np

from benchmarks.frame import Context, Row, alternate, bytes_rate, median, require, spread
from benchmarks.sets import labelled


def run(context: Context) -> list[Row]:
    from minilm_unsup import Deduplicator, QualityFilter, TextCleaner, TfidfVectorizer, WordTokenizer

    require("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer as Peer

    limit = context.size(20_000, 1_000)
    english = labelled(context, "20news/20news_body.tsv.gz", limit)[0]
    english += labelled(context, "ag_news/ag_news.tsv.gz")[0][: max(0, limit - len(english))]
    chinese = labelled(context, "thucnews/thucnews.tsv.gz", limit)[0]
    rows = _alone(context, english, chinese)
    for language, texts in (("English", english), ("Chinese titles", chinese)):
        texts = texts[:limit]
        n_bytes = sum(len(text.encode()) for text in texts)
        _check_equal(texts)

        def ours(texts: list[str] = texts) -> None:
            TfidfVectorizer().fit_transform(TextCleaner().transform(texts))

        # The peer gets raw text: its own lower-casing and token pattern are all it does to it. For Chinese it has no
        # words at all (a title is one token), so characters and their pairs stand for what ours counts.
        settings = {} if language == "English" else {"analyzer": "char", "ngram_range": (1, 2)}

        def peer(texts: list[str] = texts, settings: dict = settings) -> None:
            Peer(dtype=np.float32, **settings).fit_transform(texts)

        cleaner = TextCleaner()
        cleaned = cleaner.transform(texts)
        parts = {
            "clean": lambda texts=texts: TextCleaner().transform(texts),
            "filter": lambda cleaned=cleaned: Deduplicator().filter(QualityFilter().filter(cleaned)[0]),
            "count": lambda cleaned=cleaned: TfidfVectorizer().fit_transform(cleaned),
        }
        times = alternate({"ours": ours, "peer": peer, **parts}, context.repeats)
        t = median(times["ours"])
        rows.append(
            Row(
                f"clean + count + TF-IDF, {len(texts):,} {language}",
                t,
                median(times["peer"]),
                "scikit-learn",
                target=">= 5x" if language == "English" else "",
                met=median(times["peer"]) / t >= 5 if language == "English" else None,
                share=f"{n_bytes / t / bytes_rate(1 << 26):.2%} of memory",
                spread=spread(times["ours"]),
                note=f"{n_bytes / t / 1e6:.0f} MB/s; "
                + ", ".join(f"{name} {median(times[name]) * 1e3:.0f} ms" for name in parts),
            )
        )
        words = WordTokenizer().train(cleaned)
        times = alternate({"encode": lambda w=words, c=cleaned: w.encode_batch(c)}, context.repeats)
        t = median(times["encode"])
        rows.append(
            Row(
                f"WordTokenizer.encode_batch, {language}",
                t,
                spread=spread(times["encode"]),
                note=f"{n_bytes / t / 1e6:.0f} MB/s",
            )
        )
    return rows


def _check_equal(texts: list[str]) -> None:
    """The same numbers as scikit-learn where the settings mean the same, before anything is timed."""
    from sklearn.feature_extraction.text import TfidfVectorizer as Peer

    from minilm_unsup import TfidfVectorizer, WordTokenizer

    part = texts[:2_000]
    ours = TfidfVectorizer(tokenizer=WordTokenizer(rule="runs", min_length=2), dtype=np.float64)
    X, peer = ours.fit_transform(part), Peer()
    Y = peer.fit_transform(part)
    Y.sort_indices()
    same = (
        list(ours.get_feature_names_out()) == list(peer.get_feature_names_out())
        and np.array_equal(X.indptr, Y.indptr)
        and np.array_equal(X.indices, Y.indices)
        and np.allclose(X.data, Y.data, rtol=1e-12, atol=0)
    )
    if not same:
        raise RuntimeError("TF-IDF differs from scikit-learn's for equal settings")


def _alone(context: Context, english: list[str], chinese: list[str]) -> list[Row]:
    """Cleaning by each profile and judging by each kind of rules, one thread."""
    from minilm_unsup import QualityFilter, TextCleaner

    with gzip.open(context.data("20news/20news_raw_sample.jsonl.gz"), "rt", encoding="utf-8") as file:
        mails = [json.loads(line)["text"] for line in file]
    with gzip.open(context.data("zh_web_passages/zh_web_passages.train.txt.gz"), "rt", encoding="utf-8") as file:
        passages = [line.rstrip("\n") for line in file]
    rows = []
    for name, texts in (
        ("20 Newsgroups", english),
        ("raw mails", mails),
        ("Chinese passages", passages),
        ("Chinese titles", chinese),
    ):
        n_bytes = sum(len(text.encode("utf-8", "replace")) for text in texts)
        calls = {p: functools.partial(TextCleaner(p).transform, texts) for p in ("topics", "lm", "sentiment", "search")}
        calls |= {f"{p} rules": functools.partial(QualityFilter(p).filter, texts) for p in ("short", "long")}
        times = {call: median(took) for call, took in alternate(calls, context.repeats).items()}
        for call in ("topics", "long rules"):
            others = [c for c in calls if c.endswith("rules") == call.endswith("rules") and c != call]
            rate = n_bytes / times[call] / 1e6
            rows.append(
                Row(
                    f"{'QualityFilter' if call.endswith('rules') else 'TextCleaner'}, {call}, {name}",
                    rate,
                    unit="MB/s",
                    target=">= 50 MB/s" if call == "topics" else "",
                    met=rate >= 50 if call == "topics" else None,
                    note=", ".join(f"{c} {n_bytes / times[c] / 1e6:.0f} MB/s" for c in others),
                )
            )
    return rows
