"""Words: equal to the rule as a regular expression, offsets true, saved and loaded the same."""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup._exceptions import NotFittedError, StorageError
from minilm_unsup._parallel import set_num_threads
from minilm_unsup.text.tokenizer_files import load_tokenizer
from minilm_unsup.text.word_tokenizer import HAN_FUNCTION_CHARACTERS, WordTokenizer

from .reference import words as reference

HAN_MODES = ["bigrams", "chars", "unigrams+bigrams", "runs"]

# Characters on which the rule turns, more often than chance would draw them.
TURNING = (
    "aAbsSdlqQuUtzZ019é’'..,,__++##--!?  \t\n我们的了喜欢々〇一ひらカターｶﾞ０１ＡｂＳ．＿＇＋＃，。Σςσİıßǅ"
    "\u0301\u3099\u200d\ufe0f\U000e0100😀한글กิ\x00ªºⅣ²½𠀀\U000323af\U0003fffe"
)
PIECES = [
    "我们的喜欢了",
    "中国",
    "don't",
    "John’s",
    "l'homme",
    "qu'",
    "c++",
    "c#",
    "3.14",
    "1,000",
    "node.js",
    "U.S.A.",
    "__init__",
]
texts = st.lists(
    st.one_of(st.sampled_from(TURNING), st.sampled_from(PIECES), st.characters(exclude_categories=())), max_size=30
).map("".join)


@st.composite
def tokenizers(draw):
    return WordTokenizer(
        lowercase=draw(st.booleans()),
        han=draw(st.sampled_from(HAN_MODES)),
        han_breaks=draw(st.sampled_from(["", "的了", "function"])),
        fold_width=draw(st.booleans()),
        min_length=draw(st.integers(1, 3)),
        keep_numbers=draw(st.booleans()),
        punctuation=draw(st.booleans()),
    )


def expected(tokenizer, text):
    options = tokenizer.get_params()
    for name in ("unknown", "special_tokens", "template", "max_length", "pad_token"):
        del options[name]
    assert options.pop("rule") == "words"
    breaks = options.pop("han_breaks")
    return reference.words(text, breaks=HAN_FUNCTION_CHARACTERS if breaks == "function" else breaks, **options)


@pytest.mark.kernel
@given(texts, tokenizers())
def test_words_equal_the_rule(text, tokenizer):
    wanted = expected(tokenizer, text)
    assert tokenizer.tokenize(text) == [token for token, _, _ in wanted]


@pytest.mark.kernel
@given(texts, st.booleans(), st.integers(1, 3))
def test_runs_equal_regular_expressions_of_python(text, lowercase, min_length):
    tokenizer = WordTokenizer(rule="runs", lowercase=lowercase, min_length=min_length)
    assert tokenizer.tokenize(text) == reference.word_characters(text, lowercase=lowercase, min_length=min_length)


@pytest.mark.kernel
def test_every_character_in_every_position():
    # Each code point alone, after and between letters: no class of any character differs from the rule's.
    plain, runs = WordTokenizer(punctuation=True), WordTokenizer(rule="runs")
    step = 1 if sys.gettrace() is None else 17
    for start in range(0, 0x110000, 4096):
        text = "".join(f"{chr(c)} a{chr(c)}b " for c in range(start, start + 4096, step))
        assert plain.tokenize(text) == [w for w, _, _ in reference.words(text, punctuation=True)], hex(start)
        assert runs.tokenize(text) == reference.word_characters(text), hex(start)


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("I don't use C++11, node.js or 3.14!", "i don't use c++ 11 node.js or 3.14"),
        (
            "John’s book: it's the end.The U.S.A. wins 1,000,000 (1,2)",
            "john book it the end the u.s.a wins 1,000,000 1 2",
        ),
        ("L'homme qu'il aime; d'accord, O'Brien", "l homme qu il aime d accord o'brien"),
        (
            "C# and F# not a#b, __init__ snake_case state-of-the-art",
            "c# and f# not a b init snake_case state of the art",
        ),
        ("我喜欢语言", "我 我喜 喜 喜欢 欢 欢语 语 语言 言"),
        ("用GPT写2024年", "用 gpt 写 2024 年"),
        ("ＡＢＣ１２３，你好。", "abc123 你 你好 好"),
        ("カタカナとひらがな 한국어 텍스트", "カタカナ と とひ ひ ひら ら らが が がな な 한국어 텍스트"),
        ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
        ("", ""),
        ("，。！😀 ... --- ''", ""),
    ],
)
def test_documented_cases(text, tokens):
    assert WordTokenizer().tokenize(text) == tokens.split()


