from __future__ import annotations

import base64
import gzip
import json
import pickle
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import BPETokenizer, load_tokenizer, set_num_threads
from minilm_unsup._exceptions import NotFittedError, StorageError
from minilm_unsup.text.bpe_files import load_gpt2, load_tiktoken
from minilm_unsup.text.bpe_tokenizer import ALPHABET, bytes_to_symbols, symbols_to_bytes
from tests.reference import bpe as naive

pytestmark = pytest.mark.kernel
PATTERNS = ("gpt2", "gpt4", "qwen2", "o200k", "none")
IDS = {byte: i for i, byte in enumerate(ALPHABET)}

# Where rules meet: endings, runs of space, line breaks, digits, scripts, whatever the interpreter's tables know.
_near = st.sampled_from(
    [
        *"aabbbB  \n\r\t019'’\"!-_.猫狗，。é́ßſKǅ½²٣　\xa0\u2028\u200d\x00\x1f🙂",
        "'s",
        "'LL",
        "'ſ",
        "'re",
        "  ",
        "\n\n",
        "aab",
        "中文",
    ]
)
_any = st.characters(codec="utf-8").filter(lambda c: unicodedata.category(c) != "Cn")
texts_any = st.lists(st.one_of(_near, _near, _any), max_size=24).map("".join)
texts_few = st.one_of(st.text("abc 中'1\n", max_size=20), st.text("ab", max_size=30))


def _tokens(tokenizer, text):
    return [tokenizer.decode_bytes([i]) for i in tokenizer.encode(text).ids]


def _pairs(tokenizer):
    return [(symbols_to_bytes(a), symbols_to_bytes(b)) for a, b in tokenizer.merges_]


@given(st.lists(texts_few, max_size=8), st.sampled_from(PATTERNS), st.integers(0, 20), st.integers(1, 3))
def test_training_takes_the_most_frequent_pair_and_encoding_equals_merging(texts, pattern, n_merges, least):
    tokenizer = BPETokenizer(pattern=pattern).train(texts, 256 + n_merges, least)
    expected = naive.train(texts, pattern, n_merges, least, IDS)
    assert _pairs(tokenizer) == expected
    for text in [*texts, "".join(texts)]:
        assert _tokens(tokenizer, text) == naive.encode(text, pattern, expected)


@given(texts_any, st.sampled_from(PATTERNS), st.lists(texts_any, max_size=4))
def test_any_text_is_cut_merged_and_given_back(text, pattern, corpus):
    tokenizer = BPETokenizer(pattern=pattern).train([text, *corpus], 300, 1)
    encoding = tokenizer.encode(text)
    tokens = [tokenizer.decode_bytes([i]) for i in encoding.ids]
    assert tokens == naive.encode(text, pattern, _pairs(tokenizer))
    assert tokenizer.decode(encoding.ids) == text
    # Offsets: the characters that the bytes of the token belong to.
    ends = np.cumsum([0, *(len(c.encode()) for c in text)])
    at = 0
    for token, (start, end) in zip(tokens, encoding.offsets.tolist(), strict=True):
        assert start == np.searchsorted(ends, at, side="right") - 1
        at += len(token)
        assert end == np.searchsorted(ends, at)


@given(
    st.lists(st.text("中文猫狗国，가a é🙂", max_size=24), min_size=1, max_size=6),
    st.integers(0, 60),
    st.sampled_from(PATTERNS),
)
def test_runs_of_han_equal_merging(texts, n_merges, pattern):
    """Characters of three bytes are tried one by one first; tokens within them, of them and over several of them."""
    tokenizer = BPETokenizer(pattern=pattern).train(texts, 256 + n_merges, 1)
    merges = _pairs(tokenizer)
    for text in [*texts, "".join(texts), "中猫文狗国中文"]:
        assert _tokens(tokenizer, text) == naive.encode(text, pattern, merges)


def test_every_character_behind_every_kind_of_token():
    """A leaf of the trie has no child, whatever byte comes; NUL once led back to its root."""
    some = [*map(chr, range(256)), "猫", "\u3000", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
    tokenizer = BPETokenizer(pattern="none").train(["the cat, the cat 猫猫狗"] * 3, 300)
    for first in ("", "t", "the", "the cat", "猫", "\0"):
        texts = [first + character + behind for character in some for behind in ("", "\0", "the")]
        for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
            assert tokenizer.decode(encoding.ids) == text
            assert encoding.offsets[-1, 1] == len(text)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=14), st.text("ab", max_size=30))
