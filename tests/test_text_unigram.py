from __future__ import annotations

import json
import math
import pickle
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minilm_unsup import UnigramTokenizer, load_tokenizer, set_num_threads
from minilm_unsup._exceptions import NotFittedError, StorageError
from minilm_unsup._native import load
from minilm_unsup.text import unigram_training
from minilm_unsup.text.unigram_files import read_number, unigram_from_json, unigram_to_json
from tests.reference import unigram as naive

pytestmark = pytest.mark.kernel
_unigram = load("unigram")
BYTES = {f"<0x{byte:02X}>": -1e4 for byte in range(256)}

_near = st.sampled_from([*"aabbc  猫狗的，.1", "\u2581", "é", "\u0301", "<unk>", "<0x41>", "abc", "\n", "\x00", "😀"])
_any = st.characters(codec="utf-8").filter(lambda c: unicodedata.category(c) != "Cn")
texts_any = st.lists(st.one_of(_near, _near, _any), max_size=20).map("".join)
words_few = st.dictionaries(st.text("ab猫é", min_size=1, max_size=7), st.integers(1, 5), min_size=1, max_size=8)
pieces_few = st.dictionaries(
    st.one_of(st.text("ab\u2581猫", min_size=1, max_size=4), st.text("ab", max_size=3).map("\u2581".__add__)),
    st.floats(-9, 0) | st.sampled_from([-1.0, -2.0, -3.0]),
    max_size=14,
)


def _arena(words):
    encoded = [word.encode() for word in words]
    starts = np.concatenate([[0], np.cumsum([len(word) for word in encoded])]).astype(np.int64)
    return np.frombuffer(b"".join(encoded) + bytes(16), dtype=np.uint8), starts


def _model(pieces):
    order = sorted(pieces, key=lambda piece: piece.encode())
    return order, _unigram.Pieces(*_arena(order))


@given(texts_any, pieces_few, st.sampled_from(["first", "never"]))
def test_the_most_probable_pieces_of_each_word(text, pieces, prefix):
    pieces = {"<unk>": -20.0, **pieces}
    tokenizer = UnigramTokenizer(byte_fallback=False, prefix_space=prefix).set_vocabulary(pieces)
    expected = naive.encode(text, pieces, prefix == "first")
    ids = dict(zip(pieces, range(len(pieces)), strict=True))
    encoding = tokenizer.encode(text)
    assert encoding.ids.tolist() == [ids.get(part, 0) for part in expected]
    ends = np.cumsum([len(part) for part in expected])
    added = prefix == "first" and text[:1] not in ("", " ", "\u2581")
    spans = [[max(0, e - len(part) - added), max(1, e - added)] for part, e in zip(expected, ends, strict=True)]
    assert encoding.offsets.tolist() == spans


@given(words_few, st.data())
def test_expected_uses_and_losses_are_those_of_all_segmentations(words, data):
    characters = {c for word in words for c in word}
    some = {word[i:j] for word in words for i in range(len(word)) for j in range(i + 1, len(word) + 1)}
    pieces = sorted(characters | data.draw(st.sets(st.sampled_from(sorted(some)), max_size=9)))
    scores = {piece: data.draw(st.floats(-300, 0) | st.floats(-9, 0)) for piece in pieces}
    order, model = _model(pieces)
    values = np.array([scores[piece] for piece in order])
    lengths = np.array([len(piece) for piece in order])
    scale = data.draw(st.sampled_from([0.0, 3.0]))
    utf8, starts = _arena(words)
    counts = np.array(list(words.values()), dtype=np.int64)
    weights = np.exp(values + scale * lengths)
    uses, likelihood = model.expect(utf8, starts, counts, 0, len(words), values, weights, scale)
    assume(min(math.fsum(scores[c] for c in word) for word in words) > -700)  # the twin's sums are no logarithms
    expected, total = naive.expect(words, scores)
    # Sums of at most some thousand terms, each exact to a few units in the last place.
    np.testing.assert_allclose(uses, [expected[piece] for piece in order], rtol=1e-9, atol=1e-12)
    assert likelihood == pytest.approx(total, rel=1e-9, abs=1e-9)
    counted = np.maximum(uses, 0.25)
    losses = model.losses(0, len(order), values, counted)
    by_piece = dict(zip(order, counted.tolist(), strict=True))
    for piece, loss in zip(order, losses.tolist(), strict=True):
        assert any(loss == pytest.approx(twin, rel=1e-7, abs=1e-9) for twin in naive.losses(piece, scores, by_piece))


