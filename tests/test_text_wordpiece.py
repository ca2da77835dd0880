from __future__ import annotations

import gzip
import json
import pickle
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import WordPieceTokenizer, load_tokenizer, set_num_threads
from minilm_unsup._exceptions import NotFittedError, StorageError
from minilm_unsup.text import load_wordpiece
from minilm_unsup.text.wordpiece_files import wordpiece_from_json, wordpiece_to_json
from tests.reference import wordpiece as naive

pytestmark = pytest.mark.kernel
BERT_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

_few = st.sampled_from([*"aabbcAB猫狗，!. ", "é", "e\u0301", "\u0301", "\u0345", "ab", "ba", "İ", "한", "ﬁ", "\t"])
_settled = st.one_of(
    st.characters(codec="latin-1"),
    st.characters(min_codepoint=0x100, max_codepoint=0x17F),
    st.characters(min_codepoint=0x300, max_codepoint=0x36F),
    st.characters(min_codepoint=0x391, max_codepoint=0x3A1),
    st.characters(min_codepoint=0x410, max_codepoint=0x45F),
    st.characters(min_codepoint=0x2000, max_codepoint=0x2027),
    st.characters(min_codepoint=0x3001, max_codepoint=0x3029),
    st.characters(min_codepoint=0x3041, max_codepoint=0x3094),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FBB),
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),
    st.sampled_from("\ufffd\ufeff\U0001f600\U00020000"),
)
texts_settled = st.lists(st.one_of(_few, _few, _settled), max_size=20).map("".join)
texts_any = st.lists(st.one_of(_few, st.characters(codec="utf-8")), max_size=24).map("".join)
options = st.fixed_dictionaries({name: st.booleans() for name in ("clean", "split_han", "lower", "strip")})


def _parameters(on):
    return {
        "clean": on["clean"],
        "split_han": on["split_han"],
        "lowercase": on["lower"],
        "strip_accents": on["strip"],
    }


@given(texts_settled, options, st.lists(st.text("abe猫, 한", min_size=1, max_size=3), max_size=12), st.integers(1, 6))
def test_any_vocabulary_the_longest_token_first(text, on, parts, longest):
    tokens = list(dict.fromkeys(["[UNK]", *parts, *("##" + part for part in parts), *"a猫,", "##a", "##b", "##e"]))
    tokenizer = WordPieceTokenizer(max_word_length=longest, **_parameters(on)).set_vocabulary(tokens)
    expected = naive.encode(text, set(tokens), longest=longest, **on)
    encoding = tokenizer.encode(text)
    assert [tokens[i] for i in encoding.ids] == [token for token, _, _ in expected]
    assert encoding.offsets.tolist() == [[start, end] for _, start, end in expected]


@given(st.lists(texts_settled, max_size=8), st.integers(0, 12), st.integers(1, 3))
def test_training_takes_the_most_frequent_pair_of_neighbours_in_words(texts, n_merges, least):
    expected = naive.train(texts, 10**6, least)
    n_characters = len(naive.train(texts, 0, least))
    size = 1 + n_characters + n_merges
    tokenizer = WordPieceTokenizer().train(texts, size, least, character_coverage=1)
    assert list(tokenizer.vocabulary_) == ["[UNK]", *expected][:size]
    assert list(tokenizer.vocabulary_.values()) == list(range(len(tokenizer.vocabulary_)))
    for encoding in tokenizer.encode_batch(texts):
        assert 0 not in encoding.ids  # all characters are tokens


def test_rare_characters_are_no_tokens_and_words_with_them_are_unknown():
    texts = ["abab abab cdcd"] * 50 + ["xabx abxab"]
    tokenizer = WordPieceTokenizer().train(texts, 30, character_coverage=0.99)
    assert not [token for token in tokenizer.vocabulary_ if "x" in token]
    assert "abab" in tokenizer.vocabulary_
    assert tokenizer.decode(tokenizer.encode("abab xabx cdcd").ids) == "abab [UNK] cdcd"
    assert "xab" in "".join(WordPieceTokenizer().train(texts, 60, 1, character_coverage=1).vocabulary_)


