from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import get_num_threads, set_num_threads
from minilm_unsup._parallel import _blas, blas_is_controlled, blas_is_held, blocks_of, map_blocks, one_blas_thread


@pytest.fixture(autouse=True)
def _restore_threads():
    yield
    set_num_threads(None)


@given(st.integers(0, 200), st.integers(1, 50), st.integers(1, 4))
def test_blocks_cover_the_range_in_order_at_any_thread_count(n, size, threads):
    set_num_threads(threads)
    pairs = map_blocks(lambda a, b: (a, b), n, size)
    assert pairs == blocks_of(n, size)
    assert [i for a, b in pairs for i in range(a, b)] == list(range(n))


def test_nested_calls_do_not_lock_up():
    set_num_threads(2)
    assert map_blocks(lambda a, b: sum(map_blocks(lambda c, d: d - c, 10, 3)), 8, 1) == [10] * 8


def test_first_error_in_block_order_is_raised_and_the_pool_goes_on():
    set_num_threads(2)

    def fail(start, stop):
        if start >= 2:
            raise ValueError(f"block {start}")

    with pytest.raises(ValueError, match="block 2"):
        map_blocks(fail, 6, 1)
    assert map_blocks(lambda a, b: a, 3, 1) == [0, 1, 2]


def test_all_threads_work_until_the_last_block():
    set_num_threads(2)

    def wait(start, stop):
        time.sleep(0.005)
        return threading.get_ident()

    workers = map_blocks(wait, 40, 1)
    assert [workers.count(worker) >= 10 for worker in set(workers)] == [True, True], "half of them each, give or take"


def test_an_interrupt_goes_before_other_errors_and_ends_the_work():
    set_num_threads(2)
    begun, second = [], threading.Event()

    def fail(start, stop):
        begun.append(start)
        if start == 1:
            second.set()
            raise KeyboardInterrupt
        second.wait(30)
        raise ValueError(f"block {start}")

    with pytest.raises(KeyboardInterrupt):
        map_blocks(fail, 100, 1)
    assert sorted(begun) == [0, 1]
    assert map_blocks(lambda a, b: a, 3, 1) == [0, 1, 2]


def test_two_python_threads_at_once():
    set_num_threads(2)
    out = {}

    def work(name):
        out[name] = [sum(map_blocks(lambda a, b: b - a, 1000, 7)) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert out == {i: [1000] * 20 for i in range(4)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_forked_child_gets_a_pool_of_its_own():
    code = (
        "import os\nfrom minilm_unsup._parallel import map_blocks, set_num_threads\n"
        "set_num_threads(2)\nf = lambda a, b: b - a\nmap_blocks(f, 100, 10)\npid = os.fork()\n"
        "if pid == 0:\n    os._exit(0 if sum(map_blocks(f, 100, 10)) == 100 else 3)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_blas_is_held_to_one_thread_inside_and_restored_after():
    if not blas_is_controlled():
        pytest.skip("the BLAS of this numpy has no thread setter")
    get, set_ = _blas._found
    before = get()
    set_(2)
    try:
        with one_blas_thread(), one_blas_thread():
            assert get() == 1
        assert get() == 2
        map_blocks(lambda a, b: np.testing.assert_equal(get(), 1), 4, 1)
        with pytest.raises(ZeroDivisionError), one_blas_thread():
            raise ZeroDivisionError
        assert get() == 2
    finally:
        set_(before)


@pytest.mark.parametrize(
    "bad, kind", [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)]
)
def test_bad_thread_counts(bad, kind):
    with pytest.raises(kind, match="n_threads"):
        set_num_threads(bad)


def test_environment_variable(monkeypatch):
    monkeypatch.setenv("MINILM_NUM_THREADS", "3")
    set_num_threads(None)
    assert get_num_threads() == 3
    monkeypatch.setenv("MINILM_NUM_THREADS", "many")
    set_num_threads(None)
    with pytest.raises(ValueError, match="MINILM_NUM_THREADS"):
        get_num_threads()


def test_another_thread_that_holds_blas_says_nothing():
    """Were it taken for a hold, the other thread could let go in the middle of a product: other bits."""
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with one_blas_thread():
            inside.set()
            leave.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert inside.wait(30)
        assert not blas_is_held()
        with one_blas_thread():
            assert blas_is_held()
            assert map_blocks(lambda a, b: blas_is_held(), 4, 1) == [True] * 4
        assert not blas_is_held()
    finally:
        leave.set()
        other.join()
