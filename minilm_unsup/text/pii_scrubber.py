"""Find personal data in text and mask, drop or replace them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._estimator import Estimator
from .._validation import check_choice, check_texts
from .pii_checks import IBAN_LENGTHS
from .pii_patterns import KINDS, PATTERNS, Pattern

__all__ = ["PIIMatch", "PIIReport", "PIIScrubber"]

_ACTIONS = ("mask", "drop", "pseudonym")
_DIGIT = re.compile("[0-9]")
_BEFORE = 24
# Full-width letters and digits, the marks that stand inside addresses and numbers, dashes and spaces of all kinds.
_FOLD = {
    **{code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))},
    **{code: code - 0xFEE0 for code in map(ord, "＠．：／－＿＋％＆＝（）＃～")},
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\ufe63"), ord("-")),
    **dict.fromkeys(map(ord, "\u3000\xa0\u2002\u2003\u2009\u202f"), ord(" ")),
}
_INVISIBLE = re.compile("[\xad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")


@dataclass(frozen=True)
class PIIMatch:
    """One find.

    Attributes
    ----------
    kind : str
    start, end : int
        Where it is in the text.
    text : str
        What stands there.
    value : str
        The same for all spellings of it.
    """

    kind: str
    start: int
    end: int
    text: str
    value: str


@dataclass
class PIIReport:
    """How much was found.

    Attributes
    ----------
    n_texts, n_edited : int
        Texts given and texts with a find.
    counts : dict of str to int
        Finds by kind.
    """

    n_texts: int = 0
    n_edited: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"n_texts": self.n_texts, "n_edited": self.n_edited, "counts": self.counts}


class PIIScrubber(Estimator):
    """Find addresses, numbers of persons and of accounts, English and Chinese, and mask, drop or replace them.

    Numbers with check digits count only where these are right; numbers behind words such as "order" or "订单" do not
    count. Full-width forms and invisible characters between the characters hide nothing; Han may stand right beside.
    Names of persons and postal addresses are not found: no pattern tells them; nor are e-mail and web addresses with
    other letters than those of ASCII.

    Parameters
    ----------
    kinds : sequence of str, optional
        Which to look for: ``url``, ``email``, ``iban``, ``cn_id`` (18-digit identity number), ``cn_uscc`` (unified
        social credit code), ``credit_card`` (international schemes and UnionPay), ``bank_card`` (other numbers with a
        right check digit behind words such as "卡号"), ``mac``, ``ipv6``, ``ipv4``, ``cn_mobile``, ``cn_landline``,
        ``phone`` (international, North American and British forms), ``cn_plate``; None for all. Where two overlap, the
        one named first here wins.
    action : {"mask", "drop", "pseudonym"}
        ``[EMAIL]``; nothing; or ``<EMAIL_9c56cc51>``, where the same value has the same name in all texts.
    key : str
        What pseudonyms are made with; who does not have it cannot tell whose they are. Needed for ``"pseudonym"``.

    Examples
    --------
    >>> PIIScrubber().scrub("邮箱a.bc@x.com，电话１３８００１３８０００谢谢")
    '邮箱[EMAIL]，电话[CN_MOBILE]谢谢'
    """

    def __init__(self, kinds: Sequence[str] | None = None, *, action: str = "mask", key: str = "") -> None:
        self.kinds = kinds
        self.action = action
        self.key = key

    def _patterns(self) -> list[Pattern]:
        check_choice(self.action, "action", _ACTIONS)
        if not isinstance(self.key, str):
            raise TypeError(f"key must be a string, got {type(self.key).__name__}")
        if self.action == "pseudonym" and not self.key:
            raise ValueError("key must not be empty for action='pseudonym'; give a secret string of your own")
        if self.kinds is None:
            return list(PATTERNS)
        if isinstance(self.kinds, str):
            raise TypeError(f"kinds must be a list of strings, got a single one; wrap it: [{self.kinds!r}]")
        for kind in self.kinds:
            check_choice(kind, "kinds", KINDS)
        return [pattern for pattern in PATTERNS if pattern.kind in self.kinds]

    def find(self, text: str) -> list[PIIMatch]:
        """Return what is found in `text`, from the left; no two overlap."""
        if not isinstance(text, str):
            raise TypeError(f"text must be a string, got {type(text).__name__}; for several texts use transform")
        return _find(text, self._patterns())

    def scrub(self, text: str) -> str:
        """Return `text` without personal data."""
        return self._replace(text, self.find(text))

    def transform(self, texts: Sequence[str]) -> list[str]:
        """Return the texts without personal data."""
        return self.scrub_batch(texts)[0]

    def scrub_batch(self, texts: Sequence[str]) -> tuple[list[str], PIIReport]:
        """Return the texts without personal data, and how much was found."""
        texts = check_texts(texts)
        patterns = self._patterns()
        report, counts, out = PIIReport(n_texts=len(texts)), Counter[str](), []
        for text in texts:
            matches = _find(text, patterns)
            counts.update(match.kind for match in matches)
            report.n_edited += bool(matches)
            out.append(self._replace(text, matches))
        report.counts = {kind: counts[kind] for kind in KINDS if counts[kind]}
        return out, report

    def _replace(self, text: str, matches: list[PIIMatch]) -> str:
        out: list[str] = []
        at = 0
        for match in matches:
            out += (text[at : match.start], self._stand_in(match))
            at = match.end
        return "".join((*out, text[at:])) if out else text

    def _stand_in(self, match: PIIMatch) -> str:
        if self.action == "drop":
            return ""
        if self.action == "mask":
            return f"[{match.kind.upper()}]"
        key = hashlib.blake2b(self.key.encode("utf-8", "surrogatepass"), digest_size=32).digest()
        name = hashlib.blake2b(f"{match.kind}\0{match.value}".encode(), digest_size=4, key=key).hexdigest()
        return f"<{match.kind.upper()}_{name}>"

    def fit(self, texts: Any, y: Any = None) -> PIIScrubber:
        """Check the parameters; nothing is learned."""
        self._patterns()
        return self

    def fit_transform(self, texts: Sequence[str], y: Any = None) -> list[str]:
        """Return the texts without personal data."""
        return self.fit(texts).transform(texts)


def _fold(text: str) -> tuple[str, list[int] | None]:
    """The text folded, and the place of each of its characters; None where these have not moved."""
    if text.isascii():
        return text, None
    places = None
    if _INVISIBLE.search(text):
        places = [i for i, c in enumerate(text) if not _INVISIBLE.match(c)]
        text = "".join([text[i] for i in places])
    return text.translate(_FOLD), places


def _find(text: str, patterns: list[Pattern]) -> list[PIIMatch]:
    folded, places = _fold(text)
    has_digit = bool(_DIGIT.search(folded))
    taken: list[tuple[int, int, str, str]] = []
    covered = bytearray(len(folded))
    for pattern in patterns:
        needs = pattern.needs
        if (needs == "0" and not has_digit) or (needs != "0" and not any(c in folded for c in needs)):
            continue
        for match in pattern.pattern.finditer(folded):
            start, end = match.span()
            if start == end or covered.find(1, start, end) >= 0:
                continue
            if pattern.kind == "url":
                end = _end_of_url(folded, start, end)
            elif pattern.kind == "iban":
                end = _end_of_iban(folded, start, end)
            elif pattern.kind == "ipv6" and folded[start] == ":":  # one that ends a label before it
                start += folded.startswith(":::", start) or not folded.startswith("::", start)
            found = folded[start:end]
            if found and pattern.accept(folded[max(0, start - _BEFORE) : start], found):
                covered[start:end] = b"\1" * (end - start)
                taken.append((start, end, pattern.kind, pattern.normalise(found)))
    out = []
    for start, end, kind, value in sorted(taken):
        first, last = (start, end) if places is None else (places[start], places[end - 1] + 1)
        out.append(PIIMatch(kind, first, last, text[first:last], value))
    return out


def _end_of_url(text: str, start: int, end: int) -> int:
    """Without a closing bracket that is opened before the address, and what stands behind it."""
    depth = 0
    for i in range(start, end):
        depth += (text[i] in "([") - (text[i] in ")]")
        if depth < 0:
            end = i
            break
    while end > start and text[end - 1] in ".,;:!?'*":
        end -= 1
    return end


def _end_of_iban(text: str, start: int, end: int) -> int:
    """Where as many letters and digits have passed as the country's numbers have; `start` where others follow."""
    wanted = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    for i in range(start, end):
        wanted -= text[i].isalnum()
        if wanted == 0:
            return start if text[i + 1 : i + 2].isascii() and text[i + 1 : i + 2].isalnum() else i + 1
    return start
