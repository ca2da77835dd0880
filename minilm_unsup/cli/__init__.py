"""The command ``minilm-unsup``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C."""
    from .parser import build_parser

    arguments = build_parser().parse_args(argv)
    from .._exceptions import StorageError

    try:
        import importlib

        commands = importlib.import_module(f".{arguments.module}", __name__)
        return int(getattr(commands, arguments.command.replace("-", "_"))(arguments))
    except KeyboardInterrupt:
        # Output is written beside its place and renamed in at the end, so nothing is left half-written.
        print("\nminilm-unsup: stopped; nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as 'head' does; keep the interpreter from failing at its last flush.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (StorageError, ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        if getattr(arguments, "debug", False):
            raise
        message = str(error) or type(error).__name__
        if isinstance(error, MemoryError):
            message = "out of memory; give fewer documents or a smaller --max-features"
        print(f"minilm-unsup: error: {' '.join(message.split())}", file=sys.stderr)
        return 1
