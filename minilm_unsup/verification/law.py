"""A law, what came of it, and the run over all of them."""

from __future__ import annotations

import importlib
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._exceptions import MinilmWarning
from .._progress import Progress
from .._validation import check_number

__all__ = ["Law", "Outcome", "verify"]

_SUBJECTS = ("gradients", "training", "games", "text", "clusters", "storage")


@dataclass(frozen=True)
class Law:
    """Something that must hold whatever is drawn.

    Attributes
    ----------
    subject : str
        What it is about.
    name : str
        The law in a few words.
    check : callable
        Takes a Generator, draws, and returns how far off the worst case is; raises where that cannot be measured.
    bound : float
        The largest value that is right: 0 where things must be equal, else what rounding explains.
    draws : int
        How often it is checked.
    """

    subject: str
    name: str
    check: Callable[[np.random.Generator], float]
    bound: float
    draws: int = 5


@dataclass(frozen=True)
class Outcome:
    """What came of a law.

    Attributes
    ----------
    law : Law
    worst : float
        The largest value of all draws; NaN where one raised.
    seconds : float
    error : str
        Why it failed, or empty.
    """

    law: Law
    worst: float
    seconds: float
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether the law held in every draw."""
        return not self.error


def all_laws() -> list[Law]:
    """Return the laws of the library, by subject."""
    return [law for s in _SUBJECTS for law in importlib.import_module(f".{s}", __package__).LAWS]


def verify(seed: int = 0, *, laws: Sequence[Law] | None = None, progress: Progress | None = None) -> list[Outcome]:
    """Check the library's laws on this machine: gradients, invariants, closed forms, equal bits on any threads.

    Parameters
    ----------
    seed : int, at least 0
        Of the draws: another seed checks other cases.
    laws : sequence of Law, optional
        Those of the library by default.
    progress : Progress, optional
        Told of each law.

    Returns
    -------
    list of Outcome
    """
    seed = check_number(seed, "seed", integer=True, low=0)
    progress = Progress() if progress is None else progress
    outcomes = []
    for i, law in enumerate(all_laws() if laws is None else laws):
        progress.start(f"{law.subject}: {law.name}")
        outcome = _judge(law, np.random.default_rng((seed, i)), progress)
        outcomes.append(outcome)
        progress.finish(outcome.error or f"off by {outcome.worst:.1e}, at most {law.bound:.0e}")
    return outcomes


def _judge(law: Law, rng: np.random.Generator, progress: Progress) -> Outcome:
    start, worst = time.perf_counter(), 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MinilmWarning)
        for draw in range(law.draws):
            try:
                value = float(law.check(rng))
            except Exception as error:
                text = f"draw {draw + 1}: {type(error).__name__}: {error}".splitlines()[0]
                return Outcome(law, math.nan, time.perf_counter() - start, text)
            if not value <= worst:
                worst = value
            if not value <= law.bound:
                text = f"draw {draw + 1}: off by {value:.3e}, at most {law.bound:.0e} is right"
                return Outcome(law, worst, time.perf_counter() - start, text)
            progress.update((draw + 1) / law.draws)
    return Outcome(law, worst, time.perf_counter() - start)
