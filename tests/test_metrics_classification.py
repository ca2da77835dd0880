from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup import metrics
from tests.reference import metrics as naive
from tests.strategies import labelings_NN

SCORES = (metrics.precision, metrics.recall, metrics.f1)


@given(labelings_NN(), st.permutations(range(6)).flatmap(lambda p: st.integers(1, 6).map(lambda k: p[:k])))
def test_scores_of_chosen_classes_equal_their_definition(pair, labels):
    truth, guess = pair
    for zero in (0.0, 1.0):
        for score, expected in zip(SCORES, naive.class_scores(truth, guess, labels, zero), strict=True):
            options = {"labels": labels, "zero_division": zero}
            np.testing.assert_allclose(score(truth, guess, average=None, **options), expected, rtol=1e-14)
            assert score(truth, guess, **options) == pytest.approx(np.mean(expected))
            support = [truth.count(c) for c in labels]
            weighted = np.average(expected, weights=support) if sum(support) else zero
            assert score(truth, guess, average="weighted", **options) == pytest.approx(weighted)
    tp, fp, fn = np.sum([naive.class_counts(truth, guess, c) for c in labels], axis=0)
    micro = {"average": "micro", "labels": labels}
    assert metrics.precision(truth, guess, **micro) == pytest.approx(tp / (tp + fp) if tp + fp else 0)
    assert metrics.recall(truth, guess, **micro) == pytest.approx(tp / (tp + fn) if tp + fn else 0)


@given(labelings_NN(), st.permutations(range(5)))
def test_micro_f1_is_accuracy_and_names_do_not_matter(pair, names):
    truth, guess = pair
    assert metrics.f1(truth, guess, average="micro") == metrics.accuracy(truth, guess)
    renamed = [[f"类{names[v]}" for v in side] for side in pair]
    for score in SCORES:
        assert score(*renamed) == pytest.approx(score(truth, guess), rel=1e-14)
    assert metrics.precision(truth, guess, labels=range(5)) == metrics.recall(guess, truth, labels=range(5))


@given(labelings_NN(), st.permutations(range(6)))
def test_confusion_matrix_counts_pairs_in_the_order_of_labels(pair, labels):
    truth, guess = pair
    matrix = metrics.confusion_matrix(truth, guess, labels=labels)
    for i, t in enumerate(labels):
        for j, g in enumerate(labels):
            assert matrix[i, j] == sum(a == t and b == g for a, b in zip(truth, guess, strict=True))
    kept = labels[:2]
    part = metrics.confusion_matrix(np.array(truth), guess, labels=kept)
    assert part.tolist() == matrix[:2, :2].tolist()
    assert matrix.sum(axis=1).tolist() == [truth.count(c) for c in labels]


@pytest.mark.parametrize("kind", [lambda v: v, lambda v: "abcdef"[v], lambda v: "猫狗鸟鱼虫兽"[v], bool, float])
def test_every_kind_of_label_equals_scikit_learn(kind):
    peer = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth = [kind(int(v)) for v in rng.integers(0, 4, 200)]
    guess = [kind(int(v)) for v in rng.integers(1, 6, 200)]
    assert (metrics.confusion_matrix(truth, guess) == peer.confusion_matrix(truth, guess)).all()
    labels = sorted(set(truth))[::-1]
    assert (
        metrics.confusion_matrix(truth, guess, labels=labels) == peer.confusion_matrix(truth, guess, labels=labels)
    ).all()
    for ours, theirs in zip(SCORES, (peer.precision_score, peer.recall_score, peer.f1_score), strict=True):
        for average in ("macro", "micro", "weighted", None):
            options = {"average": average, "zero_division": 0, "labels": labels}
            np.testing.assert_allclose(ours(truth, guess, **options), theirs(truth, guess, **options), rtol=1e-13)


@given(labelings_NN(), st.sampled_from([0.0, 1.0]))
def test_report_equals_scikit_learn_and_is_json(pair, zero_division):
    peer = pytest.importorskip("sklearn.metrics")
    truth, guess = pair
    found = metrics.classification_report(truth, guess, zero_division=zero_division)
    options = {"output_dict": True, "zero_division": zero_division, "labels": sorted({*truth, *guess})}
    expected = peer.classification_report(truth, guess, **options)
    assert list(found) == list(expected)
    for name, row in expected.items():
        assert found[name] == pytest.approx(row)
    assert json.loads(json.dumps(found)) == found


def test_hand_computed_report():
    found = metrics.classification_report(["spam", "ham", "ham", "垃圾"], ["spam", "spam", "ham", "ham"])
    assert list(found) == ["ham", "spam", "垃圾", "accuracy", "macro avg", "weighted avg"]
    assert found["spam"] == pytest.approx({"precision": 1 / 2, "recall": 1, "f1-score": 2 / 3, "support": 1})
    assert found["垃圾"] == {"precision": 0, "recall": 0, "f1-score": 0, "support": 1}
    assert found["accuracy"] == 0.5
    assert found["weighted avg"]["recall"] == 0.5


def test_one_class_and_one_sample():
    assert metrics.f1([3], [3]) == metrics.accuracy(["a"], ["a"]) == 1.0
    assert metrics.confusion_matrix(["a", "a"], ["a", "a"]).tolist() == [[2]]
    assert metrics.f1([0, 0], [1, 1]) == 0.0


def test_bad_input_is_named():
    with pytest.raises(TypeError, match=r"one kind.*strings in y_true and numbers in y_pred"):
        metrics.accuracy(["1", "2"], [1, 2])
    with pytest.raises(TypeError, match=r"one kind.*bytes"):
        metrics.confusion_matrix([b"a"], ["a"])
    with pytest.raises(TypeError, match="labels must be of the kind of y_true, numbers, got strings"):
        metrics.f1([1, 2], [1, 2], labels=["1"])
    with pytest.raises(ValueError, match="labels must not name a label twice, got 1 more than once"):
        metrics.confusion_matrix([1, 2], [1, 2], labels=[2, 1, 1])
    with pytest.raises(ValueError, match="labels must name at least one label"):
        metrics.f1([1, 2], [1, 2], labels=[])
    with pytest.raises(ValueError, match="average must be one of"):
        metrics.f1([1, 2], [1, 2], average="binary")
    with pytest.raises(ValueError, match="zero_division must be at least 0 and at most 1"):
        metrics.f1([1, 2], [1, 2], zero_division=2)
    with pytest.raises(ValueError, match="must not hold the label 'accuracy'"):
        metrics.classification_report(["accuracy"], ["b"])
    with pytest.raises(ValueError, match="missing"):
        metrics.accuracy([None, "a"], ["a", "a"])
    for score in (*SCORES, metrics.accuracy, metrics.confusion_matrix, metrics.classification_report):
        with pytest.raises(ValueError, match="y_true must hold at least one label"):
            score([], [])
        with pytest.raises(ValueError, match="y_true and y_pred must have the same length, got 2 and 1"):
            score([1, 2], [1])
