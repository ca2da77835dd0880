"""The stages of a pipeline as what JSON can hold and named arrays, and back."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .text.tfidf import TfidfVectorizer

__all__ = ["STAGES", "stages_from", "states_of", "tokenizer_json"]

# Stage to its class and the package that has it. All but the last two are always there.
STAGES = {
    "cleaner": ("TextCleaner", ".text"),
    "vectorizer": ("TfidfVectorizer", ".text"),
    "embedder": ("SentenceEmbedder", ".vectors"),
    "autoencoder": ("Autoencoder", ".models"),
    "topic_model": ("TopicModel", ".models"),
    "classifier": ("TextClassifier", ".models"),
    "gan": ("GAN", ".models"),
}
_OPTIONAL = ("classifier", "gan")


def states_of(stages: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Return the state of each stage that is there, and all arrays as ``<stage>.<name>``."""
    config: dict[str, Any] = {}
    arrays: dict[str, NDArray] = {}
    for name, stage in stages.items():
        if stage is None:
            continue
        state = stage.get_state()
        if not isinstance(state, tuple):
            own = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
            state = {key: value for key, value in state.items() if key not in own}, own
        config[name] = state[0]
        arrays.update({f"{name}.{key}": value for key, value in state[1].items()})
    return config, arrays


def stages_from(config: Mapping[str, Any], arrays: Mapping[str, NDArray]) -> dict[str, Any]:
    """Return the stages whose states these are; a missing classifier or GAN is None.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a stage or a part of its state is missing or damaged.
    """
    stages: dict[str, Any] = {}
    for name, (kind, package) in STAGES.items():
        if name not in config and name in _OPTIONAL:
            stages[name] = None
            continue
        state = config[name]
        own = {key.removeprefix(f"{name}."): value for key, value in arrays.items() if key.startswith(f"{name}.")}
        made = getattr(importlib.import_module(package, __package__), kind)
        stages[name] = made.from_state({**state, **own}) if name == "vectorizer" else made.from_state(state, own)
    return stages


def tokenizer_json(vectorizer: TfidfVectorizer) -> str:
    """Return ``tokenizer.json``: the tokenizer with the vocabulary that the vectorizer kept."""
    from .text import WordTokenizer
    from .text.tokenizer_files import word_tokenizer_to_json

    params = vectorizer.tokenizer.get_params()
    words = ["[UNK]", *vectorizer.get_feature_names_out()]
    return word_tokenizer_to_json(WordTokenizer.from_state({"params": params, "vocabulary": words}))
