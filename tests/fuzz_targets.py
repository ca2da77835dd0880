"""What the fuzzer does with each kernel: an input is drawn, and used; a law that is broken raises.

See `tests.fuzz_kernels`, which runs them.
"""

from __future__ import annotations

import base64
import functools
import json
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from minilm_unsup._storage import StorageError
from minilm_unsup.text import (
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
    load_chinese_dictionary,
    load_gpt2,
    load_tiktoken,
    load_tokenizer,
    load_wordpiece,
)
from tests import fuzz_inputs as inputs

Drawn = dict[str, Any]
CORPUS = [
    "low lower lowest newest widest",
    "a ship at sea, the SEA!",
    "研究生命起源，研究生的生命",
    "Grüße 123 don't 3.14 ab ab",
] * 3
SPECIAL = ["<s>", "[CLS]", "[SEP]", "[PAD]", "'s"]


def _surrogate(texts: list[str]) -> bool:
    return any("\ud800" <= c <= "\udfff" for text in texts for c in text)


def _or_refused(call: Callable[[], Any], texts: list[str], *others: type[Exception]) -> Any:
    """What `call` gives, or None where it says that a text has a lone surrogate, or raises one of `others`."""
    try:
        return call()
    except UnicodeEncodeError:
        assert _surrogate(texts), "a text without surrogates was refused as one with them"
    except others:
        pass
    return None


def _spans(encoding: Any, text: str, *, monotone: bool = True) -> None:
    spans = encoding.offsets
    assert len(spans) == len(encoding.ids)
    assert ((spans[:, 0] >= 0) & (spans[:, 0] <= spans[:, 1]) & (spans[:, 1] <= len(text))).all()
    if monotone:
        assert (np.diff(spans[:, 0]) >= 0).all()


def _use(tokenizer: Any, texts: list[str]) -> None:
    """Encode and decode by a tokenizer of unknown origin: results in range, or an error that is documented."""
    encodings = _or_refused(lambda: tokenizer.encode_batch(texts), texts, ValueError, TypeError)
    for text, encoding in zip(texts, encodings or [], strict=False):
        _spans(encoding, text, monotone=False)
        assert ((encoding.ids >= 0) & (encoding.ids < tokenizer.vocab_size)).all()
        _or_refused(lambda e=encoding: tokenizer.decode(e.ids), [], ValueError)  # type: ignore[misc]
    for ids in ([-1], [2**31], [0, 1, 2, 10**6]):
        _or_refused(lambda i=ids: tokenizer.decode(i), [], ValueError)  # type: ignore[misc]


def clean(texts: list[str], profile: str, rules: dict[str, bool]) -> None:
    cleaner = TextCleaner(profile, **rules)
    for text in texts:
        once = cleaner.clean(text)
        assert cleaner.clean(once) == once
        assert not (profile != "raw" and rules.get("unicode", True) and _surrogate([once]))
        cleaner.explain(text)
        followed, offsets = cleaner.clean(text, keep_offsets=True)
        assert followed == once
        assert ((offsets[:, 0] >= 0) & (offsets[:, 0] <= offsets[:, 1]) & (offsets[:, 1] <= len(text))).all()
    assert cleaner.transform(texts) == [cleaner.clean(text) for text in texts]


def draw_clean(rng: Random) -> Drawn:
    names = (
        "mojibake",
        "unicode",
        "html",
        "quoting",
        "urls",
        "emails",
        "accents",
        "punctuation",
        "digits",
        "lowercase",
        "whitespace",
    )
    rules = {name: rng.random() < 0.5 for name in rng.sample(names, rng.randint(0, 5))}
    return {
        "texts": inputs.texts(rng),
        "profile": rng.choice(["topics", "lm", "sentiment", "search", "raw"]),
        "rules": rules,
    }


