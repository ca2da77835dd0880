"""``python -m benchmarks``: one table of loop, ours, peer, ratio and share of the machine's limit."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

import benchmarks
from benchmarks import frame


def workloads() -> dict[str, str]:
    """Modules ``bench_<name>``, each with ``run(context) -> list[Row]``."""
    found = (m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name.startswith("bench_"))
    return {name.removeprefix("bench_"): f"benchmarks.{name}" for name in sorted(found)}


# Names that stand for several workloads.
GROUPS = {
    "text": ("cleaning", "words", "near_duplicates", "bpe", "wordpiece", "unigram", "segment"),
    "nn": ("article", "layers", "gan"),
}


def main(argv: list[str] | None = None) -> int:
    known = workloads()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"workloads (default: all of {', '.join(known)}), or a group of them: {', '.join(GROUPS)}",
    )
    parser.add_argument("--smoke", action="store_true", help="small sizes: shows that all runs, no figures")
    parser.add_argument("--json", metavar="FILE", help="write rows, machine, versions and commit there as JSON")
    parser.add_argument("--repeats", type=int, default=0, metavar="N", help="timed rounds (default: 7, smoke 1)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads of ours and of the peers")
    arguments = parser.parse_args(argv)
    names = [part for name in arguments.names for part in GROUPS.get(name, (name,))]
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown workload {unknown[0]!r}; there are {', '.join(known)}")

    import minilm_unsup

    if arguments.threads:
        minilm_unsup.set_num_threads(arguments.threads)
    context = frame.Context(
        smoke=arguments.smoke,
        repeats=arguments.repeats or (1 if arguments.smoke else 7),
        threads=minilm_unsup.get_num_threads(),
    )
    rows: list[frame.Row] = []
    for name in names or known:
        start = time.perf_counter()
        try:
            new = importlib.import_module(known[name]).run(context)
        except frame.Skip as reason:
            print(f"skipped {name}: {reason}", file=sys.stderr, flush=True)
            continue
        rows += new
        print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    about = frame.machine()
    print(f"{about['processor']}, {context.threads} threads, Python {about['python']}, commit {about['commit']}")
    print(", ".join(f"{k} {v}" for k, v in about["versions"].items()))
    print(frame.table(rows))
    if arguments.json:
        Path(arguments.json).write_text(frame.as_json(rows, context) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
