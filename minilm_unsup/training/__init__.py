"""The one training loop, its callbacks, checkpoints and exact resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .callback import Callback
    from .csv_logger import CSVLogger
    from .early_stopping import EarlyStopping
    from .epoch_printer import EpochPrinter
    from .model_checkpoint import ModelCheckpoint
    from .progress_reporter import ProgressReporter
    from .task import NetworkTask, Task
    from .terminate_on_nan import TerminateOnNaN
    from .trainer import Trainer, fit_network
    from .weight_averaging import WeightAveraging

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "EpochPrinter",
    "ModelCheckpoint",
    "NetworkTask",
    "ProgressReporter",
    "Task",
    "TerminateOnNaN",
    "Trainer",
    "WeightAveraging",
    "fit_network",
]

_WHERE = {
    "CSVLogger": ".csv_logger",
    "Callback": ".callback",
    "EarlyStopping": ".early_stopping",
    "EpochPrinter": ".epoch_printer",
    "ModelCheckpoint": ".model_checkpoint",
    "NetworkTask": ".task",
    "ProgressReporter": ".progress_reporter",
    "Task": ".task",
    "TerminateOnNaN": ".terminate_on_nan",
    "Trainer": ".trainer",
    "WeightAveraging": ".weight_averaging",
    "fit_network": ".trainer",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