def test_any_list_of_merges_is_followed(draws, text):
    """Merges that training would never give: dead ones, several that make one token."""
    tokens, pairs = [b"a", b"b"], []
    for x, y in draws:
        pair = (tokens[x % len(tokens)], tokens[y % len(tokens)])
        if pair not in pairs and len(pair[0] + pair[1]) < 12:
            pairs.append(pair)
            if pair[0] + pair[1] not in tokens:
                tokens.append(pair[0] + pair[1])
    vocabulary = {bytes_to_symbols(bytes((b,))): i for b, i in IDS.items()}
    for a, b in pairs:
        vocabulary.setdefault(bytes_to_symbols(a + b), len(vocabulary))
    content = json.loads(json.dumps(_content(BPETokenizer(pattern="none").train([], 256))))
    content["model"] |= {"vocab": vocabulary, "merges": [[bytes_to_symbols(a), bytes_to_symbols(b)] for a, b in pairs]}
    tokenizer = _load(content)
    assert _tokens(tokenizer, text) == naive.encode(text, "none", pairs)


def _content(tokenizer):
    from minilm_unsup.text.bpe_files import bpe_to_json

    return bpe_to_json(tokenizer)


def _load(content):
    from minilm_unsup.text.bpe_files import bpe_from_json

    return bpe_from_json(content)


@given(st.lists(texts_any, max_size=5), st.booleans(), st.booleans(), st.sampled_from(PATTERNS))
def test_saved_and_loaded_is_the_same_tokenizer(tmp_path_factory, texts, prefix, trim, pattern):
    if pattern not in ("gpt2", "none"):
        prefix = False
    path = tmp_path_factory.mktemp("bpe") / "tokenizer.json"
    tokenizer = BPETokenizer(
        pattern=pattern, special_tokens=["<s>", "</s>"], add_prefix_space=prefix, trim_offsets=trim
    ).train(texts, 290, 1)
    tokenizer.save(path)
    for other in (load_tokenizer(path), pickle.loads(pickle.dumps(tokenizer))):
        assert other.get_params() == {**tokenizer.get_params(), "special_tokens": other.special_tokens}
        assert (other.vocabulary_, other.merges_) == (tokenizer.vocabulary_, tokenizer.merges_)
        assert other.encode_batch([*texts, "<s>a"]) == tokenizer.encode_batch([*texts, "<s>a"])


@given(st.lists(texts_any, max_size=6))
def test_texts_are_independent_and_threads_change_nothing(texts):
    tokenizer = BPETokenizer().train(texts, 300, 1)
    batch = tokenizer.encode_batch(texts)
    assert batch == [tokenizer.encode(text) for text in texts]
    assert BPETokenizer().train(reversed(texts), 300, 1).merges_ == tokenizer.merges_


def test_threads_give_the_same_ids_and_merges():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh 中文"), rng.integers(1, 9))) for _ in range(3000)]
    texts = [" ".join(rng.choice(words, 400)) for _ in range(900)]
    found = []
    for n in (1, 2):
        set_num_threads(n)
        tokenizer = BPETokenizer().train(texts, 900)
        found.append((tokenizer.merges_, tokenizer.encode_batch(texts)))
    set_num_threads(None)
    assert found[0] == found[1]


def test_special_tokens_are_found_from_the_left_the_longest_first():
    tokenizer = BPETokenizer(special_tokens=["<a>", "<a>b", "【完】"]).train(["x"], 300)
    encoding = tokenizer.encode("<a>bc<a>【完】猫")
    assert encoding.ids[[0, 2, 3]].tolist() == [1, 0, 2]
    assert encoding.offsets.tolist()[:4] == [[0, 4], [4, 5], [5, 8], [8, 11]]
    assert encoding.offsets.tolist()[-1] == [11, 12]
    assert tokenizer.decode(encoding.ids) == "<a>bc<a>【完】猫"
    assert tokenizer.decode(encoding.ids, skip_special_tokens=True) == "c猫"
    plain = tokenizer.encode("<a>", parse_special=False)
    assert len(plain) == 3
    assert tokenizer.decode(plain.ids) == "<a>"


