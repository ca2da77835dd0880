"""The fuzzer in small: each target with a few hundred inputs, in this process."""

from __future__ import annotations

import itertools
import time

import pytest

from minilm_unsup import get_num_threads, set_num_threads
from tests import fuzz_kernels, fuzz_targets


@pytest.mark.parametrize("target", [name for name in fuzz_kernels.TARGETS if name != "load_more"])
def test_hostile_input_gives_a_result_or_a_clear_error(target):
    before = get_num_threads()
    end = time.monotonic() + 2
    try:
        for number in itertools.takewhile(lambda n: n < 50 or time.monotonic() < end, range(400)):
            wrong = fuzz_kernels.run_case(0, number, target)
            assert wrong is None, f"python -m tests.fuzz_kernels --seed 0 --case {number} --only {target}\n{wrong}"
    finally:
        set_num_threads(before)


def test_a_case_is_drawn_from_its_seed_and_number_alone():
    assert repr(fuzz_kernels.draw_case(3, 7, None)) == repr(fuzz_kernels.draw_case(3, 7, None))
    assert fuzz_kernels.draw_case(3, 8, "bpe") != fuzz_kernels.draw_case(4, 8, "bpe")


def test_a_broken_law_is_found(monkeypatch):
    monkeypatch.setattr(fuzz_targets.TextCleaner, "clean", lambda self, text, **_: text + "x")
    assert "AssertionError" in (fuzz_kernels.run_case(0, 12, "clean") or "")
