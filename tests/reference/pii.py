"""Made-up personal data, written from the standards that define their forms, in sentences, with look-alikes.

RFC 5321 (e-mail), RFC 3986 (URL), RFC 791 and 5952 (IP), IEEE 802 (MAC), E.164 and the North American numbering plan
(phones), ISO/IEC 7812 (cards), ISO 13616 (IBAN), GB 11643 (identity numbers), GB 32100 (companies), GA 36 (plates), and
the numbering plan of YD/T for Chinese phones. Check digits are computed here by their definitions.
"""

from __future__ import annotations

import datetime
import ipaddress
import string

LETTERS, DIGITS = string.ascii_lowercase, string.digits
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I, no O
USCC_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def some(rng, characters, n):
    return "".join(rng.choice(characters) for _ in range(n))


def luhn_digit(digits):
    """The digit that makes the sum of the digits, every second one doubled from the right, a multiple of ten."""
    total = 0
    for i, d in enumerate(reversed(digits)):
        total += sum(map(int, str(int(d) * 2))) if i % 2 == 0 else int(d)
    return str(-total % 10)


def email(rng):
    parts = [some(rng, LETTERS + DIGITS, rng.randint(1, 9)) for _ in range(rng.randint(1, 3))]
    local = parts[0]
    for part in parts[1:]:
        local += rng.choice("._+-") + part
    labels = [some(rng, LETTERS + DIGITS, rng.randint(2, 8)) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.2:
        labels[0] = labels[0][0] + "-" + labels[0][1:]
    address = f"{local}@{'.'.join(labels)}.{rng.choice(['com', 'org', 'net', 'cn', 'com.cn', 'edu', 'io', 'museum'])}"
    return address.title() if rng.random() < 0.1 else address


def url(rng):
    host = f"{some(rng, LETTERS, rng.randint(2, 9))}.{rng.choice(['com', 'org', 'cn', 'co.uk', 'de'])}"
    out = rng.choice(["http://", "https://", "https://www.", "ftp://", "www."]) + host
    if rng.random() < 0.2 and not out.startswith("www"):
        out += f":{rng.randint(80, 9999)}"
    for _ in range(rng.randint(0, 3)):
        out += (
            "/" + some(rng, LETTERS + DIGITS + "-_~", rng.randint(1, 7)) + rng.choice(["", "", "%20x", ".html", "(b)"])
        )
    if rng.random() < 0.3:
        out += f"?{some(rng, LETTERS, 3)}={some(rng, DIGITS, 3)}&{some(rng, LETTERS, 2)}={some(rng, LETTERS, 2)}"
    return out + rng.choice(["", "", "/", "#" + some(rng, LETTERS, 4)])


def ipv4(rng):
    return ".".join(str(rng.randint(0, 255)) for _ in range(4))


def ipv6(rng):
    groups = [f"{rng.randrange(1, 65536):x}" for _ in range(8)]
    if rng.random() < 0.6:
        at, n = rng.randint(0, 5), rng.randint(2, 3)
        groups[at : at + n] = ["0"] * len(groups[at : at + n])
    address = ipaddress.IPv6Address(":".join(groups))
    return address.compressed if rng.random() < 0.7 else address.exploded


def mac(rng):
    return rng.choice([":", "-"]).join(some(rng, "0123456789abcdef", 2) for _ in range(6))


def phone(rng):
    area, exchange, line = (
        rng.choice("23456789") + some(rng, DIGITS, 2),
        rng.choice("23456789") + some(rng, DIGITS, 2),
        some(rng, DIGITS, 4),
    )
    return rng.choice(
        [
            f"({area}) {exchange}-{line}",
            f"{area}-{exchange}-{line}",
            f"+1 {area} {exchange} {line}",
            f"+1-{area}-{exchange}-{line}",
            f"1-{area}-{exchange}-{line}",
            f"+44 20 {some(rng, '3789', 1)}{some(rng, DIGITS, 3)} {line}",
            f"+49 30 {some(rng, '123456789', 1)}{some(rng, DIGITS, 6)}",
            f"+33 {rng.randint(1, 9)} {some(rng, DIGITS, 2)} {some(rng, DIGITS, 2)} {some(rng, DIGITS, 2)} 42",
            f"+81-3-{some(rng, '3456', 1)}{some(rng, DIGITS, 3)}-{line}",
            f"+{rng.choice(['39', '34', '61', '7', '91', '55'])}{some(rng, '123456789', 1)}{some(rng, DIGITS, 8)}",
            f"020 7{some(rng, DIGITS, 3)} {line}",
            f"07{some(rng, DIGITS, 3)} {some(rng, DIGITS, 6)}",
        ]
    )


def grouped(rng, digits, sizes=(4, 4, 4, 4, 4)):
    separator, out, at = rng.choice(["", " ", "-"]), [], 0
    for size in sizes:
        out.append(digits[at : at + size])
        at += size
    return separator.join(part for part in out if part)


def credit_card(rng):
    begin, n = rng.choice(
        [
            ("4", 16),
            ("4", 16),
            (str(rng.randint(51, 55)), 16),
            (str(rng.randint(2221, 2720)), 16),
            (rng.choice(["34", "37"]), 15),
            ("6011", 16),
            (str(rng.randint(3528, 3589)), 16),
            ("62", 16),
            ("62", 19),
        ]
    )
    digits = begin + some(rng, DIGITS, n - len(begin) - 1)
    digits += luhn_digit(digits)
    return grouped(rng, digits, (4, 6, 5) if n == 15 else (4, 4, 4, 4, 4))


def bank_card(rng):
    digits = rng.choice(["95", "98", "10", "84"]) + some(rng, DIGITS, rng.choice([13, 16]))
    return grouped(rng, digits + luhn_digit(digits))


BBAN = {
    "DE": "n" * 18,
    "GB": "aaaa" + "n" * 14,
    "FR": "n" * 10 + "c" * 11 + "nn",
    "NL": "aaaa" + "n" * 10,
    "ES": "n" * 20,
}
BBAN |= {"IT": "a" + "n" * 10 + "c" * 12, "CH": "n" * 5 + "c" * 12, "BE": "n" * 12, "PL": "n" * 24, "NO": "n" * 11}


def iban(rng):
    country = rng.choice(sorted(BBAN))
    kinds = {"n": DIGITS, "a": string.ascii_uppercase, "c": DIGITS + string.ascii_uppercase}
    account = "".join(rng.choice(kinds[kind]) for kind in BBAN[country])
    number = "".join(str(int(c, 36)) for c in account + country + "00")
    code = f"{country}{98 - int(number) % 97:02d}{account}"
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4)) if rng.random() < 0.5 else code