def test_bad_input_is_named():
    tokenizer = BPETokenizer(special_tokens=["<s>"]).train(["abc"], 257)
    with pytest.raises(NotFittedError):
        BPETokenizer().encode("a")
    with pytest.raises(TypeError, match="text must be a string, got bytes"):
        tokenizer.encode(b"a")
    with pytest.raises(UnicodeEncodeError, match=r"position 1.*lone surrogate in text 1"):
        tokenizer.encode_batch(["a", "a\ud800"])
    with pytest.raises(UnicodeEncodeError, match="lone surrogate"):
        BPETokenizer().train(["\udfff"])
    with pytest.raises(ValueError, match="vocab_size must be at least 257"):
        BPETokenizer(special_tokens=["<s>"]).train(["a"], 256)
    with pytest.raises(TypeError, match="got a single str"):
        BPETokenizer().train("text")
    with pytest.raises(TypeError, match="special_tokens must be a list"):
        BPETokenizer(special_tokens="<s>").train(["text"])
    with pytest.raises(ValueError, match="must not name a token twice"):
        BPETokenizer(special_tokens=["a", "a"]).train(["text"])
    with pytest.raises(ValueError, match="pattern must be one of"):
        BPETokenizer(pattern="gpt5").train(["text"])
    for ids, error in (([257], ValueError), ([-1], ValueError), ([0.5], TypeError), ([[1]], TypeError)):
        with pytest.raises(error, match="ids must"):
            tokenizer.decode(ids)
    assert tokenizer.decode([]) == ""
    assert len(tokenizer.encode("")) == 0
    assert tokenizer.decode(tokenizer.encode("猫").ids[:-1]) == "\ufffd"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"normalizer": {"type": "Lowercase"}}, "the normalizer 'Lowercase'"),
        ({"post_processor": {"type": "TemplateProcessing"}}, "damaged: 'single'"),
        ({"post_processor": {"type": "Other"}}, "post_processor 'Other'"),
        ({"padding": {"direction": "Left", "pad_id": 0}}, "padding.direction is 'Left'"),
        ({"padding": {"pad_id": 10**6}}, "pad_id must be that of a token"),
        ({"truncation": {"max_length": 8, "stride": 2}}, "truncation.stride is 2"),
        ({"truncation": {"max_length": "8"}}, "max_length"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, r"pre_tokenizer \['Whitespace'\]"),
        ({"pre_tokenizer": None}, "pre_tokenizer None"),
        ({"model": {"dropout": 0.1}}, r"model\.dropout is 0\.1"),
        ({"model": {"end_of_word_suffix": "</w>"}}, r"model\.end_of_word_suffix is '</w>'"),
        ({"model": {"vocab": {"a": 0}}}, "255 of the 256 bytes are no token"),
        ({"model": {"vocab": {"a": 10**12}}}, "1 tokens and ids up to"),
        ({"model": {"vocab": {"a": -1}}}, "whole numbers"),
        ({"model": {"vocab": {"a": 0, "b": 0}}}, "same id"),
        ({"model": {"merges": [["a", "zz"]]}}, "merge 0"),
        ({"model": {"merges": ["a"]}}, "merge 0"),
        ({"model": {"merges": 3}}, "damaged"),
        ({"added_tokens": [{"id": 1}]}, "damaged"),
        ({"added_tokens": [{"id": 1, "content": ""}]}, "empty"),
        ({"post_processor": {"type": "BertProcessing", "sep": [], "cls": []}}, "damaged"),
    ],
)
def test_tokenizer_files_that_cannot_be_read_say_why(tmp_path, change, message):
    content = _content(BPETokenizer().train(["aa aa"], 258))
    model = content["model"] | change.pop("model", {})
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content | change | {"model": model}), encoding="utf-8")
    with pytest.raises(StorageError, match=message):
        load_tokenizer(path)


def test_merges_out_of_order_are_refused(tmp_path):
    content = _content(BPETokenizer().train(["aaaa aaaa"], 258))
    content["model"]["merges"] = content["model"]["merges"][::-1]
    with pytest.raises(ValueError, match="merge 0 joins a token that only a later merge makes"):
        _load(content)


