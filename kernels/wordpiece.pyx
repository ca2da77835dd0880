"""WordPiece: texts to ids. The loops are C, in wordpiece.h; here Python's objects become pointers and back."""

import numpy as np

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset

include "counted.pxi"
include "subwords.pxi"
include "texts.pxi"
include "trie.pxi"


cdef extern from "wordpiece.h" nogil:
    ctypedef struct WpModel:
        Trie heads, tails
        int32_t unknown
        size_t most
        int clean, split_han, strip, lower
    ctypedef struct WpWorker:
        SubWorker out
        Counted* counted
        size_t run_capacity, word_capacity
    void wp_model_free(WpModel* m)
    void wp_worker_free(WpWorker* w)
    int64_t wp_encode_text(const WpModel* m, WpWorker* w, int with_offsets, const void* data, int kind, size_t length)


cdef class Worker:
    """Buffers of one call, and the words it met; for one thread at a time."""

    cdef WpWorker worker

    def __cinit__(self):
        memset(&self.worker, 0, sizeof(WpWorker))
        if subwords_forget(&self.worker.out) < 0:
            raise MemoryError

    def __dealloc__(self):
        wp_worker_free(&self.worker)


cdef class Encoder:
    """Ids of texts under one vocabulary."""

    cdef WpModel model
    cdef list idle  # workers

    def __cinit__(self):
        memset(&self.model, 0, sizeof(WpModel))
        self.idle = []

    def __dealloc__(self):
        wp_model_free(&self.model)

    def __init__(self, list heads not None, list tails not None, int unknown, *, bint clean, bint split_han, bint strip,
                 bint lower, Py_ssize_t most):
        """`heads`, `tails`: bytes of each id at the start of a word and further on in it, empty where it cannot stand
        there; no two of a list alike.

        `most`: characters of the longest word that is cut, from 1 to 2^31 - 1.
        """
        make_trie(&self.model.heads, heads)
        make_trie(&self.model.tails, tails)
        self.model.unknown = unknown
        self.model.clean = clean
        self.model.split_han = split_han
        self.model.strip = strip
        self.model.lower = lower
        self.model.most = <size_t>most

    def encode(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, bint with_offsets):
        """Ids (n,), offsets (n, 2) and the bounds of each text (n_texts + 1) of texts[start:stop], one after another."""
        cdef Texts t = Texts(texts, start, stop)
        cdef Worker mine
        cdef WpWorker* w
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
                status = wp_encode_text(
                    &self.model, w, with_offsets, t.texts[row].data, t.texts[row].kind, t.texts[row].length)
                if status < 0:
                    break
                bounds_view[row + 1] = <int64_t>w.out.n_ids
        if status == -1:
            raise MemoryError
        if status < 0:
            t._refuse(row, status + 1)
        ids, spans = as_arrays(&w.out, with_offsets)
        if w.out.ids_capacity < 1 << 24 and w.run_capacity < 1 << 20 and w.word_capacity < 1 << 20:
            self.idle.append(mine)  # not after a very long text
        return ids, spans, bounds


def count_words(Words words not None, Encoder encoder not None, list texts not None, Py_ssize_t start, Py_ssize_t stop):
    """Add the normalised words of texts[start:stop] that `encoder` would cut to `words`, which is given back."""
    cdef Texts t = Texts(texts, start, stop)
    cdef Worker mine = Worker()
    cdef Py_ssize_t row = 0
    cdef int64_t status = 0
    mine.worker.counted = &words.counted
    with nogil:
        for row in range(t.n):
            status = wp_encode_text(
                &encoder.model, &mine.worker, 0, t.texts[row].data, t.texts[row].kind, t.texts[row].length)
            if status < 0:
                break
    if status == -1:
        raise MemoryError
    if status < 0:
        t._refuse(row, status + 1)
    return words
