"""What personal data look like, after width folding: a pattern for each kind, and what a match must pass.

Classes are ASCII, and look-arounds stand where word boundaries would: Han counts as word characters, and numbers stand
right beside it. Every repetition is bounded, so that the time is linear in the text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from .pii_checks import iban_is_valid, id_is_valid, is_card, luhn_is_valid, uscc_is_valid

__all__ = ["KINDS", "PATTERNS", "Pattern"]

# What numbers are that are no persons'.
_NO_PERSON = re.compile(
    r"(?:(?<![A-Za-z_])(?:order|invoice|tracking|parcel|ticket|serial|isbn|issn|sku|ref(?:erence)?|build|version|ver|"
    r"release|timestamp)|订单|单号|运单|快递|流水|发票|编号|序列|版本|货号|书号|批号|时间戳)[^0-9。！？\n]{0,8}$",
    re.I,
)
# What they are all the same where one of these stands between. The names that finds are masked with do not count.
_PERSON = re.compile(r"(?<![A-Za-z_])(?:tel|phone|mobile|call|fax|card)|电话|手机|联系|卡", re.I)
_BANK = re.compile(
    r"(?:(?<![A-Za-z_])(?:bank|card|account)|银行卡|卡号|储蓄卡|信用卡|借记卡|账号|帐号|账户)[^0-9。！？\n]{0,10}$",
    re.I,
)


@dataclass(frozen=True)
class Pattern:
    """A kind of personal data.

    Attributes
    ----------
    kind : str
    needs : str
        A text must have one of these characters; ``"0"`` stands for any digit.
    pattern : re.Pattern
    accept : callable
        Told the text before a match (some characters of it) and the match; whether it counts.
    normalise : callable
        A match to the value that all its spellings share.
    """

    kind: str
    needs: str
    pattern: re.Pattern[str]
    accept: Callable[[str, str], bool]
    normalise: Callable[[str], str]


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _compact(text: str) -> str:
    return re.sub("[ -]", "", text).upper()


def _always(before: str, match: str) -> bool:
    return True


def _personal(before: str, match: str) -> bool:
    behind = _NO_PERSON.search(before)
    return behind is None or bool(_PERSON.search(behind[0]))


def _is_ipv4(before: str, match: str) -> bool:
    return not re.search(r"(?:version|ver|release|build|v|版本|版)[ .:]{0,3}$", before, re.I)


def _is_ipv6(before: str, match: str) -> bool:
    groups = [group for group in match.split(":") if group]
    # What two groups make up is an address where the first is of one of the ranges that are given out.
    if not re.search("[0-9]", match) or (len(groups) < 3 and not re.match("[23f][0-9a-f]{2,3}::", match, re.I)):
        return False
    try:
        ipaddress.IPv6Address(match)
    except ValueError:
        return False
    return True


def _is_card(before: str, match: str) -> bool:
    return is_card(_digits(match)) and _personal(before, match)


def _is_bank_card(before: str, match: str) -> bool:
    return luhn_is_valid(_digits(match)) and bool(_BANK.search(before)) and _personal(before, match)


def _is_phone(before: str, match: str) -> bool:
    return 7 <= len(_digits(match)) <= 15 and _personal(before, match)


def _mobile(match: str) -> str:
    return _digits(match)[-11:]


_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLATE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CARD = (
    r"(?<![0-9A-Za-z])(?<![0-9][.-])(?:[0-9]{13,19}(?![0-9A-Za-z]|[.-][0-9])|"
    r"(?<![0-9] )(?:[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5})"
    r"(?![0-9A-Za-z]|[ .-][0-9]))"
)

# In the order in which matches win over others that overlap them.
PATTERNS = (
    Pattern(
        "url",
        ":.",
        re.compile(
            r"(?:(?<![A-Za-z0-9])(?:https?|ftp)://|(?<![A-Za-z0-9.@/-])www\.(?=[A-Za-z0-9]))"
            r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{1,2048}",
            re.I,
        ),
        _always,
        str,
    ),
    Pattern(
        "email",
        "@",
        re.compile(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_](?:[A-Za-z0-9._%+'&-]{0,62}[A-Za-z0-9_%+-])?"
            rf"@(?:{_LABEL}\.){{1,8}}[A-Za-z]{{2,24}}(?![A-Za-z0-9])"
        ),
        lambda before, match: ".." not in match,
        str.lower,
    ),
    Pattern(
        "iban",
        "0",
        re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}"),
        lambda before, match: iban_is_valid(_compact(match)),
        _compact,
    ),
    Pattern(
        "cn_id",
        "0",
        re.compile(
            r"(?<![0-9A-Za-z])[1-9][0-9]{5} ?(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]) ?"
            r"[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
        ),
        lambda before, match: id_is_valid(_compact(match)),
        _compact,
    ),
    Pattern(
        "cn_uscc",
        "0",
        re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])"),
        lambda before, match: uscc_is_valid(match) and _personal(before, match),
        str,
    ),
    Pattern("credit_card", "0", re.compile(_CARD), _is_card, _digits),
    Pattern("bank_card", "0", re.compile(_CARD), _is_bank_card, _digits),
    Pattern(
        "mac",
        ":-",
        re.compile(
            r"(?<![0-9A-Za-z-])(?<![0-9A-Fa-f]:)[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})(?![0-9A-Za-z:-])"
        ),
        lambda before, match: ":" in match or bool(re.search("[A-Fa-f]", match)),  # 24-22-19-17-15-13 are numbers
        lambda match: match.replace("-", ":").lower(),
    ),
    Pattern(
        "ipv6",
        ":",
        re.compile(
            rf"(?<![0-9A-Za-z.])(?<![0-9A-Fa-f]:)[0-9A-Fa-f:]{{0,30}}:[0-9A-Fa-f:]{{0,30}}(?:(?<=:){_BYTE}(?:\.{_BYTE}){{3}})?(?![0-9A-Za-z:])"
        ),
        _is_ipv6,
        lambda match: str(ipaddress.IPv6Address(match)),
    ),
    Pattern(
        "ipv4",
        ".",
        re.compile(rf"(?<![0-9A-Za-z.-]){_BYTE}(?:\.{_BYTE}){{3}}(?![0-9A-Za-z]|[.-][0-9A-Za-z])"),
        _is_ipv4,
        str,
    ),
    Pattern(
        "cn_mobile",
        "0",
        re.compile(
            r"(?<![0-9A-Za-z.])(?<![0-9]-)(?:(?:\+|00)?86[ -]?(?:1[3-9][0-9]{9}|1[3-9][0-9]([ -])[0-9]{4}\1[0-9]{4})|"
            r"1[3-9][0-9]{9}|(?<![0-9] )1[3-9][0-9]([ -])[0-9]{4}\2[0-9]{4})(?![0-9A-Za-z]|[.-][0-9])"
        ),
        _personal,
        _mobile,
    ),
    Pattern(
        "cn_landline",
        "0",
        re.compile(
            r"(?<![0-9A-Za-z+.])(?<![0-9][ -])(?:(?:\+|00)?86[ -]?)?(?:\(0(?:10|2[0-57-9]|[3-9][0-9]{2})\) ?|"
            r"0(?:10|2[0-57-9]|[3-9][0-9]{2})[ -]?)[2-8][0-9]{6,7}(?![0-9A-Za-z]|[.][0-9]|-[0-9]{5})"
        ),
        _personal,
        _digits,
    ),
    Pattern(
        "phone",
        "0",
        re.compile(
            r"(?<![0-9A-Za-z+.])(?<![0-9][ -])(?:"
            r"\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{1,4}(?:[ .-]?[0-9]{2,4}){1,5}|"
            r"(?:\+?1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}|"
            r"0[1-9][0-9] [0-9]{4} [0-9]{4}|0[1-9][0-9]{2,3} [0-9]{3} ?[0-9]{3,4}|07[0-9]{3} [0-9]{6}"
            r")(?![0-9A-Za-z]|[.-][0-9])"
        ),
        _is_phone,
        _digits,
    ),
    Pattern(
        "cn_plate",
        _PLATE,
        re.compile(
            rf"[{_PLATE}][A-HJ-NP-Z][ ·•.-]?"
            r"(?:[A-HJ-NP-Z0-9](?=[A-Z0-9]*[0-9])[A-HJ-NP-Z0-9]{4}|[A-HJK][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[A-HJK])"
            r"(?![0-9A-Za-z])"
        ),
        lambda before, match: sum(c.isdigit() for c in match) >= 3,
        lambda match: re.sub("[ ·•.-]", "", match),
    ),
)
KINDS = tuple(pattern.kind for pattern in PATTERNS)
