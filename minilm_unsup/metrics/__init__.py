"""Scores of classifiers, clusters, topics and language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .assignment import hungarian
    from .classification import accuracy, classification_report, confusion_matrix, f1, precision, recall
    from .clustering import ari, cluster_accuracy, completeness, contingency, homogeneity, nmi, purity, v_measure
    from .distributions import coverage, frechet_distance, maximum_mean_discrepancy
    from .language import bits_per_token, perplexity
    from .silhouette_coefficient import silhouette, silhouette_samples
    from .topics import npmi, topic_diversity

__all__ = [
    "accuracy",
    "ari",
    "bits_per_token",
    "classification_report",
    "cluster_accuracy",
    "completeness",
    "confusion_matrix",
    "contingency",
    "coverage",
    "f1",
    "frechet_distance",
    "homogeneity",
    "hungarian",
    "maximum_mean_discrepancy",
    "nmi",
    "npmi",
    "perplexity",
    "precision",
    "purity",
    "recall",
    "silhouette",
    "silhouette_samples",
    "topic_diversity",
    "v_measure",
]

_WHERE = {
    "accuracy": ".classification",
    "ari": ".clustering",
    "bits_per_token": ".language",
    "classification_report": ".classification",
    "cluster_accuracy": ".clustering",
    "completeness": ".clustering",
    "confusion_matrix": ".classification",
    "contingency": ".clustering",
    "coverage": ".distributions",
    "f1": ".classification",
    "frechet_distance": ".distributions",
    "homogeneity": ".clustering",
    "hungarian": ".assignment",
    "maximum_mean_discrepancy": ".distributions",
    "nmi": ".clustering",
    "npmi": ".topics",
    "perplexity": ".language",
    "precision": ".classification",
    "purity": ".clustering",
    "recall": ".classification",
    "silhouette": ".silhouette_coefficient",
    "silhouette_samples": ".silhouette_coefficient",
    "topic_diversity": ".topics",
    "v_measure": ".clustering",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
