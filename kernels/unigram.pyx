"""Unigram language models over pieces of words: texts to ids. The loops are C, in unigram*.h; here Python's objects become
pointers and back.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.math cimport INFINITY, log
from libc.stdlib cimport free, malloc
from libc.string cimport memset

include "counted.pxi"
include "subwords.pxi"
include "texts.pxi"
include "trie.pxi"


cdef extern from "unigram.h" nogil:
    ctypedef struct UniModel:
        Trie trie
        double* scores
        uint32_t* lengths
        int32_t unknown
        double unknown_score
        int has_bytes
        int32_t* bytes
        size_t longest
    ctypedef struct UniWorker:
        SubWorker out
        size_t word_capacity, back_capacity
    void uni_model_free(UniModel* m)
    void uni_worker_free(UniWorker* w)
    int64_t uni_encode_text(const UniModel* m, UniWorker* w, int with_offsets, int before, const void* data, int kind,
                            size_t length)

cdef extern from "words_table.h" nogil:
    const int WORDS_SLACK

cdef extern from "unigram_words.h" nogil:
    int64_t uni_count_text(Counted* counted, UniWorker* w, int before, const void* data, int kind, size_t length)

cdef extern from "unigram_seed.h" nogil:
    const int SEED_BUCKETS, SEED_DEEPEST
    ctypedef struct SeedWords:
        const uint8_t* bytes
        const int64_t* starts
        const int64_t* counts
        const uint32_t* word_of
        int deepest
    ctypedef struct Seed:
        uint32_t at
        uint16_t n_bytes, n_characters
        int64_t count
    ctypedef struct SeedWorker:
        void* suffixes
        Seed* seeds
        size_t n_seeds
    uint32_t seed_bucket(const SeedWords* w, uint32_t at)
    int seed_bucket_pieces(const SeedWords* words, SeedWorker* w, const uint32_t* positions, size_t n)

cdef extern from "unigram_train.h" nogil:
    const int UNI_LONGEST_WORD
    ctypedef struct UniEdge:
        int32_t piece
    ctypedef struct UniEdges:
        UniEdge* edges
    int64_t uni_edges(const Trie* trie, UniEdges* e, const uint8_t* s, size_t n)
    double uni_expect(const UniEdge* edges, size_t n_edges, size_t n, uint32_t n_characters, const double* weights,
                      const double* scores, double scale, double count, double* expected)
    double uni_second(const UniEdge* edges, size_t n_edges, size_t n, int32_t piece, const double* scores, int32_t* out,
                      size_t* n_out)


cdef class Worker:
    """Buffers of one call, and the words it met; for one thread at a time."""

    cdef UniWorker worker

    def __cinit__(self):
        memset(&self.worker, 0, sizeof(UniWorker))
        if subwords_forget(&self.worker.out) < 0:
            raise MemoryError

    def __dealloc__(self):
        uni_worker_free(&self.worker)


cdef class Encoder:
    """Ids of texts under one vocabulary."""

    cdef UniModel model
    cdef list idle  # workers

    def __cinit__(self):
        memset(&self.model, 0, sizeof(UniModel))
        self.idle = []

    def __dealloc__(self):
        uni_model_free(&self.model)

    def __init__(self, list tokens not None, const double[::1] scores, int unknown, double unknown_score,
                 const int32_t[::1] of_byte=None):
        """`tokens`: bytes of each id, no two alike; at least one. `scores`: their log probabilities.

        `of_byte`: the token that stands for each byte of a character that no token covers, or -1; None: `unknown` does.
        """
        cdef Py_ssize_t n = len(tokens), i
        if len(scores) != n or (of_byte is not None and len(of_byte) != 256):
            raise ValueError(f"{len(scores)} scores of {n} tokens")
        make_trie(&self.model.trie, tokens)
        self.model.scores = <double*>malloc(<size_t>(n + 1) * sizeof(double))
        self.model.lengths = <uint32_t*>malloc(<size_t>(n + 1) * sizeof(uint32_t))
        if self.model.scores == NULL or self.model.lengths == NULL:
            raise MemoryError
        self.model.longest = 4
        for i in range(n):
            self.model.scores[i] = scores[i]
            self.model.lengths[i] = <uint32_t>len(<bytes?>tokens[i])
            self.model.longest = max(self.model.longest, <size_t>len(tokens[i]))
        self.model.unknown = unknown
        self.model.unknown_score = unknown_score
        self.model.has_bytes = of_byte is not None
        if of_byte is not None:
            for i in range(256):
                self.model.bytes[i] = of_byte[i]

    def encode(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, bint with_offsets, bint prefix,
               bytes begins=None):
        """Ids (n,), offsets (n, 2) and the bounds of each text (n_texts + 1) of texts[start:stop], one after another.

        `prefix`: put a space before each text that does not start with one; where `begins` is given, only before those
        of `texts` for which it has a 1.
        """
        if begins is not None and len(begins) != len(texts):
            raise ValueError(f"begins has {len(begins)} bytes for {len(texts)} texts")
        cdef const uint8_t* is_begin = NULL
        if begins is not None:
            is_begin = begins
        cdef Texts t = Texts(texts, start, stop)
        cdef Worker mine
        cdef UniWorker* w
        cdef Py_ssize_t row = 0
        cdef int64_t status = 0
        bounds = np.zeros(t.n + 1, dtype=np.int64)
        cdef int64_t[::1] bounds_view = bounds
        try:
            mine = self.idle.pop()
        except IndexError:
            mine = Worker()
        w = &mine.worker
        w.out.n_ids = 0
        with nogil:
            for row in range(t.n):
                status = uni_encode_text(
                    &self.model, w, with_offsets, prefix and (is_begin == NULL or is_begin[start + row]),
                    t.texts[row].data, t.texts[row].kind, t.texts[row].length)
                if status < 0:
                    break
                bounds_view[row + 1] = <int64_t>w.out.n_ids
        if status == -1:
            raise MemoryError
        if status < 0:
            t._refuse(row, status + 1)
        ids, spans = as_arrays(&w.out, with_offsets)
        if w.out.ids_capacity < 1 << 24 and w.word_capacity < 1 << 20:
            self.idle.append(mine)  # not after a very long text
        return ids, spans, bounds


def count_words(Words words not None, list texts not None, Py_ssize_t start, Py_ssize_t stop, bint prefix):
    """Add the words of texts[start:stop] to `words`, which is given back."""
    cdef Texts t = Texts(texts, start, stop)
    cdef Worker mine = Worker()
    cdef Py_ssize_t row = 0
    cdef int64_t status = 0
    with nogil:
        for row in range(t.n):
            status = uni_count_text(
                &words.counted, &mine.worker, prefix, t.texts[row].data, t.texts[row].kind, t.texts[row].length)
            if status < 0:
                break
    if status == -1:
        raise MemoryError
    if status < 0:
        t._refuse(row, status + 1)
    return words


cdef class Seeder:
    """Substrings of words, part by part."""

    cdef SeedWords words
    cdef object held
    cdef uint32_t[::1] positions
    cdef int64_t[::1] buckets  # where the positions of each begin

    def __init__(self, const uint8_t[::1] utf8, const int64_t[::1] starts, const int64_t[::1] counts, int deepest):
        """`utf8`: words one after another and WORDS_SLACK bytes behind, fewer than 2^32; `starts` (n + 1,), `counts` (n,).
        `deepest`: characters of a piece, at most 16."""
        cdef Py_ssize_t n = starts[len(counts)], i, k, n_positions = 0
        cdef uint32_t bucket
        if not 2 <= deepest <= SEED_DEEPEST or len(starts) != len(counts) + 1 or len(utf8) < n + WORDS_SLACK:
            raise ValueError(f"{len(starts)} starts of {len(counts)} words in {len(utf8)} bytes")
        word_of = np.empty(n + 1, dtype=np.uint32)
        places = np.zeros(SEED_BUCKETS + 1, dtype=np.int64)
        cdef uint32_t[::1] of = word_of
        cdef int64_t[::1] bounds = places, next_
        self.held = (utf8, starts, counts, word_of)
        self.words.bytes = &utf8[0]
        self.words.starts = &starts[0]
        self.words.counts = &counts[0] if len(counts) else NULL
        self.words.word_of = &of[0]
        self.words.deepest = deepest
        with nogil:
            for i in range(len(counts)):
                for k in range(starts[i], starts[i + 1]):
                    of[k] = <uint32_t>i
            for k in range(n):
                if (utf8[k] & 0xC0) != 0x80:
                    bounds[seed_bucket(&self.words, <uint32_t>k) + 1] += 1
                    n_positions += 1
            for k in range(SEED_BUCKETS):
                bounds[k + 1] += bounds[k]
        next_ = places.copy()
        self.positions = np.empty(n_positions + 1, dtype=np.uint32)
        self.buckets = bounds
        with nogil:
            for k in range(n):
                if (utf8[k] & 0xC0) != 0x80:
                    bucket = seed_bucket(&self.words, <uint32_t>k)
                    self.positions[next_[bucket]] = <uint32_t>k
                    next_[bucket] += 1

    @property
    def bounds(self):
        """Where the suffixes of each bucket begin among all, (n_buckets + 1,) int64."""
        return np.asarray(self.buckets)

    def find(self, Py_ssize_t first, Py_ssize_t last):
        """Substrings that begin with the two bytes of buckets [first, last): place, bytes, characters and count, each (n,).

        Each occurs twice or more, has 2 to `deepest` characters, and a longer one occurs less often.
        """
        cdef SeedWorker w
        cdef Py_ssize_t k
        cdef int status = 0
        if not 0 <= first <= last <= SEED_BUCKETS:
            raise IndexError(f"buckets [{first}, {last})")
        memset(&w, 0, sizeof(SeedWorker))
        cdef uint32_t[::1] at
        cdef int32_t[::1] n_bytes, n_characters
        cdef int64_t[::1] count
        try:
            with nogil:
                for k in range(first, last):
                    if self.buckets[k] < self.buckets[k + 1]:
                        status = seed_bucket_pieces(&self.words, &w, &self.positions[self.buckets[k]],
                                                    <size_t>(self.buckets[k + 1] - self.buckets[k]))
                        if status < 0:
                            break
            if status < 0:
                raise MemoryError
            n = w.n_seeds
            out = (np.empty(n, np.uint32), np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64))
            at, n_bytes, n_characters, count = out
            for k in range(<Py_ssize_t>w.n_seeds):
                at[k], count[k] = w.seeds[k].at, w.seeds[k].count
                n_bytes[k], n_characters[k] = w.seeds[k].n_bytes, w.seeds[k].n_characters
        finally:
            free(w.suffixes)
            free(w.seeds)
        return out


cdef class Pieces:
    """A set of pieces, for training."""

    cdef Trie trie
    cdef Py_ssize_t n
    cdef const uint8_t[::1] utf8
    cdef const int64_t[::1] starts

    def __cinit__(self):
        memset(&self.trie, 0, sizeof(Trie))

    def __dealloc__(self):
        trie_free(&self.trie)

    def __init__(self, const uint8_t[::1] utf8, const int64_t[::1] starts):
        """Piece i is utf8[starts[i]:starts[i + 1]]; sorted, no two alike, none empty, each at most 256 bytes."""
        cdef int32_t[::1] order = np.arange(len(starts), dtype=np.int32)
        cdef int status
        self.n = len(starts) - 1
        self.utf8 = utf8
        self.starts = starts
        with nogil:
            status = trie_make(&self.trie, &order[0], <size_t>self.n, &utf8[0], &starts[0], NULL, NULL)
        if status == -2:
            raise ValueError(f"{self.n} pieces of {len(utf8)} bytes are too many")
        if status < 0:
            raise MemoryError

    def expect(self, const uint8_t[::1] words, const int64_t[::1] starts, const int64_t[::1] counts, Py_ssize_t first,
               Py_ssize_t last, const double[::1] scores, const double[::1] weights, double scale):
        """Expected uses of each piece (n,) float64 in words [first, last), and the log likelihood of these.

        `scores`: log probabilities (n,); `weights`: ``exp(scores + scale * characters)``. Each character of the words is
        a piece, and a word has at most 256 bytes.
        """
        cdef UniEdges e
        cdef Py_ssize_t i, k
        cdef uint32_t characters
        cdef int64_t n_edges = 0
        cdef double likelihood = 0
        cdef size_t n
        if len(scores) != self.n or len(weights) != self.n or not 0 <= first <= last <= len(counts):
            raise ValueError(f"{len(scores)} scores, {len(weights)} weights of {self.n} pieces")
        expected = np.zeros(self.n + 1)
        cdef double[::1] out = expected
        memset(&e, 0, sizeof(UniEdges))
        with nogil:
            for i in range(first, last):
                n = <size_t>(starts[i + 1] - starts[i])
                n_edges = uni_edges(&self.trie, &e, &words[starts[i]], n)
                if n_edges < 0:
                    break
                characters = 0
                for k in range(starts[i], starts[i + 1]):
                    characters += (words[k] & 0xC0) != 0x80
                likelihood += <double>counts[i] * uni_expect(
                    e.edges, <size_t>n_edges, n, characters, &weights[0], &scores[0], scale, <double>counts[i], &out[0])
            free(e.edges)
        if n_edges < 0:
            raise MemoryError
        return expected[:self.n], likelihood

    def losses(self, Py_ssize_t first, Py_ssize_t last, const double[::1] scores, const double[::1] counts):
        """What the log likelihood loses without each of the pieces [first, last) (n,) float64.

        Its uses, of which `counts` (n_pieces,) tells how many, would go to the most probable other pieces that make it
        up: -1 where these are more probable than it, infinity where there are none.
        """
        cdef UniEdges e
        cdef Py_ssize_t i
        cdef size_t n, n_out = 0, k
        cdef int64_t n_edges = 0
        cdef int32_t others[UNI_LONGEST_WORD]
        cdef double total = np.sum(counts), second, log_total, log_other, other
        if len(scores) != self.n or len(counts) != self.n or not 0 <= first <= last <= self.n:
            raise ValueError(f"{len(scores)} scores, {len(counts)} counts of {self.n} pieces")
        losses = np.empty(last - first)
        cdef double[::1] out = losses
        memset(&e, 0, sizeof(UniEdges))
        with nogil:
            log_total = log(total)
            for i in range(first, last):
                n = <size_t>(self.starts[i + 1] - self.starts[i])
                n_edges = uni_edges(&self.trie, &e, &self.utf8[self.starts[i]], n)
                if n_edges < 0:
                    break
                second = uni_second(e.edges, <size_t>n_edges, n, <int32_t>i, &scores[0], others, &n_out)
                if n_out == 0:
                    out[i - first] = INFINITY
                elif second >= scores[i] or counts[i] <= 0:
                    out[i - first] = -1
                else:
                    log_other = log(total + counts[i] * (<double>n_out - 1))
                    other = 0
                    for k in range(n_out):
                        other += log(counts[others[k]] + counts[i]) - log_other
                    out[i - first] = counts[i] * (log(counts[i]) - log_total - other)
            free(e.edges)
        if n_edges < 0:
            raise MemoryError
        return losses
