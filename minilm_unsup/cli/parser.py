"""The arguments of the command line. Building the parser imports neither numpy nor numba."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

__all__ = ["build_parser"]

_INPUT = """\
PATH is a .txt (a document a line), .jsonl, .csv or .tsv file, gzipped or not, or - for standard input."""


def _whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    wanted = f"a whole number of at least {low}" + (f" and at most {high}" if high is not None else "")

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"needs {wanted}, got {text!r}")
        return value

    return convert


def _number_or(word: str, low: int) -> Callable[[str], int | str]:
    number = _whole_number(low)

    def convert(text: str) -> int | str:
        if text == word:
            return text
        try:
            return number(text)
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(
                f"needs {word!r} or a whole number of at least {low}, got {text!r}"
            ) from None

    return convert


def _add_input(parser: argparse.ArgumentParser, *, optional: bool) -> None:
    group = parser.add_argument_group("input")
    group.add_argument("paths", metavar="PATH", nargs="*" if optional else "+", help=_INPUT.split(" file", 1)[0])
    group.add_argument("--text-column", metavar="NAME", help="column, its number from 1, or key that holds the text")
    group.add_argument(
        "--format", choices=("txt", "jsonl", "csv", "tsv"), help="what the files are, where their names do not tell"
    )
    group.add_argument(
        "--document",
        choices=("auto", "line", "file"),
        default="auto",
        help=".txt: a document a line, or a file a document (default: auto, a file each where there are several)",
    )
    group.add_argument("--encoding", default="utf-8", metavar="NAME", help="encoding of the files (default: utf-8)")
    group.add_argument(
        "--errors",
        choices=("strict", "replace", "ignore"),
        default="strict",
        help="what to do about bytes that are no UTF-8 (default: strict, which names them and stops)",
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it runs")
    group.add_argument("--threads", type=_whole_number(1, 1024), metavar="N", help="threads (default: all cores)")
    group.add_argument("--quiet", action="store_true", help="print nothing but errors and what was asked for")
    group.add_argument("--json", action="store_true", help="print the result as JSON on standard output")
    group.add_argument("--debug", action="store_true", help="on an error show where in the program it arose")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``minilm-unsup``."""
    from .. import __version__

    parser = argparse.ArgumentParser(
        prog="minilm-unsup",
        description="Unsupervised learning on text, on an ordinary CPU: raw text in; topics, a model, a report out.",
    )
    parser.add_argument("--version", action="version", version=f"minilm-unsup {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    run = commands.add_parser(
        "run",
        help="the whole pipeline: clean, learn, evaluate, save, report",
        description="Clean, denoise, tokenise, learn codes and topics, fine-tune on a few labels where there are any, "
        "evaluate, save the model and write a report. With no PATH it reads the docstrings of Python's own standard "
        "library. " + _INPUT,
    )
    _add_input(run, optional=True)
    run.add_argument("--label-column", metavar="NAME", help="column or key of the labels; empty ones count as none")
    group = run.add_argument_group("model")
    group.add_argument(
        "--topics", type=_number_or("auto", 2), default="auto", metavar="N", help="number of topics (default: auto)"
    )
    group.add_argument(
        "--code-size", type=_whole_number(2, 4096), default=64, metavar="N", help="size of the codes (default: 64)"
    )
    group.add_argument(
        "--epochs", type=_whole_number(1), default=10, metavar="N", help="epochs of the autoencoder (default: 10)"
    )
    group.add_argument(
        "--max-features",
        type=_whole_number(2),
        default=10_000,
        metavar="N",
        help="size of the vocabulary (default: 10000)",
    )
    group.add_argument(
        "--labels-per-class",
        type=_whole_number(1),
        default=10,
        metavar="N",
        help="labels a class to fine-tune on; the others are the test (default: 10)",
    )
    group.add_argument("--gan", action="store_true", help="train a GAN that makes codes, and show them on the map")
    group.add_argument("--seed", type=_whole_number(0), default=0, metavar="N", help="seed of every draw (default: 0)")
    group = run.add_argument_group("output")
    group.add_argument(
        "--out", metavar="DIR", help="directory to write (default: minilm-unsup-out, or the next free name after it)"
    )
    group.add_argument("--force", action="store_true", help="replace --out where it is an earlier model directory")
    _add_common(run)

    transform = commands.add_parser(
        "transform", help="codes of documents by a saved model", description="Write one code a document. " + _INPUT
    )
    transform.add_argument("directory", metavar="DIR", help="a directory that 'run' wrote")
    _add_input(transform, optional=False)
    transform.add_argument(
        "--out", metavar="FILE", help="a .npy or .tsv file (default: tab-separated on standard output)"
    )
    transform.add_argument("--force", action="store_true", help="replace --out where it exists")
    _add_common(transform)

    predict = commands.add_parser(
        "predict",
        help="labels, or topics, of documents by a saved model",
        description="Print one line a document: label and probability where the model was given labels, and topic. "
        + _INPUT,
    )
    predict.add_argument("directory", metavar="DIR", help="a directory that 'run' wrote")
    _add_input(predict, optional=False)
    _add_common(predict)

    topics = commands.add_parser("topics", help="the topics of a saved model", description="Print the topics.")
    topics.add_argument("directory", metavar="DIR", help="a directory that 'run' wrote")
    topics.add_argument("--words", type=_whole_number(1), default=10, metavar="N", help="words a topic (default: 10)")
    _add_common(topics)

    verify = commands.add_parser(
        "verify",
        help="check the library's own laws on this machine",
        description="Check gradients, invariants, closed forms and equal bits on draws of a seed, and print a table. "
        "The exit status is 1 where a law does not hold.",
    )
    verify.add_argument("--seed", type=_whole_number(0), default=0, metavar="N", help="seed of the draws (default: 0)")
    _add_common(verify)
    for command in commands.choices.values():
        command.set_defaults(module="commands")
    _add_text_commands(commands)
    return parser