def cn_mobile(rng):
    a = rng.choice(["13", "15", "17", "18", "19", "14", "16"]) + some(rng, DIGITS, 1)
    b, c = some(rng, DIGITS, 4), some(rng, DIGITS, 4)
    form = rng.choice(["{}{}{}", "{}{}{}", "{}-{}-{}", "{} {} {}", "+86 {}{}{}", "+86{}{}{}", "86-{}{}{}"])
    return form.format(a, b, c)


def cn_landline(rng):
    area = rng.choice(["010", "021", "028", "0755", "0571", "0431", "0991"])
    number = rng.choice("2345678") + some(rng, DIGITS, 7 if area in ("010", "021", "028", "0755", "0571") else 6)
    return rng.choice(["{}-{}", "{}{}", "({}){}", "{} {}"]).format(area, number)


def cn_id(rng):
    born = datetime.date(1930, 1, 1) + datetime.timedelta(days=rng.randint(0, 33_000))
    number = f"{rng.choice(['11', '31', '44', '51', '65'])}{some(rng, '0123', 4)}{born:%Y%m%d}{some(rng, DIGITS, 3)}"
    # ISO 7064, MOD 11-2: the check character makes the weighted sum 1 modulo 11, weights 2^(places from the right).
    rest = (1 - sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(number))) % 11
    return number + ("X" if rest == 10 else str(rest))


