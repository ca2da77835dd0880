"""``import minilm_unsup`` above ``import numpy``, in fresh interpreters."""

from __future__ import annotations

from benchmarks.frame import Context, Row, fresh_process, median, spread

_CODE = """
import time
import numpy
def resident():
    try:
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * 4096
    except OSError:
        return 0
before, start = resident(), time.perf_counter()
{statement}
print(time.perf_counter() - start, resident() - before)
import sys
loaded = [m for m in ("numba", "scipy", "sklearn", "rich", "matplotlib", "torch") if m in sys.modules]
assert not loaded, loaded
"""


def _cost(statement: str, repeats: int) -> tuple[list[float], list[float]]:
    out = [fresh_process(_CODE.format(statement=statement))[1].split() for _ in range(repeats)]
    return [float(t) for t, _ in out], [float(b) / 2**20 for _, b in out]


def run(context: Context) -> list[Row]:
    seconds, megabytes = _cost("import minilm_unsup", context.repeats)
    return [
        Row(
            "import, above numpy",
            median(seconds),
            target="<= 0.10 s",
            met=median(seconds) <= 0.10,
            spread=spread(seconds),
        ),
        Row(
            "import, memory above numpy",
            median(megabytes),
            unit="MB",
            target="<= 15 MB",
            met=median(megabytes) <= 15,
        ),
    ]
