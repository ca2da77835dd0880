"""Near-duplicates: shingles of texts, their MinHash signatures, and the Jaccard similarity of pairs."""

import numpy as np

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, qsort
from libc.string cimport memcpy, memset

from minilm_unsup._native.words import character_classes


cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)

cdef extern from "words_scan.h" nogil:
    const int WORDS_LETTER, WORDS_DIGIT, WORDS_CHARS
    ctypedef struct WordRules:
        const uint8_t* classes
        const uint8_t* plain
        int lowercase, fold_width, joiners, keep_numbers, punctuation, han
        Py_ssize_t min_length
    ctypedef struct WordToken:
        uint64_t hash
    ctypedef struct WordCursor:
        const WordRules* rules
        WordToken* tokens
        unsigned char* bytes
    int words_reserve(void** buffer, size_t* capacity, size_t needed, size_t size)
    void words_begin(WordCursor* s, const void* data, int kind, Py_ssize_t length)
    int words_next(WordCursor* s)

cdef extern from "minhash.h" nogil:
    size_t minhash_shingles(uint64_t* words, size_t n, int size)
    void minhash_signature(const uint64_t* shingles, size_t n, const uint32_t* keys, size_t n_hashes, uint32_t* out)
    double minhash_jaccard(const uint64_t* a, size_t n_a, const uint64_t* b, size_t n_b)


cdef struct Text:
    const void* data
    int kind
    Py_ssize_t length


cdef class Shingler:
    """Cut texts into shingles: every `size` words that follow one another, a Han character being a word."""

    cdef WordRules rules
    cdef bytes classes
    cdef uint8_t plain[256]
    cdef int size

    def __init__(self, int size):
        cdef int c
        self.size = size
        self.classes = character_classes(True)
        self.rules.classes = <const uint8_t*>PyBytes_AS_STRING(self.classes)
        for c in range(256):
            self.plain[c] = c < 128 and self.rules.classes[c] in (WORDS_LETTER, WORDS_DIGIT)
        self.rules.plain = self.plain
        self.rules.lowercase = self.rules.fold_width = self.rules.joiners = self.rules.keep_numbers = 1
        self.rules.punctuation = 0
        self.rules.han = WORDS_CHARS
        self.rules.min_length = 1

    def shingle(self, list texts not None, Py_ssize_t start, Py_ssize_t stop):
        """Hashes (n,) uint64 of the shingles of texts[start:stop], those of a text rising and different; bounds of each
        text (n_texts + 1,) int64. A text of fewer words is one shingle, one without words has none.
        """
        if not 0 <= start <= stop <= len(texts):
            raise IndexError(f"texts [{start}, {stop}) of {len(texts)}")
        cdef Py_ssize_t n_texts = stop - start, row
        cdef Text* pointers = <Text*>malloc(<size_t>(n_texts + 1) * sizeof(Text))
        cdef WordCursor* w = <WordCursor*>malloc(sizeof(WordCursor))
        cdef uint64_t* words = NULL
        cdef size_t n = 0, n_words, capacity = 0
        cdef int found = 0, i
        cdef str text
        cdef uint64_t[::1] view
        bounds = np.zeros(n_texts + 1, dtype=np.int64)
        cdef int64_t[::1] bounds_view = bounds
        try:
            if pointers == NULL or w == NULL:
                raise MemoryError
            memset(w, 0, sizeof(WordCursor))
            w.rules = &self.rules
            held = texts[start:stop]
            for row in range(n_texts):
                text = <str?>held[row]
                pointers[row].data = PyUnicode_DATA(text)
                pointers[row].kind = PyUnicode_KIND(text)
                pointers[row].length = PyUnicode_GET_LENGTH(text)
            with nogil:
                for row in range(n_texts):
                    n_words = 0
                    words_begin(w, pointers[row].data, pointers[row].kind, pointers[row].length)
                    while True:
                        found = words_next(w)
                        if found <= 0:
                            break
                        if words_reserve(<void**>&words, &capacity, n + n_words + <size_t>found, sizeof(uint64_t)) < 0:
                            found = -1
                            break
                        for i in range(found):
                            words[n + n_words] = w.tokens[i].hash
                            n_words += 1
                    if found < 0:
                        break
                    n += minhash_shingles(words + n, n_words, self.size)
                    bounds_view[row + 1] = <int64_t>n
            if found < 0:
                raise MemoryError
            out = np.empty(n, dtype=np.uint64)
            if n:
                view = out
                memcpy(&view[0], words, n * sizeof(uint64_t))
        finally:
            if w != NULL:
                free(w.bytes)
            free(w)
            free(pointers)
            free(words)
        return out, bounds


def sign(const uint64_t[::1] shingles, const int64_t[::1] bounds, const uint32_t[:, ::1] keys, Py_ssize_t start,
         Py_ssize_t stop, uint32_t[:, ::1] out):
    """Rows [start, stop) of the signatures: out[i, k] is the least of hash k over the shingles of text i.

    `keys` (2, K): a multiplier, odd, and what is added before. All ones where there is no shingle.
    """
    cdef Py_ssize_t i
    cdef size_t n_hashes = <size_t>out.shape[1]
    if not 0 <= start <= stop <= out.shape[0] or bounds.shape[0] != out.shape[0] + 1:
        raise IndexError(f"rows [{start}, {stop}) of {out.shape[0]}")
    if keys.shape[0] != 2 or keys.shape[1] != out.shape[1] or bounds[out.shape[0]] != shingles.shape[0]:
        raise ValueError("the shapes do not agree")
    if start == stop or n_hashes == 0:
        return
    with nogil:
        for i in range(start, stop):
            minhash_signature(&shingles[0] + bounds[i] if bounds[i + 1] > bounds[i] else NULL,
                              <size_t>(bounds[i + 1] - bounds[i]), &keys[0, 0], n_hashes, &out[i, 0])


def jaccard(const uint64_t[::1] shingles, const int64_t[::1] bounds, Py_ssize_t a, Py_ssize_t b):
    """The Jaccard similarity of two texts; 0 where one has no shingle."""
    cdef Py_ssize_t n = bounds.shape[0] - 1
    if not (0 <= a < n and 0 <= b < n):
        raise IndexError(f"texts {a} and {b} of {n}")
    if bounds[a] == bounds[a + 1] or bounds[b] == bounds[b + 1]:
        return 0.0
    return minhash_jaccard(&shingles[bounds[a]], <size_t>(bounds[a + 1] - bounds[a]), &shingles[bounds[b]],
                           <size_t>(bounds[b + 1] - bounds[b]))
