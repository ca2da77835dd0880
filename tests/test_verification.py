"""``minilm-unsup verify``: every law holds, a law that does not is told of, and no law needs the tests."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from minilm_unsup.cli import main
from minilm_unsup.nn import gelu
from minilm_unsup.verification import Law, verify
from minilm_unsup.verification.law import all_laws


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_law_holds(seed):
    outcomes = verify(seed)
    assert [outcome.error for outcome in outcomes if not outcome.holds] == []
    assert len(outcomes) == len(all_laws()) > 40
    assert sum(outcome.seconds for outcome in outcomes) < 120


def test_laws_have_names_of_their_own():
    names = [(law.subject, law.name) for law in all_laws()]
    assert len(set(names)) == len(names)


def test_a_broken_law_is_told_of(capsys, monkeypatch):
    laws = [
        Law("here", "holds", lambda rng: 0.0, 0),
        Law("here", "is off", lambda rng: float(rng.random()) + 1, 1e-3),
        Law("here", "gives NaN", lambda rng: np.nan, 1.0),
        Law("here", "raises", lambda rng: 1 / 0, 1.0),
    ]
    outcomes = verify(laws=laws)
    assert [outcome.holds for outcome in outcomes] == [True, False, False, False]
    assert outcomes[1].error.startswith("draw 1: off by 1.")
    assert outcomes[3].error == "draw 1: ZeroDivisionError: division by zero"
    monkeypatch.setattr("minilm_unsup.verification.law.all_laws", lambda: laws)
    assert main(["verify", "--quiet"]) == 1
    said = capsys.readouterr()
    assert "1 of 4 laws hold" in said.out
    assert "here, raises: draw 1: ZeroDivisionError" in said.err
    assert main(["verify", "--quiet", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["broken"] == 3
    assert [row["worst"] for row in found["laws"]][2:] == [None, None]


def test_a_wrong_derivative_is_found(monkeypatch):
    def wrong(X, T, dY, dX):
        dX[:] = dY * 0.5 * (1 + T)

    monkeypatch.setattr(gelu, "slope", wrong)
    broken = [outcome.law.name for outcome in verify() if not outcome.holds]
    assert broken == ["gelu"]


def test_no_law_needs_the_tests_or_their_packages():
    code = (
        "import sys\n"
        "for name in ('hypothesis', 'pytest', 'tests', 'scipy', 'sklearn'): sys.modules[name] = None\n"
        "from minilm_unsup.cli import main\n"
        "raise SystemExit(main(['verify', '--quiet', '--seed', '5']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "laws hold" in run.stdout


def test_wrong_arguments():
    with pytest.raises(ValueError, match="seed must be at least 0"):
        verify(-1)
    with pytest.raises(SystemExit):
        main(["verify", "--seed", "-1"])