@given(st.lists(texts, min_size=1, max_size=5), tokenizers())
def test_offsets_and_ids(batch, tokenizer):
    everything = [token for text in batch for token in tokenizer.tokenize(text)]
    if not everything:
        with pytest.raises(ValueError, match="no word occurs"):
            tokenizer.train(batch)
        return
    tokenizer.train(batch)
    # Falling counts, ties by code point, [UNK] first.
    ranked = sorted(set(everything), key=lambda t: (-everything.count(t), t))
    assert list(tokenizer.vocabulary_) == ["[UNK]", *ranked]
    assert list(tokenizer.vocabulary_.values()) == list(range(len(ranked) + 1)) == list(range(tokenizer.vocab_size))
    for text, encoding in zip(batch, tokenizer.encode_batch(batch), strict=True):
        wanted = expected(tokenizer, text)
        assert encoding.offsets.tolist() == [[start, end] for _, start, end in wanted]
        assert encoding.ids.tolist() == [tokenizer.vocabulary_[token] for token, _, _ in wanted]
        assert encoding.ids.dtype == np.int32
        assert encoding.offsets.dtype == np.int64
        assert encoding == tokenizer.encode(text)


@given(st.lists(texts, min_size=1, max_size=4), st.sampled_from(HAN_MODES), st.booleans())
def test_ids_survive_decoding(batch, han, lowercase):
    tokenizer = WordTokenizer(han=han, lowercase=lowercase)
    if not any(tokenizer.tokenize(text) for text in batch):
        return
    tokenizer.train(batch)
    for text in batch:
        ids = tokenizer.encode(text).ids
        assert tokenizer.encode(tokenizer.decode(ids)).ids.tolist() == ids.tolist()
    any_ids = [1, *range(tokenizer.vocab_size), 1]
    written = tokenizer.decode(any_ids).replace(" ", "")
    assert all(tokenizer._tokens[i] in written for i in any_ids)


@given(texts)
def test_offsets_after_lower_case_that_grows(text):
    tokenizer = WordTokenizer(rule="runs").train(["a"])
    encoding = tokenizer.encode(text)
    # U+0130 becomes "i" and a mark, which ends the word: tokens still stand where they were read.
    for token, (start, end) in zip(tokenizer.tokenize(text), encoding.offsets.tolist(), strict=True):
        piece = text[start:end]
        assert 0 <= start < end <= len(text)
        assert token == piece.lower().replace("\u0307", "") or "σ" in token or "ς" in token


def test_unknown_words_limits_and_special_token():
    tokenizer = WordTokenizer().train(["b b b a a c", "a d [UNK]"], vocab_size=4, min_count=1)
    assert list(tokenizer.vocabulary_) == ["[UNK]", "a", "b", "c"]
    assert tokenizer.encode("d a c z").ids.tolist() == [0, 1, 3, 0]
    assert tokenizer.decode([0, 2]) == "[UNK] b"
    assert list(WordTokenizer().train(["b b a"], min_count=2).vocabulary_) == ["[UNK]", "b"]


