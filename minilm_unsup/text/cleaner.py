"""Raw text to clean text by named rules, with a profile for each kind of use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from .._estimator import Estimator
from .._validation import check_choice, check_texts
from . import cleaning_rules as rules
from .cleaning_rules import Rule
from .stop_word_rule import stop_word_finder
from .stop_words import stop_words_of
from .text_edits import Sources, apply_edits

__all__ = ["CleanedText", "CleaningReport", "Edit", "TextCleaner"]

PROFILES: dict[str, dict[str, bool]] = {
    # Bags of words: case and markup go; punctuation may stay, because counting leaves it out.
    "topics": {
        "mojibake": True,
        "unicode": True,
        "html": True,
        "quoting": True,
        "urls": True,
        "emails": True,
        "lowercase": True,
    },
    # Language models learn case, punctuation and lines.
    "lm": {"mojibake": True, "unicode": True, "html": True, "keep_lines": True},
    # "GREAT!!!" and "not" carry the sentiment.
    "sentiment": {"mojibake": True, "unicode": True, "html": True, "urls": True, "emails": True},
    # Queries and documents must meet: accents and case go, addresses stay findable.
    "search": {"mojibake": True, "unicode": True, "html": True, "lowercase": True, "accents": True},
    "raw": {"unicode": False, "whitespace": False, "keep_lines": True},
}
# Each pass undoes one level of nesting (an entity of an entity); deeper ones are left, or time would be quadratic.
_MOST_PASSES = 10
_DEFAULTS = {**dict.fromkeys((*rules.RULES, "keep_lines"), False), "whitespace": True}
_STOP_WORDS = "stop_words"
_NAMES = (*rules.RULES, _STOP_WORDS)
_MOST_EXAMPLES = 5
_EXAMPLE_WIDTH = 80


@dataclass(frozen=True)
class Edit:
    """One change by one rule.

    Attributes
    ----------
    rule : str
    start, end : int
        Where it was, in the text as the rules before it had left it.
    before, after : str
    """

    rule: str
    start: int
    end: int
    before: str
    after: str


class CleanedText(NamedTuple):
    """A cleaned text and where it came from.

    Attributes
    ----------
    text : str
    offsets : ndarray (len(text), 2) int64
        Start and end in the raw text of what each character stands for; both rise.
    """

    text: str
    offsets: NDArray[np.int64]


@dataclass
class CleaningReport:
    """How many texts each rule changed, with examples.

    Attributes
    ----------
    n_texts : int
    n_edited : int
        Texts that any rule changed.
    counts : dict of str to int
        Texts by rule.
    examples : dict of str to list of (before, after)
        The surroundings of a text's first change, at most five a rule.
    """

    n_texts: int = 0
    n_edited: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def note(self, rule: str, before: str, after: str) -> None:
        """Count one text that `rule` changed."""
        self.counts[rule] = self.counts.get(rule, 0) + 1
        kept = self.examples.setdefault(rule, [])
        if len(kept) < _MOST_EXAMPLES:
            kept.append(_surroundings(before, after))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: ``{"n_texts", "n_edited", "edits": [{"rule", "count", "examples"}]}``."""
        edits = [
            {
                "rule": rule,
                "count": self.counts[rule],
                "examples": [{"before": before, "after": after} for before, after in self.examples[rule]],
            }
            for rule in _NAMES
            if rule in self.counts
        ]
        return {"n_texts": self.n_texts, "n_edited": self.n_edited, "edits": edits}


