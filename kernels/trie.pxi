# A trie from Python's bytes; the including module has numpy as np.

from libc.stdint cimport int32_t, int64_t, uint8_t

cdef extern from "trie.h" nogil:
    ctypedef struct Trie:
        pass
    int trie_make(Trie* t, const int32_t* order, size_t n, const uint8_t* bytes, const int64_t* starts,
                  const uint8_t* left_out, int32_t* shorter)
    void trie_free(Trie* t)


cdef int make_trie(Trie* trie, list tokens, const uint8_t[::1] left_out=None, int32_t[::1] shorter=None) except -1:
    """The trie of `tokens`, bytes of each id, empty ones none; no two alike. `left_out`, `shorter`: as for trie_make."""
    cdef Py_ssize_t n = len(tokens)
    cdef int status
    listed = sorted((i for i in range(n) if tokens[i]), key=tokens.__getitem__)
    cdef int32_t[::1] order = np.array([*listed, 0], dtype=np.int32)
    ends = np.zeros(n + 1, dtype=np.int64)
    np.cumsum([len(token) for token in tokens], out=ends[1:])
    cdef int64_t[::1] starts = ends
    joined = b"".join(tokens)
    cdef const uint8_t* out = NULL
    cdef int32_t* before = NULL
    if n and left_out is not None:
        out = &left_out[0]
    if n and shorter is not None:
        before = &shorter[0]
    status = trie_make(trie, &order[0], <size_t>len(listed), joined, &starts[0], out, before)
    if status == -2:
        raise ValueError(f"{len(listed)} tokens of {len(joined)} bytes are too many")
    if status < 0:
        raise MemoryError
    return 0