@given(words_few)
def test_maximisation_never_lowers_the_likelihood(words):
    characters = {c for word in words for c in word}
    order, model = _model(characters | set(words) | {word[:2] for word in words})
    utf8, starts = _arena(words)
    counts = np.array(list(words.values()), dtype=np.int64)
    scores = np.full(len(order), -math.log(len(order)))
    before = -math.inf
    for _ in range(4):
        uses, likelihood = model.expect(utf8, starts, counts, 0, len(words), scores, np.exp(scores), 0.0)
        assert likelihood >= before - 1e-9 * abs(likelihood)
        before = likelihood
        scores = np.log(np.maximum(uses, 1e-300) / uses.sum())


@given(words_few, st.integers(2, 5))
def test_seeds_are_the_substrings_that_no_longer_one_equals(words, longest):
    utf8, starts = _arena(words)
    seeder = _unigram.Seeder(utf8, starts, np.array(list(words.values()), dtype=np.int64), longest)
    n = len(seeder.bounds) - 1
    found = {}
    for first, last in ((0, n // 2), (n // 2, n)):
        for at, n_bytes, n_characters, count in zip(*seeder.find(first, last), strict=True):
            piece = utf8[at : at + n_bytes].tobytes().decode()
            assert len(piece) == n_characters
            assert piece not in found
            found[piece] = count
    assert found == naive.seeds(words, longest)


@given(st.lists(texts_any, max_size=4), st.booleans())
def test_training_words_are_runs_of_one_kind(texts, prefix):
    words = _unigram.count_words(_unigram.Words(), texts, 0, len(texts), prefix)
    utf8, starts, counts = words.listed()
    found = {utf8[a:b].decode(): n for a, b, n in zip(starts[:-1], starts[1:], counts, strict=True)}
    expected = {}
    for text in texts:
        for word in naive.training_words(text, prefix):
            expected[word] = expected.get(word, 0) + 1
    assert found == expected


def test_digamma():
    x = np.array([1e-3, 0.5, 1.0, 2.5, 6.0, 100.0])
    got = unigram_training._digamma(x)
    assert got[2] == pytest.approx(-0.5772156649015329, rel=1e-13)  # Euler's constant, DLMF 5.4.12
    assert got[1] == pytest.approx(-0.5772156649015329 - 2 * math.log(2), rel=1e-13)
    np.testing.assert_allclose(unigram_training._digamma(x + 1), got + 1 / x, rtol=1e-12)


@given(st.lists(texts_any, max_size=6), st.sampled_from(["first", "always", "never"]))
def test_any_text_is_given_back(texts, prefix):
    tokenizer = UnigramTokenizer(prefix_space=prefix).train(texts, 700)
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        text = text.replace("\u2581", " ")
        assert tokenizer.decode(encoding.ids) == (text.removeprefix(" ") if prefix != "never" else text)
        assert encoding.ids.tolist() == tokenizer.encode(text).ids.tolist()
    probability = np.exp(tokenizer.scores_)
    assert probability.sum() <= 1 + 1e-9
    assert len(tokenizer.vocabulary_) <= 700


def test_words_that_come_often_are_pieces():
    chinese = [f"{a}大海{b}" for a, b in zip("看听想说问去来走跑飞", "上下里外了吗呢吧啊呀", strict=True)]
    texts = ["the ship sails, the ship sinks", "the shipment"] * 40 + chinese
    tokenizer = UnigramTokenizer().train(texts, 330)
    assert {"▁the", "▁ship", "大海"} <= tokenizer.vocabulary_.keys()
    assert [tokenizer.decode([i]) for i in tokenizer.encode("the ship大海").ids] == ["the", "ship", "大海"]
    assert len(UnigramTokenizer().train(texts, 315).vocabulary_) == 315
    assert UnigramTokenizer().train(texts, 315, max_piece_length=2).encode("the").ids.size > 1


def test_rare_characters_are_written_as_bytes():
    texts = ["abab abab cdcd"] * 50 + ["x abab"]
    tokenizer = UnigramTokenizer().train(texts, 300, character_coverage=0.99)
    assert tokenizer.decode(tokenizer.encode("yab").ids) == "yab"
    assert tokenizer.encode("y", parse_special=False).ids[-1] == tokenizer.vocabulary_["<0x79>"]
    plain = UnigramTokenizer(byte_fallback=False).train(texts, 40, character_coverage=0.99)
    assert plain.encode("abab yy").ids.tolist()[-1] == plain.vocabulary_["<unk>"]


@given(st.lists(texts_any, max_size=5), st.booleans(), st.sampled_from(["first", "always", "never"]))
def test_saved_and_loaded_is_the_same_tokenizer(tmp_path_factory, texts, fallback, prefix):
    path = tmp_path_factory.mktemp("unigram") / "tokenizer.json"
    tokenizer = UnigramTokenizer(byte_fallback=fallback, prefix_space=prefix, special_tokens=["<s>", "</s>"])
    tokenizer.train(texts, 600)
    tokenizer.save(path)
    for other in (load_tokenizer(path), pickle.loads(pickle.dumps(tokenizer))):
        assert other.get_params() == {**tokenizer.get_params(), "special_tokens": other.special_tokens}
        assert other.vocabulary_ == tokenizer.vocabulary_
        assert other.scores_.tobytes() == tokenizer.scores_.tobytes()
        assert other.encode_batch([*texts, "<s>a"]) == tokenizer.encode_batch([*texts, "<s>a"])


def test_threads_and_order_give_the_same_bits():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh中文字é"), rng.integers(1, 9))) for _ in range(3000)]
    texts = [" ".join(rng.choice(words, 400)) for _ in range(900)]
    found = []
    for n in (1, 2):
        set_num_threads(n)
        tokenizer = UnigramTokenizer().train(texts, 900)
        found.append((tokenizer.vocabulary_, tokenizer.scores_.tobytes(), tokenizer.encode_batch(texts)))
    set_num_threads(None)
    assert found[0] == found[1]


def test_bad_input_is_named():
    tokenizer = UnigramTokenizer(byte_fallback=False).set_vocabulary({"<unk>": 0, "a": -1.5})
    with pytest.raises(NotFittedError):
        UnigramTokenizer().encode("a")
    with pytest.raises(UnicodeEncodeError, match=r"position 1.*lone surrogate in text 1"):
        tokenizer.encode_batch(["a", "a\ud800"])
    with pytest.raises(UnicodeEncodeError, match="lone surrogate"):
        UnigramTokenizer().train(["\udfff"])
    with pytest.raises(ValueError, match="unknown must be in the vocabulary"):
        UnigramTokenizer(byte_fallback=False).set_vocabulary({"a": -1})
    with pytest.raises(ValueError, match="byte_fallback needs pieces"):
        UnigramTokenizer().set_vocabulary({"<unk>": 0})
    with pytest.raises(ValueError, match="the log probability of 'a' must be finite, got nan"):
        UnigramTokenizer(byte_fallback=False).set_vocabulary({"<unk>": 0, "a": math.nan})
    with pytest.raises(ValueError, match="special_tokens must be in the vocabulary, got '<s>'"):
        UnigramTokenizer(byte_fallback=False, special_tokens=["<s>"]).set_vocabulary({"<unk>": 0})
    with pytest.raises(ValueError, match=r"vocab_size must be at least 28\d, for 257 special.*got 260; or lower"):
        UnigramTokenizer().train(["abc"], 260)
    with pytest.raises(ValueError, match="prefix_space must be one of"):
        UnigramTokenizer(prefix_space="last").train(["a"])
    with pytest.raises(ValueError, match="max_piece_length must be at least 2"):
        UnigramTokenizer().train(["a"], max_piece_length=1)
    for ids, error in (([2], ValueError), ([-1], ValueError), ([0.5], TypeError)):
        with pytest.raises(error, match="ids must"):
            tokenizer.decode(ids)
    assert tokenizer.decode([]) == ""
    assert len(tokenizer.encode("")) == 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"normalizer": {"type": "Precompiled"}}, "the normalizer 'Precompiled'"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "pre_tokenizer 'Whitespace'"),
        ({"pre_tokenizer": {"type": "Metaspace", "split": False}}, "does not split"),
        ({"model": {"unk_id": None}}, "no unknown token"),
        ({"model": {"unk_id": 10**9}}, "unk_id must be that of one of"),
        ({"model": {"vocab": [["a"]]}}, "list of pieces with their scores"),
        ({"model": {"vocab": [["<unk>", 0], ["a", 1e999]]}}, "must be finite"),
        ({"model": {"vocab": [["<unk>", 0], ["a", 1], ["a", 2]]}}, "twice"),
    ],
)
def test_tokenizer_files_that_cannot_be_read_say_why(tmp_path, change, message):
    content = unigram_to_json(UnigramTokenizer(byte_fallback=False).train(["aa aa"], 40))
    model = content["model"] | change.pop("model", {})
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content | change | {"model": model}), encoding="utf-8")
    with pytest.raises(StorageError, match=message):
        load_tokenizer(path)


