from __future__ import annotations

import gzip
import pickle
import re
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import ChineseSegmenter, CountVectorizer, load_tokenizer, set_num_threads
from minilm_unsup._exceptions import NotFittedError, StorageError
from minilm_unsup._native import load
from minilm_unsup.text import chinese_training, load_chinese_dictionary
from minilm_unsup.text.characters import code_points
from tests.reference import segment as naive

pytestmark = pytest.mark.kernel
_segment = load("segment")
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3005\u3007\u25cb\U00020000-\U000323af]+")

runs_few = st.text("天地人和", min_size=1, max_size=8)
texts_any = st.lists(
    st.one_of(st.sampled_from([*"天地人和，。 a1", "○", "々", "ab", "1.5", "\n"]), st.characters(codec="utf-8")),
    max_size=16,
).map("".join)
words_few = st.dictionaries(st.text("天地人和", min_size=1, max_size=4), st.integers(0, 9), min_size=1, max_size=9)


@given(runs_few, words_few.filter(lambda words: any(words.values())))
def test_the_best_cut_of_all(run, counts):
    segmenter = ChineseSegmenter().set_words(counts)
    scores = {word: segmenter.scores_[i] for word, i in segmenter.vocabulary_.items() if i}
    unknown = -np.log(sum(counts.values()))
    assert segmenter.tokenize(run) == naive.best_cut(run, scores, unknown)


@given(texts_any)
def test_every_character_that_is_no_space_is_in_one_word(text):
    segmenter = ChineseSegmenter().set_words({"天地": 3, "人": 1, "ab": 1})
    encoding = segmenter.encode(text)
    covered = np.zeros(len(text), dtype=int)
    for start, end in encoding.offsets.tolist():
        covered[start:end] += 1
        part = text[start:end]
        assert HAN.fullmatch(part) or len(part) == 1 or not HAN.search(part)
    assert all(covered[i] == 1 for i, c in enumerate(text) if not c.isspace())
    assert covered.max(initial=0) <= 1
    assert segmenter.tokenize(text) == [text[a:b] for a, b in encoding.offsets.tolist()]
    assert [segmenter.vocabulary_.get(text[a:b], 0) for a, b in encoding.offsets.tolist()] == encoding.ids.tolist()
    plain = segmenter.set_params(punctuation=False).tokenize(text)
    assert [word for word in plain if HAN.search(word)] == [w for w in segmenter.tokenize(text) if HAN.search(w)]


@given(st.dictionaries(runs_few, st.integers(1, 3), min_size=1, max_size=8), st.integers(2, 4))
def test_branching_entropies_are_those_of_the_neighbours(runs, longest):
    words = _segment.Words()
    for run, count in runs.items():
        _segment.count_runs(words, [run] * count, 0, count)
    utf8, starts, counts = words.listed()
    points, begins = code_points(utf8)
    text = utf8.decode()
    of_run = np.searchsorted(starts, begins[:-1], side="right") - 1
    alphabet, characters = np.unique(points, return_inverse=True)
    rest = np.searchsorted(begins, starts[1:])[of_run] - np.arange(len(points))
    grams, ids = chinese_training._count(characters, len(alphabet), rest, counts[of_run], longest)
    expected = naive.grams(runs, longest)
    twin_counts = {part: row[0] for part, row in expected.items()}
    for n, g in enumerate(grams, 1):
        names = [text[at : at + n] for at in g.first.tolist()]
        assert sorted(names) == sorted(part for part, row in expected.items() if len(part) == n and row[0] >= 2)
        for i, name in enumerate(names):
            found = (g.count[i], g.right[i], g.left[i], g.autonomy[i])
            assert found == pytest.approx(expected[name], rel=1e-9, abs=1e-9)
    n_places = sum(len(run) * count for run, count in runs.items())
    for n, kept in chinese_training._candidates(grams, ids, 2, n_places).items():
        names = [text[at : at + n] for at in grams[n - 1].first.tolist()]
        for i, name in enumerate(names):
            _, right, left, _ = expected[name]
            bits = naive.information(name, twin_counts, n_places)
            if min(abs(right - 1), abs(left - 1), abs(bits - 1)) > 1e-9:
                assert (i in kept) == (min(right, left, bits) >= 1)


def test_runs_are_counted():
    words = _segment.count_runs(_segment.Words(), ["天地a天地，人", "々○" + "和" * 200], 0, 2)
    utf8, starts, counts = words.listed()
    found = {utf8[a:b].decode(): n for a, b, n in zip(starts[:-1], starts[1:], counts, strict=True)}
    assert found == {"天地": 2, "人": 1, "々○" + "和" * 83: 1, "和" * 85: 1, "和" * 32: 1}