def remove(texts: list[str], preset: str, method: dict[str, Any]) -> None:
    kept, where, _ = QualityFilter(preset).filter(texts)
    assert preset == "c4" or kept == [texts[i] for i in where]
    first = Deduplicator(**method).first_occurrence(texts)
    assert (first[first] == first).all()
    assert method["keep"] == "longest" or (first <= np.arange(len(texts))).all()
    own = Deduplicator(**method).are_kept([texts[:3], texts[3:]])
    assert (own == (first == np.arange(len(texts)))).all()
    same = {text: first[i] for i, text in enumerate(texts)}
    if method["keep"] == "first" and method["method"] == "exact":
        assert all(same[text] == first[i] for i, text in enumerate(texts))


def draw_remove(rng: Random) -> Drawn:
    method = {
        "method": rng.choice(["exact", "near"]),
        "threshold": rng.choice([0.01, 0.5, 1.0]),
        "shingle_size": rng.choice([1, 2, 5, 1000]),
        "n_hashes": rng.choice([1, 16, 128]),
        "keep": rng.choice(["first", "longest"]),
    }
    return {"texts": inputs.texts(rng), "preset": rng.choice(["short", "long", "c4", "fineweb"]), "method": method}


def scrub(texts: list[str], action: str) -> None:
    scrubber = PIIScrubber(action=action, key="k")
    out, report = scrubber.scrub_batch(texts)
    assert report.n_texts == len(out) == len(texts)
    for text in texts:
        at = 0
        for match in scrubber.find(text):
            assert at <= match.start < match.end <= len(text)
            at = match.end


def draw_scrub(rng: Random) -> Drawn:
    return {"texts": inputs.texts(rng), "action": rng.choice(["mask", "drop", "pseudonym"])}


def words(texts: list[str], options: dict[str, Any], vocab_size: int | None) -> None:
    tokenizer = WordTokenizer(**options)
    for text in texts:
        assert all(tokenizer.tokenize(text))
    if _or_refused(lambda: tokenizer.train(texts, vocab_size), texts, ValueError) is None:
        return
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        _spans(encoding, text, monotone=False)
        assert [tokenizer.vocabulary_.get(token, 0) for token in tokenizer.tokenize(text)] == encoding.ids.tolist()
        tokenizer.decode(encoding.ids)


def draw_words(rng: Random) -> Drawn:
    options = {
        "lowercase": rng.random() < 0.5,
        "rule": rng.choice(["words", "words", "runs"]),
        "han": rng.choice(["unigrams+bigrams", "bigrams", "chars", "runs"]),
        "han_breaks": rng.choice(["", "function", inputs.text(rng)[:20]]),
        "fold_width": rng.random() < 0.5,
        "min_length": rng.choice([1, 2, 5, 2**31 - 1]),
        "keep_numbers": rng.random() < 0.5,
        "punctuation": rng.random() < 0.5,
    }
    return {"texts": inputs.texts(rng), "options": options, "vocab_size": rng.choice([None, 2, 10])}


def vectors(
    texts: list[str], others: list[str], tokenizer: dict[str, Any], options: dict[str, Any], hashed: bool
) -> None:
    options = options | {"tokenizer": WordTokenizer(**tokenizer)}
    if hashed:
        X = HashingVectorizer(n_features=17, **options).transform(texts)
        assert X.shape == (len(texts), 17)
        return
    for vectorizer in (CountVectorizer(**options), TfidfVectorizer(**options)):
        X = _or_refused(lambda v=vectorizer: v.fit_transform(texts), texts, ValueError)  # type: ignore[misc]
        if X is None:
            return
        for Y in (vectorizer.transform(texts), vectorizer.transform(others)):
            assert ((Y.indices >= 0) & (Y.indices < Y.shape[1])).all()
        assert (vectorizer.transform(texts).data == X.data).all()
        copy = type(vectorizer).from_state(vectorizer.get_state())
        assert (copy.transform(others).indices == vectorizer.transform(others).indices).all()
        assert (pickle.loads(pickle.dumps(vectorizer)).transform(texts).data == X.data).all()