def test_same_on_any_number_of_threads():
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefg   我们的中国人,.'"))
    batch = ["".join(rng.choice(letters, 30)) for _ in range(3000)]
    results = []
    try:
        for n_threads in (1, 2):
            set_num_threads(n_threads)
            tokenizer = WordTokenizer().train(batch)
            results.append((tokenizer.vocabulary_, tokenizer.encode_batch(batch)))
    finally:
        set_num_threads(None)
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"han": "bigrams", "han_breaks": "function", "punctuation": True},
        {"rule": "runs", "min_length": 2},
        {"rule": "runs", "lowercase": False},
        {"han": "chars"},
        {"special_tokens": ("<s>", "我"), "template": ("<s> $A",), "max_length": 4, "unknown": "?", "pad_token": "<s>"},
        {
            "rule": "runs",
            "special_tokens": ("<s>", "[UNK]"),
            "template": ("<s> $A", "<s> $A $B:1"),
            "max_length": 4,
            "pad_token": "<s>",
        },
    ],
)
def test_saved_and_loaded(tmp_path, options):
    batch = ["我喜欢 C++ and Node.js, don't", "We 的 love İstanbul"]
    tokenizer = WordTokenizer(**options).train(batch)
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert ("format" not in content) == (options.get("rule") == "runs")
    for again in (load_tokenizer(path), load_tokenizer(tmp_path), pickle.loads(pickle.dumps(tokenizer))):
        assert again.get_params() == tokenizer.get_params()
        assert again.vocabulary_ == tokenizer.vocabulary_
        assert again.encode_batch(batch) == tokenizer.encode_batch(batch)
    with pytest.raises(FileExistsError):
        tokenizer.save(path)
    tokenizer.save(path, force=True)


def test_special_tokens_and_sequences():
    tokenizer = WordTokenizer(
        special_tokens=("<pad>", "<s>", "海"), template=("<s> $A",), pad_token="<pad>", unknown="?"
    )
    tokenizer.train(["the ship at sea", "the 海"])
    assert list(tokenizer.vocabulary_) == ["<pad>", "<s>", "海", "?", "the", "at", "sea", "ship"]
    encoding = tokenizer.encode("The boat<s>at 海")
    assert encoding.ids.tolist() == [1, 4, 3, 1, 5, 2]
    assert encoding.offsets.tolist() == [[0, 0], [0, 3], [4, 8], [8, 11], [11, 13], [14, 15]]
    assert tokenizer.encode("<s>", parse_special=False, template=False).ids.tolist() == [3]  # s was not trained
    assert tokenizer.decode(encoding.ids, skip_special_tokens=True) == "the ? at"
    assert tokenizer.pad(tokenizer.encode_batch(["the", "at sea"])).ids.tolist() == [[1, 4, 0], [1, 5, 6]]
    assert WordTokenizer(max_length=2).train(["a b c"]).encode("c b a").ids.tolist() == [3, 2]
    assert len(tokenizer.train(["the ship at sea"], vocab_size=5).vocabulary_) == 5
    with pytest.raises(ValueError, match="vocab_size must be at least 5, got 4"):
        tokenizer.train(["a"], vocab_size=4)
    with pytest.raises(TypeError, match="unknown must be a string and not empty"):
        WordTokenizer(unknown="").train(["a"])


@given(st.lists(st.sampled_from(["Ship", "sea", "<s>", "[X]", " ", "zz", "海", "é"]), max_size=9).map("".join))
def test_a_word_level_file_of_tokenizers_is_read(text):
    tokenizers = pytest.importorskip("tokenizers")
    peer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"ship": 0, "[X]": 1, "sea": 2}, unk_token="[X]"))
    peer.normalizer = tokenizers.normalizers.Lowercase()
    peer.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex(r"[\p{L}\p{N}_]+"), "removed", invert=True)
    peer.add_special_tokens(["<s>", "[X]"])
    peer.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 3)])
    expected = peer.encode(text)
    with tempfile.TemporaryDirectory() as place:
        peer.save(f"{place}/tokenizer.json")
        encoding = load_tokenizer(place).encode(text)
        assert encoding.ids.tolist() == expected.ids
        assert list(map(tuple, encoding.offsets.tolist())) == expected.offsets
        peer.add_tokens([tokenizers.AddedToken("zz", normalized=True)])
        peer.save(f"{place}/tokenizer.json")
        with pytest.raises(StorageError, match="the added token 'zz' is looked for in normalized text"):
            load_tokenizer(place)


