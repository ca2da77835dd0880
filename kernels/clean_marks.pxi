# What the rules of the cleaner would find in a text; clean.pyx, which includes this, has the classes of ASCII.


cdef inline bint is_foreign(uint32_t c) noexcept nogil:
    """Whether a character beyond ASCII may have a case, an accent or another canonical form, or is not seen: all but Han,
    kana, Hangul syllables, punctuation, symbols and emoji."""
    if 0x2E80 <= c <= 0xA63F:
        return 0x302A <= c <= 0x302F or c == 0x3099 or c == 0x309A
    return not (
        c == 0xB7
        or 0x2010 <= c <= 0x2027
        or 0x2030 <= c <= 0x205E
        or 0x2190 <= c <= 0x2328
        or 0x232B <= c <= 0x24B5
        or 0x24EA <= c <= 0x2ADB
        or 0xAC00 <= c <= 0xD7A3
        or (0xFF01 <= c < 0xFF20 and c != 0xFF0E)  # a full-width @ or . may come to be part of an address
        or 0x1F000 <= c <= 0x2F7FF
    )


cdef int marks_in(const character* text, Py_ssize_t n) noexcept nogil:
    """Which rules have something to look at: the bits of `marks`."""
    cdef Py_ssize_t i
    cdef uint32_t c
    cdef int found = 0
    for i in range(n):
        c = text[i]
        if c >= 128:
            found |= NOT_ASCII | (FOREIGN if is_foreign(c) else 0)
            continue
        found |= (ascii_class[c] & UPPER) << 1
        if not ascii_class[c] & MARK:
            continue
        if c == 60 or c == 38:  # < &
            found |= MARKUP
        elif ascii_class[c] & CONTROL:
            found |= INVISIBLE
        elif c == 64:  # @
            found |= AT
        elif c == 10:
            found |= FEED
        elif c == 58:  # ://
            if i + 2 < n and text[i + 1] == 47 and text[i + 2] == 47:
                found |= ADDRESS
        elif i + 3 < n and text[i + 1] | 32 == 119 and text[i + 2] | 32 == 119 and text[i + 3] == 46:  # www.
            found |= ADDRESS
    return found


cpdef int marks(str text):
    """What the rules of the cleaner would find in `text`, as bits.

    1: ``<`` or ``&``; 2: ``@``; 4: a line feed; 8: ``://`` or ``www.``; 16: characters beyond ASCII;
    32: control characters; 64: capital letters of ASCII; 128: characters beyond ASCII that may have a case, an accent or
    another canonical form.
    """
    cdef Py_ssize_t n = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    if kind == 1:
        return marks_in[uint8_t](<const uint8_t*> data, n)
    if kind == 2:
        return marks_in[uint16_t](<const uint16_t*> data, n)
    return marks_in[uint32_t](<const uint32_t*> data, n)


# Bits of `line_marks`; the same numbers stand in cleaning_rules.py.
cdef enum:
    SIGNATURE = 1
    QUOTED = 2
    RULING = 4
    UUENCODED = 8
    BASE64 = 16


cdef inline bint is_base64(uint32_t c) noexcept nogil:
    return (c < 128 and ascii_class[c] & (LETTER | DIGIT) != 0) or c == 43 or c == 47  # + /


cdef inline bint rules_off(uint32_t c) noexcept nogil:
    return c == 45 or c == 61 or c == 95 or c == 42 or c == 35 or c == 126 or c == 43 or c == 46  # - = _ * # ~ + .


cdef int line_marks_in(const character* text, Py_ssize_t n) noexcept nogil:
    """Which lines a text holds: the bits of `line_marks`."""
    cdef Py_ssize_t i = 0, j, end
    cdef int found = 0
    while i < n:
        end = i
        while end < n and text[end] != 10:
            end += 1
        j = i
        while j < end and (text[j] == 32 or text[j] == 9):
            j += 1
        if j < end and j - i <= 3 and (text[j] == 62 or text[j] == 124):  # > |
            found |= QUOTED
        if end - j >= 4 and rules_off(text[j]) and rules_off(text[j + 1]) and rules_off(text[j + 2]) and rules_off(text[j + 3]):
            found |= RULING
        if i > 0 and j == i and 2 <= end - i <= 3 and text[i] == 45 and text[i + 1] == 45:
            found |= SIGNATURE
        if end - i >= 60:
            if text[i] == 77:  # M
                found |= UUENCODED
            j = i
            while j < i + 60 and is_base64(text[j]):
                j += 1
            if j == i + 60:
                found |= BASE64
        i = end + 1
    return found


cpdef int line_marks(str text):
    """What the lines of `text` may be, as bits: each is set where the rule of that name could find a line.

    1: the mark of a signature, not in the first line; 2: quoted; 4: a ruling; 8: uuencoded; 16: base64.
    """
    cdef Py_ssize_t n = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    if kind == 1:
        return line_marks_in[uint8_t](<const uint8_t*> data, n)
    if kind == 2:
        return line_marks_in[uint16_t](<const uint16_t*> data, n)
    return line_marks_in[uint32_t](<const uint32_t*> data, n)