@given(st.lists(texts_any, max_size=5), options, st.sampled_from(["##", "@@", "x"]))
def test_saved_and_loaded_is_the_same_tokenizer(tmp_path_factory, texts, on, prefix):
    path = tmp_path_factory.mktemp("wordpiece") / "tokenizer.json"
    tokenizer = WordPieceTokenizer(prefix=prefix, special_tokens=BERT_TOKENS, max_word_length=9, **_parameters(on))
    tokenizer.train([*texts, "abc"], 4000, 1, character_coverage=1)
    tokenizer.save(path)
    for other in (load_tokenizer(path), pickle.loads(pickle.dumps(tokenizer))):
        assert other.get_params() == {**tokenizer.get_params(), "special_tokens": other.special_tokens}
        assert other.vocabulary_ == tokenizer.vocabulary_
        assert other.encode_batch([*texts, "[MASK]a"]) == tokenizer.encode_batch([*texts, "[MASK]a"])


def test_vocab_txt_is_read(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes("\n".join([*BERT_TOKENS, "un", "##able", "猫"]).encode() + b"\r\n")
    tokenizer = load_wordpiece(path)
    assert tokenizer.encode("[CLS] Unable 猫狗").ids.tolist() == [2, 5, 6, 7, 1]
    assert tokenizer.special_tokens == tuple(BERT_TOKENS)
    assert tokenizer.decode([2, 5, 6, 7, 7], skip_special_tokens=True) == "unable 猫猫"
    assert load_wordpiece(path, lowercase=False, special_tokens=()).encode("[CLS]").ids.tolist() == [1, 1, 1]
    for content, message in (
        (b"[UNK]\na\na\n", "must not name a token twice, got 'a' again"),
        (b"a\nb\n", "unknown must be in the vocabulary"),
        (b"[UNK]\n\xff\n", "byte 6 is not UTF-8"),
    ):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=message) as caught:
            load_wordpiece(path)
        assert str(path) in str(caught.value)


@given(st.lists(texts_any, max_size=6))
def test_texts_are_independent_and_their_order_changes_nothing(texts):
    tokenizer = WordPieceTokenizer().train(texts, 10**5, 1)
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]
    assert WordPieceTokenizer().train(reversed(texts), 10**5, 1).vocabulary_ == tokenizer.vocabulary_
    plain = tokenizer.encode_batch(texts, offsets=False)
    assert [e.ids.tolist() for e in plain] == [e.ids.tolist() for e in tokenizer.encode_batch(texts)]


def test_threads_give_the_same_ids_and_vocabulary():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh中文é"), rng.integers(1, 9))) for _ in range(3000)]
    texts = [" ".join(rng.choice(words, 400)) for _ in range(900)]
    found = []
    for n in (1, 2):
        set_num_threads(n)
        tokenizer = WordPieceTokenizer().train(texts, 900)
        found.append((tokenizer.vocabulary_, tokenizer.encode_batch(texts)))
    set_num_threads(None)
    assert found[0] == found[1]


def test_parameters_may_change_between_calls():
    tokenizer = WordPieceTokenizer().set_vocabulary(["[UNK]", "a", "A", "##a"])
    assert tokenizer.encode("Aa").ids.tolist() == [1, 3]
    tokenizer.set_params(lowercase=False)
    assert tokenizer.encode("Aa").ids.tolist() == [2, 3]
    with pytest.raises(ValueError, match="unknown must be in the vocabulary"):
        tokenizer.set_params(unknown="?").encode("a")
    tokenizer.set_params(unknown="[UNK]")
    with pytest.raises(ValueError, match="must not name a token twice"):
        tokenizer.set_vocabulary(["[UNK]", "b", "b"])
    assert tokenizer.encode("Aa").ids.tolist() == [2, 3]  # a vocabulary that is refused replaces none


