"""TopicModel: words by the naive class TF-IDF, redundant ones left out, in both languages; state comes back whole."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup._csr import CSRMatrix
from minilm_unsup._exceptions import ConvergenceWarning, NotFittedError
from minilm_unsup.cluster import cut_tree
from minilm_unsup.models import TopicModel
from minilm_unsup.models.topic_model import _stem

from .reference import svd as twin
from .strategies import seeds


def corpus(seed, n=300, n_topics=5, words_per_topic=20):
    """Counts in which each document takes its words from one topic, and a few from anywhere."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_topics, n)
    X = np.zeros((n, n_topics * words_per_topic))
    for i, topic in enumerate(truth):
        own = topic * words_per_topic + rng.integers(0, words_per_topic, 15)
        np.add.at(X[i], np.concatenate((own, rng.integers(0, X.shape[1], 3))), 1)
    return X, truth


def one_to_one(a, b):
    pairs = set(zip(np.asarray(a).tolist(), np.asarray(b).tolist(), strict=True))
    return len(pairs) == len(set(np.asarray(a).tolist())) == len(set(np.asarray(b).tolist()))


@pytest.mark.parametrize("form", [lambda X: X, CSRMatrix.from_dense])
def test_finds_planted_topics_from_counts_alone(form):
    X, truth = corpus(0)
    model = TopicModel(5, random_state=0).fit(form(X))
    assert one_to_one(model.labels_, truth)
    assert model.labels_.dtype == np.int32
    np.testing.assert_array_equal(model.topic_sizes_, np.bincount(model.labels_))
    for topic, words in enumerate(model.topic_words()):
        planted = truth[model.labels_ == topic][0]
        assert {int(word) // 20 for word, _ in words} == {planted}
    np.testing.assert_array_equal(model.predict(form(X)), model.labels_)
    similarities = model.transform(vectors=model.embedder_.transform(X))
    np.testing.assert_array_equal(model.transform(X), similarities)
    np.testing.assert_allclose(similarities.max(axis=1), model.similarity_, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(model.topic_vectors_, axis=1), 1, rtol=1e-5)


@given(seeds(), st.integers(1, 4))
@settings(max_examples=25)
def test_weights_are_the_naive_class_tf_idf(seed, n_topics):
    rng = np.random.default_rng(seed)
    X = rng.poisson(0.8, (12, 9)).astype(float)
    labels = np.concatenate((np.arange(n_topics), rng.integers(0, n_topics, 12 - n_topics)))
    names = list("qwrtypdfg")  # no two of one stem
    model = TopicModel(n_topics, n_words=9).fit(
        X, vectors=rng.random((12, 3)) + 0.1, labels=labels, feature_names=names
    )
    expected = twin.class_tf_idf(X.tolist(), labels.tolist(), n_topics)
    for words, weights in zip(model.topic_words(), expected, strict=True):
        assert dict(words) == pytest.approx({n: w for n, w in zip(names, weights, strict=True) if w > 0})
        values = [weight for _, weight in words]
        assert values == sorted(values, reverse=True)


def test_redundant_words_are_left_out():
    names = ["neural", "network", "networks", "neural network", "Network", "class", "bus"]
    names += ["机器", "器学", "学习", "中国", "国家", "deep", "deep learning"]
    assert (_stem("networks"), _stem("class"), _stem("bus"), _stem("stories"), _stem("boxes")) == (
        "network",
        "class",
        "bus",
        "story",
        "box",
    )
    X = np.zeros((40, 14))
    X[:20, :7] = [9, 3, 4, 10, 2, 1, 1]
    X[20:, 7:10] = [5, 4, 3]  # one word of four characters, cut in overlapping pairs
    X[20:30, 10] = 2  # a true word that shares a character with the next, in other documents
    X[30:, 11] = 2
    X[:20, 12:] = [8, 7]
    X[:, [5, 6]] += 1
    labels = np.repeat([0, 1], 20)
    model = TopicModel(2).fit(X, vectors=np.repeat(np.eye(2), 20, axis=0), labels=labels, feature_names=names)
    english, chinese = ([word for word, _ in words] for words in model.topic_words())
    assert english[0] == "neural network"
    assert "deep" in english
    assert "deep learning" not in english  # says no more than the kept "deep"
    assert not {"neural", "network", "networks", "Network"} & set(english)
    assert chinese[0] == "机器"
    assert "器学" not in chinese  # overlaps the kept 机器 in the same documents
    assert {"学习", "中国", "国家"} <= set(chinese)
    assert {"class", "bus"} <= set(english)


def test_given_vectors_are_clustered_and_given_labels_are_kept():
    X, truth = corpus(1)
    rng = np.random.default_rng(0)
    vectors = (np.eye(5)[truth] + 0.1 * rng.standard_normal((300, 5))).astype(np.float32)
    clustered = TopicModel(5, random_state=0).fit(X, vectors=vectors)
    assert one_to_one(clustered.labels_, truth)
    assert clustered.embedder_ is None
    assert clustered.history_ is not None
    names = np.array(["sport", "art", "news", "war", "food"])[truth]
    given_labels = TopicModel().fit(X, vectors=vectors, labels=names)
    assert given_labels.classes_.tolist() == sorted(set(names))
    np.testing.assert_array_equal(given_labels.classes_[given_labels.labels_], names)
    assert given_labels.history_ is None
    # The same vectors at any scale are the same documents.
    scaled = TopicModel(5, random_state=0).fit(X, vectors=vectors * rng.uniform(0.1, 10, (300, 1)).astype(np.float32))
    assert one_to_one(scaled.labels_, truth)


def test_representative_documents_are_the_nearest():
    X, _ = corpus(2)
    model = TopicModel(5, random_state=0).fit(X)
    similarities = model.transform(X)
    for topic, documents in enumerate(model.representative_documents(4)):
        assert len(documents) == 4
        assert set(model.labels_[documents]) == {topic}
        own = similarities[model.labels_ == topic, topic]
        np.testing.assert_allclose(similarities[documents, topic], np.sort(own)[::-1][:4], atol=1e-6)
    sizes = [len(documents) for documents in model.representative_documents(1000)]
    assert sizes == model.topic_sizes_.tolist()


def test_hierarchy_joins_near_topics_first():
    vectors = np.repeat(np.array([[1.0, 0.1, 0.0], [1.0, 0.0, 0.1], [0.0, 0.1, 1.0], [0.1, 0.0, 1.0]]), 5, axis=0)
    labels = np.repeat(np.arange(4), 5)
    model = TopicModel().fit(np.ones((20, 3)), vectors=vectors, labels=labels)
    Z = model.hierarchy()
    assert Z.shape == (3, 4)
    assert cut_tree(Z, 2).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("n, expected", [(2, 2), (8, 2), (200, 5), (20_000, 30)])
def test_auto_number_of_topics(n, expected):
    assert TopicModel()._number_of_topics(n) == expected


@pytest.mark.parametrize("own_vectors", [True, False])
def test_state_comes_back_whole(own_vectors):
    X, _ = corpus(3)
    vectors = np.random.default_rng(0).standard_normal((300, 6)) if own_vectors else None
    names = [f"词{i}" for i in range(X.shape[1])]
    model = TopicModel(4, random_state=0).fit(X, vectors=vectors, feature_names=names)
    config, arrays = model.get_state()
    again = TopicModel.from_state(json.loads(json.dumps(config, ensure_ascii=False)), arrays)
    assert again.topic_words(n=50) == model.topic_words(n=50)
    np.testing.assert_array_equal(again.labels_, model.labels_)
    np.testing.assert_array_equal(again.hierarchy(), model.hierarchy())
    for a, b in zip(again.representative_documents(3), model.representative_documents(3), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(again.transform(X, vectors=vectors), model.transform(X, vectors=vectors))


def test_same_seed_same_topics():
    X, _ = corpus(4)
    a, b = (TopicModel(6, random_state=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a.labels_, b.labels_)
    assert a.topic_words() == b.topic_words()


def test_degenerate_corpora():
    same = np.tile([2.0, 1.0, 0.0], (6, 1))
    with pytest.warns(ConvergenceWarning, match="distinct clusters"):
        model = TopicModel(3, random_state=0).fit(same)
    assert model.n_topics_ == len(model.topic_sizes_) == len(model.topic_words()) == 1
    with pytest.raises(ValueError, match="at least 2 topics"):
        model.hierarchy()
    empty = TopicModel(2).fit(np.zeros((4, 3)), vectors=np.eye(4), labels=[0, 0, 1, 1])
    assert empty.topic_words() == [[], []]


def test_wrong_arguments_are_named():
    X, _ = corpus(0, n=20)
    for call, message in (
        (lambda: TopicModel(21).fit(X), "n_topics must be at most the number of documents, 20"),
        (lambda: TopicModel("many").fit(X), "n_topics must be one of"),
        (lambda: TopicModel(method="lda").fit(X), "method must be one of"),
        (lambda: TopicModel(n_words=0).fit(X), "n_words must be"),
        (lambda: TopicModel(2).fit(-X), "X must hold counts"),
        (lambda: TopicModel(2).fit(X, vectors=np.ones((3, 2))), "one row a document: expected 20, got 3"),
        (lambda: TopicModel(2).fit(X, labels=[1, 2]), "labels must have one label a sample"),
        (lambda: TopicModel(2).fit(X, feature_names=["a"]), "one name a column"),
        (lambda: TopicModel(2).fit(X[:1]), "minimum of 2"),
        (lambda: TopicModel(2, random_state=0).fit(X).topic_words(2), "topic must be"),
        (lambda: TopicModel(2, random_state=0).fit(X).predict(np.ones((1, 3))), "X has 3 features, but TopicModel"),
        (lambda: TopicModel(2, random_state=0).fit(X).predict(vectors=np.ones((1, 3))), "vectors has 3 features"),
        (lambda: TopicModel(2, random_state=0).fit(X, vectors=np.eye(20)).predict(X), "vectors must be given"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(NotFittedError):
        TopicModel().topic_words()


@pytest.mark.parametrize("name, least", [("stackoverflow", 0.66), ("thucnews", 0.45)])
def test_clusters_of_real_texts(data_dir, name, least):
    """NMI with the true labels; plain TF-IDF, SVD and k-means reach 0.55 and 0.15 with the same tokens."""
    import gzip
    import re

    metrics = pytest.importorskip("sklearn.metrics")
    counting = pytest.importorskip("sklearn.feature_extraction.text")

    def tokens(text):
        for run in re.findall(r"[\u4e00-\u9fff]+|[a-z0-9]+", text.lower()):
            if run[0] < "\u3000" or len(run) == 1:
                yield run
            else:
                yield from (run[i : i + 2] for i in range(len(run) - 1))

    with gzip.open(data_dir / name / f"{name}.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    labels = [row[1] for row in rows]
    counter = counting.CountVectorizer(analyzer=lambda t: list(tokens(t)), min_df=2, max_df=0.3, dtype=np.float32)
    X = counter.fit_transform([row[2] for row in rows])
    model = TopicModel(len(set(labels)), random_state=0).fit(X)
    assert metrics.normalized_mutual_info_score(labels, model.labels_) >= least


@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_estimator_checks():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    checks.check_estimator(TopicModel(2, random_state=0))