def test_hugging_face_reads_what_is_written(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    batch = ["Hello_World 42, 我喜欢 x ½ é", "don't [UNK] ２０２４"]
    for min_length in (1, 2):
        tokenizer = WordTokenizer(rule="runs", min_length=min_length).train(batch[:1])
        tokenizer.save(tmp_path / f"{min_length}.json")
        peer = tokenizers.Tokenizer.from_file(str(tmp_path / f"{min_length}.json"))
        for text in batch:
            assert peer.encode(text).ids == tokenizer.encode(text).ids.tolist()
            assert [list(o) for o in peer.encode(text).offsets] == tokenizer.encode(text).offsets.tolist()


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "not JSON"),
        ("[]", "no JSON object"),
        ('{"model": {"type": "Elsewhere"}}', "type 'Elsewhere'"),
        ('{"format": "minilm_unsup", "format_version": 9}', "format version 9"),
        ('{"format": "minilm_unsup", "format_version": 1, "type": "Other"}', "type 'Other'"),
        (
            '{"format": "minilm_unsup", "format_version": 1, "type": "WordTokenizer", "vocabulary": [1]}',
            "list of strings",
        ),
        (
            '{"format": "minilm_unsup", "format_version": 1, "type": "WordTokenizer", "params": {"han": "x"}, '
            '"vocabulary": ["[UNK]"]}',
            "han must be one of",
        ),
        (
            '{"format": "minilm_unsup", "format_version": 1, "type": "WordTokenizer", "params": {}, '
            '"vocabulary": ["[UNK]", "a", "a"]}',
            "occurs twice",
        ),
        ('{"model": {"type": "WordLevel"}, "pre_tokenizer": {"type": "Whitespace"}}', "pre_tokenizer"),
        ('{"model": {"type": "WordLevel"}, "normalizer": {"type": "NFC"}}', "normalizer"),
        ('{"model": {"type": "WordLevel"}, "decoder": {}}', "'decoder' is set"),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StorageError, match=message) as caught:
        load_tokenizer(path)
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(StorageError, match="cannot read"):
        load_tokenizer(tmp_path / "none.json")


def test_wrong_arguments():
    with pytest.raises(TypeError, match="text must be a string, got int"):
        WordTokenizer().tokenize(3)
    with pytest.raises(TypeError, match="wrap it"):
        WordTokenizer().train("one text")
    with pytest.raises(TypeError, match=r"texts\[1\] must be a string, got NoneType"):
        WordTokenizer().train(["a", None])
    with pytest.raises(NotFittedError):
        WordTokenizer().encode("a")
    with pytest.raises(ValueError, match="han must be one of"):
        WordTokenizer(han="words").tokenize("a")
    with pytest.raises(ValueError, match="min_length must be at least 1"):
        WordTokenizer(min_length=0).tokenize("a")
    with pytest.raises(TypeError, match="lowercase must be True or False"):
        WordTokenizer(lowercase=1).tokenize("a")
    with pytest.raises(ValueError, match="vocab_size must be at least 2"):
        WordTokenizer().train(["a"], vocab_size=1)
    trained = WordTokenizer().train(["a"])
    for ids in ([2], [-1]):
        with pytest.raises(ValueError, match=r"ids must lie in \[0, 2\)"):
            trained.decode(ids)
    with pytest.raises(TypeError, match="whole numbers"):
        trained.decode([0.5])


def test_time_is_linear_in_one_repeated_character():
    tokenizer = WordTokenizer().train(["a"])
    for character in "a_.'+#,1我カ\u0301 -":
        seconds = []
        for n in (200_000, 1_600_000):
            start = time.perf_counter()
            tokenizer.encode(f"a{character * n}a{character * n}")
            seconds.append(time.perf_counter() - start)
        # Eight times the text: a quadratic loop would take 64 times as long; noise is allowed a factor of three.
        assert seconds[1] < 24 * seconds[0] + 0.1, (character, seconds)
