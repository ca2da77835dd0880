"""Documents of the data sets that the workloads use."""

from __future__ import annotations

import gzip

from benchmarks.frame import Context


def labelled(context: Context, name: str, limit: int | None = None) -> tuple[list[str], list[str]]:
    """Texts and labels of a set in ``split<TAB>label<TAB>text`` form; with `limit` an even part of it."""
    path = context.data(name)
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    if limit is not None and limit < len(rows):
        rows = rows[:: -(-len(rows) // limit)]
    return [row[2] for row in rows], [row[1] for row in rows]
