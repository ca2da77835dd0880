# Ids and offsets of an encoder as arrays; the including module has numpy as np.

from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy

cdef extern from "subwords.h" nogil:
    ctypedef struct SubWorker:
        int32_t* ids
        int64_t* offsets
        size_t n_ids, ids_capacity
    int subwords_forget(SubWorker* w)
    void subwords_free(SubWorker* w)


cdef tuple as_arrays(const SubWorker* w, bint with_offsets):
    """Copies of the ids (n,) int32 and the offsets (n, 2) int64, or (0, 2)."""
    cdef int32_t[::1] ids_view
    cdef int64_t[:, ::1] spans_view
    ids = np.empty(w.n_ids, dtype=np.int32)
    spans = np.empty((w.n_ids if with_offsets else 0, 2), dtype=np.int64)
    if w.n_ids:
        ids_view = ids
        memcpy(&ids_view[0], w.ids, w.n_ids * sizeof(int32_t))
        if with_offsets:
            spans_view = spans
            memcpy(&spans_view[0, 0], w.offsets, 2 * w.n_ids * sizeof(int64_t))
    return ids, spans
