"""Saved directories: written whole or not at all, checked before anything is trusted.

A directory holds ``config.json`` (class, parameters, format version, SHA-256 of each file, its own included) and
``model.safetensors`` (a header of JSON, then raw little-endian arrays; the layout of the safetensors format, 0.4).
Nothing here unpickles or runs what it reads.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ._exceptions import StorageError

__all__ = [
    "FORMAT_VERSION",
    "check_replaceable",
    "load_arrays",
    "load_directory",
    "open_replacing",
    "save_arrays",
    "save_directory",
    "write_file",
]

FORMAT_VERSION = 1
_CONFIG = "config.json"
_ARRAYS = "model.safetensors"
_MAX_HEADER = 100_000_000  # the format's own limit

_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def save_arrays(arrays: Mapping[str, NDArray], path: str | os.PathLike[str]) -> None:
    """Write named arrays to a safetensors file."""
    header: dict[str, Any] = {}
    offset = 0
    ordered = []
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        dtype = array.dtype.newbyteorder("<")
        if dtype not in _NAMES:
            raise TypeError(f"array {name!r} has dtype {array.dtype}, which a safetensors file cannot hold")
        array = np.asarray(array, dtype=dtype, order="C")
        header[name] = {
            "dtype": _NAMES[dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
        ordered.append(array)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays start aligned
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for array in ordered:
            file.write(array.data if array.nbytes else b"")
        file.flush()
        os.fsync(file.fileno())


def load_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray]:
    """Read the arrays of a safetensors file.

    Raises
    ------
    StorageError
        If header, dtypes, shapes or offsets do not fit each other and the size of the file.
    """
    path = Path(path)

    def broken(why: str) -> StorageError:
        return StorageError(f"{path} is damaged: {why}; save the model again or restore the file from a copy")

    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            first = file.read(8)
            if len(first) < 8:
                raise broken("it ends before its header")
            (length,) = struct.unpack("<Q", first)
            if length > min(_MAX_HEADER, size - 8):
                raise broken(f"its header claims {length} bytes in a file of {size}")
            text = file.read(length)
            try:
                header = json.loads(text)
            except (ValueError, RecursionError):
                raise broken("its header is not JSON") from None
            if not isinstance(header, dict):
                raise broken("its header is not an object")
            header.pop("__metadata__", None)
            plan = _check_header(header, size - 8 - length, broken)
            arrays = {}
            for name, dtype, shape, start, stop in plan:
                file.seek(8 + length + start)
                raw = file.read(stop - start)
                if len(raw) != stop - start:
                    raise broken(f"array {name!r} is cut short")
                if dtype.kind == "b" and raw.strip(b"\0\1"):
                    raise broken(f"array {name!r} holds bytes that are no booleans")
                arrays[name] = np.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)
            return arrays
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _check_header(
    header: dict[str, Any], n_bytes: int, broken: Callable[[str], StorageError]
) -> list[tuple[str, np.dtype, tuple[int, ...], int, int]]:
    plan = []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise broken(f"array {name!r} is not described by dtype, shape and data_offsets")
        shape, offsets = entry["shape"], entry["data_offsets"]
        whole = isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2
        if not whole or not all(type(v) is int and v >= 0 for v in [*shape, *offsets]):
            raise broken(f"array {name!r} has a shape or offsets that are no whole numbers")
        if not isinstance(entry["dtype"], str) or entry["dtype"] not in _DTYPES:
            raise broken(f"array {name!r} has the unknown dtype {entry['dtype']!r}")
        dtype = _DTYPES[entry["dtype"]]
        if len(shape) > 32 or offsets[1] - offsets[0] != math.prod(shape) * dtype.itemsize:
            raise broken(f"array {name!r} has a shape that does not fit its offsets")
        plan.append((name, dtype, tuple(shape), offsets[0], offsets[1]))
    plan.sort(key=lambda item: (item[3], item[4]))
    end = 0
    for name, _, _, start, stop in plan:
        if start != end:
            raise broken(f"array {name!r} overlaps another or leaves a gap")
        end = stop
    if end != n_bytes:
        raise broken(f"its arrays need {end} bytes, but {n_bytes} follow the header")
    return plan


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _config_sha256(config: Mapping[str, Any]) -> str:
    """SHA-256 of the config without its checksums, in one canonical spelling."""
    body = {key: value for key, value in config.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


@contextmanager
def open_replacing(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file that comes to be `path` when the block ends, and is gone where the block fails.

    Raises
    ------
    FileExistsError
        If `path` exists and `force` is false.
    StorageError
        If the place cannot be written, naming it.
    """
    path = Path(path)
    if path.is_dir():
        raise StorageError(f"{path} is a directory; name a file")
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists; choose another name, or allow replacing it (force=True, --force)")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
        raise


