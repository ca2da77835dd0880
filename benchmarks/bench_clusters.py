"""Clusters of labelled sets by the default pipeline, beside TF-IDF -> TruncatedSVD(100) -> KMeans of scikit-learn."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.frame import Context, Row, alternate, median, require, spread
from benchmarks.sets import labelled

SETS = {"20news": ("20news/20news_body.tsv.gz", 20), "thucnews": ("thucnews/thucnews.tsv.gz", 10)}
STARTS = 3  # of K-means, ours and the peer's: what TopicModel takes by default


def run(context: Context) -> list[Row]:
    require("sklearn")
    rows = []
    for name, (path, k) in SETS.items():
        texts, labels = labelled(context, path, context.size(10**9, 600))
        rows += _one(context, name, texts, labels, k)
    rows += _sweeps(context)
    return rows


def _one(context: Context, name: str, texts: list[str], labels: list[str], k: int) -> list[Row]:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer as PeerTfidf

    from minilm_unsup import SentenceEmbedder, TextCleaner, TopicModel, metrics
    from minilm_unsup.pipeline import TextPipeline
    from minilm_unsup.text import WordTokenizer

    cleaned = TextCleaner().transform(texts)
    tokenizer = WordTokenizer()
    vectorizer = TextPipeline().make_vectorizer(len(cleaned))
    counts = vectorizer.fit_counts(cleaned)
    names = vectorizer.get_feature_names_out()
    columns = set(names.tolist())
    # The peer gets the very tokens ours counts: words of the vocabulary, stop words and rare words already left out.
    tokens = [[t for t in tokenizer.tokenize(text) if t in columns] for text in cleaned]
    n_components = min(100, len(names) - 1)
    scores: dict[str, list[float]] = {"ours": [], "peer": []}
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    n_seeds = 2 if context.smoke else 5
    for seed in range(-1, n_seeds):  # the first round warms up
        start = time.perf_counter()
        counted = vectorizer.fit_counts(cleaned)
        vectors = SentenceEmbedder(random_state=seed + 1).fit_transform(counted)
        model = TopicModel(n_topics=k, n_init=STARTS, random_state=seed + 1).fit(counted, vectors=vectors)
        middle = time.perf_counter()
        weights = PeerTfidf(analyzer=lambda words: words).fit_transform(tokens)
        codes = TruncatedSVD(n_components, random_state=seed + 1).fit_transform(weights)
        found = KMeans(k, n_init=STARTS, random_state=seed + 1).fit(codes).labels_
        end = time.perf_counter()
        if seed >= 0:
            scores["ours"].append(metrics.nmi(labels, model.labels_))
            scores["peer"].append(metrics.nmi(labels, found))
            seconds["ours"].append(middle - start)
            seconds["peer"].append(end - middle)
    ours, peer = float(np.mean(scores["ours"])), float(np.mean(scores["peer"]))
    mine, theirs = median(seconds["ours"]), median(seconds["peer"])
    listed = " ".join(f"{v:.3f}" for v in scores["ours"])
    return [
        Row(
            f"clusters of {name}, NMI",
            ours,
            peer,
            "scikit-learn",
            unit="",
            ratio=ours / peer,
            target=">= 1x",
            met=ours >= peer,
            note=f"k={k}, {counts.shape[0]:,} x {counts.shape[1]:,}; seeds {listed}",
        ),
        Row(
            f"clusters of {name}, time",
            mine,
            theirs,
            "scikit-learn",
            target=">= 0.5x",
            met=theirs / mine >= 0.5,
            spread=spread(seconds["ours"]),
            note="counts to labels, ours; tokens to labels, the peer",
        ),
    ]


def _sweeps(context: Context) -> list[Row]:
    """One Lloyd sweep from the same centres, and Ward's tree, on drawn points."""
    from sklearn.cluster import KMeans as PeerKMeans

    from minilm_unsup import KMeans, linkage

    rng = np.random.default_rng(0)
    n, d, k = context.size(20_000, 2_000), context.size(384, 32), 20
    X = rng.standard_normal((n, d)).astype(np.float32)
    start = X[rng.choice(n, k, replace=False)]
    sweeps = 10
    ours = KMeans(k, init=start, n_init=1, max_iter=sweeps, tol=0.0)
    peer = PeerKMeans(k, init=start, n_init=1, max_iter=sweeps, tol=0.0, algorithm="lloyd")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both stop at the asked number of sweeps
        a, b = ours.fit(X), peer.fit(X)
        if not np.isclose(a.inertia_, b.inertia_, rtol=1e-4):
            raise RuntimeError(f"inertia differs after {sweeps} sweeps: {a.inertia_} and {b.inertia_}")
        times = alternate({"ours": lambda: ours.fit(X), "peer": lambda: peer.fit(X)}, context.repeats)
    t = median(times["ours"]) / sweeps
    rows = [
        Row(
            f"K-means sweep, {n:,} x {d}, k={k}",
            t,
            median(times["peer"]) / sweeps,
            "scikit-learn",
            share=_share(n * d * k, t),
            spread=spread(times["ours"]),
        )
    ]
    from scipy.cluster.hierarchy import linkage as peer_linkage

    n = context.size(5_000, 500)
    X = rng.standard_normal((n, 100)).astype(np.float32)
    Z, W = linkage(X, "ward"), peer_linkage(X, "ward")
    if not np.allclose(Z[:, 2], W[:, 2], rtol=1e-4):
        raise RuntimeError("heights of Ward's tree differ from SciPy's")
    times = alternate(
        {"ours": lambda: linkage(X, "ward"), "peer": lambda: peer_linkage(X, "ward")}, max(1, context.repeats // 2)
    )
    rows.append(
        Row(
            f"Ward linkage, {n:,} x 100",
            median(times["ours"]),
            median(times["peer"]),
            "SciPy",
            spread=spread(times["ours"]),
        )
    )
    return rows


def _share(work: float, seconds: float) -> str:
    from benchmarks.frame import multiply_add_rate
    from minilm_unsup import get_num_threads

    return f"{work / seconds / (multiply_add_rate() * get_num_threads()):.0%} of multiply-adds"
