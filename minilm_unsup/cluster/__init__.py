"""Clusters: K-means and hierarchical."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .agglomerative import AgglomerativeClustering
    from .hierarchical import cut_tree, linkage
    from .kmeans import KMeans
    from .tree_layout import dendrogram, dendrogram_text

__all__ = ["AgglomerativeClustering", "KMeans", "cut_tree", "dendrogram", "dendrogram_text", "linkage"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "AgglomerativeClustering": ".agglomerative",
        "KMeans": ".kmeans",
        "cut_tree": ".hierarchical",
        "dendrogram": ".tree_layout",
        "dendrogram_text": ".tree_layout",
        "linkage": ".hierarchical",
    },
)