def draw_vectors(rng: Random) -> Drawn:
    low = rng.choice([1, 1, 1, 2, 3])
    options = {
        "ngram_range": (low, low + rng.choice([0, 0, 1, 3])),
        "stop_words": rng.choice([None, "auto", inputs.texts(rng)]),
        "binary": rng.random() < 0.3,
        "dtype": rng.choice([np.float32, np.float64]),
    }
    tokenizer = draw_words(rng)["options"]
    drawn = {"texts": inputs.texts(rng), "others": inputs.texts(rng), "tokenizer": tokenizer, "options": options}
    return drawn | {"hashed": rng.random() < 0.3}


def damaged_vocabulary(text: bytes, starts: list[int]) -> None:
    state = CountVectorizer().fit(CORPUS).get_state()
    state |= {"terms": np.frombuffer(text, dtype=np.uint8), "term_starts": np.array(starts, dtype=np.int64)}
    vectorizer = _or_refused(lambda: CountVectorizer.from_state(state), [], ValueError)
    if vectorizer is not None:
        X = vectorizer.transform(CORPUS)
        assert ((X.indices >= 0) & (X.indices < X.shape[1])).all()


def draw_damaged_vocabulary(rng: Random) -> Drawn:
    state = CountVectorizer().fit(CORPUS).get_state()
    starts = state["term_starts"].tolist()
    for _ in range(rng.randint(0, 3)):
        starts[rng.randrange(len(starts))] = rng.choice(
            [0, 1, -1, 2**31, 2**62, -(2**63), starts[-1], rng.choice(starts)]
        )
    return {"text": inputs.mutated(rng, state["terms"].tobytes()), "starts": starts[: rng.choice([None, None, 1, 0])]}


def bpe(texts: list[str], others: list[str], options: dict[str, Any], vocab_size: int, min_count: int) -> None:
    tokenizer = BPETokenizer(**options)
    if _or_refused(lambda: tokenizer.train(texts, vocab_size, min_count), texts) is None:
        return
    assert tokenizer.vocab_size <= vocab_size
    for text in [*texts, *others]:
        encoding = _or_refused(lambda t=text: tokenizer.encode(t), [text])  # type: ignore[misc]
        if encoding is None:
            continue
        _spans(encoding, text)
        decoded = tokenizer.decode(encoding.ids)
        assert decoded in ((text, " " + text) if options["add_prefix_space"] else (text,))
        plain = tokenizer.encode_batch([text], parse_special=False, offsets=False)[0]
        assert tokenizer.decode(plain.ids) in ((text, " " + text) if options["add_prefix_space"] else (text,))


def draw_bpe(rng: Random) -> Drawn:
    options = {
        "pattern": rng.choice(["gpt4", "gpt2", "qwen2", "o200k", "none"]),
        "special_tokens": rng.sample(SPECIAL, rng.choice([0, 1, 3])),
        "add_prefix_space": rng.random() < 0.3,
        "trim_offsets": rng.random() < 0.3,
    }
    if options["special_tokens"]:
        options["add_prefix_space"] = False  # a space before each part: the text comes back with more of them
    sizes = {"vocab_size": rng.choice([261, 300, 1000]), "min_count": rng.choice([1, 2, 2**40])}
    return {"texts": inputs.texts(rng), "others": inputs.texts(rng), "options": options} | sizes


def wordpiece(texts: list[str], others: list[str], options: dict[str, Any], vocab_size: int) -> None:
    tokenizer = WordPieceTokenizer(**options)
    trained = _or_refused(lambda: tokenizer.train(texts, vocab_size, 1, character_coverage=1), texts, ValueError)
    if trained is None:
        tokenizer.set_vocabulary(
            ["[UNK]", "a", "##a", "##b", "研", "##究", "e", "##\u0301", *options["special_tokens"]]
        )
    for text in [*texts, *others]:
        encoding = _or_refused(lambda t=text: tokenizer.encode(t), [text])  # type: ignore[misc]
        if encoding is None:
            continue
        _spans(encoding, text)
        assert ((encoding.ids >= 0) & (encoding.ids < tokenizer.vocab_size)).all()
        tokenizer.decode(encoding.ids)