@pytest.mark.parametrize("character", ["a", " ", "猫", "\u0301", "y"])
def test_time_is_linear_in_one_repeated_character(character):
    pieces = {"<unk>": 0.0, "a": -2.0, "aa": -3.0, "aaaaaaaa": -5.0, "猫猫": -3.0, "\u2581": -4.0}
    tokenizer = UnigramTokenizer(byte_fallback=False).set_vocabulary(pieces)
    seconds = {}
    for n in (1 << 16, 1 << 19):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            tokenizer.encode("b" + character * n)
            times.append(time.perf_counter() - start)
        seconds[n] = min(times)
    # 8 times the text; a quadratic encoder would take 64 times as long, a machine that is busy perhaps twice.
    assert seconds[1 << 19] < 32 * seconds[1 << 16] + 0.01


def test_training_time_is_linear_in_one_repeated_character():
    seconds = {}
    for n in (1 << 17, 1 << 20):
        start = time.perf_counter()
        UnigramTokenizer().train(["a" * n, "猫" * n, "ab" * n], 500)
        seconds[n] = time.perf_counter() - start
    assert seconds[1 << 20] < 32 * seconds[1 << 17] + 1


@given(st.floats(-1e20, 1e20), st.integers(0, 30))
def test_numbers_are_read_up_to_the_last_bits(value, digits):
    for text in (repr(value), f"{value:.{digits}f}", f"{value:.{digits}e}"):
        assert read_number(text) == pytest.approx(float(text), rel=1e-15, abs=0)
    short = f"{value % 100:.12f}"
    assert read_number(short) == float(short)


