"""The training loop."""

from __future__ import annotations

import math
import os
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._exceptions import ConvergenceWarning, StorageError
from .._history import History
from .._parallel import blas_is_controlled, one_blas_thread
from .._storage import load_directory, save_directory
from .._validation import check_number
from ..nn.clipping import clip_norm
from ..nn.optimizer import Optimizer, ParameterGroup
from ..nn.schedules import Schedule
from .callback import Callback
from .epoch_printer import EpochPrinter
from .model_checkpoint import ModelCheckpoint
from .task import Task
from .terminate_on_nan import TerminateOnNaN

__all__ = ["Trainer", "fit_network"]

_KIND = "Checkpoint"


class Trainer:
    """One run of the training loop; callbacks are given it.

    Each epoch goes through the training rows in a new random order, in batches; after it the held-out rows are measured
    without noise. Everything that the course of training depends on is in `save`, so a run that is stopped and resumed
    ends with the same bits as one that is not.

    Parameters
    ----------
    task : Task
        What is trained.
    optimizer : Optimizer
    epochs : int, at least 0
        Number of the epoch to stop before; a resumed run counts those it has.
    batch_size : int, at least 1
        Rows of a step; the last batch of an epoch may have fewer.
    rng : Generator
        Source of the split, the orders and the noise.
    validation_split : float in [0, 1)
        Share of the rows, drawn at random, that is held out (Keras takes the last rows as they lie).
    callbacks : sequence of Callback
    groups : sequence of ParameterGroup, optional
        Which parameters move, and how fast; all alike by default.
    schedule : Schedule, optional
        How the learning rate changes from step to step.
    max_norm : float, above 0, optional
        Length to which longer gradients are cut.
    accumulate : int, at least 1
        Batches whose gradients are put together for one step: what a batch so many times as large would give.
    state : dict of str to ndarray, optional
        State of the optimizer to go on from.
    history : History, optional
        History to go on with.
    resume : path, optional
        Checkpoint of `ModelCheckpoint` to go on from; the task, the data and the other parameters must be those of the
        run that wrote it.

    Attributes
    ----------
    store : ParameterStore
        Weights and gradients of the task.
    history : History
        ``loss`` and, where rows are held out, ``val_loss``, one value an epoch.
    epoch : int
        Epochs done.
    resumed_from : path or None
        The checkpoint this run goes on from.
    """

    def __init__(
        self,
        task: Task,
        optimizer: Optimizer,
        *,
        epochs: int,
        batch_size: int,
        rng: np.random.Generator,
        validation_split: float = 0.0,
        callbacks: Sequence[Callback] | None = None,
        groups: Sequence[ParameterGroup] | None = None,
        schedule: Schedule | None = None,
        max_norm: float | None = None,
        accumulate: int = 1,
        state: dict[str, NDArray] | None = None,
        history: History | None = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> None:
        self.task = task
        self.store = task.store
        self.optimizer = optimizer
        self.epochs = check_number(epochs, "epochs", integer=True, low=0)
        self.batch_size = check_number(batch_size, "batch_size", integer=True, low=1)
        self.rng = rng
        # A checkpoint holds the state of the other callbacks, so it is written after they have seen the epoch.
        self.callbacks = sorted(callbacks or (), key=lambda c: isinstance(c, ModelCheckpoint))
        self.groups = groups
        if schedule is not None and not isinstance(schedule, Schedule):
            raise TypeError(f"schedule must be None or a Schedule, got {type(schedule).__name__}")
        self.schedule = schedule
        self.max_norm = None if max_norm is None else check_number(max_norm, "max_norm", low=0, low_open=True)
        self.accumulate = check_number(accumulate, "accumulate", integer=True, low=1)
        self.state = optimizer.first_state(self.store.size, self.store.dtype) if state is None else state
        self.history = History() if history is None else history
        self.epoch = 0
        self.resumed_from = resume
        self.validation_split = check_number(validation_split, "validation_split", low=0, high=1, high_open=True)
        self._stop_reason: str | None = None
        self._cursor = 0
        self._loss_sum = 0.0
        self._order: NDArray[np.int64] | None = None
        if resume is None:
            self.train_rows, self.val_rows = self._split()
        else:
            self.train_rows = self.val_rows = np.empty(0, dtype=np.int64)

    def _split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        n, split = self.task.n_samples, self.validation_split
        if split == 0:
            return np.arange(n, dtype=np.int64), np.empty(0, dtype=np.int64)
        n_val = max(1, round(n * split))
        if n_val >= n:
            raise ValueError(
                f"validation_split={split} of {n} sample(s) leaves none to train on; give more rows or a smaller split"
            )
        order = self.rng.permutation(n)
        return np.sort(order[n_val:]), np.sort(order[:n_val])

    def stop(self, reason: str) -> None:
        """End training after the current batch; `reason` goes to ``history.info["stopped"]``."""
        self._stop_reason = reason

    def run(self) -> Trainer:
        """Train up to `epochs` and return the trainer.

        An exception of a callback, KeyboardInterrupt among them, passes through at once.
        """
        with one_blas_thread():
            for callback in self.callbacks:
                callback.on_fit_begin(self)
            if self.resumed_from is not None:
                self._restore(self.resumed_from)
            while self.epoch < self.epochs and self._stop_reason is None:
                self._run_epoch()
            for callback in self.callbacks:
                callback.on_fit_end(self)
        self.history.info.update(
            n_train=len(self.train_rows),
            n_validation=len(self.val_rows),
            stopped=self._stop_reason,
            numpy=np.__version__,
            blas_is_controlled=blas_is_controlled(),
        )
        return self

    def _run_epoch(self) -> None:
        epoch = self.epoch
        if self._order is None:
            for callback in self.callbacks:
                callback.on_epoch_begin(self, epoch)
            self._order = self.rng.permutation(self.train_rows)
            self._cursor, self._loss_sum = 0, 0.0
        if not self._run_batches(self._order):
            return
        values = {self.task.loss_name: self._loss_sum / len(self._order)}
        if len(self.val_rows):
            values["val_loss"] = self.task.loss(self.val_rows)
            if not math.isfinite(values["val_loss"]):
                self._diverged("val_loss", values["val_loss"], "after this epoch")
                return
        values |= self.task.figures()
        self.epoch, self._order = epoch + 1, None
        self.history.append(**values)
        for callback in self.callbacks:
            callback.on_epoch_end(self, epoch, values)

    def _run_batches(self, order: NDArray[np.int64]) -> bool:
        """Run the rest of the epoch; return whether it came to its end."""
        watchers = [c for c in self.callbacks if type(c).on_batch_end is not Callback.on_batch_end]
        n, size, part = len(order), self._rows_of_step, self.batch_size
        step, rng, name = self.task.step, self.rng, self.task.loss_name
        while self._cursor < n:
            rows = order[self._cursor : self._cursor + size]
            loss = step(rows, rng, self._update, -(-len(rows) // part))
            if not math.isfinite(loss):
                self._diverged(name, loss, "before this batch")
                return False
            self._loss_sum += loss * len(rows)
            batch = self._cursor // size
            self._cursor += size
            if watchers:
                for callback in watchers:
                    callback.on_batch_end(self, batch, {name: loss})
                if self._stop_reason is not None and self._cursor < n:
                    return False
        return True

    @property
    def _rows_of_step(self) -> int:
        return self.batch_size * self.accumulate

    def _update(self, groups: Sequence[ParameterGroup] | None = None, count: int = 0) -> None:
        if self.max_norm is not None:
            if groups is None:
                clip_norm(self.store.grad, self.max_norm)
            else:
                for group in groups:
                    clip_norm(self.store.grad[group.start : group.stop], self.max_norm)
        factor = 1.0
        if self.schedule is not None:
            per_epoch = -(-len(self.train_rows) // self._rows_of_step)
            step = self.epoch * per_epoch + self._cursor // self._rows_of_step
            factor = self.schedule.factor(step, self.epochs * per_epoch)
        self.optimizer.step(self.store, self.state, self.groups if groups is None else groups, count, factor)

    def _diverged(self, name: str, value: float, weights: str) -> None:
        place = f"epoch {self.epoch + 1}, batch {self._cursor // self._rows_of_step + 1}"
        self.stop(f"{name} is {value} in {place}")
        if not any(isinstance(c, TerminateOnNaN) for c in self.callbacks):
            warnings.warn(
                f"training stopped: {name} is {value} in {place}; the weights are those {weights} and hardly of use. "
                f"Lower learning_rate (now {self.optimizer.learning_rate:g}), scale the input to about unit size, or "
                f"use float64",
                ConvergenceWarning,
                stacklevel=5,
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: a directory that replaces an earlier one whole.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        arrays = {"parameters": self.store.data, "train_rows": self.train_rows, "val_rows": self.val_rows}
        if self._order is not None:
            arrays["order"] = self._order
        arrays.update({f"optimizer.{name}": array for name, array in self.state.items()})
        callbacks = {}
        for name, callback in self._named_callbacks():
            state = callback.get_state()
            arrays.update({f"callback.{name}.{k}": v for k, v in state.items() if isinstance(v, np.ndarray)})
            callbacks[name] = {k: v for k, v in state.items() if not isinstance(v, np.ndarray)}
        config = {
            "class": _KIND,
            "fingerprint": self._fingerprint(),
            "epoch": self.epoch,
            "cursor": self._cursor,
            "loss_sum": self._loss_sum,
            "rng": _rng_to_json(self.rng),
            "history": self.history.to_dict(),
            "callbacks": callbacks,
            "task": self.task.get_state(),
        }
        save_directory(path, config, arrays, force=True)

    def _named_callbacks(self) -> list[tuple[str, Callback]]:
        kinds: Counter[str] = Counter()
        named = []
        for callback in self.callbacks:
            kind = type(callback).__name__
            named.append((f"{kind}{kinds[kind]}", callback))
            kinds[kind] += 1
        return named

    def _fingerprint(self) -> dict[str, Any]:
        return {
            **self.task.fingerprint(),
            "optimizer": repr(self.optimizer),
            "groups": None if self.groups is None else [list(group) for group in self.groups],
            "batch_size": self.batch_size,
            "schedule": None if self.schedule is None else [repr(self.schedule), self.epochs],
            "max_norm": self.max_norm,
            "accumulate": self.accumulate,
            "validation_split": self.validation_split,
        }

    def _restore(self, path: str | os.PathLike[str]) -> None:
        config, arrays = load_directory(path, _KIND)
        found, wanted = config["fingerprint"], self._fingerprint()
        for name, value in wanted.items():
            if found.get(name) != value:
                raise StorageError(
                    f"{path} is a checkpoint of another training: its {name} is {_short(found.get(name))}, this one's "
                    f"is {_short(value)}; give the same data and parameters, or start anew without resume"
                )
        try:
            self.store.data[:] = arrays["parameters"]
            for name, array in self.state.items():
                array[...] = arrays[f"optimizer.{name}"]
            self.train_rows, self.val_rows = arrays["train_rows"], arrays["val_rows"]
            self._order = arrays.get("order")
            self.epoch, self._cursor, self._loss_sum = config["epoch"], config["cursor"], config["loss_sum"]
            _rng_from_json(self.rng, config["rng"])
            self.task.set_state(config["task"])
            kept = History.from_dict(config["history"])
            self.history.values, self.history.info = kept.values, kept.info
            for name, callback in self._named_callbacks():
                if name in config["callbacks"]:
                    start = f"callback.{name}."
                    own = {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
                    callback.set_state({**config["callbacks"][name], **own})
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"{path} is not a whole checkpoint: {error}; start anew without resume") from error


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 200 else f"{shown[:197]}..."


def _rng_to_json(rng: np.random.Generator) -> Any:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, np.ndarray):
            return {"array": value.tolist(), "dtype": str(value.dtype)}
        return int(value) if isinstance(value, np.integer) else value

    return plain(rng.bit_generator.state)


def _rng_from_json(rng: np.random.Generator, saved: Any) -> None:
    def full(value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"array", "dtype"}:
                return np.array(value["array"], dtype=value["dtype"])
            return {k: full(v) for k, v in value.items()}
        return value

    rng.bit_generator.state = full(saved)


def fit_network(
    task: Task,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    validation_split: float = 0.0,
    callbacks: Sequence[Callback] | None = None,
    verbose: int = 0,
    groups: Sequence[ParameterGroup] | None = None,
    schedule: Schedule | None = None,
    max_norm: float | None = None,
    accumulate: int = 1,
    state: dict[str, NDArray] | None = None,
    history: History | None = None,
    resume: str | os.PathLike[str] | None = None,
) -> Trainer:
    """Train and return the finished `Trainer`.

    Parameters
    ----------
    task, optimizer, epochs, batch_size, rng, validation_split, groups, schedule, max_norm, accumulate
        As in `Trainer`.
    callbacks : sequence of Callback, optional
        Called in this order, checkpoints last.
    verbose : int
        0 prints nothing, 1 a line an epoch.
    state, history, resume
        As in `Trainer`.

    Returns
    -------
    Trainer
        At its end; its `history` and `state` are what the next call goes on with.

    Raises
    ------
    StorageError
        If the checkpoint `resume` is not whole, or of another training.
    ValueError
        If a parameter is out of range.
    """
    watchers = [*(callbacks or ()), *([EpochPrinter()] if verbose else [])]
    trainer = Trainer(
        task,
        optimizer,
        epochs=epochs,
        batch_size=batch_size,
        rng=rng,
        validation_split=validation_split,
        callbacks=watchers,
        groups=groups,
        schedule=schedule,
        max_norm=max_norm,
        accumulate=accumulate,
        state=state,
        history=history,
        resume=resume,
    )
    return trainer.run()
