"""The pipeline and the main job in Python."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

import minilm_unsup as mu
from minilm_unsup._progress import Progress
from minilm_unsup.evaluation import choose_few_labels
from tests.test_cli import CHINESE, ENGLISH, _make


@pytest.fixture(scope="module")
def documents():
    rows = _make(ENGLISH, 90, " ") + _make(CHINESE, 60, "")
    return [text for _, text in rows], [label for label, _ in rows]


@pytest.fixture(scope="module")
def fitted(documents):
    texts, labels = documents
    return mu.TextPipeline(n_topics=5, epochs=3, random_state=0).fit(texts, labels)


def test_one_row_for_each_kept_document(fitted, documents):
    texts, _ = documents
    n = len(fitted.kept_indices_)
    assert fitted.removal_report_.n_in == len(texts)
    assert fitted.removal_report_.n_out == n
    for rows in (fitted.codes_, fitted.vectors_, fitted.labels_, fitted.hierarchical_labels_):
        assert len(rows) == n
    assert fitted.counts_.shape[0] == n
    sizes = fitted.topic_model_.topic_sizes_
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(np.bincount(fitted.labels_), sizes)


def test_training_texts_give_their_own_codes_and_topics_again(fitted, documents):
    texts = [documents[0][i] for i in fitted.kept_indices_]
    np.testing.assert_allclose(
        fitted.transform(texts), fitted.codes_, atol=1e-5
    )  # other blocks of rows round otherwise
    assert np.mean(fitted.predict_topics(texts) == fitted.labels_) > 0.95


def test_separable_classes_are_learnt_from_labels(fitted, documents):
    texts, labels = documents
    assert np.mean(fitted.predict(texts) == np.array(labels)) > 0.95
    answers = fitted.describe(["captain of the ship", "球队赢得比赛", "qqq zzz"])
    assert [answer["label"] for answer in answers[:2]] == ["sea", "体育"]
    assert all(0 < answer["probability"] <= 1 for answer in answers[:2])
    assert answers[2]["topic"] == -1
    assert answers[2]["topic_words"] == []


def test_saved_and_loaded_pipelines_answer_alike(fitted, documents, tmp_path):
    fitted.save(tmp_path / "m")
    again = mu.load(tmp_path / "m")
    texts = documents[0][::7] + ["a new ship 中文", "nothing-known"]
    np.testing.assert_array_equal(again.transform(texts), fitted.transform(texts))
    np.testing.assert_array_equal(again.predict_topics(texts), fitted.predict_topics(texts))
    assert again.describe(texts) == fitted.describe(texts)
    assert again.topic_model_.topic_words() == fitted.topic_model_.topic_words()
    tokenizer = mu.load_tokenizer(tmp_path / "m" / "tokenizer.json")
    assert list(tokenizer.vocabulary_)[1:] == list(fitted.vectorizer_.get_feature_names_out())
    again.save(tmp_path / "n")
    assert (tmp_path / "m/model.safetensors").read_bytes() == (tmp_path / "n/model.safetensors").read_bytes()


def test_without_labels_predict_gives_topics(documents):
    pipeline = mu.TextPipeline(n_topics=3, epochs=1).fit(documents[0])
    assert pipeline.classifier_ is None
    np.testing.assert_array_equal(pipeline.predict(documents[0]), pipeline.predict_topics(documents[0]))


def test_labels_may_be_missing(documents):
    texts, labels = documents
    partial = [label if i % 5 < 2 else (None, "")[i % 2] for i, label in enumerate(labels)]
    result = mu.run(texts, partial, n_topics=5, epochs=2, labels_per_class=3)
    n_known = sum(bool(label) for label in partial)
    table = result.report["evaluation"][0]
    assert "15 labels (3 a class, 5 classes)" in table["note"]
    assert f"scored on the {n_known - 15} others" in table["note"]
    assert mu.run(texts, [None] * len(texts), n_topics=3, epochs=1).pipeline.classifier_ is None


def test_labels_reach_nothing_but_the_classifier(documents):
    texts, labels = documents
    with_labels = mu.run(texts, labels, n_topics=5, epochs=2)
    without = mu.run(texts, n_topics=5, epochs=2)
    for name in ("codes_", "vectors_", "labels_", "hierarchical_labels_"):
        assert getattr(with_labels.pipeline, name).tobytes() == getattr(without.pipeline, name).tobytes()


def test_test_documents_are_never_trained_on(documents):
    _, labels = documents
    train, test = choose_few_labels([None, *labels], 4, 0)
    assert set(train).isdisjoint(test)
    assert 0 not in {*train, *test}
    assert len(train) == 4 * 5
    assert len(train) + len(test) == len(labels)
    small_train, small_test = choose_few_labels(["a", "a", "b"], 10, 0)
    assert len(small_train) == 2  # half of "a"; "b" has one, and gives it
    assert len(small_test) == 1


def test_two_python_threads_at_once_give_what_one_gives(documents, fitted):
    texts, labels = documents
    found = {}

    def work(name):
        found[name] = mu.TextPipeline(n_topics=5, epochs=3, random_state=0).fit(texts, labels).codes_

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found[0].tobytes() == found[1].tobytes() == fitted.codes_.tobytes()


def test_run_restores_the_thread_count_and_writes_nothing_without_out(documents, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = mu.get_num_threads()
    result = mu.run(documents[0], n_topics=2, epochs=1, threads=1)
    assert mu.get_num_threads() == before
    assert result.path is None
    assert os.listdir(tmp_path) == []


def test_progress_hears_every_stage_once(documents):
    progress = Progress()
    mu.run(*documents, n_topics=5, epochs=1, progress=progress)
    stages = [timing["stage"] for timing in progress.timings]
    assert stages == [
        "clean",
        "denoise",
        "tokenise",
        "tf-idf",
        "autoencoder",
        "vectors",
        "k-means",
        "hierarchy",
        "fine-tune",
        "test",
        "evaluate",
        "report",
    ]


def test_an_interrupted_run_leaves_nothing(documents, tmp_path):
    class Stop(Progress):
        def on_start(self, stage):
            if stage == "save":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mu.run(documents[0], n_topics=2, epochs=1, out=tmp_path / "m", progress=Stop())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "texts, labels, options, kind, words",
    [
        ([], None, {}, ValueError, "at least 2 different documents"),
        (["one ship at sea"], None, {}, ValueError, "1 of 1"),
        (["one ship at sea"] * 9, None, {}, ValueError, "8 duplicate"),
        (["the of and", "is it that"], None, {}, ValueError, "stop"),
        (["!!!", "😀😀"], None, {}, ValueError, "no words"),
        ("a text", None, {}, TypeError, "single str"),
        (["a b", None], None, {}, TypeError, r"texts\[1\]"),
        (["sea ship", "bread soup"], ["a"], {}, ValueError, "one entry a text: expected 2, got 1"),
        (["sea ship", "bread soup"], ["a", "a"], {}, ValueError, "only the class 'a'"),
        (["sea ship", "bread soup"], ["a", 1], {}, TypeError, "mix"),
        (["sea ship", "bread soup"], None, {"n_topics": 3}, ValueError, "n_topics must be at most"),
        (["sea ship", "bread soup"], None, {"n_topics": "many"}, ValueError, "n_topics must be one of 'auto'"),
        (["sea ship", "bread soup"], None, {"code_size": 1}, ValueError, "code_size must be at least 2"),
        (["sea ship", "bread soup"], None, {"epochs": 0}, ValueError, "epochs must be at least 1"),
        (["sea ship", "bread soup"], None, {"colour": 1}, TypeError, "colour"),
        (["sea ship", "bread soup"], None, {"labels_per_class": 0}, ValueError, "labels_per_class"),
        (["sea ship", "bread soup"], None, {"random_state": -1}, ValueError, "random_state"),
    ],
)
def test_bad_input_is_named(texts, labels, options, kind, words):
    with pytest.raises(kind, match=words):
        mu.run(texts, labels, **options)


def test_documents_without_a_known_word_are_told_of():
    texts = (
        [f"ship sea storm wave {i % 7}" for i in range(60)] + ["zzz qqq"] + [f"bread soup oven {i}" for i in range(60)]
    )
    with pytest.warns(mu.DataWarning, match="hold no word of the vocabulary"):
        mu.TextPipeline(n_topics=2, epochs=1).fit(texts)


def test_load_refuses_what_it_does_not_know(tmp_path):
    from minilm_unsup._storage import save_directory

    save_directory(tmp_path / "m", {"class": "Mystery"}, {})
    with pytest.raises(mu.StorageError, match="'Mystery'"):
        mu.load(tmp_path / "m")
    with pytest.raises(mu.StorageError, match="does not exist"):
        mu.load(tmp_path / "none")
    save_directory(tmp_path / "p", {"class": "TextPipeline", "params": {}, "stages": {}}, {})
    with pytest.raises(mu.StorageError, match="not hold a whole TextPipeline"):
        mu.load(tmp_path / "p")


def test_words_that_nearly_all_documents_share_are_kept_where_nothing_else_is():
    words = ["report", "ships", "storms", "harbour", "tides"]
    texts = [f"{' '.join(w for k, w in enumerate(words) if k != i % 5)} number {i}" for i in range(60)]
    result = mu.run(texts, random_state=0, epochs=1, n_topics=2)
    assert set(words) <= set(result.pipeline.vectorizer_.get_feature_names_out())
    with pytest.raises(ValueError, match="too few of the 60 documents left after cleaning share a word"):
        mu.TextPipeline(max_df=0.5, epochs=1).fit(texts)


def test_a_text_without_a_known_word_gets_no_confident_label(fitted):
    texts = ["qzxv wkjh", ""]
    for answer in fitted.describe(texts):
        assert (answer["topic"], answer["label"], answer["probability"]) == (-1, None, None)
    with pytest.warns(mu.DataWarning, match="2 of 2 texts hold no word"):
        fitted.predict(texts)


def test_a_failed_fit_leaves_the_fitted_pipeline_as_it_was(documents):
    model = mu.TextPipeline(epochs=1, random_state=np.int64(0)).fit(*documents)
    before = model.describe(documents[0][:5])
    with pytest.raises(ValueError):
        model.fit(["one", "two"])
    assert model.describe(documents[0][:5]) == before


def test_numpy_parameters_are_saved(documents, tmp_path):
    model = mu.TextPipeline(epochs=np.int64(1), random_state=np.int64(7), stop_words={"the", "of"}).fit(*documents)
    model.save(tmp_path / "m")
    again = mu.load(tmp_path / "m")
    assert (again.epochs, again.random_state) == (1, 7)
    assert set(again.stop_words) == {"of", "the"}
