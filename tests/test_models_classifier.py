"""The classifier: with and without an encoder, few labels, its estimator contract, its storage."""

from __future__ import annotations

import gzip
import pickle
import warnings

import numpy as np
import pytest

from minilm_unsup import NotFittedError, StorageError
from minilm_unsup._csr import CSRMatrix
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.models import Autoencoder, TextClassifier
from minilm_unsup.training import Callback, CSVLogger, EarlyStopping, ModelCheckpoint


def documents(n=1500, n_topics=5, v=120, length=8, seed=0):
    """Bags of words of topics whose vocabularies overlap; unit rows."""
    rng = np.random.default_rng(12345)
    topics = rng.dirichlet(np.full(v, 0.4), size=n_topics)
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_topics, n)
    X = np.stack([rng.multinomial(length, topics[k]) for k in y]).astype(np.float32)
    return CSRMatrix.from_dense(X / np.linalg.norm(X, axis=1, keepdims=True)), y


X, y = documents()
TEST, y_test = documents(n=600, seed=1)
FEW = np.concatenate([np.flatnonzero(y == k)[:6] for k in range(5)])


@pytest.fixture(scope="module")
def encoder():
    settings = {"loss": "multinomial", "noise": "masking", "epochs": 30, "random_state": 0, "learning_rate": 3e-3}
    return Autoencoder(16, **settings).fit(X)


def test_pretraining_beats_the_plain_baseline_from_few_labels(encoder):
    plain = TextClassifier(random_state=0).fit(X[FEW], y[FEW]).score(TEST, y_test)
    for fine_tune in (False, True):
        fitted = TextClassifier(encoder, fine_tune=fine_tune, random_state=0).fit(X[FEW], y[FEW])
        assert fitted.score(TEST, y_test) > plain + 0.05


def test_fine_tuning_moves_a_copy_of_the_encoder_and_freezing_does_not(encoder):
    before = encoder._store.data.copy()
    tuned, frozen = (TextClassifier(encoder, fine_tune=f, random_state=0).fit(X[FEW], y[FEW]) for f in (True, False))
    np.testing.assert_array_equal(encoder._store.data, before)
    own = encoder.parameters_["encoder.0.weight"]
    np.testing.assert_array_equal(frozen._store.params["encoder.0.weight"], own)
    moved = np.abs(tuned._store.params["encoder.0.weight"] - own).max()
    assert 0 < moved < 0.2
    assert tuned.history_["loss"][-1] < frozen.history_["loss"][-1]
    assert tuned.history_.info["head_epochs"] == len(frozen.history_)
    assert len(tuned.history_) == tuned.epochs + tuned.fine_tune_epochs


def test_softmax_regression_separates_what_can_be_separated():
    rng = np.random.default_rng(0)
    A = np.vstack([rng.standard_normal((30, 4)) + 4 * np.eye(4)[k] for k in range(3)])
    labels = np.repeat(["c", "a", "b"], 30)
    fitted = TextClassifier(random_state=0).fit(A, labels)
    assert fitted.classes_.tolist() == ["a", "b", "c"]
    assert fitted.score(A, labels) > 0.95
    chances = fitted.predict_proba(A)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(fitted.classes_[chances.argmax(axis=1)], fitted.predict(A))
    found = fitted.evaluate(A, labels)
    assert set(found) == {"accuracy", "f1", "loss"}
    places = np.searchsorted(fitted.classes_, labels)
    assert found["loss"] == pytest.approx(-np.log(chances[np.arange(90), places]).mean(), rel=1e-12)
    assert fitted.evaluate(A[:1], ["never seen"])["loss"] == np.inf
    assert fitted.evaluate(A[:1], ["never seen"])["accuracy"] == 0


def test_sparse_rows_give_what_dense_ones_give(encoder):
    dense = X.toarray()
    for own in (None, encoder):
        a = TextClassifier(own, random_state=0).fit(X[FEW], y[FEW])
        b = TextClassifier(own, random_state=0).fit(dense[FEW], y[FEW])
        np.testing.assert_allclose(a.predict_proba(TEST), b.predict_proba(TEST.toarray()), atol=2e-4)
    dense_encoder = Autoencoder(4, epochs=1, random_state=0).fit(dense)
    fitted = TextClassifier(dense_encoder, random_state=0, epochs=2).fit(X[FEW], y[FEW])
    np.testing.assert_allclose(fitted.predict_proba(TEST), fitted.predict_proba(TEST.toarray()), atol=1e-6)


def test_same_bits_on_any_number_of_threads(encoder):
    found = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            found.append(TextClassifier(encoder, random_state=0, epochs=5).fit(X, y)._store.data.copy())
    finally:
        set_num_threads(None)
    np.testing.assert_array_equal(*found)


