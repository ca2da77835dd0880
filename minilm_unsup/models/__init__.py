"""Models: what is learnt without labels, and from a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .autoencoder import Autoencoder
    from .text_classifier import TextClassifier
    from .topic_model import TopicModel

__all__ = ["Autoencoder", "TextClassifier", "TopicModel"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {"Autoencoder": ".autoencoder", "TextClassifier": ".text_classifier", "TopicModel": ".topic_model"},
)
