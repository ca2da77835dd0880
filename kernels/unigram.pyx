"""Unigram language models over pieces of words: texts to ids. The loops are C, in unigram*.h; here Python's objects become
pointers and back.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport malloc
from libc.string cimport memset

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