def _surroundings(before: str, after: str) -> tuple[str, str]:
    """Both texts around the first place where they differ."""
    at = rules.first_difference(before, after)
    start = max(0, at - _EXAMPLE_WIDTH // 4)
    lead = "…" if start else ""

    def part(text: str) -> str:
        piece = text[start : start + _EXAMPLE_WIDTH]
        return lead + piece + ("…" if len(text) > start + _EXAMPLE_WIDTH else "")

    return part(before), part(after)


class TextCleaner(Estimator):
    """Clean texts by the rules of a profile.

    The rules run in this order; None takes the profile's choice. The whole is repeated while markup, addresses or
    letters still change, so that ``clean(clean(x)) == clean(x)`` for every string.

    Parameters
    ----------
    profile : {"topics", "lm", "sentiment", "search", "raw"}
        What the text is for. A profile leaves out what would hurt its use: "lm" keeps case and lines, "sentiment" keeps
        case and punctuation. No profile removes stop words: the vectorizers do, so that one cleaned text serves all.
    mojibake : bool, optional
        Mend UTF-8 that was read as Latin-1 or Windows-1252: ``cafÃ©``, ``itâ€™s``.
    unicode : bool, optional
        Compose (NFC); fold full-width digits and Latin letters and the ideographic space; keep Chinese punctuation;
        drop control, zero-width and bidi characters and lone surrogates; joiners stay within emoji, Arabic and Indic
        text.
    html : bool, optional
        Drop tags, comments, and the bodies of script and style; resolve entities. ``a < b`` is no tag.
    quoting : bool, optional
        In texts of several lines drop quoted lines (``>``), lines of rulings and encoded files, and what follows a
        signature mark (``-- `` alone on a line).
    urls, emails : bool, optional
        Drop addresses.
    accents : bool, optional
        Drop the accents of Latin, Greek and Cyrillic letters.
    punctuation : bool, optional
        Replace punctuation and symbols (Unicode categories P and S) by spaces, Chinese ones too.
    digits : bool, optional
        Replace runs of digits by ``0``.
    lowercase : bool, optional
    whitespace : bool, optional
        One space for each run of white space, none at the ends.
    keep_lines : bool, optional
        Let white space that holds a line feed become one, or two where it held several.
    stop_words : None, "english", "chinese", "auto" or iterable of str
        Words to drop, whatever their case: the library's lists, or words of your own. A word that hangs on another by a
        hyphen, a point or a digit stays.
    keep_negations : bool
        Whether "not", "never", 不, 没有 and the like stay though `stop_words` names a list of the library.
    segmenter : ChineseSegmenter, optional
        Finds the words of Chinese, which the Chinese list needs: 的 in 目的 is no word. With "auto" and no segmenter
        only English stop words go.

    Examples
    --------
    >>> TextCleaner().clean("<b>ＡＢＣ</b> at http://a.b/c，好")
    'abc at ，好'
    """

    def __init__(
        self,
        profile: str = "topics",
        *,
        mojibake: bool | None = None,
        unicode: bool | None = None,
        html: bool | None = None,
        quoting: bool | None = None,
        urls: bool | None = None,
        emails: bool | None = None,
        accents: bool | None = None,
        punctuation: bool | None = None,
        digits: bool | None = None,
        lowercase: bool | None = None,
        whitespace: bool | None = None,
        keep_lines: bool | None = None,
        stop_words: str | Iterable[str] | None = None,
        keep_negations: bool = True,
        segmenter: Any = None,
    ) -> None:
        self.profile = profile
        self.mojibake = mojibake
        self.unicode = unicode
        self.html = html
        self.quoting = quoting
        self.urls = urls
        self.emails = emails
        self.accents = accents
        self.punctuation = punctuation
        self.digits = digits
        self.lowercase = lowercase
        self.whitespace = whitespace
        self.keep_lines = keep_lines
        self.stop_words = stop_words
        self.keep_negations = keep_negations
        self.segmenter = segmenter

    def _steps(self) -> list[Rule]:
        """The rules that are on, in order."""
        check_choice(self.profile, "profile", PROFILES)
        on = {**_DEFAULTS, **PROFILES[self.profile]}
        for name in on:
            value = getattr(self, name)
            if value is not None:
                if not isinstance(value, bool):
                    raise TypeError(f"{name} must be True, False or None, got {value!r}")
                on[name] = value
        steps = [rule for name, rule in rules.RULES.items() if on[name]]
        if on["whitespace"] and on["keep_lines"]:
            steps[-1] = rules.WITH_LINES
        if self.stop_words is not None:
            find = stop_word_finder(self._stop_words(), self.segmenter)
            steps.insert(len(steps) - on["whitespace"], Rule(_STOP_WORDS, (find,), rules.ALWAYS))
        return steps

    def _stop_words(self) -> frozenset[str]:
        words, segmenter = self.stop_words, self.segmenter
        if segmenter is not None and not hasattr(segmenter, "encode"):
            raise TypeError(f"segmenter must be a ChineseSegmenter or have its encode, got {type(segmenter).__name__}")
        if not isinstance(self.keep_negations, bool):
            raise TypeError(f"keep_negations must be True or False, got {self.keep_negations!r}")
        if isinstance(words, str):
            if words == "chinese" and segmenter is None:
                raise ValueError(
                    "stop_words='chinese' needs segmenter, which finds the words of Chinese; pass "
                    "segmenter=ChineseSegmenter().train(texts)"
                )
            return frozenset(stop_words_of(words, negations=not self.keep_negations))
        own: list[Any] = list(words) if isinstance(words, Iterable) else [words]
        if not all(isinstance(word, str) for word in own):
            raise TypeError(f"stop_words must be None, the name of a list, or strings, got {words!r}")
        return frozenset(word.lower() for word in own)

    @overload
    def clean(self, text: str, *, keep_offsets: Literal[False] = False) -> str: ...
    @overload
    def clean(self, text: str, *, keep_offsets: Literal[True]) -> CleanedText: ...
    def clean(self, text: str, *, keep_offsets: bool = False) -> str | CleanedText:
        """Return `text` cleaned; with `keep_offsets`, a `CleanedText` that tells where each character came from."""
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, got {type(text).__name__}; for several texts use transform")
        if not keep_offsets:
            return self._run(text, self._steps(), None)
        sources = Sources(len(text))
        cleaned = self._run(text, self._steps(), lambda rule, before, after: _follow(rule, before, sources))
        return CleanedText(cleaned, sources.spans)

    @staticmethod
    def _run(text: str, steps: Sequence[Rule], note: Callable[[Rule, str, str], None] | None) -> str:
        marks = rules.marks(text) | rules.ALWAYS
        for _ in range(_MOST_PASSES):
            start = text
            for rule in steps:
                if not marks & rule.need:
                    continue
                after = rule(text)
                if after is not text and after != text:
                    if note is not None:
                        note(rule, text, after)
                    text = after
            # One pass can uncover work for an earlier rule: a tag made of two halves, an entity of an entity. Plain
            # ASCII without what rules look at cannot.
            if text is start:
                return text
            marks = rules.marks(text)
            if not marks or text == start:
                return text
            marks |= rules.ALWAYS
        return text

    def transform(self, texts: Sequence[str]) -> list[str]:
        """Return the texts cleaned."""
        steps, texts = self._steps(), check_texts(texts)
        return [
            self._run(text, steps, None) if tidied is None else tidied
            for text, tidied in zip(texts, rules.tidy(texts, steps), strict=True)
        ]

    def clean_batch(self, texts: Sequence[str]) -> tuple[list[str], CleaningReport]:
        """Return the texts cleaned, and what was done to them."""
        texts = check_texts(texts)
        steps = self._steps()
        report = CleaningReport(n_texts=len(texts))
        seen: set[str] = set()

        def note(rule: Rule, before: str, after: str) -> None:
            if rule.name not in seen:  # count a text once a rule
                seen.add(rule.name)
                report.note(rule.name, before, after)

        out = []
        for text in texts:
            seen.clear()
            out.append(self._run(text, steps, note))
            report.n_edited += bool(seen)
        return out, report

    def explain(self, text: str) -> list[Edit]:
        """List each edit that `clean` makes, in the order it makes them."""
        edits: list[Edit] = []

        def note(rule: Rule, before: str, after: str) -> None:
            sources = Sources(len(before))
            _follow(rule, before, sources)
            for start, end, new in sources.pieces(before, after):
                edits.append(Edit(rule.name, start, end, before[start:end], new))

        if not isinstance(text, str):
            raise TypeError(f"text must be a string, got {type(text).__name__}")
        self._run(text, self._steps(), note)
        return edits

    def fit(self, texts: Any, y: Any = None) -> TextCleaner:
        """Check the parameters; nothing is learned."""
        self._steps()
        return self

    def fit_transform(self, texts: Sequence[str], y: Any = None) -> list[str]:
        """Return the texts cleaned."""
        return self.fit(texts).transform(texts)

    def get_state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return config and arrays for saving.

        Raises
        ------
        TypeError
            If there is a segmenter, which has a file of its own: save that, and set it again.
        """
        params = self.get_params(deep=False)
        if params["segmenter"] is not None:
            raise TypeError("a cleaner with a segmenter cannot be saved; save the segmenter and set it again")
        if params["stop_words"] is not None and not isinstance(params["stop_words"], str):
            params["stop_words"] = sorted(params["stop_words"])
        return params, {}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, Any]) -> TextCleaner:
        """Build from what `get_state` gave."""
        return cls(**config).fit([])


def _follow(rule: Rule, text: str, sources: Sources) -> None:
    """Let `sources` follow what `rule` does to `text`."""
    for find in rule.finders:
        pieces = list(find(text))
        sources.edit(pieces)
        text = apply_edits(text, pieces)
