"""Templates, truncation and padding: what stands around a text, and between two."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import BPETokenizer, UnigramTokenizer, WordPieceTokenizer, load_tokenizer
from minilm_unsup._exceptions import StorageError
from minilm_unsup.text.sequence_template import truncated_lengths

TEMPLATE = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = ["cat", "cats", "sat", "on", "mat", "猫", "坐"]
some_texts = st.lists(st.sampled_from([*WORDS, "zz"]), max_size=9).map(" ".join)


def _wordpiece(**parameters):
    tokens = [*SPECIAL, *"catsonm猫坐", *("##" + letter for letter in "catsonm"), "sat", "mat"]
    return WordPieceTokenizer(special_tokens=SPECIAL, **parameters).set_vocabulary(tokens)


def _trained(kind, **parameters):
    if kind == "wordpiece":
        return _wordpiece(**parameters)
    if kind == "bpe":
        return BPETokenizer(special_tokens=SPECIAL, **parameters).train([" ".join(WORDS)] * 3, 280)
    return UnigramTokenizer(special_tokens=SPECIAL, **parameters).train([" ".join(WORDS)] * 9, 310)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=2), st.integers(0, 40))
def test_truncation_takes_from_the_longer_text(lengths, most):
    kept = truncated_lengths(lengths, most)
    assert sum(kept) == min(sum(lengths), most)
    assert all(k <= n for k, n in zip(kept, lengths, strict=True))
    if kept != lengths and len(lengths) == 2:
        short = min(lengths)
        # Nothing is taken from the shorter text while the longer one is longer still.
        assert min(kept) == short or max(kept) - min(kept) <= 1


@given(some_texts, some_texts, st.integers(3, 40))
def test_a_sequence_is_its_parts_between_their_tokens(a, b, most):
    plain, tokenizer = _wordpiece(), _wordpiece(template=TEMPLATE, max_length=most)
    first, second, both = plain.encode(a), plain.encode(b), tokenizer.encode(a, b)
    n, m = truncated_lengths([len(first), len(second)], most - 3)
    assert both.ids.tolist() == [2, *first.ids[:n], 3, *second.ids[:m], 3]
    assert both.type_ids.tolist() == [0] * (n + 2) + [1] * (m + 1)
    assert both.offsets.tolist() == [[0, 0], *first.offsets[:n].tolist(), [0, 0], *second.offsets[:m].tolist(), [0, 0]]
    one = tokenizer.encode(a)
    assert one.ids.tolist() == [2, *first.ids[: most - 2], 3]
    assert one.type_ids.tolist() == [0] * len(one)
    bare = tokenizer.encode(a, template=False)
    assert bare.ids.tolist() == first.ids[:most].tolist()
    assert tokenizer.encode_batch([a], [b], offsets=False)[0].ids.tolist() == both.ids.tolist()


@given(st.lists(some_texts, max_size=5), st.integers(1, 9))
def test_padding_adds_to_the_right_and_says_where(texts, multiple):
    tokenizer = _wordpiece(template=TEMPLATE, pad_token="[PAD]")
    encodings = tokenizer.encode_batch(texts, texts)
    batch = tokenizer.pad(encodings, multiple_of=multiple)
    longest = max(map(len, encodings), default=0)
    assert (
        batch.ids.shape == batch.mask.shape == batch.type_ids.shape == (len(texts), -(-longest // multiple) * multiple)
    )
    assert (batch.ids.dtype, batch.mask.dtype, batch.type_ids.dtype) == (np.int32, np.bool_, np.int32)
    for i, encoding in enumerate(encodings):
        assert batch.ids[i][batch.mask[i]].tolist() == encoding.ids.tolist()
        assert batch.type_ids[i][batch.mask[i]].tolist() == encoding.type_ids.tolist()
        assert batch.mask[i].tolist() == [True] * len(encoding) + [False] * (batch.ids.shape[1] - len(encoding))
        assert (batch.ids[i][~batch.mask[i]] == 0).all()
    assert tokenizer.pad(encodings, length=longest + 3).ids.shape == (len(texts), longest + 3)


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram"])
def test_a_file_keeps_template_length_and_padding(tmp_path, kind):
    tokenizer = _trained(kind, template=TEMPLATE, max_length=6, pad_token="[PAD]")
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    again = load_tokenizer(path)
    assert (tuple(again.template), again.max_length, again.pad_token) == (TEMPLATE, 6, "[PAD]")
    assert again.encode("cats sat", "on 猫") == tokenizer.encode("cats sat", "on 猫")
    assert len(again.encode("cats sat on mat", "on 猫 坐")) == 6


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram"])
@given(a=some_texts, b=some_texts, most=st.integers(4, 24), template=st.sampled_from([(), TEMPLATE[:1], TEMPLATE]))
def test_sequences_are_those_of_tokenizers(tmp_path_factory, kind, a, b, most, template):
    peer = pytest.importorskip("tokenizers")
    ours = _trained(kind, template=template, max_length=most, pad_token="[PAD]")
    path = tmp_path_factory.mktemp("sequence") / "tokenizer.json"
    ours.save(path)
    theirs = peer.Tokenizer.from_file(str(path))
    read = load_tokenizer(path)
    for pair in (None, b):
        expected, got = theirs.encode(a, pair), read.encode(a, pair)
        assert got == ours.encode(a, pair)
        assert got.ids.tolist() == expected.ids
        assert got.offsets.tolist() == [list(span) for span in expected.offsets]
        assert got.type_ids.tolist() == expected.type_ids
    batch = theirs.encode_batch([a, b])
    padded = read.pad(read.encode_batch([a, b]))
    assert padded.ids.tolist() == [encoding.ids for encoding in batch]
    assert padded.mask.tolist() == [[m == 1 for m in encoding.attention_mask] for encoding in batch]
    assert padded.type_ids.tolist() == [encoding.type_ids for encoding in batch]


@pytest.mark.parametrize("kind", ["BertProcessing", "RobertaProcessing"])
@given(a=some_texts, b=some_texts)
def test_the_older_processors_are_read_as_tokenizers_reads_them(tmp_path_factory, kind, a, b):
    peer = pytest.importorskip("tokenizers")
    ours = _trained("bpe" if kind == "RobertaProcessing" else "wordpiece")
    path = tmp_path_factory.mktemp("sequence") / "tokenizer.json"
    ours.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["post_processor"] = {"type": kind, "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}
    if kind == "RobertaProcessing":
        content["post_processor"] |= {"trim_offsets": True, "add_prefix_space": False}
    path.write_text(json.dumps(content), encoding="utf-8")
    theirs, read = peer.Tokenizer.from_file(str(path)), load_tokenizer(path)
    for pair in (None, b):
        expected, got = theirs.encode(a, pair), read.encode(a, pair)
        assert got.ids.tolist() == expected.ids
        assert got.offsets.tolist() == [list(span) for span in expected.offsets]
        assert got.type_ids.tolist() == expected.type_ids


def test_a_template_that_repeats_or_forgets_a_text_is_refused():
    for template in (["[CLS]"], ["$A $A"], ["$A", "$A"], ["$B"], ["$A", "$B $A $B"]):
        with pytest.raises(ValueError, match="must hold"):
            _wordpiece(template=template).encode("cat")
    with pytest.raises(TypeError, match=r"template must be a list of one or two strings, got a single one"):
        _wordpiece(template="$A").encode("cat")
    with pytest.raises(ValueError, match=r"template must be a list of one or two strings, got \['\$A', 3\]"):
        _wordpiece(template=["$A", 3]).encode("cat")
    with pytest.raises(ValueError, match=r"template must name tokens of the vocabulary, got '\[X\]'"):
        _wordpiece(template=["[X] $A"]).encode("cat")


def test_lengths_and_pairs_that_do_not_fit_are_refused():
    tokenizer = _wordpiece(template=TEMPLATE, pad_token="[PAD]")
    with pytest.raises(ValueError, match="max_length"):
        tokenizer.set_params(max_length=1).encode("cat")
    tokenizer.set_params(max_length=None)
    with pytest.raises(ValueError, match="pairs must be as many as the texts, 2, got 1"):
        tokenizer.encode_batch(["cat", "sat"], ["mat"])
    with pytest.raises(TypeError, match="pair must be a string, got int"):
        tokenizer.encode("cat", 3)
    with pytest.raises(ValueError, match="length must be at least that of the longest encoding, 3, got 2"):
        tokenizer.pad([tokenizer.encode("猫")], length=2)
    for pad_token in (None, "[X]"):
        with pytest.raises(ValueError, match="pad_token must be a token of the vocabulary"):
            tokenizer.set_params(pad_token=pad_token).pad([])


def test_a_file_whose_template_names_several_ids_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    _wordpiece(template=TEMPLATE).save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["post_processor"]["special_tokens"]["[CLS]"]["ids"] = [2, 2]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StorageError, match="one id of the vocabulary"):
        load_tokenizer(path)


def test_what_the_vocabulary_has_not_is_not_saved(tmp_path):
    for wrong in ({"template": ["[X] $A"]}, {"pad_token": "[X]"}):
        with pytest.raises(ValueError, match=rf"{next(iter(wrong))} must .*\[X\]"):
            _wordpiece(**wrong).save(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("wrong", [None, "1", float("nan"), [], -1, 2**31])
def test_a_file_with_a_wrong_type_is_refused(tmp_path, wrong):
    path = tmp_path / "tokenizer.json"
    _wordpiece(template=TEMPLATE).save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["post_processor"]["single"][0]["SpecialToken"]["type_id"] = wrong
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StorageError, match="type_id"):
        load_tokenizer(path)


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "unigram"])
@pytest.mark.parametrize(
    "wrong", [{"id": -1}, {"id": 2**31}, {"id": True}, {"id": "1"}, {"content": ""}, {"content": 3}, {"content": None}]
)
def test_a_file_with_a_wrong_added_token_is_refused(tmp_path, kind, wrong):
    path = tmp_path / "tokenizer.json"
    _trained(kind).save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["added_tokens"][0] |= wrong
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StorageError, match="added token"):
        load_tokenizer(path)


def test_a_file_whose_template_names_a_third_text_or_whose_tokens_share_an_id_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    tokenizer = _trained("bpe", template=TEMPLATE)
    tokenizer.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["post_processor"]["pair"][1]["Sequence"]["id"] = "C"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StorageError, match="must be 'A' or 'B', got 'C'"):
        load_tokenizer(path)
    tokenizer.save(path, force=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["added_tokens"][0]["content"] = "other"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StorageError, match=r"'other' has the id of '\[PAD\]'"):
        load_tokenizer(path)