def write_file(path: str | os.PathLike[str], content: str | bytes, *, force: bool = False) -> None:
    """Write `content` to `path` whole: beside it first, flushed to disk, then renamed in.

    Raises
    ------
    FileExistsError
        If `path` exists and `force` is false.
    StorageError
        If the place cannot be written, naming it.
    """
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    with open_replacing(path, force=force) as file:
        file.write(raw)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save_directory(
    path: str | os.PathLike[str],
    config: Mapping[str, Any],
    arrays: Mapping[str, NDArray],
    *,
    files: Mapping[str, str | bytes] | None = None,
    force: bool = False,
) -> None:
    """Write a model directory whole or not at all.

    Everything is written into a directory beside `path`, flushed to disk, and renamed in. With `force` an existing
    directory is renamed aside first and removed last, so that a stop at any point leaves one whole directory.

    Parameters
    ----------
    path : path
        The directory; its parent must exist.
    config : mapping
        JSON-able; format version and checksums are added.
    arrays : mapping of str to ndarray
        Goes to ``model.safetensors``.
    files : mapping of str to str or bytes, optional
        Further files by name.
    force : bool
        Replace `path` where it exists.

    Raises
    ------
    FileExistsError
        If `path` exists and `force` is false.
    StorageError
        If the place cannot be written (read-only, full, no parent), or if with `force` the existing `path` is
        something other than a model directory.
    """
    path = Path(path)
    if path.exists() or path.is_symlink():
        if not force:
            raise FileExistsError(f"{path} exists; choose another name, or allow replacing it (force=True, --force)")
        check_replaceable(path)
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        save_arrays(arrays, part / _ARRAYS)
        for name, content in (files or {}).items():
            write_file(part / name, content)
        written = sorted(p.name for p in part.iterdir())
        full = {"format_version": FORMAT_VERSION, **config}
        full["sha256"] = {_CONFIG: _config_sha256(full), **{name: _sha256(part / name) for name in written}}
        write_file(part / _CONFIG, json.dumps(full, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        os.chmod(part, 0o777 & ~_umask())
        _sync_directory(part)
        _rename_in(part, path, force)
        _sync_directory(path.parent)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, FileExistsError):
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error
        raise


def check_replaceable(path: Path) -> None:
    """Raise unless `path` is an empty directory or one that `save_directory` wrote and nobody put a file into."""

    def refuse(why: str) -> StorageError:
        return StorageError(f"{path} exists and {why}; it is left as it is: choose another name")

    if path.is_symlink() or not path.is_dir():
        raise refuse("is not a model directory")
    found = {p.name for p in path.iterdir()}
    if not found:
        return
    try:
        config = json.loads((path / _CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        config = None
    ours = isinstance(config, dict) and "format_version" in config and isinstance(config.get("sha256"), dict)
    if not ours:
        raise refuse("is not a model directory")
    foreign = sorted(found - set(config["sha256"]) - {_CONFIG})
    if foreign:
        raise refuse(f"holds {foreign[0]!r}, which the model in it did not write")


def _rename_in(part: Path, path: Path, force: bool) -> None:
    if not force or not path.exists():
        # A directory that appeared meanwhile is not ours to replace: rename refuses it unless it is empty.
        try:
            os.rename(part, path)
        except OSError as error:
            if force or not path.exists():
                raise
            raise FileExistsError(f"{path} appeared while the model was written; choose another name") from error
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    os.rename(path, aside / path.name)
    try:
        os.rename(part, path)
    except BaseException:
        os.rename(aside / path.name, path)
        aside.rmdir()
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sync_directory(path: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some file systems cannot sync a directory
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def load_directory(path: str | os.PathLike[str], kind: str | None = None) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """Read a model directory: its config and its arrays, both checked.

    Parameters
    ----------
    path : path
        A directory that `save_directory` wrote.
    kind : str, optional
        The ``"class"`` that its config must name.

    Raises
    ------
    StorageError
        If the directory is missing, incomplete, edited, of a newer format or of another kind.
    """
    path = Path(path)
    if not path.is_dir():
        what = "is a file, not a model directory" if path.exists() else "does not exist"
        raise StorageError(f"{path} {what}; name a directory that save() or 'minilm-unsup run --out' wrote")
    try:
        config = json.loads((path / _CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StorageError(f"{path} is not a model directory: it has no {_CONFIG}") from None
    except OSError as error:
        raise StorageError(f"cannot read {path / _CONFIG}: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        raise StorageError(f"{path / _CONFIG} is damaged: it is not JSON; restore it from a copy") from None
    if not isinstance(config, dict) or not isinstance(config.get("sha256"), dict):
        raise StorageError(f"{path / _CONFIG} is damaged: it is not the config of a model; restore it from a copy")
    version = config.get("format_version")
    if version != FORMAT_VERSION:
        raise StorageError(
            f"{path} has format version {version!r}, this release reads {FORMAT_VERSION}; "
            f"update minilm_unsup or save the model again"
        )
    if kind is not None and config.get("class") != kind:
        raise StorageError(f"{path} holds a {config.get('class')!r}, a {kind!r} was expected")
    if config["sha256"].get(_CONFIG) != _config_sha256(config):
        raise StorageError(f"{path / _CONFIG} was edited after it was saved; restore it from a copy")
    if _ARRAYS not in config["sha256"]:
        raise StorageError(f"{path / _CONFIG} is damaged: it names no {_ARRAYS}; restore it from a copy")
    for name, expected in config["sha256"].items():
        if name == _CONFIG:
            continue
        if Path(name).name != name:
            raise StorageError(f"{path / _CONFIG} is damaged: it names the file {name!r}; restore it from a copy")
        try:
            found = _sha256(path / name)
        except FileNotFoundError:
            raise StorageError(f"{path} is incomplete: {name} is missing; restore it from a copy") from None
        except OSError as error:
            raise StorageError(f"cannot read {path / name}: {error.strerror or error}") from error
        if found != expected:
            raise StorageError(
                f"{path / name} was changed or cut after it was saved (its SHA-256 differs); restore it from a copy"
            )
    return config, load_arrays(path / _ARRAYS)