def test_ids_of_gpt2(tmp_path, data_dir):
    folder = data_dir / "gpt2_bpe"
    tokenizers = [load_gpt2(folder / "encoder.json", folder / "vocab.bpe")]
    ranks = {i: symbols_to_bytes(t) for t, i in tokenizers[0].vocabulary_.items() if i < 50_256}
    path = tmp_path / "gpt2.tiktoken"
    path.write_bytes(b"".join(base64.b64encode(ranks[i]) + f" {i}\n".encode() for i in range(len(ranks))))
    tokenizers.append(load_tiktoken(path, pattern="gpt2", special_tokens={"<|endoftext|>": 50_256}))
    tokenizers.append(load_tokenizer(folder / "tokenizer.json"))  # which names no special token
    with gzip.open(folder / "gpt2_expected_ids.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for tokenizer in tokenizers:
        found = tokenizer.encode_batch([row["text"] for row in rows], parse_special=False)
        assert [encoding.ids.tolist() for encoding in found] == [row["ids"] for row in rows]
        assert [tokenizer.decode(encoding.ids) for encoding in found] == [row["text"] for row in rows]
        if tokenizer.special_tokens:
            assert tokenizer.encode("a<|endoftext|>").ids.tolist() == [64, 50_256]


@pytest.mark.parametrize("character", ["a", " ", "\n", "猫", "'", "1"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_time_is_linear_in_one_repeated_character(character, pattern):
    tokenizer = BPETokenizer(pattern=pattern).train([character * 40] * 3, 290)
    seconds = {}
    for n in (1 << 17, 1 << 20):
        text = character * n
        times = []
        for _ in range(3):
            start = time.perf_counter()
            ids = tokenizer.encode(text).ids
            times.append(time.perf_counter() - start)
        seconds[n] = min(times)
        assert tokenizer.decode(ids) == text
    # 8 times the text; a quadratic encoder would take 64 times as long, a machine that is busy perhaps twice.
    assert seconds[1 << 20] < 32 * seconds[1 << 17]


@pytest.mark.parametrize("character", ["a", " ", "猫"])
def test_time_is_linear_up_to_64_megabytes(character):
    tokenizer = BPETokenizer(pattern="gpt2").train([character * 40] * 3, 290)
    size = len(character.encode())
    seconds = {}
    for n_bytes in (1 << 20, 1 << 26):
        text = character * (n_bytes // size)
        start = time.perf_counter()
        encoding = tokenizer.encode(text)
        seconds[n_bytes] = time.perf_counter() - start
        assert encoding.offsets[-1, 1] == len(text)
        assert (encoding.offsets[1:, 0] == encoding.offsets[:-1, 1]).all() or character == "猫"
    # 64 times the text: 4,096 times as long if it were quadratic; pages that are new to the process cost twice.
    assert seconds[1 << 26] < 256 * max(seconds[1 << 20], 0.005)


@given(
    st.lists(texts_any, min_size=1, max_size=6),
    st.sampled_from([("gpt2", True), ("none", True), *((pattern, False) for pattern in PATTERNS)]),
    st.booleans(),
)
def test_ids_and_offsets_are_those_of_tokenizers(tmp_path_factory, texts, form, trim):
    peer = pytest.importorskip("tokenizers")
    pattern, prefix = form
    tokenizer = BPETokenizer(
        pattern=pattern, special_tokens=["<s>", "'s"], add_prefix_space=prefix, trim_offsets=trim
    ).train(texts, 320, 1)
    path = tmp_path_factory.mktemp("peer") / "tokenizer.json"
    tokenizer.save(path)
    other = peer.Tokenizer.from_file(str(path))
    texts = [*texts, "a<s> b", "<s>", " 's<s"]
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        expected = other.encode(text)
        assert encoding.ids.tolist() == expected.ids
        assert encoding.offsets.tolist() == [list(span) for span in expected.offsets]


# Characters that this Python's tables know too: later versions of Unicode have more letters.
known = st.characters(exclude_categories=["Cs", "Cn"])


@given(st.text(st.one_of(st.sampled_from("aAbB'sS \n/ʰǅ中é\u0301\u05d01٣.-ſ"), known), max_size=20))
def test_words_of_each_rule_are_those_of_its_pattern(text):
    """A token for each pair of bytes there is: where pieces end shows in the ids."""
    for pattern in PATTERNS:
        tokenizer = BPETokenizer(pattern=pattern).train([text * 2], 100_000, 1)
        other = BPETokenizer(pattern="none").train([text * 2], 100_000, 1)
        other.set_params(pattern=pattern)
        for one in (tokenizer, other):
            ends = np.cumsum([len(piece) for piece in naive.pieces(text, pattern)]).tolist()
            lengths = [len(one._tokens[i]) for i in one.encode(text).ids]
            assert set(ends) <= {0, *np.cumsum(lengths).tolist()}


def test_ranks_with_a_gap_and_ids_out_of_range_are_refused(tmp_path):
    path = tmp_path / "ranks"
    lines = [base64.b64encode(bytes((byte,))) + b" %d\n" % byte for byte in range(256)]
    path.write_bytes(b"".join([*lines, base64.b64encode(b"ab") + b" 257\n"]))
    with pytest.raises(StorageError, match="without gaps"):
        load_tiktoken(path)
    path.write_bytes(b"".join([*lines, base64.b64encode(b"ab") + b" 256\n"]))
    assert load_tiktoken(path, special_tokens={"<s>": 257}).encode("ab<s>").ids.tolist() == [256, 257]
    for wrong in ({"<s>": 2**31}, {"<s>": -1}, {"": 3}, {"<s>": "3"}):
        with pytest.raises(ValueError, match="special_tokens must map strings to ids"):
            load_tiktoken(path, special_tokens=wrong)
