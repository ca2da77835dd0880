"""Unsupervised learning on text, on an ordinary CPU, from scratch.

Importing the package loads nothing but itself; each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazy_exports

if TYPE_CHECKING:
    from . import metrics, testing
    from ._csr import CSRMatrix
    from ._exceptions import CollapseWarning, ConvergenceWarning, DataWarning, NotFittedError, StorageError
    from ._history import History
    from ._parallel import get_num_threads, set_num_threads
    from .cluster import AgglomerativeClustering, KMeans, linkage
    from .loading import load
    from .main_job import RunResult, run
    from .models import GAN, Autoencoder, TextClassifier, TopicModel, VariationalAutoencoder
    from .pipeline import TextPipeline
    from .text import (
        BM25Vectorizer,
        BPETokenizer,
        ChineseSegmenter,
        CountVectorizer,
        Deduplicator,
        HashingVectorizer,
        PIIScrubber,
        QualityFilter,
        TextCleaner,
        TfidfVectorizer,
        UnigramTokenizer,
        WordPieceTokenizer,
        WordTokenizer,
        load_tokenizer,
    )
    from .training import CSVLogger, EarlyStopping, ModelCheckpoint, TerminateOnNaN
    from .vectors import SentenceEmbedder, TruncatedSVD

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "AgglomerativeClustering",
    "Autoencoder",
    "BM25Vectorizer",
    "BPETokenizer",
    "CSRMatrix",
    "CSVLogger",
    "ChineseSegmenter",
    "CollapseWarning",
    "ConvergenceWarning",
    "CountVectorizer",
    "DataWarning",
    "Deduplicator",
    "EarlyStopping",
    "HashingVectorizer",
    "History",
    "KMeans",
    "ModelCheckpoint",
    "NotFittedError",
    "PIIScrubber",
    "QualityFilter",
    "RunResult",
    "SentenceEmbedder",
    "StorageError",
    "TerminateOnNaN",
    "TextClassifier",
    "TextCleaner",
    "TextPipeline",
    "TfidfVectorizer",
    "TopicModel",
    "TruncatedSVD",
    "UnigramTokenizer",
    "VariationalAutoencoder",
    "WordPieceTokenizer",
    "WordTokenizer",
    "get_num_threads",
    "linkage",
    "load",
    "load_tokenizer",
    "metrics",
    "run",
    "set_num_threads",
    "testing",
]

_WHERE = {
    "AgglomerativeClustering": ".cluster",
    "GAN": ".models",
    "VariationalAutoencoder": ".models",
    "Autoencoder": ".models",
    "BM25Vectorizer": ".text",
    "BPETokenizer": ".text",
    "ChineseSegmenter": ".text",
    "CSRMatrix": "._csr",
    "CSVLogger": ".training",
    "CollapseWarning": "._exceptions",
    "ConvergenceWarning": "._exceptions",
    "CountVectorizer": ".text",
    "DataWarning": "._exceptions",
    "Deduplicator": ".text",
    "EarlyStopping": ".training",
    "HashingVectorizer": ".text",
    "PIIScrubber": ".text",
    "History": "._history",
    "KMeans": ".cluster",
    "ModelCheckpoint": ".training",
    "NotFittedError": "._exceptions",
    "QualityFilter": ".text",
    "RunResult": ".main_job",
    "SentenceEmbedder": ".vectors",
    "StorageError": "._exceptions",
    "TerminateOnNaN": ".training",
    "TextClassifier": ".models",
    "TextCleaner": ".text",
    "TextPipeline": ".pipeline",
    "TfidfVectorizer": ".text",
    "TopicModel": ".models",
    "TruncatedSVD": ".vectors",
    "UnigramTokenizer": ".text",
    "WordPieceTokenizer": ".text",
    "WordTokenizer": ".text",
    "get_num_threads": "._parallel",
    "linkage": ".cluster",
    "load": ".loading",
    "load_tokenizer": ".text",
    "metrics": ".metrics",
    "run": ".main_job",
    "set_num_threads": "._parallel",
    "testing": ".testing",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
