"""The training loop: exact resume, callbacks, divergence, interruption, threads."""

from __future__ import annotations

import csv
import math
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilm_unsup import ConvergenceWarning, StorageError
from minilm_unsup._csr import CSRMatrix
from minilm_unsup._parallel import one_blas_thread, set_num_threads
from minilm_unsup._progress import Progress
from minilm_unsup.models import Autoencoder
from minilm_unsup.nn import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Cosine,
    Linear,
    Multinomial,
    ParameterStore,
    Sequential,
    SoftmaxCrossEntropy,
    SquaredError,
    StepDecay,
)
from minilm_unsup.training import (
    Callback,
    CSVLogger,
    EarlyStopping,
    ModelCheckpoint,
    NetworkTask,
    ProgressReporter,
    TerminateOnNaN,
    WeightAveraging,
    fit_network,
)
from minilm_unsup.training.batches import take_rows

from .strategies import seeds


def data(n=70, d=12, sparse=False, seed=0):
    X = (np.random.default_rng(seed).random((n, d)) < 0.3).astype(np.float32)
    return CSRMatrix.from_dense(X) if sparse else X


def model(**settings):
    defaults = {"hidden_sizes": 5, "epochs": 6, "batch_size": 16, "validation_split": 0.2, "random_state": 3}
    return Autoencoder(**{**defaults, **settings})


class StopAfter(Callback):
    """Raise after some batches, as Ctrl-C does."""

    def __init__(self, batches):
        self.left = batches

    def on_batch_end(self, trainer, batch, values):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("batches", [2, 4, 5, 6, 9, 18])
@pytest.mark.parametrize("kind", ["dense", "sparse", "sgd", "momentum"])
def test_stopped_and_resumed_ends_with_the_same_bits(tmp_path, batches, kind):
    X = data(sparse=kind == "sparse")
    optimizer = kind if kind in ("sgd", "momentum") else "adam"
    settings = {"noise": "masking", "optimizer": optimizer}
    stopping = {"callbacks": [EarlyStopping(patience=3)]}
    whole = model(**settings, **stopping).fit(X)
    place = tmp_path / "checkpoint"
    saving = ModelCheckpoint(place, every_batches=1)
    with pytest.raises(KeyboardInterrupt):
        model(**settings, callbacks=[saving, StopAfter(batches), EarlyStopping(patience=3)]).fit(X)
    resumed = model(**settings, callbacks=[EarlyStopping(patience=3), ModelCheckpoint(place)]).fit(X, resume=place)
    np.testing.assert_array_equal(resumed._store.data, whole._store.data)
    assert resumed.history_ == whole.history_
    assert resumed.history_.info == whole.history_.info
    np.testing.assert_array_equal(resumed.transform(X), whole.transform(X))
    # and training goes on alike
    resumed.callbacks = whole.callbacks = None
    np.testing.assert_array_equal(resumed.partial_fit(X)._store.data, whole.partial_fit(X)._store.data)


def test_more_epochs_on_a_finished_checkpoint(tmp_path):
    X, place = data(), tmp_path / "checkpoint"
    model(epochs=2, callbacks=[ModelCheckpoint(place)]).fit(X)
    longer = model(epochs=5).fit(X, resume=place)
    assert longer.history_ == model(epochs=5).fit(X).history_


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    X, place = data(), tmp_path / "checkpoint"
    model(epochs=1, callbacks=[ModelCheckpoint(place)]).fit(X)
    for other, rows in (
        (model(hidden_sizes=4), X),
        (model(learning_rate=0.1), X),
        (model(batch_size=8), X),
        (model(), data(seed=1)),
        (model(), data(sparse=True)),
    ):
        with pytest.raises(StorageError, match="checkpoint of another training: its"):
            other.fit(rows, resume=place)
    with pytest.raises(StorageError, match="does not exist"):
        model().fit(X, resume=tmp_path / "nothing")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model(callbacks=[ModelCheckpoint(place)]).fit(X)
    model(callbacks=[ModelCheckpoint(place, overwrite=True)]).fit(X)
    weights = place / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(StorageError, match="changed or cut"):
        model().fit(X, resume=place)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_interrupted_training_leaves_the_estimator_as_it_was(method):
    X = data()
    fresh = model(callbacks=[StopAfter(2)])
    with pytest.raises(KeyboardInterrupt):
        getattr(fresh, method)(X)
    assert not [name for name in vars(fresh) if name.endswith("_") and not name.startswith("_")]
    with pytest.raises(ValueError, match="not fitted"):
        fresh.transform(X)
    fitted = model().fit(X)
    before, history = fitted.transform(X), fitted.history_.to_dict()
    fitted.callbacks = [StopAfter(2)]
    with pytest.raises(KeyboardInterrupt):
        getattr(fitted, method)(X)
    np.testing.assert_array_equal(fitted.transform(X), before)
    assert fitted.history_.to_dict() == history
    fitted.callbacks = None
    expected = model().fit(X).partial_fit(X).transform(X)
    np.testing.assert_array_equal(fitted.partial_fit(X).transform(X), expected)