def cn_uscc(rng):
    body = some(rng, USCC_CHARACTERS, 8)  # an organisation's code by GB 11714, with a check digit of its own
    check = 11 - sum(int(c, 36) * weight for c, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    body += "X" if check == 10 else "0" if check == 11 else str(check)
    division = rng.choice(["10", "11", "31", "44", "51", "65"]) + some(rng, DIGITS, 4)
    code = rng.choice(["91", "52", "12", "Y1"]) + division + body
    total = sum(USCC_CHARACTERS.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return code + USCC_CHARACTERS[-total % 31]


def cn_plate(rng):
    begin = rng.choice("京津沪粤川鲁苏浙") + rng.choice(PLATE_LETTERS)
    small_letters = rng.choice(["D", "F"])
    body = rng.choice(
        [
            some(rng, DIGITS, 5),
            rng.choice(PLATE_LETTERS) + some(rng, DIGITS, 4),
            some(rng, DIGITS, 3) + some(rng, PLATE_LETTERS, 2),
            small_letters + some(rng, DIGITS, 5),
            some(rng, DIGITS, 5) + small_letters,
        ]
    )
    return begin + rng.choice(["", "", "·"]) + body


MAKERS = {
    "email": email,
    "url": url,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "mac": mac,
    "phone": phone,
    "credit_card": credit_card,
    "bank_card": bank_card,
    "iban": iban,
    "cn_mobile": cn_mobile,
    "cn_landline": cn_landline,
    "cn_id": cn_id,
    "cn_uscc": cn_uscc,
    "cn_plate": cn_plate,
}


def wrong(rng, maker):
    """A number whose last digit is not its check."""
    number = maker(rng)
    last = number[-1]
    return number[:-1] + rng.choice([d for d in DIGITS if d != last])


def look_alike(rng, language):
    """Text that is no personal data."""
    order = "order no. " if language == "en" else "订单号"
    version = "version " if language == "en" else "版本"
    return rng.choice(
        [
            lambda: order + some(rng, "123456789", 1) + some(rng, DIGITS, rng.choice([9, 11, 13, 15, 17])),
            lambda: f"978-7-{some(rng, DIGITS, 3)}-{some(rng, DIGITS, 5)}-{some(rng, DIGITS, 1)}",
            lambda: f"ISBN 978{some(rng, DIGITS, 10)}",
            lambda: (
                f"2023-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d} "
                f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:07"
            ),
            lambda: f"17{some(rng, DIGITS, 11)}",
            lambda: f"{version}{rng.randint(0, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 20)}",
            lambda: f"v{rng.randint(0, 20)}.{rng.randint(0, 20)}.{rng.randint(0, 20)}",
            lambda: f"${rng.randint(1, 999)},{some(rng, DIGITS, 3)}.{some(rng, DIGITS, 2)}",
            lambda: f"{some(rng, '123456789', 1)}{some(rng, DIGITS, 4)}.{some(rng, DIGITS, 2)}元",
            lambda: f"20{rng.randint(10, 29)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}",
            lambda: some(rng, "0123456789abcdef", rng.choice([32, 40])),
            lambda: f"1Z999AA1{some(rng, DIGITS, 10)}",
            lambda: wrong(rng, cn_id),
            lambda: wrong(rng, credit_card),
            lambda: f"3.{some(rng, DIGITS, 12)}",
            lambda: f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}",
            lambda: f"@{some(rng, LETTERS, 7)}",
            lambda: f"{some(rng, LETTERS, 4)}@localhost",
            lambda: "std::vector::size",
            lambda: f"QQ {some(rng, '123456789', 1)}{some(rng, DIGITS, 8)}",
            lambda: some(rng, DIGITS, 6),
            lambda: f"第{rng.randint(1, 99)}章",
            lambda: f"{rng.randint(1, 99)}.{rng.randint(1, 9)}%",
            lambda: f"{some(rng, DIGITS, 2)}-{some(rng, DIGITS, 2)}",
        ]
    )()


CARRIERS = {
    "en": [
        ("please write to ", " by Friday"),
        ("Contact: ", "."),
        ("(", ")"),
        ("we saw ", ", and then left"),
        ("it is ", "\nThanks"),
        ("", " is mine"),
        ('the text said "', '"'),
    ],
    "zh": [
        ("请联系", "谢谢"),
        ("我的是", "。"),
        ("（", "）"),
        ("昨天看到", "，后来走了"),
        ("资料：", "\n"),
        ("", "是我的"),
        ("他说“", "”"),
        ("老王", "老李"),
    ],
}
BANK = {"en": ["bank card: ", "account no. "], "zh": ["银行卡", "卡号："]}
WIDE = {ord(c): ord(c) + 0xFEE0 for c in string.ascii_letters + DIGITS + "@.:/-_+()"} | {ord(" "): 0x3000}


def disguise(rng, text, how):
    if how == "wide":
        return text.translate(WIDE)
    if how == "zero-width":
        return "".join(c + rng.choice(["", "", "\u200b", "\u2060", "\ufeff"]) for c in text[:-1]) + text[-1]
    return text


def sentence(rng, language, how="plain", kinds=tuple(MAKERS)):
    """A text and its true spans (kind, start, end): as many look-alikes as personal data, one of each or two."""
    text, spans = "", []
    for kind in [rng.choice(kinds), None] * rng.randint(1, 2):
        before, behind = rng.choice(CARRIERS[language])
        if kind is None:
            text += before + look_alike(rng, language) + behind
        else:
            if kind == "bank_card":
                before += rng.choice(BANK[language])
            text += before
            made = disguise(rng, MAKERS[kind](rng), how)
            spans.append((kind, len(text), len(text) + len(made)))
            text += made + behind
        text += " " if language == "en" else rng.choice(["，", "。", " "])
    return text, spans
