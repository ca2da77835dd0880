"""Vectors of words and documents from counts, and maps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .map_layout import document_map
    from .sentence_embedder import SentenceEmbedder
    from .truncated_svd import TruncatedSVD

__all__ = ["SentenceEmbedder", "TruncatedSVD", "document_map"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "SentenceEmbedder": ".sentence_embedder",
        "TruncatedSVD": ".truncated_svd",
        "document_map": ".map_layout",
    },
)