def test_bad_input_is_named():
    tokenizer = WordPieceTokenizer().set_vocabulary(["[UNK]", "a"])
    with pytest.raises(NotFittedError):
        WordPieceTokenizer().encode("a")
    with pytest.raises(UnicodeEncodeError, match=r"position 1.*lone surrogate in text 1"):
        tokenizer.encode_batch(["a", "a\ud800"])
    with pytest.raises(UnicodeEncodeError, match="lone surrogate"):
        WordPieceTokenizer().train(["\udfff"])
    with pytest.raises(TypeError, match="tokens must be a list"):
        WordPieceTokenizer().set_vocabulary("abc")
    with pytest.raises(TypeError, match="tokens must be strings, got 3 at 1"):
        WordPieceTokenizer().set_vocabulary(["[UNK]", 3])
    with pytest.raises(ValueError, match=r"special_tokens must be in the vocabulary, got '\[CLS\]'"):
        WordPieceTokenizer(special_tokens=["[CLS]"]).set_vocabulary(["[UNK]"])
    with pytest.raises(ValueError, match="prefix must be a string that is not empty"):
        WordPieceTokenizer(prefix="").set_vocabulary(["[UNK]"])
    with pytest.raises(ValueError, match="max_word_length must be at least 1"):
        WordPieceTokenizer(max_word_length=0).set_vocabulary(["[UNK]"])
    with pytest.raises(ValueError, match=r"vocab_size must be at least 6.*got 5; or lower character_coverage"):
        WordPieceTokenizer().train(["abc"], 5)
    with pytest.raises(ValueError, match="character_coverage must be more than 0"):
        WordPieceTokenizer().train(["abc"], character_coverage=0)
    for ids, error in (([2], ValueError), ([-1], ValueError), ([0.5], TypeError)):
        with pytest.raises(error, match="ids must"):
            tokenizer.decode(ids)
    assert tokenizer.decode([]) == ""
    assert len(tokenizer.encode(" \x00\u200b")) == 0
    assert list(WordPieceTokenizer().train([]).vocabulary_) == ["[UNK]"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"normalizer": {"type": "NFKC"}}, "normalizer 'NFKC'"),
        ({"pre_tokenizer": None}, "pre_tokenizer None"),
        ({"padding": {"direction": "Left"}}, "padding.direction is 'Left'"),
        ({"post_processor": {"type": "ByteLevel"}}, "post_processor 'ByteLevel'"),
        ({"model": {"vocab": {"a": -1}}}, "whole numbers"),
        ({"model": {"vocab": {"a": 10**12}}}, "1 tokens and ids up to"),
        ({"model": {"vocab": {"[UNK]": 0, "a": 0}}}, "same id"),
        ({"model": {"unk_token": "?"}}, "unknown must be in the vocabulary"),
        ({"model": {"max_input_chars_per_word": "9"}}, "max_word_length must be a whole number"),
    ],
)
def test_tokenizer_files_that_cannot_be_read_say_why(tmp_path, change, message):
    content = wordpiece_to_json(WordPieceTokenizer().train(["aa aa"]))
    model = content["model"] | change.pop("model", {})
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content | change | {"model": model}), encoding="utf-8")
    with pytest.raises(StorageError, match=message):
        load_tokenizer(path)


@pytest.mark.parametrize("name", ["uncased", "chinese"])
def test_ids_of_bert(data_dir, name):
    folder = data_dir / "bert_vocab"
    tokenizer = load_tokenizer(folder / f"bert_base_{name}_tokenizer.json")
    with gzip.open(folder / f"bert_base_{name}_expected_ids.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    found = tokenizer.encode_batch([row["text"] for row in rows], parse_special=False)
    assert [encoding.ids.tolist() for encoding in found] == [row["ids"] for row in rows]


@pytest.mark.parametrize("character", ["a", " ", "!", "猫", "\u0301", "\u0903", "\U00016ff0", "한"])
def test_time_is_linear_in_one_repeated_character(character):
    tokenizer = WordPieceTokenizer(max_word_length=2**30).set_vocabulary(["[UNK]", "a", "##a", "##aa", "猫", "!"])
    seconds = {}
    for n in (1 << 16, 1 << 19):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            tokenizer.encode("a" + character * n)
            times.append(time.perf_counter() - start)
        seconds[n] = min(times)
    # 8 times the text; a quadratic encoder would take 64 times as long, a machine that is busy perhaps twice.
    assert seconds[1 << 19] < 32 * seconds[1 << 16] + 0.01


@given(st.lists(texts_any, min_size=1, max_size=6), options)
def test_ids_and_offsets_are_those_of_tokenizers(texts, on):
    peer = pytest.importorskip("tokenizers")
    tokenizer = WordPieceTokenizer(special_tokens=BERT_TOKENS, **_parameters(on)).train(texts, 10**6, 2)
    other = peer.Tokenizer.from_str(json.dumps(wordpiece_to_json(tokenizer)))
    texts = [*texts, "a[SEP] b", "[SEP]"]
    for text, encoding in zip(texts, tokenizer.encode_batch(texts), strict=True):
        expected = other.encode(text)
        assert encoding.ids.tolist() == expected.ids
        assert encoding.offsets.tolist() == [list(span) for span in expected.offsets]
    assert wordpiece_from_json(json.loads(other.to_str())).encode_batch(texts) == tokenizer.encode_batch(texts)