def draw_wordpiece(rng: Random) -> Drawn:
    options = {name: rng.random() < 0.5 for name in ("lowercase", "split_han", "clean")}
    options |= {"strip_accents": rng.choice([None, True, False]), "max_word_length": rng.choice([1, 5, 100, 2**31 - 2])}
    options |= {"special_tokens": rng.sample(SPECIAL, rng.choice([0, 0, 2]))}
    return {
        "texts": inputs.texts(rng),
        "others": inputs.texts(rng),
        "options": options,
        "vocab_size": rng.choice([50, 1000, 5000]),
    }


def unigram(
    texts: list[str], others: list[str], options: dict[str, Any], vocab_size: int, training: dict[str, Any]
) -> None:
    tokenizer = UnigramTokenizer(**options)
    if _or_refused(lambda: tokenizer.train(texts, vocab_size, **training), texts, ValueError) is None:
        return
    for text in [*texts, *others]:
        encoding = _or_refused(lambda t=text: tokenizer.encode(t), [text])  # type: ignore[misc]
        if encoding is None:
            continue
        _spans(encoding, text, monotone=False)
        decoded = tokenizer.decode(encoding.ids)
        if options["byte_fallback"]:
            spaced = text.replace("\u2581", " ")
            assert decoded == (spaced.removeprefix(" ") if options["prefix_space"] != "never" else spaced)


def draw_unigram(rng: Random) -> Drawn:
    options = {"byte_fallback": rng.random() < 0.8, "prefix_space": rng.choice(["first", "always", "never"])}
    training = {"character_coverage": rng.choice([0.5, 0.9995, 1]), "max_piece_length": rng.choice([2, 5, 16])}
    training |= {"n_seeds": rng.choice([1, 50, 10**6])}
    sizes = {"vocab_size": rng.choice([300, 700, 5000])}
    return {"texts": inputs.texts(rng), "others": inputs.texts(rng), "options": options, "training": training} | sizes


def segment(texts: list[str], others: list[str], min_count: int, longest: int, added: list[str]) -> None:
    segmenter = ChineseSegmenter()
    if _or_refused(lambda: segmenter.train(texts, min_count, longest), texts, ValueError) is None:
        segmenter.set_words({"天地": 3, "人": 1, "研究生": 5, "研究": 9, "生命": 8, "ab": 1})
    segmenter.add_words(added)
    for text in [*texts, *others]:
        encoding = _or_refused(lambda t=text: segmenter.encode(t), [text])  # type: ignore[misc]
        if encoding is None:
            continue
        _spans(encoding, text)
        found = segmenter.tokenize(text)
        assert found == [text[a:b] for a, b in encoding.offsets.tolist()]
        assert [segmenter.vocabulary_.get(word, 0) for word in found] == encoding.ids.tolist()


def draw_segment(rng: Random) -> Drawn:
    added = [
        "".join(rng.choice(inputs.ALPHABETS[8]) for _ in range(rng.randint(1, 12))) for _ in range(rng.randint(0, 3))
    ]
    drawn = {"texts": inputs.texts(rng), "others": inputs.texts(rng), "min_count": rng.choice([2, 3]), "added": added}
    return drawn | {"longest": rng.choice([2, 5, 8])}


