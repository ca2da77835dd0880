"""Words of texts: cut, looked up, counted. The loops are C, in words_*.h; here Python's objects become pointers and back.

Nothing here depends on the order of a hash table or on where a list of texts is cut into blocks.
"""

import unicodedata

import numpy as np

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport fabs, log, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset


cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    bint Py_UNICODE_ISALNUM(Py_UCS4 c)
    bint Py_UNICODE_ISALPHA(Py_UCS4 c)
    bint Py_UNICODE_ISPRINTABLE(Py_UCS4 c)

cdef extern from "words_table.h" nogil:
    const int WORDS_SLACK
    ctypedef struct WordTable:
        void* slots
        int32_t n_words
        unsigned char* bytes
        size_t n_bytes
        size_t* starts
    int words_reserve(void** buffer, size_t* capacity, size_t needed, size_t size)
    int words_table_begin(WordTable* t)
    int words_table_index(WordTable* t, size_t n)
    void words_table_free(WordTable* t)
    uint64_t words_hash(const unsigned char* p, size_t n)
    int32_t words_append(WordTable* t, const unsigned char* p, size_t n)
    int32_t words_intern(WordTable* t, const unsigned char* p, size_t n, uint64_t hash, int* is_new)
    int32_t words_look_up(const WordTable* t, const unsigned char* p, size_t n, uint64_t hash)

cdef extern from "words_murmurhash3.h" nogil:
    int32_t words_murmurhash3(const unsigned char* p, size_t n, uint32_t seed)

cdef extern from "words_sort.h" nogil:
    int words_sort(const WordTable* t, int32_t* ids, size_t n)

cdef extern from "words_scan.h" nogil:
    const int WORDS_OTHER, WORDS_PUNCT, WORDS_LETTER, WORDS_DIGIT, WORDS_MARK, WORDS_HAN, WORDS_KANA
    const int WORDS_BIGRAMS, WORDS_CHARS, WORDS_CHARS_AND_BIGRAMS, WORDS_RUNS
    const int WORDS_LIMIT
    ctypedef struct WordRules:
        const uint8_t* classes
        const uint8_t* plain
        int lowercase, fold_width, joiners, keep_numbers, punctuation, han
        Py_ssize_t min_length
    ctypedef struct WordToken:
        uint64_t hash
        Py_ssize_t start, end
        size_t at, n_bytes
    ctypedef struct WordCursor:
        const WordRules* rules
        int n_tokens
        WordToken* tokens
        unsigned char* bytes
    void words_begin(WordCursor* s, const void* data, int kind, Py_ssize_t length)
    int words_next(WordCursor* s)

cdef extern from "words_count.h" nogil:
    ctypedef struct WordFeature:
        int32_t n_rows
    ctypedef struct WordCounts:
        WordTable words
        WordFeature* features
        int32_t* ids
        int32_t* counts
        size_t n_values
    int words_count_begin(WordCounts* c, int low, int high)
    void words_count_free(WordCounts* c)
    int words_count_word(WordCounts* c, const unsigned char* p, size_t n, uint64_t hash, int32_t row,
                         const WordTable* stop)
    int words_count_text(WordCounts* c, WordCursor* w, int32_t row, const WordTable* stop)
    int words_count_end(WordCounts* c)
    int words_merge(WordTable* all, const WordTable* part, int32_t* map)

cdef extern from "words_rows.h" nogil:
    ctypedef struct WordValue:
        int32_t row, count
    int words_by_column(const WordCounts* c, const int64_t* indptr, Py_ssize_t n_rows, const int32_t* columns,
                        int32_t* columns_out, WordValue* values)

ctypedef fused number:
    float
    double
    int32_t
    int64_t

ctypedef fused real:
    float
    double

HAN_MODES = ("bigrams", "chars", "chars+bigrams", "runs")
MAX_TEXT = (1 << 30) - 1  # characters: the bytes of one token then fit in 32 bits

# (first, last) of what is written without spaces between words, and of katakana.
_HAN = (
    (0x3005, 0x3005), (0x3007, 0x3007), (0x3041, 0x3096), (0x309D, 0x309F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0x20000, 0x323AF),
)
_KANA = ((0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))

cdef bytes _by_script = None
cdef bytes _by_word_character = None


