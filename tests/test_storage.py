from __future__ import annotations

import json
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minilm_unsup._exceptions import StorageError
from minilm_unsup._storage import load_arrays, load_directory, save_arrays, save_directory, write_file

DTYPES = [np.float64, np.float32, np.int64, np.int32, np.int8, np.uint8, np.uint64, np.bool_]

arrays = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.sampled_from(DTYPES).flatmap(
        lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    ),
    max_size=4,
)


@given(arrays)
def test_arrays_come_back_as_they_were(tmp_path_factory, given_arrays):
    path = tmp_path_factory.mktemp("a") / "x.safetensors"
    save_arrays(given_arrays, path)
    loaded = load_arrays(path)
    assert set(loaded) == set(given_arrays)
    for name, array in given_arrays.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()
        assert loaded[name].flags.writeable


def _saved(folder):
    path = folder / "model"
    save_directory(
        path,
        {"class": "Thing", "params": {"k": 3, "name": "中文"}},
        {"weight": np.arange(12, dtype=np.float32).reshape(3, 4), "flag": np.array([True, False])},
        files={"tokenizer.json": '{"版本": 1}'},
    )
    return path


def test_directory_comes_back_and_nothing_else_is_left(tmp_path):
    path = _saved(tmp_path)
    config, loaded = load_directory(path, "Thing")
    assert config["params"] == {"k": 3, "name": "中文"}
    np.testing.assert_array_equal(loaded["weight"], np.arange(12, dtype=np.float32).reshape(3, 4))
    assert os.listdir(tmp_path) == ["model"]


@given(data=st.data())
def test_any_flipped_or_cut_byte_is_noticed(tmp_path_factory, data):
    path = _saved(tmp_path_factory.mktemp("d"))
    file = path / data.draw(st.sampled_from(sorted(os.listdir(path))))
    raw = bytearray(file.read_bytes())
    where = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[where] ^= data.draw(st.integers(1, 255))
    else:
        raw = raw[:where]
    file.write_bytes(raw)
    try:
        config, loaded = load_directory(path, "Thing")
    except StorageError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        # White space of the JSON may change; what it says may not.
        assert file.name == "config.json"
        assert config["params"] == {"k": 3, "name": "中文"}
        assert sorted(loaded) == ["flag", "weight"]


@given(st.binary(max_size=200))
def test_random_bytes_never_load(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("j") / "x.safetensors"
    for raw in (junk, struct.pack("<Q", len(junk)) + junk):
        path.write_bytes(raw)
        try:
            loaded = load_arrays(path)
        except StorageError:
            continue
        assert loaded == {}  # the one honest reading: an empty header and nothing after it


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]}},
        {"a": {"dtype": "O", "shape": [1], "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
        {"a": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}},
        {"a": [1, 2]},
        [],
    ],
)
def test_forged_headers_are_refused_before_memory_is_asked_for(tmp_path, header):
    text = json.dumps(header).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 8)
    with pytest.raises(StorageError, match="damaged"):
        load_arrays(path)


def test_existing_work_is_kept_without_force_and_replaced_whole_with_it(tmp_path):
    path = _saved(tmp_path)
    with pytest.raises(FileExistsError, match="model exists"):
        save_directory(path, {"class": "Other"}, {})
    assert load_directory(path)[0]["class"] == "Thing"
    save_directory(path, {"class": "Other"}, {}, force=True)
    assert load_directory(path)[0]["class"] == "Other"
    assert os.listdir(tmp_path) == ["model"]


def test_force_never_replaces_what_is_no_model(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "me.png").write_bytes(b"x")
    with pytest.raises(StorageError, match="not a model directory"):
        save_directory(folder, {"class": "A"}, {}, force=True)
    file = tmp_path / "notes.txt"
    file.write_text("x")
    with pytest.raises(StorageError, match="not a model directory"):
        save_directory(file, {"class": "A"}, {}, force=True)
    assert (folder / "me.png").exists()
    assert file.read_text() == "x"


def test_a_failure_half_way_leaves_the_old_directory(tmp_path, monkeypatch):
    path = _saved(tmp_path)
    real = os.rename
    for fail_at in range(1, 3):
        calls = []

        def rename(a, b, fail_at=fail_at, calls=calls):
            calls.append((a, b))
            if len(calls) == fail_at:
                raise OSError(28, "No space left on device")
            return real(a, b)

        monkeypatch.setattr(os, "rename", rename)
        with pytest.raises(StorageError, match="No space left"):
            save_directory(path, {"class": "Other"}, {}, force=True)
        monkeypatch.undo()
        assert load_directory(path)[0]["class"] == "Thing"


def test_interrupt_leaves_nothing(tmp_path):
    class Stop(dict):
        def items(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_directory(tmp_path / "m", {"class": "A"}, {}, files=Stop(a="b"))
    assert os.listdir(tmp_path) == []


def test_missing_and_wrong_places(tmp_path):
    with pytest.raises(StorageError, match="does not exist"):
        load_directory(tmp_path / "no")
    with pytest.raises(StorageError, match=r"no config\.json"):
        load_directory(tmp_path)
    with pytest.raises(StorageError, match="cannot write"):
        save_directory(tmp_path / "no" / "m", {"class": "A"}, {})
    with pytest.raises(StorageError, match="'Thing'"):
        load_directory(_saved(tmp_path), "Other")


def test_write_file_is_whole_and_asks_before_replacing(tmp_path):
    path = tmp_path / "r.html"
    write_file(path, "一")
    with pytest.raises(FileExistsError):
        write_file(path, "二")
    write_file(path, "二", force=True)
    assert path.read_text(encoding="utf-8") == "二"
    assert os.listdir(tmp_path) == ["r.html"]
    with pytest.raises(StorageError, match="is a directory"):
        write_file(tmp_path, "x", force=True)


@pytest.mark.parametrize("config", ["{}", "[1]", '{"name": "another project"}', "no JSON"])
def test_force_spares_a_directory_with_a_config_of_someone_else(tmp_path, config):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "config.json").write_text(config)
    with pytest.raises(StorageError, match="is not a model directory"):
        save_directory(tmp_path / "d", {"class": "A"}, {}, force=True)
    assert (tmp_path / "d" / "config.json").read_text() == config


def test_force_spares_a_model_directory_that_holds_other_files(tmp_path):
    save_directory(tmp_path / "d", {"class": "A"}, {})
    (tmp_path / "d" / "thesis.txt").write_text("years of work")
    with pytest.raises(StorageError, match=r"holds 'thesis\.txt'"):
        save_directory(tmp_path / "d", {"class": "B"}, {}, force=True)
    assert (tmp_path / "d" / "thesis.txt").read_text() == "years of work"


def test_a_directory_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    def slow(arrays, path):
        save_arrays(arrays, path)
        monkeypatch.undo()
        save_directory(tmp_path / "d", {"class": "first"}, {})

    monkeypatch.setattr("minilm_unsup._storage.save_arrays", slow)
    with pytest.raises(FileExistsError, match="appeared"):
        save_directory(tmp_path / "d", {"class": "second"}, {})
    assert load_directory(tmp_path / "d")[0]["class"] == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
