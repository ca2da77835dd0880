"""Texts are brought into a normal form before they are encoded; offsets stay those of the text that was given."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minilm_unsup import BPETokenizer, UnigramTokenizer, load_tokenizer
from minilm_unsup._exceptions import StorageError
from minilm_unsup.text.normal_forms import FORMS, normal_form

CORPUS = ["the café naïve Ångström 한국어 ﬁne ½ ① Ａ", "猫 and dogs é è ñ"]
# Letters, marks of several classes, parts of Hangul, what decomposes into several, and any other character.
_parts = st.sampled_from([*"aeAoN  \n猫éÅﬁ①½가각", *"\u1100\u1161\u11a8\u0301\u0323\u0308\u0327\u0344\ufb2c\u1e69"])
any_text = st.lists(st.one_of(_parts, _parts, st.characters(codec="utf-8")), max_size=16).map("".join)
known_text = st.lists(_parts, max_size=16).map("".join)  # of which both sides have the same tables


@given(any_text, st.sampled_from(FORMS))
@example("\u0344a\u0323\u0307", "nfc")
def test_the_form_is_that_of_unicodedata(text, form):
    normal, spans = normal_form(text, form)
    assert normal == unicodedata.normalize(form.upper(), text)
    if spans is None:
        assert normal is text
        return
    assert spans.shape == (len(normal), 2)
    assert (np.diff(spans[:, 0]) >= 0).all()
    assert ((spans[:, 0] >= 0) & (spans[:, 1] == spans[:, 0] + 1) & (spans[:, 1] <= len(text))).all()
    for character, (start, end) in zip(normal, spans.tolist(), strict=True):
        if unicodedata.is_normalized(form.upper(), text[start:end]) and not unicodedata.combining(character):
            assert unicodedata.normalize("NFD", character)[0] == unicodedata.normalize("NFD", text[start:end])[0]


def test_offsets_are_those_of_the_text():
    tokenizer = BPETokenizer(normalization="nfc", special_tokens=["<e\u0301>"]).train([" café", " cafe\u0301"] * 3, 300)
    composed, apart = tokenizer.encode("un café"), tokenizer.encode("un cafe\u0301 <e\u0301>")
    assert apart.ids.tolist()[: len(composed)] == composed.ids.tolist()
    assert composed.offsets[-1].tolist() == [2, 7]
    assert apart.offsets.tolist()[len(composed) - 1 :] == [[2, 7], [8, 9], [9, 13]]  # the mark is not of the token
    assert tokenizer.decode(apart.ids) == "un café <e\u0301>"
    assert tokenizer.decode(tokenizer.encode("ﬁ½").ids) == "ﬁ½"
    assert BPETokenizer(normalization="nfkc").train(CORPUS, 300).encode("ﬁ").offsets.tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["bpe", "trimmed", "unigram"])
def test_ids_and_offsets_are_those_of_tokenizers(form, kind, tmp_path):
    peer = pytest.importorskip("tokenizers").Tokenizer
    if kind == "unigram":
        own = UnigramTokenizer(special_tokens=["<s>"], normalization=form).train(CORPUS, 330)
    else:
        trim = kind == "trimmed"
        own = BPETokenizer(
            pattern="gpt2", special_tokens=["<s>"], normalization=form, add_prefix_space=trim, trim_offsets=trim
        ).train(CORPUS if form == "nfc" else ["猫"], 300, 1)
    own.save(tmp_path / "t.json")
    other, again = peer.from_file(str(tmp_path / "t.json")), load_tokenizer(tmp_path / "t.json")
    assert again.normalization == form

    @given(known_text)
    def equal(text):
        for row in (text, text + "<s>" + text):
            expected = other.encode(row)
            for tokenizer in (own, again):
                encoding = tokenizer.encode(row)
                assert encoding.ids.tolist() == expected.ids
                assert list(map(tuple, encoding.offsets.tolist())) == expected.offsets

    equal()


def test_files_say_the_form_or_are_refused(tmp_path):
    path = tmp_path / "t.json"
    BPETokenizer(special_tokens=["<s>"]).train(CORPUS, 300).save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    one = {"type": "NFC"}
    for part, form in (
        (one, "nfc"),
        ({"type": "Sequence", "normalizers": [one]}, "nfc"),
        ({"type": "Sequence", "normalizers": []}, None),
    ):
        path.write_text(json.dumps({**content, "normalizer": part}), encoding="utf-8")
        assert load_tokenizer(path).normalization == form
    for part, said in (
        ({"type": "Precompiled"}, "the normalizer 'Precompiled', which this release does not read"),
        ({"type": "Sequence", "normalizers": [one, {"type": "Lowercase"}]}, "the normalizer 'Sequence'"),
        (3, "the normalizer 3"),
    ):
        path.write_text(json.dumps({**content, "normalizer": part}), encoding="utf-8")
        with pytest.raises(StorageError, match=said):
            load_tokenizer(path)
    added = [{**content["added_tokens"][0], "normalized": True}]
    path.write_text(json.dumps({**content, "normalizer": one, "added_tokens": added}), encoding="utf-8")
    with pytest.raises(StorageError, match="the added token '<s>' is looked for in normalized text"):
        load_tokenizer(path)


def test_a_form_that_is_none_is_refused():
    with pytest.raises(ValueError, match="normalization must be"):
        BPETokenizer(normalization="nfx").train(CORPUS, 300)