cdef bytes _classes(bint by_script):
    """The class of each code point below WORDS_LIMIT; made once, from the interpreter's own Unicode tables."""
    global _by_script, _by_word_character
    cdef int c
    if _by_script is None:
        scripts = bytearray(WORDS_LIMIT)
        characters = bytearray(WORDS_LIMIT)
        for c in range(WORDS_LIMIT):
            if Py_UNICODE_ISALNUM(<Py_UCS4>c):
                characters[c] = WORDS_LETTER
                scripts[c] = WORDS_LETTER if Py_UNICODE_ISALPHA(<Py_UCS4>c) else WORDS_DIGIT
            elif c > 32 and Py_UNICODE_ISPRINTABLE(<Py_UCS4>c):
                category = unicodedata.category(chr(c))
                if category.startswith("M"):
                    scripts[c] = WORDS_MARK
                elif category.startswith(("P", "S")):
                    characters[c] = scripts[c] = WORDS_PUNCT
        characters[ord("_")] = WORDS_LETTER
        scripts[0x200C] = scripts[0x200D] = WORDS_MARK  # (non-)joiners: inside words of Persian and of Indic scripts
        for ranges, kind in ((_HAN, WORDS_HAN), (_KANA, WORDS_KANA)):
            for first, last in ranges:
                for code in range(first, last + 1):
                    scripts[code] = kind
        _by_word_character = bytes(characters)
        _by_script = bytes(scripts)
    return _by_script if by_script else _by_word_character


def character_classes(bint by_script):
    """The class of each code point below WORDS_LIMIT, a byte each, as words_scan.h names them."""
    return _classes(by_script)


include "words_tables.pxi"


ctypedef struct Text:
    const void* data
    int kind
    Py_ssize_t length


