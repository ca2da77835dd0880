"""Drive every compiled kernel through the public classes with hostile input.

``python -m tests.fuzz_kernels --seconds 60 --seed 1``

Each case draws from a generator of its seed and number alone. A call must return, or raise an exception that is
documented; laws that cost little are checked. The cases run in a child process: where that dies (by a sanitizer or a
signal), the seed, the case and its input are printed, as for a broken law, and ``--case`` runs it again by itself.
CONTRIBUTING.md says how to run this under sanitizers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random

from minilm_unsup._parallel import set_num_threads
from tests.fuzz_targets import TARGETS, Drawn


def draw_case(seed: int, number: int, only: str | None) -> tuple[str, Drawn, int]:
    """The target, the input and the thread count of a case, from its seed and number alone."""
    rng = Random(f"{seed}:{number}")
    name = only or list(TARGETS)[number % len(TARGETS)]
    n_threads = rng.choice([1, 2, 3])
    return name, TARGETS[name][0](rng), n_threads


def run_case(seed: int, number: int, only: str | None) -> str | None:
    """Run a case; what went wrong, or None."""
    name, drawn, n_threads = draw_case(seed, number, only)
    set_num_threads(n_threads)
    try:
        TARGETS[name][1](**drawn)
    except Exception:
        return traceback.format_exc()
    return None


def _show(seed: int, number: int, only: str | None) -> None:
    name, drawn, n_threads = draw_case(seed, number, only)
    print(f"\nseed {seed}, case {number}, {name}, {n_threads} thread(s), input:", flush=True)
    for key, value in drawn.items():
        print(f"  {key} = {value!a}")
    again = f"--seed {seed} --case {number}" + (f" --only {only}" if only else "")
    print(f"again: python -m tests.fuzz_kernels {again}", flush=True)


def work(arguments: argparse.Namespace) -> int:
    """Run cases until the time is over, the number of each written to a file before it begins."""
    end, n_failed, number = time.monotonic() + arguments.seconds, 0, arguments.first
    with open(arguments.progress, "r+b", buffering=0) as progress:
        while time.monotonic() < end:
            progress.seek(0)
            progress.write(number.to_bytes(8, "little"))
            start = time.monotonic()
            wrong = run_case(arguments.seed, number, arguments.only)
            if wrong is None and time.monotonic() - start > arguments.slow:
                wrong = f"took {time.monotonic() - start:.1f} s\n"
            if wrong is not None:
                n_failed += 1
                _show(arguments.seed, number, arguments.only)
                print(wrong, flush=True)
                if n_failed >= arguments.most:
                    return 1
            number += 1
    return n_failed > 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="run this case alone, in this process")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", choices=list(TARGETS))
    parser.add_argument("--most", type=int, default=1, help="failures after which it stops")
    parser.add_argument("--slow", type=float, default=60.0, help="seconds that a case may take")
    parser.add_argument("--progress", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case is not None:
        _show(arguments.seed, arguments.case, arguments.only)
        wrong = run_case(arguments.seed, arguments.case, arguments.only)
        print(wrong or "nothing wrong")
        return wrong is not None
    if arguments.progress:
        return work(arguments)
    with tempfile.TemporaryDirectory() as folder:
        progress = os.path.join(folder, "progress")
        Path(progress).write_bytes(bytes(8))
        command = [sys.executable, "-m", "tests.fuzz_kernels", *sys.argv[1:], "--progress", progress]
        status = subprocess.run(command, check=False).returncode
        number = int.from_bytes(Path(progress).read_bytes(), "little")
    if status not in (0, 1):
        print(f"\nthe process ended with {status}")
        _show(arguments.seed, number, arguments.only)
    n_run = number + 1 - arguments.first
    print(f"seed {arguments.seed}: {n_run} cases, {'nothing' if status == 0 else 'something'} wrong")
    return status != 0


if __name__ == "__main__":
    sys.exit(main())
