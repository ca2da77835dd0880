"""Text in, numbers out: read, clean, denoise, tokenise, count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_exports

if TYPE_CHECKING:
    from .._csr import CSRMatrix
    from .bm25_vectorizer import BM25Vectorizer
    from .bpe_files import load_gpt2, load_tiktoken
    from .bpe_tokenizer import BPETokenizer
    from .chinese_segmenter import ChineseSegmenter, load_chinese_dictionary
    from .cleaner import CleanedText, CleaningReport, Edit, TextCleaner
    from .corpus import Corpus, CorpusError, read_corpus
    from .count_vectorizer import CountVectorizer
    from .deduplicator import Deduplicator
    from .encoding import Encoding
    from .hashing_vectorizer import HashingVectorizer
    from .pii_scrubber import PIIMatch, PIIReport, PIIScrubber
    from .quality import QualityFilter
    from .removal import RemovalReport
    from .standard_library import standard_library_docstrings
    from .stop_words import stop_words_of
    from .tfidf import TfidfVectorizer
    from .tokenizer_files import load_tokenizer
    from .unigram_tokenizer import UnigramTokenizer
    from .word_tokenizer import WordTokenizer
    from .wordpiece_files import load_wordpiece
    from .wordpiece_tokenizer import WordPieceTokenizer

__all__ = [
    "BM25Vectorizer",
    "BPETokenizer",
    "CSRMatrix",
    "ChineseSegmenter",
    "CleanedText",
    "CleaningReport",
    "Corpus",
    "CorpusError",
    "CountVectorizer",
    "Deduplicator",
    "Edit",
    "Encoding",
    "HashingVectorizer",
    "PIIMatch",
    "PIIReport",
    "PIIScrubber",
    "QualityFilter",
    "RemovalReport",
    "TextCleaner",
    "TfidfVectorizer",
    "UnigramTokenizer",
    "WordPieceTokenizer",
    "WordTokenizer",
    "load_chinese_dictionary",
    "load_gpt2",
    "load_tiktoken",
    "load_tokenizer",
    "load_wordpiece",
    "read_corpus",
    "standard_library_docstrings",
    "stop_words_of",
]

_WHERE = {
    "BM25Vectorizer": ".bm25_vectorizer",
    "BPETokenizer": ".bpe_tokenizer",
    "CSRMatrix": ".._csr",
    "ChineseSegmenter": ".chinese_segmenter",
    "CleanedText": ".cleaner",
    "CleaningReport": ".cleaner",
    "Corpus": ".corpus",
    "CorpusError": ".corpus",
    "CountVectorizer": ".count_vectorizer",
    "Deduplicator": ".deduplicator",
    "Edit": ".cleaner",
    "Encoding": ".encoding",
    "HashingVectorizer": ".hashing_vectorizer",
    "PIIMatch": ".pii_scrubber",
    "PIIReport": ".pii_scrubber",
    "PIIScrubber": ".pii_scrubber",
    "QualityFilter": ".quality",
    "RemovalReport": ".removal",
    "TextCleaner": ".cleaner",
    "TfidfVectorizer": ".tfidf",
    "UnigramTokenizer": ".unigram_tokenizer",
    "WordPieceTokenizer": ".wordpiece_tokenizer",
    "WordTokenizer": ".word_tokenizer",
    "load_chinese_dictionary": ".chinese_segmenter",
    "load_gpt2": ".bpe_files",
    "load_tiktoken": ".bpe_files",
    "load_tokenizer": ".tokenizer_files",
    "load_wordpiece": ".wordpiece_files",
    "read_corpus": ".corpus",
    "standard_library_docstrings": ".standard_library",
    "stop_words_of": ".stop_words",
}

__getattr__, __dir__ = lazy_exports(__name__, _WHERE)
