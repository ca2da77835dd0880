"""Models: what is learnt without labels, and from a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .autoencoder import Autoencoder
    from .gan import GAN
    from .text_classifier import TextClassifier
    from .topic_model import TopicModel
    from .variational_autoencoder import VariationalAutoencoder

__all__ = ["GAN", "Autoencoder", "TextClassifier", "TopicModel", "VariationalAutoencoder"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "GAN": ".gan",
        "Autoencoder": ".autoencoder",
        "TextClassifier": ".text_classifier",
        "TopicModel": ".topic_model",
        "VariationalAutoencoder": ".variational_autoencoder",
    },
)