@given(st.lists(st.floats(-1e4, 0), min_size=1, max_size=50), st.integers(5, 25))
def test_numbers_are_read_as_tokenizers_reads_them(values, digits):
    peer = pytest.importorskip("tokenizers")
    numbers = [*map(repr, values), *(f"{value:.{digits}f}" for value in values)]
    vocabulary = ",".join(f'["piece {i}",{number}]' for i, number in enumerate(numbers))
    other = peer.Tokenizer.from_str(
        f'{{"version":"1.0","model":{{"type":"Unigram","unk_id":0,"vocab":[{vocabulary}]}}}}'
    )
    assert [read_number(x) for x in numbers] == [pair[1] for pair in json.loads(other.to_str())["model"]["vocab"]]


@given(
    st.lists(texts_any, min_size=1, max_size=6),
    pieces_few,
    st.booleans(),
    st.sampled_from(["first", "always", "never"]),
)
def test_ids_and_offsets_are_those_of_tokenizers(texts, pieces, fallback, prefix):
    peer = pytest.importorskip("tokenizers")
    vocabulary = {"<unk>": 0.0, "<s>": 0.0, "\u2581": -4.0, **(BYTES if fallback else {}), **pieces}
    tokenizer = UnigramTokenizer(byte_fallback=fallback, prefix_space=prefix, special_tokens=["<s>"])
    tokenizer.set_vocabulary(vocabulary)
    other = peer.Tokenizer.from_str(json.dumps(unigram_to_json(tokenizer)))
    texts = [*texts, "a<s> b", "<s>", " "]
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        expected = other.encode(text)
        assert encoding.ids.tolist() == expected.ids
        assert encoding.offsets.tolist() == [list(span) for span in expected.offsets]
    assert unigram_from_json(json.loads(other.to_str())).encode_batch(texts) == tokenizer.encode_batch(texts)