def test_both_stages_hold_the_same_rows_out(encoder):
    class Rows(Callback):
        seen = ()

        def on_fit_begin(self, trainer):
            self.seen = (*self.seen, trainer.val_rows.tolist())

    rows = Rows()
    settings = {"epochs": 30, "fine_tune_epochs": 5, "validation_split": 0.3, "callbacks": [EarlyStopping(), rows]}
    fitted = TextClassifier(encoder, random_state=0, **settings).fit(X[:200], y[:200])
    first, second = rows.seen
    assert first == second
    assert len(first) == 60
    assert len(fitted.history_["val_loss"]) == len(fitted.history_["loss"])


@pytest.mark.parametrize("labels", ["ints", "strings", "chinese"])
def test_saved_and_loaded_is_the_same(tmp_path, encoder, labels):
    names = {
        "ints": np.arange(5) * 7,
        "strings": np.array(list("edcba")),
        "chinese": np.array(["体育", "财经", "a", "b", "c"]),
    }
    wanted = names[labels][y]
    fitted = TextClassifier(encoder, random_state=0, epochs=3).fit(X[FEW], wanted[FEW])
    fitted.save(tmp_path / "model")
    for other in (TextClassifier.load(tmp_path / "model"), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.predict(TEST), fitted.predict(TEST))
        assert other.classes_.dtype == fitted.classes_.dtype
        assert other.history_ == fitted.history_
    config, arrays = fitted.get_state()
    arrays.pop("head.bias")
    with pytest.raises(StorageError, match="not whole"):
        TextClassifier.from_state(config, arrays)


def test_bad_input_is_named(encoder):
    with pytest.raises(NotFittedError):
        TextClassifier().predict(TEST)
    with pytest.raises(NotFittedError):
        TextClassifier(Autoencoder()).fit(X, y)
    with pytest.raises(TypeError, match="encoder must be a fitted Autoencoder or None, got str"):
        TextClassifier("lda").fit(X, y)
    with pytest.raises(ValueError, match="one class"):
        TextClassifier().fit(X, np.zeros(len(y), int))
    with pytest.raises(ValueError, match="X has 3 features, but Autoencoder is expecting 120"):
        TextClassifier(encoder).fit(np.ones((4, 3)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="one label a sample"):
        TextClassifier().fit(X, y[:3])
    with pytest.raises(ValueError, match="encoder_rate must be"):
        TextClassifier(encoder_rate=0.0).fit(X, y)


def test_scikit_learns_own_checks():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks.check_estimator(TextClassifier())


@pytest.mark.parametrize(("name", "margin"), [("ag_news", 0.15), ("thucnews", 0.02)])
def test_real_news_from_ten_labels_a_class(data_dir, name, margin):
    """Pre-training on the unlabelled training texts lifts accuracy on the official test rows, in both languages."""
    text = pytest.importorskip("sklearn.feature_extraction.text")
    with gzip.open(data_dir / name / f"{name}.tsv.gz", "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    train = [(label, t) for split, label, t in rows if split == "train"][:6000]
    test = [(label, t) for split, label, t in rows if split == "test"][:3000]
    settings = {"analyzer": "char", "ngram_range": (1, 2)} if name == "thucnews" else {"stop_words": "english"}
    vectorizer = text.TfidfVectorizer(min_df=2, max_features=5000, sublinear_tf=True, dtype=np.float32, **settings)
    A, B = vectorizer.fit_transform([t for _, t in train]), vectorizer.transform([t for _, t in test])
    labels, wanted = np.array([c for c, _ in train]), np.array([c for c, _ in test])
    pretrained = Autoencoder(64, loss="multinomial", noise="masking", epochs=10, batch_size=64, random_state=0).fit(A)
    gains = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        few = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:10] for c in np.unique(labels)])
        scores = [
            TextClassifier(own, random_state=0).fit(A[few], labels[few]).score(B, wanted) for own in (None, pretrained)
        ]
        gains.append(scores[1] - scores[0])
    assert np.mean(gains) > margin


def test_callbacks_that_write_files_see_both_stages(encoder, tmp_path):
    callbacks = [CSVLogger(tmp_path / "log.csv"), ModelCheckpoint(tmp_path / "checkpoint")]
    model = TextClassifier(encoder, fine_tune=True, random_state=0, callbacks=callbacks).fit(X[FEW], y[FEW])
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [str(i) for i in range(len(model.history_))]
    with pytest.raises(FileExistsError):  # another fit is another matter
        TextClassifier(encoder, fine_tune=True, random_state=0, callbacks=callbacks).fit(X[FEW], y[FEW])


def test_head_epochs_are_those_that_ran(encoder):
    stop = EarlyStopping(monitor="loss", patience=1, min_delta=1e9)
    model = TextClassifier(encoder, fine_tune=True, random_state=0, callbacks=[stop]).fit(X[FEW], y[FEW])
    assert model.history_.info["head_epochs"] == 2
