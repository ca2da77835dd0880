# cython: language_level=3
"""What the quality filter looks at: kinds of characters, and n-grams that repeat, counted by 64-bit hashes."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset


cdef extern from "Python.h":
    int Py_UNICODE_ISALPHA(Py_UCS4 c) nogil
    int Py_UNICODE_ISALNUM(Py_UCS4 c) nogil
    int Py_UNICODE_ISSPACE(Py_UCS4 c) nogil


cdef extern from "kinds.h" nogil:
    int is_han "kind_is_han"(uint32_t c)


ctypedef fused character:
    uint8_t
    uint16_t
    uint32_t


cdef struct Word:
    int64_t start
    int64_t end
    uint64_t hash
    uint64_t before  # polynomial of the hashes of all words before


cdef struct Slot:
    uint64_t hash
    int64_t pass_  # the slot is empty in any other pass
    int64_t count
    int64_t length  # characters of all its occurrences


cdef inline uint64_t mixed(uint64_t h) noexcept nogil:
    """A permutation in which each bit of `h` reaches each bit of the result (the finaliser of MurmurHash3)."""
    h = (h ^ (h >> 33)) * <uint64_t> 0xFF51AFD7ED558CCD
    h = (h ^ (h >> 33)) * <uint64_t> 0xC4CEB9FE1A85EC53
    return h ^ (h >> 33)


cdef Py_ssize_t find_words(
    const character* text,  # IN   (n,)
    Py_ssize_t n,
    Word* words,            # OUT  (n + 1,)  at most
    int64_t* counts,        # OUT  (3,)  characters of all words, words with a letter, words of one Han character
) noexcept nogil:
    """Runs of letters and digits, and each Han character by itself."""
    cdef Py_ssize_t i, m = 0
    cdef uint32_t c
    cdef uint64_t h = 0
    cdef bint inside = False, letter = False, han
    counts[0] = counts[1] = counts[2] = 0
    for i in range(n):
        c = text[i]
        han = c > 0x3000 and is_han(c) != 0
        if han or not Py_UNICODE_ISALNUM(c):
            if inside:
                words[m].end = i
                words[m].hash = mixed(h)
                counts[0] += i - words[m].start
                counts[1] += letter
                m += 1
                inside = False
            if han:
                words[m].start = i
                words[m].end = i + 1
                words[m].hash = mixed(c)
                m += 1
                counts[0] += 1
                counts[1] += 1
                counts[2] += 1
            continue
        if not inside:
            words[m].start = i
            inside = True
            letter = False
            h = 0
        h = (h ^ c) * <uint64_t> 0x100000001B3
        letter |= Py_UNICODE_ISALPHA(c) != 0
    if inside:
        words[m].end = n
        words[m].hash = mixed(h)
        counts[0] += n - words[m].start
        counts[1] += letter
        m += 1
    return m


cdef void hash_spans(
    const character* text,         # IN   (n,)
    const int64_t[:, ::1] spans,   # IN   (m, 2)  within the text
    Word* words,                   # OUT  (m + 1,)
    int64_t* counts,               # OUT  (3,)  as `find_words`, the last one 0
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef uint64_t h
    cdef bint letter
    counts[0] = counts[1] = counts[2] = 0
    for i in range(spans.shape[0]):
        h = 0
        letter = False
        for j in range(spans[i, 0], spans[i, 1]):
            h = (h ^ text[j]) * <uint64_t> 0x100000001B3
            letter |= Py_UNICODE_ISALPHA(text[j]) != 0 or is_han(text[j]) != 0
        words[i].start = spans[i, 0]
        words[i].end = spans[i, 1]
        words[i].hash = mixed(h)
        counts[0] += spans[i, 1] - spans[i, 0]
        counts[1] += letter


cdef enum:
    BASE = 0x5851F42D


cdef Slot* find_slot(Slot* slots, size_t mask, uint64_t hash, int64_t pass_) noexcept nogil:
    """The slot of `hash`, made if there was none; a new one has a count of 0."""
    cdef size_t at = hash & mask
    while slots[at].pass_ == pass_ and slots[at].hash != hash:
        at = (at + 1) & mask
    if slots[at].pass_ != pass_:
        slots[at].pass_ = pass_
        slots[at].hash = hash
        slots[at].count = slots[at].length = 0
    return slots + at


cdef inline uint64_t power(Py_ssize_t size) noexcept nogil:
    cdef uint64_t p = 1
    cdef Py_ssize_t i
    for i in range(size):
        p *= <uint64_t> BASE
    return p


cdef int64_t most_frequent(
    const Word* words,  # IN   (m + 1,)
    Py_ssize_t m,
    Py_ssize_t size,
    Slot* slots,        # WORK (mask + 1,)
    size_t mask,
    int64_t pass_,
) noexcept nogil:
    """Characters of all occurrences of the n-gram that occurs most often, twice at least; of several the longest."""
    cdef Py_ssize_t i
    cdef Slot* slot
    cdef uint64_t p = power(size)
    cdef int64_t count = 1, length = 0
    for i in range(m - size + 1):
        slot = find_slot(slots, mask, mixed(words[i + size].before - words[i].before * p), pass_)
        slot.count += 1
        slot.length += words[i + size - 1].end - words[i].start
        if slot.count > count or (slot.count == count and count > 1 and slot.length > length):
            count = slot.count
            length = slot.length
    return length


cdef int64_t repeated(
    const Word* words,  # IN   (m + 1,)
    Py_ssize_t m,
    Py_ssize_t size,
    Slot* slots,        # WORK (mask + 1,)
    size_t mask,
    int64_t pass_,
) noexcept nogil:
    """Characters of n-grams that occurred before, read from the left, none overlapping another that was counted."""
    cdef Py_ssize_t i = 0
    cdef Slot* slot
    cdef uint64_t p = power(size)
    cdef int64_t length = 0
    while i + size <= m:
        slot = find_slot(slots, mask, mixed(words[i + size].before - words[i].before * p), pass_)
        if slot.count:
            length += words[i + size - 1].end - words[i].start
            i += size
        else:
            slot.count = 1
            i += 1
    return length


cpdef tuple repetition(str text, const int64_t[:, ::1] spans, tuple top, tuple duplicate):
    """Words of `text` and how they repeat.

    `spans` (m, 2): start and end of each word, rising and within the text; None: runs of letters and digits, and each Han
    character by itself. `top`, `duplicate`: sizes of n-grams, at least 1. Returns the number of words, their characters,
    the words that hold a letter, the words found here that are one Han character, then for each size of `top` the
    characters of all occurrences of its most frequent n-gram (0 where none occurs twice), and for each of `duplicate` the
    characters of n-grams that occurred before.
    """
    cdef Py_ssize_t n = len(text), m, size
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    cdef Py_ssize_t most = n if spans is None else spans.shape[0]
    cdef size_t mask = 1
    cdef int64_t counts[3]
    cdef int64_t found, pass_ = 0
    cdef Py_ssize_t i
    cdef Word* words = NULL
    cdef Slot* slots = NULL
    if most > (<size_t> 1 << 58) // sizeof(Word):
        raise MemoryError()
    words = <Word*> PyMem_Malloc((most + 1) * sizeof(Word))
    if words is NULL:
        raise MemoryError()
    try:
        if spans is not None:
            m = most
            if kind == 1:
                hash_spans[uint8_t](<const uint8_t*> data, spans, words, counts)
            elif kind == 2:
                hash_spans[uint16_t](<const uint16_t*> data, spans, words, counts)
            else:
                hash_spans[uint32_t](<const uint32_t*> data, spans, words, counts)
        elif kind == 1:
            m = find_words[uint8_t](<const uint8_t*> data, n, words, counts)
        elif kind == 2:
            m = find_words[uint16_t](<const uint16_t*> data, n, words, counts)
        else:
            m = find_words[uint32_t](<const uint32_t*> data, n, words, counts)
        words[0].before = 0
        for i in range(m):
            words[i + 1].before = words[i].before * <uint64_t> BASE + words[i].hash
        tops, duplicates = [], []
        if top or duplicate:
            while mask < 2 * <size_t> m + 2:
                mask *= 2
            slots = <Slot*> PyMem_Malloc(mask * sizeof(Slot))
            if slots is NULL:
                raise MemoryError()
            memset(slots, 0, mask * sizeof(Slot))
            mask -= 1
        for size in top:
            pass_ += 1
            with nogil:
                found = most_frequent(words, m, size, slots, mask, pass_)
            tops.append(found)
        for size in duplicate:
            pass_ += 1
            with nogil:
                found = repeated(words, m, size, slots, mask, pass_)
            duplicates.append(found)
        return m, counts[0], counts[1], counts[2], tops, duplicates
    finally:
        PyMem_Free(words)
        PyMem_Free(slots)


cdef tuple measure_kind(const character* data, Py_ssize_t n):
    cdef Py_ssize_t i, solid = 0, letters = 0, han = 0, words = 0, votes = 0, same = 0
    cdef uint32_t c, candidate = 0
    cdef bint inside = False
    with nogil:
        for i in range(n):
            c = data[i]
            if Py_UNICODE_ISSPACE(c):
                inside = False
                continue
            solid += 1
            if votes == 0:
                candidate = c
                votes = 1
            elif c == candidate:
                votes += 1
            else:
                votes -= 1
            if c > 0x3000 and is_han(c) != 0:
                han += 1
                letters += 1
                words += 1
                inside = False
            elif Py_UNICODE_ISALNUM(c):
                letters += Py_UNICODE_ISALPHA(c) != 0
                words += not inside
                inside = True
            else:
                inside = False
        if votes > 0:
            for i in range(n):
                same += data[i] == candidate
            if 2 * same <= solid:
                same = 0
    return solid, letters, han, words, same


cpdef tuple measure(str text):
    """Counts of one text: (characters that are no space, letters, Han, words, count of a character in the majority).

    A run of letters and digits is a word; each Han character is one of its own. The last count is that of the character
    that makes up more than half of the non-space characters, and 0 where there is none (Boyer & Moore 1991).
    """
    cdef Py_ssize_t n = len(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef void* data = <void*> PyUnicode_DATA(text)
    if kind == 1:
        return measure_kind[uint8_t](<const uint8_t*> data, n)
    if kind == 2:
        return measure_kind[uint16_t](<const uint16_t*> data, n)
    return measure_kind[uint32_t](<const uint32_t*> data, n)