def _add_text_commands(commands: Any) -> None:
    """Commands that stream documents: plain text, one a line, or JSON lines, in and out."""
    what = (
        "PATH is a .txt (a document a line) or .jsonl file, gzipped or not, or - for standard input. Documents are "
        "read and written block by block"
    )

    def add(name: str, summary: str, more: str = "", *, out: bool = True) -> argparse.ArgumentParser:
        shown = what if out else what.replace("read and written", "read")
        command: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=f"{shown}. {more}")
        command.set_defaults(module="text_commands")
        command.add_argument("paths", metavar="PATH", nargs="*", default=["-"], help="files (default: standard input)")
        command.add_argument("--format", choices=("txt", "jsonl"), help="what the files are, where names do not tell")
        command.add_argument("--text-column", metavar="KEY", help="key of the text in JSON lines")
        command.add_argument(
            "--errors",
            choices=("strict", "replace", "ignore"),
            default="strict",
            help="what to do about bytes that are no UTF-8 (default: strict, which names them and stops)",
        )
        if out:
            command.add_argument(
                "--out", metavar="FILE", help="file to write, packed for .gz (default: standard output)"
            )
        command.add_argument("--force", action="store_true", help="replace --out where it exists")
        _add_common(command)
        return command

    clean = add("clean", "texts cleaned by the rules of a profile", "Line feeds in plain text become spaces.")
    clean.add_argument(
        "--profile",
        choices=("topics", "lm", "sentiment", "search", "raw"),
        default="lm",
        help="what the texts are for (default: lm, which keeps case, punctuation and addresses)",
    )
    dedup = add(
        "dedup",
        "documents without repeated ones",
        "Memory grows by some 100 bytes a text, whatever its length; near-duplicates take temporary files larger than "
        "the texts (see TMPDIR).",
    )
    dedup.add_argument("--method", choices=("exact", "near"), default="exact", help="(default: exact)")
    dedup.add_argument(
        "--threshold", type=float, default=0.7, metavar="X", help="least similarity of near-duplicates (default: 0.7)"
    )
    dedup.add_argument(
        "--shingle-size", type=_whole_number(1, 1000), default=5, metavar="N", help="words of a shingle (default: 5)"
    )
    pii = add("pii", "texts without personal data", "Pseudonyms are made with the secret in MINILM_PII_KEY.")
    pii.add_argument("--kinds", metavar="A,B", help="kinds to look for, such as email,cn_mobile (default: all)")
    pii.add_argument("--action", choices=("mask", "drop", "pseudonym"), default="mask", help="(default: mask)")
    tokenize = add("tokenize", "ids of texts by a tokenizer", "A line of ids a document; JSON lines get the key 'ids'.")
    tokenize.add_argument("--tokenizer", metavar="FILE", required=True, help="a tokenizer.json, or its directory")
    tokenize.add_argument("--tokens", action="store_true", help="tokens in place of their ids")
    train = add("train-tokenizer", "learn a tokenizer from texts", out=False)
    train.add_argument("--type", choices=("bpe", "wordpiece", "unigram", "words", "chinese"), required=True)
    train.add_argument(
        "--vocab-size", type=_whole_number(1), default=32_000, metavar="N", help="most tokens (default: 32000)"
    )
    train.add_argument("--special", metavar="TOKEN", nargs="+", help="special tokens, such as '<s>'")
    train.add_argument("--out", metavar="FILE", required=True, help="tokenizer.json to write")
