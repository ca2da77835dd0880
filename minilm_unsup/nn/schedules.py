"""Learning rates that change while training goes on: a factor for each step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .._validation import check_number

__all__ = ["Constant", "Cosine", "OneCycle", "Schedule", "StepDecay"]


@dataclass(frozen=True)
class Schedule:
    """Base of every schedule."""

    def factor(self, step: int, n_steps: int) -> float:
        """Return what the learning rate is multiplied by.

        Parameters
        ----------
        step : int
            Updates made so far, from 0.
        n_steps : int
            Updates of the whole training.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """1 throughout, behind a linear rise.

    Parameters
    ----------
    warm_up : float in [0, 1]
        Share of the training in which the factor rises to 1.
    """

    warm_up: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.warm_up, "warm_up", low=0, high=1)

    def factor(self, step: int, n_steps: int) -> float:
        """Return the factor."""
        return _rise(step, self.warm_up * n_steps)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiplied by `rate` after each of `n_parts` equal parts of the training but the last.

    Parameters
    ----------
    n_parts : int, at least 1
    rate : float in (0, 1]
    """

    n_parts: int = 3
    rate: float = 0.1

    def __post_init__(self) -> None:
        check_number(self.n_parts, "n_parts", integer=True, low=1)
        check_number(self.rate, "rate", low=0, high=1, low_open=True)

    def factor(self, step: int, n_steps: int) -> float:
        """Return the factor."""
        return self.rate ** min(self.n_parts - 1, self.n_parts * step // max(1, n_steps))


@dataclass(frozen=True)
class Cosine(Schedule):
    """A linear rise, then half a wave of the cosine down to `last` (Loshchilov and Hutter 2017, eq. 5, one period).

    Parameters
    ----------
    warm_up : float in [0, 1]
        Share of the training in which the factor rises to 1.
    last : float in [0, 1]
        Where it ends.
    """

    warm_up: float = 0.05
    last: float = 0.0

    def __post_init__(self) -> None:
        check_number(self.warm_up, "warm_up", low=0, high=1)
        check_number(self.last, "last", low=0, high=1)

    def factor(self, step: int, n_steps: int) -> float:
        """Return the factor."""
        rising = self.warm_up * n_steps
        if step < rising:
            return _rise(step, rising)
        done = min(1.0, (step - rising) / max(1.0, n_steps - rising))
        return self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From ``1 / divisor`` up to 1 and down to ``1 / last_divisor``, along half waves (Smith and Topin 2018).

    Parameters
    ----------
    peak : float in [0, 1]
        Share of the training at which the factor is 1.
    divisor, last_divisor : float, at least 1
    """

    peak: float = 0.3
    divisor: float = 25.0
    last_divisor: float = 250_000.0

    def __post_init__(self) -> None:
        check_number(self.peak, "peak", low=0, high=1)
        check_number(self.divisor, "divisor", low=1)
        check_number(self.last_divisor, "last_divisor", low=1)

    def factor(self, step: int, n_steps: int) -> float:
        """Return the factor."""
        top = self.peak * n_steps
        if step < top:
            start, stop, done = 1 / self.divisor, 1.0, step / top
        else:
            start, stop, done = 1.0, 1 / self.last_divisor, min(1.0, (step - top) / max(1.0, n_steps - top))
        return stop + (start - stop) * 0.5 * (1 + math.cos(math.pi * done))


def _rise(step: int, n_rising: float) -> float:
    return min(1.0, (step + 1) / n_rising) if n_rising >= 1 else 1.0