def _made_text(n, seed=0):
    rng = np.random.default_rng(seed)
    characters = list("天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜")
    words = ["".join(rng.choice(characters, k)) for k in rng.integers(1, 4, 60)]
    share = 1 / np.arange(1, len(words) + 1)
    texts = ["".join(rng.choice(words, 12, p=share / share.sum())) for _ in range(n)]
    return texts, words


def test_words_of_a_made_language_are_found():
    rng = np.random.default_rng(1)
    texts, words = _made_text(3000)
    segmenter = ChineseSegmenter().train(texts)
    gold = [list(rng.choice(words, 12)) for _ in range(300)]
    right = total = given = 0
    for row in gold:
        found, start = set(), 0
        for word in segmenter.tokenize("".join(row)):
            found.add((start, start + len(word)))
            start += len(word)
        ends = np.cumsum([len(word) for word in row]).tolist()
        expected = set(zip([0, *ends[:-1]], ends, strict=True))
        right, total, given = right + len(found & expected), total + len(expected), given + len(found)
    assert 2 * right / (total + given) > 0.8  # single characters: 0.4


def test_threads_and_order_change_nothing():
    texts, _ = _made_text(4000)
    texts = [*texts, "没有"] * 30
    found = []
    for n in (1, 2):
        set_num_threads(n)
        segmenter = ChineseSegmenter().train(texts)
        found.append((segmenter.vocabulary_, segmenter.scores_.tobytes(), segmenter.encode_batch(texts[:2000])))
    set_num_threads(None)
    assert found[0] == found[1]


def test_added_words_are_kept_whole():
    segmenter = ChineseSegmenter().set_words({"天地": 50, "人和": 40, "天": 5, "地": 5, "人": 5})
    assert segmenter.tokenize("天地人和") == ["天地", "人和"]
    segmenter.add_words(["天地人", "地人", "天地"])
    assert segmenter.tokenize("天地人") == ["天地人"]
    assert segmenter.tokenize("地人") == ["地人"]
    before = segmenter.scores_.copy()
    segmenter.add_words(["天地人"])
    assert np.array_equal(segmenter.scores_, before)


@given(st.lists(texts_any, max_size=5))
def test_saved_and_loaded_is_the_same_segmenter(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("segment") / "tokenizer.json"
    segmenter = ChineseSegmenter(punctuation=False).train([*texts, "天地人和天地人和天地"] * 2)
    segmenter.save(path)
    for other in (load_tokenizer(path), pickle.loads(pickle.dumps(segmenter))):
        assert other.get_params() == segmenter.get_params()
        assert other.vocabulary_ == segmenter.vocabulary_
        assert other.encode_batch(texts) == segmenter.encode_batch(texts)


def test_a_vectorizer_is_fed():
    segmenter = ChineseSegmenter(punctuation=False).set_words({"研究": 30, "研究生": 10, "生命": 40})
    vectorizer = CountVectorizer(tokenizer=segmenter, min_df=1).fit(["研究生命", "研究生 2023"])
    assert set(vectorizer.get_feature_names_out()) == {"研究", "生命", "研究生", "2023"}
    assert segmenter.decode(segmenter.encode("研究生命").ids) == "研究生命"


def test_a_dictionary_of_jieba_is_read(tmp_path):
    path = tmp_path / "dict.txt"
    path.write_text("\ufeff天地 10 n\n人和 4\n\n地人 v\n和 0 x\n天\r\n", encoding="utf-8")
    segmenter = load_chinese_dictionary(path)
    assert list(segmenter.vocabulary_) == ["[UNK]", "天地", "人和", "地人", "天"]
    assert segmenter.tokenize("天地人和") == ["天地", "人和"]
    for content, message in (
        (b"\xff 3\n", "line 1 is not UTF-8"),
        ("天地 n 3\n".encode(), "line 1 has no whole number behind '天地'"),
        (b"\n", "no dictionary"),
    ):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=message):
            load_chinese_dictionary(path)