def test_watching_changes_nothing(tmp_path, capsys):
    X = data()
    plain = model().fit(X)
    assert capsys.readouterr().out == ""
    watched = model(callbacks=[CSVLogger(tmp_path / "log.csv"), ModelCheckpoint(tmp_path / "c")], verbose=1).fit(X)
    np.testing.assert_array_equal(plain._store.data, watched._store.data)
    assert capsys.readouterr().out.count("val_loss") == 6
    with open(tmp_path / "log.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["val_loss"]) for line in lines] == plain.history_["val_loss"]
    with pytest.raises(FileExistsError, match="append=True"):
        model(callbacks=[CSVLogger(tmp_path / "log.csv")]).fit(X)
    model(callbacks=[CSVLogger(tmp_path / "log.csv", append=True)]).fit(X)
    assert len((tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()) == 13


def test_early_stopping_keeps_the_best_weights():
    X = data(n=40)
    stopper = EarlyStopping(patience=2)
    settings = {"epochs": 200, "optimizer": "momentum", "learning_rate": 5.0, "loss": "multinomial"}
    fitted = model(callbacks=[stopper], **settings).fit(X)
    losses = fitted.history_["val_loss"]
    assert len(losses) < 200
    assert losses[stopper.best_epoch_] == min(losses) == stopper.best_value_
    assert len(losses) == stopper.best_epoch_ + 3
    assert "did not fall for 2 epochs" in fitted.history_.info["stopped"]
    again = model(**{**settings, "epochs": stopper.best_epoch_ + 1}).fit(X)
    np.testing.assert_array_equal(again._store.data, fitted._store.data)
    with pytest.raises(ValueError, match="'val_loss', but this training records loss; val_ values need validation_spl"):
        model(validation_split=0.0, callbacks=[EarlyStopping()]).fit(X)


def test_the_order_of_callbacks_does_not_matter_to_a_checkpoint(tmp_path):
    X = data()
    for i in range(2):
        stopper, saver = EarlyStopping(patience=2), ModelCheckpoint(tmp_path / str(i))
        model(epochs=3, callbacks=[saver, stopper] if i else [stopper, saver]).fit(X)
    a, b = ((tmp_path / str(i) / "model.safetensors").read_bytes() for i in range(2))
    assert a == b


@pytest.mark.parametrize("quiet", [False, True])
def test_divergence_stops_with_advice_and_finite_weights(quiet):
    X = data().astype(np.float32) * 1e3
    diverging = model(
        loss="squared_error",
        optimizer="sgd",
        learning_rate=1e3,
        activation="linear",
        callbacks=[TerminateOnNaN()] if quiet else None,
    )
    with np.errstate(all="ignore"):
        if quiet:
            diverging.fit(X)
        else:
            with pytest.warns(ConvergenceWarning, match=r"training stopped: .*Lower learning_rate \(now 1000\)"):
                diverging.fit(X)
    assert "loss is" in diverging.history_.info["stopped"]
    assert all(math.isfinite(v) for values in diverging.history_.values.values() for v in values)


def test_validation_rows_are_a_random_part_and_not_trained_on():
    seen, held = set(), {}

    class Watch(NetworkTask):
        def gradients(self, rows, rng):
            seen.update(rows.tolist())
            return super().gradients(rows, rng)

        def loss(self, rows):
            held["rows"] = rows
            return super().loss(rows)

    layer, X = Linear(3, 3), np.random.default_rng(0).random((50, 3))
    store = ParameterStore(layer.shapes(), np.float64)
    fit_network(
        Watch(layer, SquaredError(), store, X),
        SGD(0.1),
        epochs=2,
        batch_size=8,
        rng=np.random.default_rng(0),
        validation_split=0.3,
    )
    assert len(held["rows"]) == 15
    assert seen == set(range(50)) - set(held["rows"].tolist())
    # neither the first rows nor, as in Keras, the last
    assert held["rows"].max() >= 15
    assert held["rows"].min() < 35
    with pytest.raises(ValueError, match="leaves none to train on"):
        model(validation_split=0.9).fit(X[:2])


@pytest.mark.parametrize("sparse", [False, True])
def test_same_bits_on_any_number_of_threads(sparse):
    rng = np.random.default_rng(0)
    X = (rng.random((300, 3000)) < 0.02).astype(np.float32)
    found = []
    try:
        for n_threads in (1, 2, 3):
            set_num_threads(n_threads)
            fitted = model(hidden_sizes=(40, 20), epochs=2, batch_size=64, noise="masking", loss="multinomial")
            fitted.fit(CSRMatrix.from_dense(X) if sparse else X)
            found.append((fitted._store.data.copy(), fitted.transform(X)))
    finally:
        set_num_threads(None)
    for weights, codes in found[1:]:
        np.testing.assert_array_equal(weights, found[0][0])
        np.testing.assert_array_equal(codes, found[0][1])


@pytest.mark.kernel
def test_batches_are_the_rows_asked_for():
    from minilm_unsup.nn import Workspace

    X = np.arange(24.0).reshape(6, 4) * (np.arange(24).reshape(6, 4) % 3 > 0)
    work = Workspace()
    for rows in ([3, 0], [5, 5, 1], []):
        wanted = np.array(rows, dtype=np.int64)
        np.testing.assert_array_equal(take_rows(X, wanted, work.scope("a")), X[wanted])
        np.testing.assert_array_equal(take_rows(CSRMatrix.from_dense(X), wanted, work).toarray(), X[wanted])


@settings(max_examples=40)
@given(
    seeds(),
    st.integers(1, 5),
    st.integers(1, 9),
    st.sampled_from(["relu", "tanh", "sigmoid", "linear"]),
    st.sampled_from(["binary", "multinomial", "squared", "classes"]),
    st.sampled_from([np.float32, np.float64]),
)
def test_a_bound_step_makes_the_bits_of_the_layers(seed, hidden, n, activation, loss, dtype):
    rng = np.random.default_rng(seed)
    inner = Sequential((("a", Linear(4, hidden, activation)), ("b", Linear(hidden, 3, "tanh"))))
    network = Sequential((("one", inner), ("two", Linear(3, 4))))
    losses = {"binary": BinaryCrossEntropy, "multinomial": Multinomial, "squared": SquaredError}
    criterion = SoftmaxCrossEntropy() if loss == "classes" else losses[loss]()
    X = rng.random((20, 4)).astype(dtype)
    targets = rng.integers(0, 4, 20).astype(np.int32) if loss == "classes" else None
    stores = []
    for bound in (True, False):
        store = ParameterStore(network.shapes(), dtype)
        store.assign(network.initial(np.random.default_rng(1), dtype))
        task = NetworkTask(network, criterion, store, X, targets)
        optimizer, state = Adam(0.01), Adam(0.01).first_state(store.size, dtype)
        order = np.random.default_rng(2)
        with one_blas_thread():
            for _ in range(4):
                rows = order.permutation(20)[:n]
                step = task.gradients if bound else task._step
                value = step(rows, order)
                optimizer.step(store, state)
        assert (n in task._steps) == bound
        stores.append((value, store))
    assert stores[0][0] == stores[1][0]
    np.testing.assert_array_equal(stores[0][1].data, stores[1][1].data)
    np.testing.assert_array_equal(stores[0][1].grad, stores[1][1].grad)


def test_a_training_step_allocates_nothing_that_grows():
    X = np.random.default_rng(0).random((256, 200)).astype(np.float32)
    network = Sequential((("a", Linear(200, 50, "relu")), ("b", Linear(50, 200))))
    store = ParameterStore(network.shapes(), np.float32)
    task = NetworkTask(network, SquaredError(), store, X)
    optimizer, state = Adam(), Adam().first_state(store.size, np.float32)
    rng, rows = np.random.default_rng(0), np.arange(128)

    def step():
        task.gradients(rows, rng)
        optimizer.step(store, state)

    with one_blas_thread():
        step()
        tracemalloc.start()
        try:
            step()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(20):
                step()
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
    # One batch of inputs alone is 100 kB.
    assert peak < 10_000


def test_parameters_that_a_step_does_not_reach_have_no_gradient():
    @dataclass(frozen=True)
    class WithSpare(Linear):
        def shapes(self):
            return {**super().shapes(), "spare": (3,)}

        def plan(self, params, grads, X, *, work):
            return None

    layer, X = WithSpare(4, 4), np.random.default_rng(0).random((8, 4))
    store = ParameterStore(layer.shapes(), np.float64)
    store.grad[:] = 5
    NetworkTask(layer, SquaredError(), store, X).gradients(np.arange(8), np.random.default_rng(0))
    start, stop = store.range_of("spare")
    np.testing.assert_array_equal(store.grad[start:stop], 0)  # the vector itself: a look by name would clear it
    assert store.grad[:start].all()


def _trained(X, **settings):
    network = Sequential((("a", Linear(6, 3, "tanh")), ("b", Linear(3, 6))))
    store = ParameterStore(network.shapes(), np.float64)
    store.assign(network.initial(np.random.default_rng(1), np.float64))
    task = NetworkTask(network, SquaredError(), store, X)
    settings = {"epochs": 3, "batch_size": 8, **settings}
    optimizer = settings.pop("optimizer", SGD(0.1))
    return fit_network(task, optimizer, rng=np.random.default_rng(2), **settings)


def test_gradients_put_together_are_those_of_a_larger_batch():
    X = np.random.default_rng(0).random((60, 6))
    large = _trained(X, batch_size=24, optimizer=Adam(0.01))
    small = _trained(X, batch_size=8, accumulate=3, optimizer=Adam(0.01))
    np.testing.assert_allclose(small.store.data, large.store.data, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(small.history["loss"], large.history["loss"], rtol=1e-9)
    with pytest.raises(ValueError, match="accumulate must be at least 1"):
        _trained(X, accumulate=0)


def test_a_schedule_is_followed_step_by_step(monkeypatch):
    X = np.random.default_rng(0).random((20, 6))
    rates = []
    plain = SGD.step

    def step(self, store, state, groups, count, factor):
        rates.append(factor)
        plain(self, store, state, groups, count, factor)

    monkeypatch.setattr(SGD, "step", step)
    schedule = Cosine(0.25, 0.1)
    _trained(X, schedule=schedule)
    assert rates == [schedule.factor(i, 9) for i in range(9)]
    with pytest.raises(TypeError, match="schedule must be None or a Schedule, got str"):
        _trained(X, schedule="cosine")


def test_a_display_is_told_of_each_epoch():
    told = []

    class Display(Progress):
        def on_update(self, stage, fraction, detail):
            told.append((fraction, detail))

    trained = _trained(np.random.default_rng(0).random((20, 6)), callbacks=[ProgressReporter(Display())])
    assert told == [((i + 1) / 3, f"loss {loss:.4f}") for i, loss in enumerate(trained.history["loss"])]


def test_gradients_are_cut():
    X = 100 * np.random.default_rng(0).random((20, 6))
    short = _trained(X, max_norm=0.01, epochs=1, batch_size=20)
    start = _trained(X, epochs=0)
    assert np.linalg.norm(short.store.data - start.store.data) == pytest.approx(0.1 * 0.01, rel=1e-9)
    with pytest.raises(ValueError, match="max_norm must be more than 0"):
        _trained(X, max_norm=0)


def test_averaged_weights_are_the_mean_and_survive_a_stop(tmp_path):
    X = np.random.default_rng(0).random((40, 6))
    seen = []

    class Watch(Callback):
        def on_batch_end(self, trainer, batch, values):
            seen.append(trainer.store.data.copy())

    whole = _trained(X, epochs=4, callbacks=[Watch(), WeightAveraging(0.9)])
    mean = _trained(X, epochs=0).store.data.copy()
    for t, weights in enumerate(seen):
        decay = min(0.9, (1 + t) / (10 + t))
        mean = decay * mean + (1 - decay) * weights
    np.testing.assert_allclose(whole.store.data, mean, rtol=1e-12)
    settings = {"schedule": StepDecay(2), "max_norm": 0.1, "accumulate": 2}
    whole = _trained(X, epochs=4, callbacks=[WeightAveraging(0.9)], **settings)

    class Halt(Callback):
        def on_epoch_end(self, trainer, epoch, values):
            if epoch == 1:
                trainer.save(tmp_path / "c")

    _trained(X, epochs=4, callbacks=[WeightAveraging(0.9), Halt()], **settings)
    resumed = _trained(X, epochs=4, callbacks=[WeightAveraging(0.9)], resume=tmp_path / "c", **settings)
    np.testing.assert_array_equal(resumed.store.data, whole.store.data)
    with pytest.raises(StorageError, match="its max_norm is"):
        _trained(X, epochs=4, resume=tmp_path / "c", **{**settings, "max_norm": 0.2})