@functools.cache
def base_files() -> dict[str, bytes]:
    """One small file of each kind."""
    special = {"special_tokens": ["[CLS]", "[SEP]"], "template": ["[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"]}
    special |= {"max_length": 50, "pad_token": "[SEP]"}
    made: dict[str, Any] = {
        "bpe": BPETokenizer(**special).train(CORPUS, 300),
        "bpe-gpt2": BPETokenizer(pattern="gpt2", trim_offsets=True).train(CORPUS, 280),
        "wordpiece": WordPieceTokenizer(**special).train(CORPUS, 200, 1, character_coverage=1),
        "unigram": UnigramTokenizer(**special).train(CORPUS, 400),
        "unigram-plain": UnigramTokenizer(byte_fallback=False).train(CORPUS, 100, character_coverage=0.9),
        "words": WordTokenizer().train(CORPUS),
        "runs": WordTokenizer(rule="runs", min_length=2).train(CORPUS),
        "segment": ChineseSegmenter().set_words({"天地": 3, "人": 1, "研究生": 5, "研究": 9, "生命": 8}),
    }
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, tokenizer in made.items():
            path = Path(folder) / f"{name}.json"
            tokenizer.save(path)
            files[name] = path.read_bytes()
    ranks = [token for token in made["bpe-gpt2"]._tokens if token]
    files["tiktoken"] = b"".join(base64.b64encode(token) + b" %d\n" % i for i, token in enumerate(ranks))
    model = json.loads(files["bpe-gpt2"])["model"]
    files["encoder.json"] = json.dumps(model["vocab"] | {"<|endoftext|>": len(model["vocab"])}).encode()
    files["vocab.bpe"] = "\n".join(["#version: 0.2", *map(" ".join, model["merges"]), ""]).encode()
    files["vocab.txt"] = "\n".join(["[PAD]", "[UNK]", "a", "##b", "ship", "研", "##究", "é", ""]).encode()
    files["dict.txt"] = "研究 30 v\n研究生 10 n\n生命 40\n命 2 n\n起源\n天 n\n".encode()
    return files


def load(kind: str, content: bytes, merges: bytes, texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, second = Path(folder) / "tokenizer.json", Path(folder) / "merges"
        path.write_bytes(content)
        second.write_bytes(merges)
        readers: dict[str, Callable[[], Any]] = {
            "tiktoken": lambda: load_tiktoken(path),
            "encoder.json": lambda: load_gpt2(path, second),
            "vocab.txt": lambda: load_wordpiece(path),
            "dict.txt": lambda: load_chinese_dictionary(path),
        }
        try:
            tokenizer: Any = readers.get(kind, lambda: load_tokenizer(path))()
        except StorageError:
            return
        _use(tokenizer, texts)
        try:
            tokenizer.save(path, force=True)
        except ValueError:
            return
        again = load_tokenizer(path)
        encode = _or_refused(lambda: tokenizer.encode_batch(texts), texts, ValueError, TypeError)
        if encode is not None:
            assert again.encode_batch(texts) == encode


def draw_load(rng: Random) -> Drawn:
    files = base_files()
    kind = rng.choice([name for name in files if name != "vocab.bpe"])
    is_tree = files[kind][:1] == b"{"
    change = inputs.mutated_json if is_tree and rng.random() < 0.85 else inputs.mutated
    texts = [*inputs.texts(rng), "low[CLS] a ship 研究生命"]
    return {
        "kind": kind,
        "content": change(rng, files[kind]),
        "merges": inputs.mutated(rng, files["vocab.bpe"]),
        "texts": texts,
    }


TARGETS: dict[str, tuple[Callable[[Random], Drawn], Callable[..., None]]] = {
    "clean": (draw_clean, clean),
    "remove": (draw_remove, remove),
    "scrub": (draw_scrub, scrub),
    "words": (draw_words, words),
    "vectors": (draw_vectors, vectors),
    "damaged_vocabulary": (draw_damaged_vocabulary, damaged_vocabulary),
    "bpe": (draw_bpe, bpe),
    "wordpiece": (draw_wordpiece, wordpiece),
    "unigram": (draw_unigram, unigram),
    "segment": (draw_segment, segment),
    "load": (draw_load, load),
    "load_more": (draw_load, load),
}
