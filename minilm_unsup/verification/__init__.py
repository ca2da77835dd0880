"""The library's own laws, checked on the machine where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .law import Law, Outcome, verify

__all__ = ["Law", "Outcome", "verify"]

__getattr__, __dir__ = lazy_exports(__name__, {"Law": ".law", "Outcome": ".law", "verify": ".law"})