cdef class Scanner:
    """The rule that cuts a text into words; see WordTokenizer, which checks the arguments."""

    cdef WordRules rules
    cdef bytes classes
    cdef uint8_t plain[256]
    cdef bint python_lowercase

    def __init__(self, *, bint by_script, bint lowercase, bint fold_width, bint keep_numbers, bint punctuation,
                 str han, str breaks, Py_ssize_t min_length):
        cdef int c
        self.classes = _classes(by_script)
        if breaks:
            changed = bytearray(self.classes)
            for character in breaks:
                if ord(character) < WORDS_LIMIT and changed[ord(character)] == WORDS_HAN:
                    changed[ord(character)] = WORDS_OTHER
            self.classes = bytes(changed)
        self.rules.classes = <const uint8_t*>PyBytes_AS_STRING(self.classes)
        for c in range(256):
            self.plain[c] = c < 128 and self.rules.classes[c] in (WORDS_LETTER, WORDS_DIGIT)
        self.rules.plain = self.plain
        self.rules.lowercase = lowercase
        self.rules.fold_width = fold_width
        self.rules.joiners = by_script
        self.rules.keep_numbers = keep_numbers
        self.rules.punctuation = punctuation
        self.rules.han = (WORDS_BIGRAMS, WORDS_CHARS, WORDS_CHARS_AND_BIGRAMS, WORDS_RUNS)[HAN_MODES.index(han)]
        self.rules.min_length = min_length
        # str.lower() looks at neighbours of a capital sigma and makes two characters of U+0130; all else is one to one.
        self.python_lowercase = lowercase and not by_script

    cdef str _prepare(self, object item):
        cdef str text = <str?>item
        if PyUnicode_GET_LENGTH(text) > MAX_TEXT:
            raise ValueError(f"a text has {len(text)} characters; at most {MAX_TEXT} can be cut into words: split it")
        if self.python_lowercase and PyUnicode_KIND(text) != 1 and ("\u03a3" in text or "\u0130" in text):
            return text.lower()
        return text

    cdef list _prepare_all(self, list texts, Py_ssize_t start, Py_ssize_t stop, Text* out):
        """Pointers to the texts; the list keeps what they point into alive."""
        cdef Py_ssize_t i
        cdef list held = []
        cdef str text
        for i in range(start, stop):
            text = self._prepare(texts[i])
            held.append(text)
            out[i - start].data = PyUnicode_DATA(text)
            out[i - start].kind = PyUnicode_KIND(text)
            out[i - start].length = PyUnicode_GET_LENGTH(text)
        return held

    def tokenize(self, str text not None):
        """The tokens of a text, folded."""
        cdef WordCursor* w = _new_cursor(&self.rules)
        cdef list out = []
        cdef int i, n
        cdef str prepared
        try:
            prepared = self._prepare(text)
            words_begin(w, PyUnicode_DATA(prepared), PyUnicode_KIND(prepared), PyUnicode_GET_LENGTH(prepared))
            while True:
                n = words_next(w)
                if n < 0:
                    raise MemoryError
                if n == 0:
                    return out
                for i in range(n):
                    out.append(PyUnicode_DecodeUTF8(
                        <const char*>w.bytes + w.tokens[i].at, <Py_ssize_t>w.tokens[i].n_bytes, NULL))
        finally:
            _free_cursor(w)

    def encode(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, Vocabulary vocabulary not None,
               int32_t unknown):
        """Ids (n,), offsets (n, 2) and the bounds of each text (n_texts + 1) of texts[start:stop], one after another.

        A token that the vocabulary has not becomes `unknown`. The vocabulary must be indexed.
        """
        if not 0 <= start <= stop <= len(texts):
            raise IndexError(f"texts [{start}, {stop}) of {len(texts)}")
        if vocabulary.table.slots == NULL:
            raise RuntimeError("the vocabulary is not indexed")
        cdef Py_ssize_t n_texts = stop - start, row
        bounds = np.zeros(n_texts + 1, dtype=np.int64)
        cdef int64_t[::1] bounds_view = bounds
        cdef Text* pointers = <Text*>malloc(<size_t>(n_texts + 1) * sizeof(Text))
        cdef WordCursor* w = NULL
        cdef int32_t* ids = NULL
        cdef int64_t* offsets = NULL
        cdef size_t n = 0, ids_capacity = 0, offsets_capacity = 0
        cdef int i, found = 0
        cdef int32_t number
        cdef int32_t[::1] ids_view
        cdef int64_t[:, ::1] offsets_view
        try:
            if pointers == NULL:
                raise MemoryError
            w = _new_cursor(&self.rules)
            held = self._prepare_all(texts, start, stop, pointers)
            with nogil:
                for row in range(n_texts):
                    words_begin(w, pointers[row].data, pointers[row].kind, pointers[row].length)
                    while True:
                        found = words_next(w)
                        if found <= 0:
                            break
                        if words_reserve(<void**>&ids, &ids_capacity, n + found, sizeof(int32_t)) < 0 \
                                or words_reserve(<void**>&offsets, &offsets_capacity, 2 * (n + found),
                                                 sizeof(int64_t)) < 0:
                            found = -1
                            break
                        for i in range(found):
                            number = words_look_up(&vocabulary.table, w.bytes + w.tokens[i].at, w.tokens[i].n_bytes,
                                                   w.tokens[i].hash)
                            ids[n] = number if number >= 0 else unknown
                            offsets[2 * n] = w.tokens[i].start
                            offsets[2 * n + 1] = w.tokens[i].end
                            n += 1
                    if found < 0:
                        break
                    bounds_view[row + 1] = <int64_t>n
            if found < 0:
                raise MemoryError
            ids_out = np.empty(n, dtype=np.int32)
            offsets_out = np.empty((n, 2), dtype=np.int64)
            if n:
                ids_view = ids_out
                offsets_view = offsets_out
                memcpy(&ids_view[0], ids, n * sizeof(int32_t))
                memcpy(&offsets_view[0, 0], offsets, 2 * n * sizeof(int64_t))
        finally:
            free(pointers)
            free(ids)
            free(offsets)
            _free_cursor(w)
        for row in range(n_texts):
            if held[row] is not texts[start + row] and len(held[row]) != len(texts[start + row]):
                _undo_expansion(texts[start + row], offsets_out[bounds[row]:bounds[row + 1]])
        return ids_out, offsets_out, bounds

    def count(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, int low, int high, Vocabulary stop_words):
        """Count the n-grams, of `low` to `high` words, of texts[start:stop]; `stop_words` must be indexed."""
        if not 0 <= start <= stop <= len(texts):
            raise IndexError(f"texts [{start}, {stop}) of {len(texts)}")
        if stop_words is not None and stop_words.table.slots == NULL:
            raise RuntimeError("the stop words are not indexed")
        cdef Py_ssize_t n_texts = stop - start, row
        cdef Counts out = Counts(n_texts, low, high)
        cdef Text* pointers = <Text*>malloc(<size_t>(n_texts + 1) * sizeof(Text))
        cdef const WordTable* dropped = NULL if stop_words is None else &stop_words.table
        cdef WordCursor* w = NULL
        cdef int status = 0
        try:
            if pointers == NULL:
                raise MemoryError
            w = _new_cursor(&self.rules)
            held = self._prepare_all(texts, start, stop, pointers)
            with nogil:
                for row in range(n_texts):
                    words_begin(w, pointers[row].data, pointers[row].kind, pointers[row].length)
                    status = words_count_text(&out.counts, w, <int32_t>row, dropped)
                    if status < 0:
                        break
                    out.starts[row + 1] = <int64_t>out.counts.n_values
                if status == 0:
                    status = words_count_end(&out.counts)
            if status < 0:
                raise MemoryError
            del held
        finally:
            free(pointers)
            _free_cursor(w)
        return out


