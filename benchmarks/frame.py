"""How a workload is timed: checked against its reference first, then ours and the peer in turn within one run."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


class Skip(Exception):
    """A workload cannot run here; the message says what is missing."""


@dataclass(frozen=True)
class Context:
    """What a workload is told about the run."""

    smoke: bool
    repeats: int
    threads: int

    def size(self, full: int, smoke: int) -> int:
        return smoke if self.smoke else full

    def data(self, name: str) -> Path:
        folder = os.environ.get("MINILM_DATA")
        if not folder:
            raise Skip("MINILM_DATA is not set: no data sets")
        path = Path(folder) / name
        if not path.exists():
            raise Skip(f"MINILM_DATA has no {name}")
        return path


@dataclass
class Row:
    """One line of the table. Times are medians of `repeats` runs, in seconds unless `unit` says otherwise."""

    loop: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    unit: str = "s"
    ratio: float | None = None  # how many times better ours is; by default peer / ours
    target: str = ""
    met: bool | None = None
    share: str = ""  # share of the machine's limit
    spread: str = ""
    note: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.ratio is None and self.peer is not None and self.ours > 0:
            self.ratio = self.peer / self.ours


def require(package: str) -> None:
    """Skip the workload where a peer is not installed."""
    if importlib.util.find_spec(package) is None:
        raise Skip(f"the peer {package} is not installed (pip install 'minilm_unsup[bench]')")


def alternate(calls: Mapping[str, Callable[[], Any]], repeats: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Time each call in turn, `repeats` rounds after `warm_up` untimed ones, so that a slow phase hits all alike."""
    for _ in range(warm_up):
        for call in calls.values():
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            gc.collect()
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


def median(values: list[float]) -> float:
    return statistics.median(values)


def spread(values: list[float]) -> str:
    """Smallest to largest as shares of the median."""
    middle = median(values)
    return f"{min(values) / middle:.2f}-{max(values) / middle:.2f}"


def fresh_process(code: str, *, env: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Run `code` in a new interpreter; return the wall time in seconds and what it printed."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"a fresh process failed:\n{done.stderr[-2000:]}")
    return seconds, done.stdout


def multiply_add_rate(dtype: Any = np.float32, n: int = 1024) -> float:
    """Multiply-adds a second of one BLAS thread on square matrices that fit in cache: the limit of every product."""
    from minilm_unsup._parallel import one_blas_thread

    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal((n, n)).astype(dtype) for _ in range(2))
    out = np.empty_like(A)
    best = float("inf")
    with one_blas_thread():
        for _ in range(5):
            start = time.perf_counter()
            np.matmul(A, B, out=out)
            best = min(best, time.perf_counter() - start)
    return n**3 / best


def bytes_rate(n_bytes: int = 1 << 28) -> float:
    """Bytes a second that one thread reads and writes in a copy larger than the caches."""
    a = np.ones(n_bytes // 8)
    b = np.empty_like(a)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        np.copyto(b, a)
        best = min(best, time.perf_counter() - start)
    return 2 * n_bytes / best


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
            model = next(line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    versions = {}
    from importlib import metadata

    peers = ("scikit-learn", "torch", "keras", "tensorflow-cpu", "faiss-cpu")
    text_peers = ("tokenizers", "tiktoken", "sentencepiece", "rs_bpe", "datasketch")
    for name in ("numpy", "numba", "minilm_unsup", *peers, *text_peers):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = ""
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions,
        "commit": commit,
    }


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit != "s":
        return f"{value:.4g} {unit}"
    return f"{value * 1e6:.3g} us" if value < 1e-3 else f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table with columns of even width."""
    head = ["loop", "ours", "peer", "ratio", "target", "share of limit", "spread", "note"]
    body = [
        [
            row.loop,
            _number(row.ours, row.unit),
            f"{_number(row.peer, row.unit)} {row.peer_name}".strip(),
            "" if row.ratio is None else f"{row.ratio:.3g}x",
            row.target + ("" if row.met is None else " met" if row.met else " MISSED"),
            row.share,
            row.spread,
            row.note,
        ]
        for row in rows
    ]
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(head), line(["-" * w for w in widths]), *map(line, body)])


def as_json(rows: list[Row], context: Context) -> str:
    return json.dumps(
        {"machine": machine(), "context": asdict(context), "rows": [asdict(row) for row in rows]},
        indent=2,
        ensure_ascii=False,
    )
