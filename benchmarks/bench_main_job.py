"""The main job on the embedded default: the first run with an empty JIT cache, and the next."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.frame import Context, Row, median, spread

# The child reads its own peak: what the system reports of a child counts the parent it was forked from.
_CODE = """
import sys
from minilm_unsup.cli import main
status = main(sys.argv[1:])
try:
    with open("/proc/self/status") as file:
        peak = next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
print(peak, file=sys.stderr)
sys.exit(status)
"""


def _run(folder: Path, name: str, cache: Path) -> tuple[float, float, dict]:
    """Wall time, peak resident megabytes and printed summary of one run in a process of its own."""
    command = [sys.executable, "-c", _CODE, "run", "--json", "--quiet", "--out", str(folder / name)]
    start = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "NUMBA_CACHE_DIR": str(cache)}, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"the main job ended with status {done.returncode}: {done.stderr[-2000:]}")
    return seconds, float(done.stderr.split()[-1]), json.loads(done.stdout)


def run(context: Context) -> list[Row]:
    folder = Path(tempfile.mkdtemp())
    try:
        cache = folder / "numba"
        first, first_peak, summary = _run(folder, "first", cache)
        later = [_run(folder, f"next-{i}", cache) for i in range(1 if context.smoke else 3)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = [t for t, _, _ in later]
    peak = max([first_peak, *(p for _, p, _ in later)])
    n = summary["source"]["n_documents"]
    return [
        Row("main job, first run", first, target="<= 60 s", met=first <= 60, note=f"{n:,} documents, empty JIT cache"),
        Row("main job, next run", median(seconds), target="<= 15 s", met=median(seconds) <= 15, spread=spread(seconds)),
        Row("main job, peak memory", peak, unit="MB", target="< 1024 MB", met=peak < 1024),
        Row(
            "main job, NMI of topics and modules",
            summary["scores"]["topics"]["nmi"],
            unit="",
            note="topics against the module labels",
        ),
    ]
