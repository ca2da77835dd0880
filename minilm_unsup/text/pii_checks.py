"""Check digits of numbers that name a person or an account."""

from __future__ import annotations

import datetime

__all__ = ["IBAN_LENGTHS", "iban_is_valid", "id_is_valid", "is_card", "luhn_is_valid", "uscc_is_valid"]

# Lengths by the ISO 13616 registry.
IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    "LC": 32,
    "RU": 33,
}
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# The first two digits, GB/T 2260: each row the provinces of one of the great regions.
_PROVINCES = frozenset(
    str(code)
    for region in ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66), (71, 72), (81, 84))
    for code in range(*region)
)
_USCC = {c: i for i, c in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def luhn_is_valid(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + i % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether `digits` are the number of a card of an international scheme, by its first digits, length and check."""
    n, first4 = len(digits), int(digits[:4])
    scheme = (
        (digits[0] == "4" and n in (13, 16, 19))
        or ((51 <= first4 // 100 <= 55 or 2221 <= first4 <= 2720) and n == 16)
        or (first4 // 100 in (34, 37) and n == 15)
        or ((first4 == 6011 or 644 <= first4 // 10 <= 649 or first4 // 100 == 65) and n in (16, 19))
        or (3528 <= first4 <= 3589 and n in (16, 19))
        or ((300 <= first4 // 10 <= 305 or first4 // 100 in (36, 38, 39)) and n in (14, 16, 19))
        or (
            first4 // 100 == 62 and 16 <= n <= 19 and not (n == 18 and digits[6:8] in ("19", "20"))
        )  # an identity number
    )
    return scheme and luhn_is_valid(digits)


def iban_is_valid(iban: str) -> bool:
    """Whether `iban`, in capitals without spaces, has its country's length and its check (ISO 13616, MOD 97-10)."""
    if IBAN_LENGTHS.get(iban[:2]) != len(iban):
        return False
    return int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def id_is_valid(number: str) -> bool:
    """Whether `number` is a Chinese citizen's: province, date of birth, check (GB 11643; ISO 7064 MOD 11-2)."""
    if number[:2] not in _PROVINCES:
        return False
    try:
        born = datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, number, strict=False))
    return 1900 <= born.year <= 2099 and number[17].upper() == "10X98765432"[total % 11]


def uscc_is_valid(code: str) -> bool:
    """Whether `code` is a unified social credit code (GB 32100): province, both checks (MOD 31; MOD 11 of GB 11714)."""
    if code[2:4] not in _PROVINCES and code[2:4] != "10":
        return False
    within = sum(weight * int(c, 36) for weight, c in zip((3, 7, 9, 10, 5, 8, 4, 2), code[8:16], strict=True))
    if code[16] != "0123456789X0"[11 - within % 11]:
        return False
    total = sum(weight * _USCC[c] for weight, c in zip(_USCC_WEIGHTS, code, strict=False))
    return _USCC[code[17]] == (31 - total % 31) % 31
