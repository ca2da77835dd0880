"""Chinese word segmentation: texts to words. The loops are C, in segment.h; here Python's objects become pointers and back.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport malloc
from libc.string cimport memcpy, memset

include "counted.pxi"
include "texts.pxi"
include "trie.pxi"


cdef extern from "segment.h" nogil:
    ctypedef struct SegModel:
        Trie trie
        double* scores
        double unknown_score
        int32_t unknown
        size_t longest
        int punctuation
    ctypedef struct SegWorker:
        int32_t* ids
        int64_t* offsets
        size_t n_ids
    void seg_model_free(SegModel* m)
    void seg_worker_free(SegWorker* w)
    int64_t seg_encode_text(const SegModel* m, SegWorker* w, const void* data, int kind, size_t length)
    int64_t seg_count_text(Counted* counted, SegWorker* w, const void* data, int kind, size_t length)


cdef extern from "Python.h":
    str PyUnicode_Substring(object text, Py_ssize_t start, Py_ssize_t end)


cdef class Worker:
    """Buffers of one call."""

    cdef SegWorker worker

    def __cinit__(self):
        memset(&self.worker, 0, sizeof(SegWorker))

    def __dealloc__(self):
        seg_worker_free(&self.worker)


cdef class Encoder:
    """Words of texts under one dictionary."""

    cdef SegModel model
    cdef list names

    def __cinit__(self):
        memset(&self.model, 0, sizeof(SegModel))

    def __dealloc__(self):
        seg_model_free(&self.model)

    def __init__(self, list names not None, const double[::1] scores, int unknown, double unknown_score, bint punctuation):
        """`names`: the word of each id, empty for one that no text gives, no two alike. `scores`: what is summed, finite.

        `unknown`: the id of what is no word; `unknown_score`: that of a character at which none begins. `punctuation`:
        whether characters that are no Han, letters or digits are given.
        """
        cdef Py_ssize_t n = len(names), i
        words = [name.encode() for name in names]
        self.names = names
        if len(scores) != n:
            raise ValueError(f"{len(scores)} scores of {n} words")
        make_trie(&self.model.trie, words)
        self.model.scores = <double*>malloc(<size_t>(n + 1) * sizeof(double))
        if self.model.scores == NULL:
            raise MemoryError
        self.model.longest = 4
        for i in range(n):
            self.model.scores[i] = scores[i]
            self.model.longest = max(self.model.longest, <size_t>len(<bytes?>words[i]))
        self.model.unknown = unknown
        self.model.unknown_score = unknown_score
        self.model.punctuation = punctuation

    def encode(self, list texts not None, Py_ssize_t start, Py_ssize_t stop):
        """Ids (n,), offsets (n, 2) and the bounds of each text (n_texts + 1) of texts[start:stop], one after another."""
        cdef Texts t = Texts(texts, start, stop)
        cdef Worker mine = Worker()
        cdef SegWorker* w = &mine.worker
        cdef Py_ssize_t row = 0
        cdef int64_t status = 0
        bounds = np.zeros(t.n + 1, dtype=np.int64)
        cdef int64_t[::1] bounds_view = bounds
        cdef int32_t[::1] ids_view
        cdef int64_t[:, ::1] spans_view
        with nogil:
            for row in range(t.n):
                status = seg_encode_text(&self.model, w, t.texts[row].data, t.texts[row].kind, t.texts[row].length)
                if status < 0:
                    break
                bounds_view[row + 1] = <int64_t>w.n_ids
        if status == -1:
            raise MemoryError
        if status < 0:
            t._refuse(row, status + 1)
        ids, spans = np.empty(w.n_ids, dtype=np.int32), np.empty((w.n_ids, 2), dtype=np.int64)
        if w.n_ids:
            ids_view, spans_view = ids, spans
            memcpy(&ids_view[0], w.ids, w.n_ids * sizeof(int32_t))
            memcpy(&spans_view[0, 0], w.offsets, 2 * w.n_ids * sizeof(int64_t))
        return ids, spans, bounds

    def tokenize(self, str text not None):
        """The words of a text, as they stand in it."""
        cdef Texts t = Texts([text], 0, 1)
        cdef Worker mine = Worker()
        cdef SegWorker* w = &mine.worker
        cdef int64_t status
        cdef size_t i
        with nogil:
            status = seg_encode_text(&self.model, w, t.texts[0].data, t.texts[0].kind, t.texts[0].length)
        if status == -1:
            raise MemoryError
        if status < 0:
            t._refuse(0, status + 1)
        return [
            self.names[w.ids[i]] if w.ids[i] != self.model.unknown  # no new string
            else PyUnicode_Substring(text, <Py_ssize_t>w.offsets[2 * i], <Py_ssize_t>w.offsets[2 * i + 1])
            for i in range(w.n_ids)
        ]


def count_runs(Words words not None, list texts not None, Py_ssize_t start, Py_ssize_t stop):
    """Add the runs of Han of texts[start:stop], cut at 256 bytes, to `words`, which is given back."""
    cdef Texts t = Texts(texts, start, stop)
    cdef Worker mine = Worker()
    cdef Py_ssize_t row = 0
    cdef int64_t status = 0
    with nogil:
        for row in range(t.n):
            status = seg_count_text(
                &words.counted, &mine.worker, t.texts[row].data, t.texts[row].kind, t.texts[row].length)
            if status < 0:
                break
    if status == -1:
        raise MemoryError
    if status < 0:
        t._refuse(row, status + 1)
    return words