cdef WordCursor* _new_cursor(const WordRules* rules) except NULL:
    cdef WordCursor* w = <WordCursor*>malloc(sizeof(WordCursor))
    if w == NULL:
        raise MemoryError
    memset(w, 0, sizeof(WordCursor))
    w.rules = rules
    return w


cdef void _free_cursor(WordCursor* w) noexcept:
    if w != NULL:
        free(w.bytes)
        free(w)


cdef _undo_expansion(str text, offsets):
    """Bring offsets in text.lower() back to `text`: each U+0130 became two characters."""
    places = np.array([i for i, c in enumerate(text) if c == "\u0130"], dtype=np.int64)
    second = places + np.arange(1, len(places) + 1)  # in the lowered text
    offsets[:, 0] -= np.searchsorted(second, offsets[:, 0], side="right")
    offsets[:, 1] -= np.searchsorted(second, offsets[:, 1], side="left")


def count_lists(list lists, Vocabulary stop_words):
    """Count the strings of each list: the path of tokenizers other than the Scanner, one Python string a token."""
    cdef Counts out = Counts(len(lists), 1, 1)
    cdef Py_ssize_t row
    cdef bytes padded
    cdef size_t n
    cdef const unsigned char* p
    cdef const WordTable* dropped = NULL
    if stop_words is not None:
        stop_words.index()
        dropped = &stop_words.table
    for row in range(len(lists)):
        for token in lists[row]:
            padded = (<str?>token).encode("utf-8", "surrogatepass") + bytes(WORDS_SLACK)
            n = PyBytes_GET_SIZE(padded) - WORDS_SLACK
            p = <const unsigned char*>PyBytes_AS_STRING(padded)
            if words_count_word(&out.counts, p, n, words_hash(p, n), <int32_t>row, dropped) < 0:
                raise MemoryError
        out.starts[row + 1] = <int64_t>out.counts.n_values
    if words_count_end(&out.counts) < 0:
        raise MemoryError
    return out


def weigh_rows(const number[::1] counts, const int32_t[::1] indices, const int64_t[::1] indptr, Py_ssize_t start,
               Py_ssize_t stop, const double[::1] idf, bint sublinear, int norm, real[::1] out):
    """TF-IDF of rows [start, stop): (1 + log tf or tf) * idf, then each row divided by its norm (0 none, 1 l1, 2 l2).

    idf (n_columns,) or (0,) for none; counts, indices, out (nnz,). Sums are float64.
    """
    cdef Py_ssize_t row
    cdef int64_t i
    cdef double value, total
    cdef bint weighted = idf.shape[0] > 0
    cdef double logs[64]
    with nogil:
        for i in range(1, 64):
            logs[i] = 1.0 + log(<double>i)
        for row in range(start, stop):
            total = 0.0
            for i in range(indptr[row], indptr[row + 1]):
                value = <double>counts[i]
                if sublinear:
                    if value >= 1.0 and value < 64.0 and value == <double>(<int64_t>value):
                        value = logs[<int64_t>value]
                    else:
                        value = 1.0 + log(value)
                if weighted:
                    value = value * idf[indices[i]]
                if norm == 2:
                    total += value * value
                elif norm == 1:
                    total += fabs(value)
                out[i] = <real>value
            if norm == 2:
                total = sqrt(total)
            if norm and total > 0.0:
                for i in range(indptr[row], indptr[row + 1]):
                    out[i] = <real>(<double>out[i] / total)
