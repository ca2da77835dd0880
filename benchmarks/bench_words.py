"""Counting and TF-IDF of 20,000 documents, English and Chinese, beside scikit-learn on the same tokens."""

from __future__ import annotations

import gzip

import numpy as np

from benchmarks.frame import Context, Row, alternate, median, require, spread


def _texts(context: Context, name: str) -> list[str]:
    with gzip.open(context.data(name), "rt", encoding="utf-8", newline="\n") as file:
        texts = [line.rstrip("\n").split("\t")[2] for line in file]
    return texts[:: context.size(1, 40)]


def run(context: Context) -> list[Row]:
    require("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer as Peer

    from minilm_unsup.text import TfidfVectorizer, WordTokenizer

    rows = []
    for label, name in (("20news", "20news/20news_body.tsv.gz"), ("thucnews", "thucnews/thucnews.tsv.gz")):
        texts = _texts(context, name)
        n_bytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        same_tokens = WordTokenizer(rule="runs", min_length=2)
        for kind, tokenizer, peer_options in (
            ("runs of letters", same_tokens, {}),
            (
                "words",
                WordTokenizer(),
                {"tokenizer": WordTokenizer().tokenize, "token_pattern": None, "lowercase": False},
            ),
        ):
            ours = TfidfVectorizer(tokenizer=tokenizer, dtype=np.float64)
            peer = Peer(**peer_options)
            X, Y = ours.fit_transform(texts), peer.fit_transform(texts)
            Y.sort_indices()
            assert ours.get_feature_names_out().tolist() == peer.get_feature_names_out().tolist()
            np.testing.assert_array_equal(X.indptr, Y.indptr)
            np.testing.assert_array_equal(X.indices, Y.indices)
            np.testing.assert_allclose(X.data, Y.data, rtol=1e-12)
            times = alternate(
                {
                    "ours": lambda ours=ours, t=texts: ours.fit_transform(t),
                    "peer": lambda p=peer, t=texts: p.fit_transform(t),
                },
                context.repeats,
            )
            took = median(times["ours"])
            rows.append(
                Row(
                    f"TF-IDF, {label}, {kind}, {len(texts):,} texts",
                    took,
                    median(times["peer"]),
                    "scikit-learn" if not peer_options else "scikit-learn over our tokenize",
                    target=">= 10x" if not peer_options else "",
                    met=median(times["peer"]) >= 10 * took if not peer_options else None,
                    spread=spread(times["ours"]),
                    note=f"{n_bytes / took / 1e6:.0f} MB/s",
                )
            )
    return rows