def test_bad_input_is_named(tmp_path):
    segmenter = ChineseSegmenter().set_words({"天": 1})
    with pytest.raises(NotFittedError):
        ChineseSegmenter().tokenize("天")
    with pytest.raises(UnicodeEncodeError, match=r"position 1.*lone surrogate in text 1"):
        segmenter.encode_batch(["a", "天\ud800"])
    with pytest.raises(UnicodeEncodeError, match="lone surrogate"):
        segmenter.tokenize("\ud800")
    with pytest.raises(TypeError, match="text must be a string, got bytes"):
        segmenter.tokenize(b"a")
    with pytest.raises(UnicodeEncodeError, match="lone surrogate"):
        ChineseSegmenter().train(["\udfff"])
    with pytest.raises(ValueError, match="counts must hold a word"):
        ChineseSegmenter().set_words({"天": 0})
    with pytest.raises(ValueError, match="the count of '天' must be at least 0"):
        ChineseSegmenter().set_words({"天": -1})
    with pytest.raises(ValueError, match="words must be strings of Han, got 'a天'"):
        segmenter.add_words(["a天"])
    with pytest.raises(TypeError, match="wrap it"):
        segmenter.add_words("天地")
    with pytest.raises(ValueError, match="min_count must be at least 2"):
        ChineseSegmenter().train(["天"], min_count=1)
    with pytest.raises(ValueError, match=r"ids must lie in \[0, 2\)"):
        segmenter.decode([2])
    assert ChineseSegmenter().train([]).tokenize("天地") == ["天", "地"]
    assert ChineseSegmenter().train(["天地"]).tokenize("天地 x") == ["天", "地", "x"]
    path = tmp_path / "tokenizer.json"
    path.write_text(
        '{"format": "minilm_unsup", "format_version": 1, "type": "ChineseSegmenter", "params": {}, '
        '"words": ["天"], "scores": [], "unknown_score": 0}'
    )
    with pytest.raises(StorageError, match="with a score each"):
        load_tokenizer(path)


@pytest.mark.parametrize("character", ["天", "a", "，", "囗"])
def test_time_is_linear_in_one_repeated_character(character):
    segmenter = ChineseSegmenter().set_words({"天": 3, "天天": 2, "天天天天": 1})
    seconds = {}
    for n in (1 << 16, 1 << 19):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            segmenter.encode("地" + character * n)
            times.append(time.perf_counter() - start)
        seconds[n] = min(times)
    # 8 times the text; a quadratic cutter would take 64 times as long, a machine that is busy perhaps twice.
    assert seconds[1 << 19] < 32 * seconds[1 << 16] + 0.01


def f1(found, gold):
    """F1 of words by their places, as SIGHAN's bakeoff scores."""
    right = given = expected = 0
    for a, b in zip(found, gold, strict=True):
        spans = []
        for words in (a, b):
            ends = np.cumsum([len(word) for word in words]).tolist()
            spans.append(Counter(zip([0, *ends[:-1]], ends, strict=True)))
        right, given, expected = right + (spans[0] & spans[1]).total(), given + len(a), expected + len(b)
    return 2 * right / (given + expected)


def test_words_of_newspapers_are_found_without_a_dictionary(data_dir):
    def lines(name):
        with gzip.open(data_dir / name, "rt", encoding="utf-8") as file:
            return [line.rstrip("\n") for line in file]

    gold = [line.split() for line in lines("zh_seg_pku/zh_seg_pku_gold.txt.gz")]
    raw = ["".join(words) for words in gold]
    corpus = [
        *raw,
        *lines("zh_web_passages/zh_web_passages.train.txt.gz"),
        *lines("zh_web_passages/zh_web_passages.test.txt.gz"),
        *(row.split("\t")[2] for row in lines("thucnews/thucnews.tsv.gz")),
    ]
    segmenter = ChineseSegmenter().train(corpus)
    assert f1([segmenter.tokenize(text) for text in raw], gold) >= 0.75
    words = lines("zh_seg_pku/zh_seg_pku_words.txt.gz")
    control = ChineseSegmenter().set_words(dict.fromkeys(words, 1))
    assert f1([control.tokenize(text) for text in raw], gold) > 0.85


@given(st.lists(st.text("天地人和日月", min_size=1, max_size=12), min_size=1, max_size=8), words_few)
def test_a_dictionary_cuts_as_jieba_does(tmp_path_factory, texts, counts):
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(60)
    counts = {**counts, "日": 2}
    path = tmp_path_factory.mktemp("jieba") / "dict.txt"
    path.write_text("".join(f"{word} {count}\n" for word, count in counts.items()), encoding="utf-8")
    peer = jieba.Tokenizer(str(path))
    peer.cache_file = None
    peer.FREQ, peer.total = peer.gen_pfdict(peer.get_dict_file())
    peer.initialized = True
    segmenter = load_chinese_dictionary(path)
    for text in texts:
        assert segmenter.tokenize(text) == list(peer.cut(text, HMM=False))
