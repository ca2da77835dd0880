# Byte strings and how often each occurs; the including module has numpy as np.

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy

cdef extern from "counted.h" nogil:
    ctypedef struct CountedTable "WordTable":
        size_t* starts
        uint8_t* bytes
        int32_t n_words
        size_t n_bytes
    ctypedef struct Counted:
        CountedTable table
        int64_t* counts
    void counted_free(Counted* c)
    int counted_begin(Counted* c)
    int counted_merge(Counted* c, const Counted* part)


cdef class Words:
    """Different words of texts and how often each occurs."""

    cdef Counted counted

    def __cinit__(self):
        if counted_begin(&self.counted) < 0:
            raise MemoryError

    def __dealloc__(self):
        counted_free(&self.counted)

    def __len__(self):
        return self.counted.table.n_words

    def add(self, Words other not None):
        """Add the counts of `other`."""
        cdef int status
        with nogil:
            status = counted_merge(&self.counted, &other.counted)
        if status < 0:
            raise MemoryError
        return self

    def listed(self):
        """The words one after another (n_bytes,), where each begins (n + 1,) int64, and their counts (n,) int64."""
        cdef const CountedTable* t = &self.counted.table
        cdef Py_ssize_t n = t.n_words, i
        starts, counts = np.empty(n + 1, dtype=np.int64), np.empty(n, dtype=np.int64)
        cdef int64_t[::1] starts_view = starts, counts_view = counts
        for i in range(n + 1):
            starts_view[i] = <int64_t>t.starts[i]
        if n:
            memcpy(&counts_view[0], self.counted.counts, <size_t>n * sizeof(int64_t))
        return t.bytes[:t.n_bytes], starts, counts
