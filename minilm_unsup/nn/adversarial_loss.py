"""The losses of generative adversarial networks, one for each of the two players."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._numba import JIT, njit
from .._validation import check_choice
from .loss import Loss, check_loss_arrays
from .workspace import Workspace

__all__ = ["ADVERSARIAL_LOSSES", "DiscriminatorLoss", "GeneratorLoss"]

ADVERSARIAL_LOSSES = {"minimax": 0, "non_saturating": 1, "least_squares": 2, "hinge": 3, "wasserstein": 4}
MINIMAX, NON_SATURATING, LEAST_SQUARES, HINGE, WASSERSTEIN = range(5)


@dataclass(frozen=True)
class DiscriminatorLoss(Loss):
    """What the discriminator minimises: mean over the real rows plus mean over the generated ones.

    With ``a`` the output for a row and ``D = sigmoid(a)``:

    ==================  ==================  ==================  ==========================================
    kind                of a real row       of a generated row  source
    ==================  ==================  ==================  ==========================================
    minimax             ``-log D``          ``-log(1 - D)``     Goodfellow et al. 2014, eq. 1
    non_saturating      ``-log D``          ``-log(1 - D)``     Goodfellow et al. 2014, section 3
    least_squares       ``(a - 1)**2 / 2``  ``a**2 / 2``        Mao et al. 2017, eq. 9
    hinge               ``max(0, 1 - a)``   ``max(0, 1 + a)``   Lim and Ye 2017; Miyato et al. 2018, eq. 16
    wasserstein         ``-a``              ``a``               Arjovsky et al. 2017, eq. 2
    ==================  ==================  ==================  ==========================================

    Parameters
    ----------
    kind : {"minimax", "non_saturating", "least_squares", "hinge", "wasserstein"}
    """

    kind: str = "non_saturating"

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", ADVERSARIAL_LOSSES)

    def gradient(self, logits: NDArray, targets: NDArray, out: NDArray, *, work: Workspace) -> float:
        """Return the loss and write its gradient.

        Parameters
        ----------
        logits : ndarray of shape (N, 1)
        targets : ndarray of shape (N,), bool
            True for real rows; there must be one of either kind.
        out : ndarray of shape (N, 1)
        work : Workspace
        """
        check_loss_arrays(logits, targets, out, (logits.shape[0],))
        n_real = int(np.count_nonzero(targets))
        n_generated = len(targets) - n_real
        if not n_real or not n_generated:
            raise ValueError(f"targets must name real and generated rows, got {n_real} and {n_generated}")
        return judge(
            ADVERSARIAL_LOSSES[self.kind], logits.reshape(-1), targets, 1.0 / n_real, 1.0 / n_generated, out.reshape(-1)
        )

    def mean(self, logits: NDArray) -> NDArray:
        """Return the probability that each row is real; a score, higher for real rows, where the loss has no such."""
        return _mean(self.kind, logits)


@dataclass(frozen=True)
class GeneratorLoss(Loss):
    """What the generator minimises, of the discriminator's output ``a`` for generated rows; ``D = sigmoid(a)``.

    minimax ``log(1 - D)``, non_saturating ``-log D``, least_squares ``(a - 1)**2 / 2``, hinge and wasserstein ``-a``;
    sources as for `DiscriminatorLoss`. Where the discriminator is sure, the first has no slope left and the second
    has (Goodfellow et al. 2014, section 3).

    Parameters
    ----------
    kind : {"minimax", "non_saturating", "least_squares", "hinge", "wasserstein"}
    """

    kind: str = "non_saturating"

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", ADVERSARIAL_LOSSES)

    def gradient(self, logits: NDArray, targets: Any, out: NDArray, *, work: Workspace) -> float:
        """Return the mean loss of the rows and write its gradient by `logits` (N, 1); `targets` are not looked at."""
        check_loss_arrays(logits, logits, out)
        return persuade(ADVERSARIAL_LOSSES[self.kind], logits.reshape(-1), 1.0 / logits.shape[0], out.reshape(-1))

    def mean(self, logits: NDArray) -> NDArray:
        """As for `DiscriminatorLoss`."""
        return _mean(self.kind, logits)


def _mean(kind: str, logits: NDArray) -> NDArray:
    if kind in ("minimax", "non_saturating"):
        return np.exp(-np.logaddexp(0, -logits))
    return logits.copy()


@njit(**JIT)
def judge(
    kind,  # IN   number of the loss
    logits,  # IN   (N,)
    is_real,  # IN   (N,)   bool
    real_weight,  # IN   of a real row in the value
    generated_weight,  # IN   of a generated row
    out,  # OUT  (N,)   gradient by logits
):
    """Return the value of the discriminator's loss."""
    total = 0.0
    for i in range(logits.shape[0]):
        a = float(logits[i])
        sign = -1.0 if is_real[i] else 1.0  # a real row is judged as a generated one with the output turned over
        weight = real_weight if is_real[i] else generated_weight
        b = sign * a
        if kind == LEAST_SQUARES:
            difference = a - 1.0 if is_real[i] else a
            value, slope = 0.5 * difference * difference, difference
        elif kind == HINGE:
            value, slope = (1.0 + b, sign) if not b <= -1.0 else (0.0, 0.0)  # NaN passes
        elif kind == WASSERSTEIN:
            value, slope = b, sign
        else:
            t = math.exp(-abs(b))
            value = max(b, 0.0) + math.log1p(t) if b == b else b
            slope = sign * (1.0 if b >= 0.0 else t) / (1.0 + t)
        total += weight * value
        out[i] = weight * slope
    return total


@njit(**JIT)
def persuade(
    kind,  # IN   number of the loss
    logits,  # IN   (N,)   of generated rows
    weight,  # IN   of a row in the value
    out,  # OUT  (N,)   gradient by logits
):
    """Return the value of the generator's loss."""
    total = 0.0
    for i in range(logits.shape[0]):
        a = float(logits[i])
        if kind == LEAST_SQUARES:
            value, slope = 0.5 * (a - 1.0) * (a - 1.0), a - 1.0
        elif kind >= HINGE:
            value, slope = -a, -1.0
        else:
            sign = 1.0 if kind == MINIMAX else -1.0
            b = sign * a
            t = math.exp(-abs(b))
            softplus = max(b, 0.0) + math.log1p(t) if b == b else b
            value = -softplus if kind == MINIMAX else softplus
            slope = -(1.0 if b >= 0.0 else t) / (1.0 + t)  # of -softplus(a), and of softplus(-a)
        total += weight * value
        out[i] = weight * slope
    return total
