# cython: language_level=3
"""Passes over the characters of one text: what the cleaner and the deduplicator need of each.

Every function reads the buffer of a str as CPython holds it (1, 2 or 4 bytes a character), writes to a buffer of its own,
and gives the text back unchanged, as the same object, where nothing is to be done.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_FromKindAndData, PyUnicode_KIND
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t


cdef extern from "Python.h":
    int Py_UNICODE_ISALPHA(Py_UCS4 c) nogil
    int Py_UNICODE_ISALNUM(Py_UCS4 c) nogil
    int Py_UNICODE_ISSPACE(Py_UCS4 c) nogil


# Bits of each ASCII character: letter, digit, space, and the characters that `marks` looks at.
cdef enum:
    LETTER = 1
    DIGIT = 2
    SPACE = 4
    MARK = 8
    CONTROL = 16
    UPPER = 32

# Bits of `marks`; the same numbers stand in cleaning_rules.py.
cdef enum:
    MARKUP = 1
    AT = 2
    FEED = 4
    ADDRESS = 8
    NOT_ASCII = 16
    INVISIBLE = 32
    CAPITAL = 64
    FOREIGN = 128

cdef uint8_t ascii_class[128]


cdef void fill_ascii_class() noexcept:
    cdef int c
    for c in range(128):
        ascii_class[c] = (
            (LETTER if Py_UNICODE_ISALPHA(c) else DIGIT if Py_UNICODE_ISALNUM(c) else 0)
            | (SPACE if Py_UNICODE_ISSPACE(c) else 0)
        )
    for c in (10, 38, 58, 60, 64, 87, 119):  # line feed & : < @ W w
        ascii_class[c] |= MARK
    for c in range(65, 91):
        ascii_class[c] |= UPPER
    for c in range(128):
        if (c < 32 or c == 127) and c != 9 and c != 10:
            ascii_class[c] |= MARK | CONTROL


fill_ascii_class()

ctypedef fused character:
    uint8_t
    uint16_t
    uint32_t


cdef enum:
    DROP = 0xFFFFFFFF
    FOLD_WIDTH = 1
    STRIP = 2


cdef inline bint joins(uint32_t c) noexcept nogil:
    """Scripts and symbols in which a zero-width joiner after `c` changes what is seen: Arabic, Indic, emoji."""
    return 0x0600 <= c <= 0x0DFF or c >= 0x1F000 or 0x2600 <= c <= 0x27BF or c == 0xFE0F or c == 0x2640 or c == 0x2642


cdef inline bint is_plain(uint32_t c) noexcept nogil:
    """A letter or digit of ASCII, or its full-width form."""
    if c < 0x80:
        return ascii_class[c] & (LETTER | DIGIT) != 0
    return 0xFF10 <= c <= 0xFF19 or 0xFF21 <= c <= 0xFF3A or 0xFF41 <= c <= 0xFF5A


cdef inline bint is_joint(uint32_t c) noexcept nogil:
    """Full-width - . / : @ _, which count as their ASCII forms between two such characters."""
    return c == 0xFF0D or c == 0xFF0E or c == 0xFF0F or c == 0xFF1A or c == 0xFF20 or c == 0xFF3F


cdef inline uint32_t folded(uint32_t c, uint32_t before, int flags) noexcept nogil:
    """`c` as it is written, or DROP; `before` is the last character written."""
    if c < 0x80:
        if flags & STRIP and (c < 0x20 or c == 0x7F):
            if c == 10 or c == 9:
                return c
            # CR and the separators divide words; other controls divide nothing.
            return 10 if c == 13 else 0x20 if c == 11 or c == 12 or 0x1C <= c <= 0x1F else DROP
        return c
    if flags & FOLD_WIDTH:
        if 0xFF10 <= c <= 0xFF19 or 0xFF21 <= c <= 0xFF3A or 0xFF41 <= c <= 0xFF5A:
            return c - 0xFEE0
        if c == 0x3000 or c == 0xA0:
            return 0x20
    if flags & STRIP:
        if c < 0xA0:
            return 10 if c == 0x85 else DROP
        if c == 0xAD or c == 0xFEFF or c == 0x200B or c == 0x2060:
            return DROP
        if c == 0x200C or c == 0x200D:
            return c if joins(before) else DROP
        if c == 0x200E or c == 0x200F or 0x202A <= c <= 0x202E or 0x2066 <= c <= 0x2069:
            return DROP
        if c == 0x2028 or c == 0x2029:
            return 10
        if 0xD800 <= c <= 0xDFFF:
            return DROP
    return c


cdef Py_ssize_t fold_into(
    const character* text,  # IN   (n,)
    Py_ssize_t n,
    character* out,         # OUT  (n,)
    int flags,
    bint* changed,          # OUT
    int64_t* sources,       # OUT  (n,)  where each character written was read; NULL: not asked for
) noexcept nogil:
    cdef Py_ssize_t i, m = 0
    cdef uint32_t c, to, before = 0
    changed[0] = False
    for i in range(n):
        c = text[i]
        if sources is not NULL:
            sources[m] = i
        if 0x20 <= c < 0x7F:
            out[m] = <character> c
            m += 1
            before = c
            continue
        # "\r\n" is one line end.
        if c == 13 and flags & STRIP and i + 1 < n and text[i + 1] == 10:
            changed[0] = True
            continue
        to = folded(c, before, flags)
        if flags & FOLD_WIDTH and is_joint(c) and 0 < i < n - 1 and is_plain(text[i - 1]) and is_plain(text[i + 1]):
            to = c - 0xFEE0
        if to != c:
            changed[0] = True
            if to == DROP:
                continue
        out[m] = <character> to
        before = to
        m += 1
    return m


cdef inline uint32_t is_space(uint32_t c) noexcept nogil:
    if c < 128:
        return (ascii_class[c] >> 2) & 1
    return Py_UNICODE_ISSPACE(c) != 0


cdef Py_ssize_t collapse_into(
    const character* text,  # IN   (n,)
    Py_ssize_t n,
    character* out,         # OUT  (n,)
) noexcept nogil:
    """Each run of white space becomes one space; none at the ends. No branch depends on where words end."""
    cdef Py_ssize_t i, m = 0
    cdef uint32_t c, space, after_space = 1
    for i in range(n):
        c = text[i]
        space = is_space(c)
        out[m] = <character> (c ^ ((c ^ 0x20) & -space))
        m += 1 - (space & after_space)
        after_space = space
    return m - 1 if m > 0 and after_space else m


cdef Py_ssize_t collapse_lines_into(
    const character* text,  # IN   (n,)
    Py_ssize_t n,
    character* out,         # OUT  (n,)
) noexcept nogil:
    """As `collapse_into`, but a run with line feeds becomes one of them, or two where it held several."""
    cdef Py_ssize_t i, m = 0
    cdef int feeds = 0
    cdef bint gap = False
    for i in range(n):
        if is_space(text[i]):
            gap = True
            feeds += text[i] == 10
            continue
        if gap and m > 0:
            out[m] = 10 if feeds else 0x20
            m += 1
            if feeds > 1:
                out[m] = 10
                m += 1
        gap = False
        feeds = 0
        out[m] = text[i]
        m += 1
    return m


include "clean_marks.pxi"


cdef str fold_kind(str text, const character* data, Py_ssize_t n, int kind, int flags, int64_t* sources):
    cdef character* out = <character*> PyMem_Malloc(n * sizeof(character) if n else 1)
    cdef bint changed = False
    cdef Py_ssize_t m
    if out is NULL:
        raise MemoryError()
    try:
        with nogil:
            m = fold_into(data, n, out, flags, &changed, sources)
        return PyUnicode_FromKindAndData(kind, out, m) if changed else text
    finally:
        PyMem_Free(out)


cdef str collapse_kind(str text, const character* data, Py_ssize_t n, int kind, bint keep_lines):
    cdef character* out = <character*> PyMem_Malloc(n * sizeof(character) if n else 1)
    cdef Py_ssize_t m
    if out is NULL:
        raise MemoryError()
    try:
        with nogil:
            m = collapse_lines_into(data, n, out) if keep_lines else collapse_into(data, n, out)
        # White space only shrinks, but a tab may have become a space at equal length.
        result = PyUnicode_FromKindAndData(kind, out, m)
        return text if m == n and result == text else result
    finally:
        PyMem_Free(out)


cpdef str fold_characters(str text, int flags, int64_t[::1] sources=None):
    """Fold full-width forms (flag 1); strip control, zero-width and bidi characters and lone surrogates (flag 2).

    `sources`, at least as long as `text`, takes the place in `text` of each character of the result.
    """
    cdef Py_ssize_t n = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    cdef int64_t* places = NULL
    if sources is not None and n > 0:
        if sources.shape[0] < n:
            raise ValueError("sources is shorter than text")
        places = &sources[0]
    if kind == 1:
        return fold_kind[uint8_t](text, <const uint8_t*> data, n, kind, flags, places)
    if kind == 2:
        return fold_kind[uint16_t](text, <const uint16_t*> data, n, kind, flags, places)
    return fold_kind[uint32_t](text, <const uint32_t*> data, n, kind, flags, places)


cpdef str collapse_space(str text, bint keep_lines):
    """Collapse runs of white space and drop it at the ends."""
    cdef Py_ssize_t n = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    if kind == 1:
        return collapse_kind[uint8_t](text, <const uint8_t*> data, n, kind, keep_lines)
    if kind == 2:
        return collapse_kind[uint16_t](text, <const uint16_t*> data, n, kind, keep_lines)
    return collapse_kind[uint32_t](text, <const uint32_t*> data, n, kind, keep_lines)


cdef inline uint8_t class_of(uint32_t c) noexcept nogil:
    if c < 128:
        return ascii_class[c] & (LETTER | DIGIT | SPACE)
    if Py_UNICODE_ISALPHA(c):
        return LETTER
    if Py_UNICODE_ISALNUM(c):
        return DIGIT
    return SPACE if Py_UNICODE_ISSPACE(c) else 0


cdef str alphanumeric_kind(const character* data, Py_ssize_t n, int kind):
    cdef character* out = <character*> PyMem_Malloc(n * sizeof(character) if n else 1)
    cdef Py_ssize_t i, m = 0
    if out is NULL:
        raise MemoryError()
    try:
        with nogil:
            for i in range(n):
                out[m] = data[i]
                m += class_of(data[i]) & (LETTER | DIGIT) != 0
        return PyUnicode_FromKindAndData(kind, out, m)
    finally:
        PyMem_Free(out)


cdef Py_ssize_t tidy_into(
    const character* text,  # IN   (n,)  without what `SLOW` names
    Py_ssize_t n,
    character* out,         # OUT  (n,)
    bint fold,
    bint lower,
    bint collapse,
) noexcept nogil:
    """Fold, lower and collapse in one pass. Returns the length, -1 where nothing changed."""
    cdef Py_ssize_t i, m = 0
    cdef uint32_t c, to, space, after_space = 1, changed = 0
    for i in range(n):
        c = to = text[i]
        if c < 128:
            to = c | ((ascii_class[c] & UPPER) if lower else 0)
        elif fold and 0xFF10 <= c <= 0xFF19:
            to = c - 0xFEE0
        elif fold and c == 0x3000:
            to = 0x20
        elif fold and is_joint(c) and 0 < i < n - 1 and is_plain(text[i - 1]) and is_plain(text[i + 1]):
            to = c - 0xFEE0
        if collapse:
            space = is_space(to)
            to = to ^ ((to ^ 0x20) & -space)
            out[m] = <character> to
            m += 1 - (space & after_space)
            after_space = space
        else:
            out[m] = <character> to
            m += 1
        changed |= to ^ c
    if collapse and m > 0 and after_space:
        m -= 1
    return -1 if m == n and not changed else m


cdef enum:
    # What `tidy` leaves to the rules one by one.
    SLOW = MARKUP | AT | FEED | ADDRESS | INVISIBLE | FOREIGN
    LOWER = 4
    COLLAPSE = 8


cdef object tidy_kind(
    str text, const character* data, Py_ssize_t n, int kind, character* out, int flags
):
    cdef Py_ssize_t m
    with nogil:
        m = -2
        if not marks_in(data, n) & SLOW:
            m = tidy_into(data, n, out, flags & FOLD_WIDTH, flags & LOWER, flags & COLLAPSE)
    return None if m == -2 else text if m == -1 else PyUnicode_FromKindAndData(kind, out, m)


cpdef list tidy(list texts, int flags):
    """Each text with full-width digits and spaces folded (flag 1), ASCII in lower case (4), white space collapsed (8).

    None for a text that has marks of other rules (1 to 8, 32, 128): all others, done by the rules one after another,
    come out the same.
    """
    cdef list result = []
    cdef str text
    cdef Py_ssize_t n, size = 0
    cdef int kind
    cdef void* data
    cdef void* out = NULL
    try:
        for text in texts:
            n = len(text)
            kind = PyUnicode_KIND(text)
            data = <void*> PyUnicode_DATA(text)
            if n * kind > size or out is NULL:
                PyMem_Free(out)
                size = n * kind + 256
                out = PyMem_Malloc(size)
                if out is NULL:
                    raise MemoryError()
            if kind == 1:
                result.append(tidy_kind[uint8_t](text, <const uint8_t*> data, n, kind, <uint8_t*> out, flags))
            elif kind == 2:
                result.append(tidy_kind[uint16_t](text, <const uint16_t*> data, n, kind, <uint16_t*> out, flags))
            else:
                result.append(tidy_kind[uint32_t](text, <const uint32_t*> data, n, kind, <uint32_t*> out, flags))
    finally:
        PyMem_Free(out)
    return result


cpdef str alphanumeric(str text):
    """The letters and digits of `text` alone, in order."""
    cdef Py_ssize_t n = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    if kind == 1:
        return alphanumeric_kind[uint8_t](<const uint8_t*> data, n, kind)
    if kind == 2:
        return alphanumeric_kind[uint16_t](<const uint16_t*> data, n, kind)
    return alphanumeric_kind[uint32_t](<const uint32_t*> data, n, kind)
