"""Bytes of a file or of standard input, unpacked, told apart from what is not text, and decoded."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from pathlib import Path

__all__ = ["CorpusError", "bytes_of", "decode"]

# What people hand over that is not text, by its first bytes; and what to do about it.
_NOT_TEXT = (
    (b"%PDF-", "a PDF document", "extract its text first, for instance with pdftotext"),
    (b"PK\x03\x04", "a ZIP archive or an Office document", "unpack it, or save its text as .txt or .csv"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document", "save its text as .txt or .csv"),
    (b"SQLite format 3\0", "an SQLite database", "write its texts as .jsonl or .csv first"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it with xz -d, or pipe it: xz -dc FILE | minilm-unsup run -"),
    (
        b"\x28\xb5\x2f\xfd",
        "compressed with zstd",
        "unpack it with zstd -d, or pipe it: zstd -dc FILE | minilm-unsup run -",
    ),
    (b"\x93NUMPY", "a numpy array", "give its texts to minilm_unsup.run in Python"),
)
_BZIP2_BLOCK = b"1AY&SY"  # follows "BZh" and a digit
_SAMPLE = 1 << 16


class CorpusError(ValueError):
    """Input that cannot be read as documents; the message names the file, the place and the way out."""


def bytes_of(name: str) -> bytes:
    """Return the content of the file `name`, or of standard input for ``-``; gzip is told by its first bytes."""
    shown = shown_name(name)
    try:
        if name == "-":
            raw = _standard_input()
        elif os.path.isdir(name):
            raise CorpusError(f"{name} is a directory; name its files, for instance {os.path.join(name, '*.txt')}")
        else:
            raw = Path(name).read_bytes()
    except FileNotFoundError:
        raise CorpusError(f"{name}: no such file; check the path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, CorpusError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise CorpusError(f"cannot read {shown}: {why}; check the path and its permissions") from error
    if raw.startswith(b"\x1f\x8b"):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise CorpusError(f"{shown} is a damaged gzip file ({error}); fetch it again") from None
    _refuse_what_is_not_text(raw, shown)
    return raw


def shown_name(name: str) -> str:
    return "standard input" if name == "-" else name


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise CorpusError("standard input is closed; name a file")
    binary = getattr(sys.stdin, "buffer", None)
    # A stream put in its place, in a notebook for instance, may hold text alone.
    return sys.stdin.read().encode() if binary is None else binary.read()


def _refuse_what_is_not_text(raw: bytes, shown: str) -> None:
    for start, what, way_out in _NOT_TEXT:
        if raw.startswith(start):
            raise CorpusError(f"{shown} is {what}, not text; {way_out}")
    if raw[:3] == b"BZh" and raw[4:10] == _BZIP2_BLOCK:
        raise CorpusError(f"{shown} is compressed with bzip2, not text; unpack it with bunzip2")
    if raw[:4] == b"PAR1" == raw[-4:]:
        raise CorpusError(f"{shown} is a Parquet file, not text; write its texts as .jsonl or .csv first")
    if raw[257:262] == b"ustar":
        raise CorpusError(f"{shown} is a tar archive, not text; unpack it and name its files")


def decode(raw: bytes, shown: str, encoding: str, errors: str) -> tuple[str, int]:
    """Return the text of `raw` without its byte order mark, and how many bad bytes were replaced or dropped.

    Raises
    ------
    CorpusError
        With ``errors="strict"`` at the first bad byte, naming its offset in the unpacked file and its line; and where
        the bytes are UTF-16 though `encoding` is not.
    """
    if encoding == "utf-8":
        _refuse_utf16(raw, shown)
    try:
        return raw.decode(encoding).removeprefix("\ufeff"), 0
    except UnicodeDecodeError as error:
        if errors == "strict":
            line = raw.count(b"\n", 0, error.start) + 1
            guess = _guess(raw) if encoding == "utf-8" else ""
            raise CorpusError(
                f"{shown}: byte {error.start:,} (line {line:,}) is 0x{raw[error.start]:02x}, a bad byte in "
                f"{encoding.upper()}; convert the file to UTF-8{guess}, or go on with --errors replace"
            ) from None
    text = raw.decode(encoding, "replace")
    n_bad = text.count("\ufffd")
    if encoding == "utf-8":
        n_bad -= raw.count(b"\xef\xbf\xbd")  # those that the file itself holds
    if errors == "ignore":
        text = raw.decode(encoding, "ignore")
    return text.removeprefix("\ufeff"), n_bad


def _refuse_utf16(raw: bytes, shown: str) -> None:
    way_out = "read it with --encoding {0}, or convert it: iconv -f {0} -t UTF-8"
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise CorpusError(f"{shown} is UTF-32; {way_out.format('UTF-32')}")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CorpusError(f"{shown} is UTF-16; {way_out.format('UTF-16')}")
    sample = raw[:4096]
    for name, zeros, others in (("UTF-16LE", sample[1::2], sample[::2]), ("UTF-16BE", sample[::2], sample[1::2])):
        # Latin text in UTF-16 without a mark is valid UTF-8: each second byte is NUL.
        if len(zeros) > 1 and zeros.count(0) > 0.8 * len(zeros) and others.count(0) < 0.1 * len(others):
            raise CorpusError(f"{shown} looks like {name} without a byte order mark; {way_out.format(name)}")


def _guess(raw: bytes) -> str:
    """What to say where the bytes are Chinese in a national encoding; nothing where they are mostly UTF-8."""
    sample = raw[: raw.rfind(b"\n", 0, _SAMPLE) + 1] if len(raw) > _SAMPLE else raw
    as_utf8 = sample.decode("utf-8", "replace")
    n_bad = as_utf8.count("\ufffd")
    if sum(character > "\x7f" for character in as_utf8) > 2 * n_bad:
        return ""
    try:
        text = sample.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    beyond = [character for character in text if character > "\x7f"]
    han = sum("\u4e00" <= character <= "\u9fff" for character in beyond)
    return " (perhaps it is GB18030: iconv -f GB18030 -t UTF-8)" if han > 0.5 * len(beyond) else ""
