"""Byte-pair encoding: texts to ids, texts to merges. The loops are C, in bpe_*.h; here Python's objects become pointers
and back.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

include "texts.pxi"
include "trie.pxi"


cdef extern from "bpe_model.h" nogil:
    ctypedef struct BpeToken:
        int32_t rank, shorter
        uint32_t length
    ctypedef struct BpeModel:
        BpeToken* tokens
        Trie trie
        int whole_first
    int bpe_model_begin(BpeModel* m, int32_t n_tokens, size_t n_merges)
    int bpe_add_merge(BpeModel* m, int32_t left, int32_t right, int32_t made, int32_t rank)
    size_t bpe_merge_few(const BpeModel* m, int32_t* ids, size_t n)
    void bpe_model_free(BpeModel* m)

cdef extern from "bpe_encode.h" nogil:
    const int SPLIT_NONE, SPLIT_GPT2, SPLIT_GPT4, SPLIT_QWEN2, SPLIT_O200K
    ctypedef struct BpeWorker:
        int32_t* ids
        size_t n_ids
        uint8_t* text
        size_t text_capacity
    int bpe_worker_begin(BpeWorker* w)
    void bpe_worker_free(BpeWorker* w)
    int bpe_encode_text(const BpeModel* m, BpeWorker* w, int rule, const uint8_t* s, size_t n)
    int64_t bpe_utf8(const void* data, int kind, size_t n, uint8_t* out)
    void bpe_offsets(const BpeModel* m, const int32_t* ids, size_t n_ids, const uint8_t* s, int prefix, int64_t* out)
    void bpe_offsets_ascii(const BpeModel* m, const int32_t* ids, size_t n_ids, int64_t* out)
    void bpe_trim(const BpeModel* m, const int32_t* ids, size_t n_ids, const uint8_t* s, int prefix, int64_t* out)

cdef extern from "words_table.h" nogil:
    const int WORDS_SLACK
    ctypedef struct WordTable:
        void* slots
        int32_t n_words
        size_t n_bytes
    ctypedef struct Counted:
        WordTable table
        int64_t* counts
    int words_reserve(void** buffer, size_t* capacity, size_t needed, size_t size)
    int words_table_begin(WordTable* t)
    int32_t words_append(WordTable* t, const unsigned char* p, size_t n)
    void counted_free(Counted* c)
    int counted_begin(Counted* c)
    int counted_merge(Counted* c, const Counted* part)

cdef extern from "bpe_pieces.h" nogil:
    int bpe_count_text(Counted* p, int rule, const uint8_t* s, size_t n)

cdef extern from "bpe_train.h" nogil:
    ctypedef struct BpeTrainer:
        WordTable tokens
        int64_t least
    int bpe_train_begin(BpeTrainer* t, const WordTable* pieces, const int64_t* counts, const int32_t* id_of_byte)
    int bpe_train_begin_symbols(BpeTrainer* t, const int32_t* symbols, const int64_t* starts, const int64_t* counts,
                                int64_t n_words)
    int bpe_train_step(BpeTrainer* t, int32_t* left, int32_t* right)
    void bpe_trainer_free(BpeTrainer* t)

RULES = {"none": SPLIT_NONE, "gpt2": SPLIT_GPT2, "gpt4": SPLIT_GPT4, "qwen2": SPLIT_QWEN2, "o200k": SPLIT_O200K}


cdef class Worker:
    """Buffers of one call, and the pieces it met; for one thread at a time."""

    cdef BpeWorker worker

    def __cinit__(self):
        if bpe_worker_begin(&self.worker) < 0:
            raise MemoryError

    def __dealloc__(self):
        bpe_worker_free(&self.worker)


cdef class Encoder:
    """Ids of texts under one list of merges."""

    cdef BpeModel model
    cdef list idle  # workers
    cdef int rule
    cdef readonly object merges

    def __cinit__(self):
        memset(&self.model, 0, sizeof(BpeModel))
        self.idle = []

    def __dealloc__(self):
        bpe_model_free(&self.model)

    def __init__(self, list tokens not None, merges, str rule not None, bint whole_first):
        """`tokens`: bytes of each id, empty for an id that no text gives; each byte must be one, and no two alike.

        `merges`: (n, 3) int32, left, right and made by rank; None: a token is made of the two that the tokens before it
        leave of its bytes. ValueError names a merge whose parts come later.
        """
        cdef Py_ssize_t n = len(tokens), i
        cdef BpeToken* known
        cdef int32_t[:, ::1] rows
        self.rule = RULES[rule]
        if bpe_model_begin(&self.model, <int32_t>n, <size_t>(n if merges is None else len(merges))) < 0:
            raise MemoryError
        self.model.whole_first = whole_first
        known = self.model.tokens
        for i in range(n):
            known[i].length = <uint32_t>len(<bytes?>tokens[i])
            if known[i].length == 1:
                known[i].rank = -1
        if merges is None:
            self.merges = self._merges_of_ranks(tokens)
        else:
            self.merges = merges
            rows = merges
            late = []
            for i in range(len(merges)):
                if known[rows[i, 0]].rank == -2 or known[rows[i, 1]].rank == -2:
                    late.append(i)
                else:
                    bpe_add_merge(&self.model, rows[i, 0], rows[i, 1], rows[i, 2], <int32_t>i)
            for i in late:
                if known[rows[i, 0]].rank > -2 and known[rows[i, 1]].rank > -2:
                    raise ValueError(f"merge {i} joins a token that only a later merge makes")
        left_out = np.array([known[i].rank == -2 for i in range(n)], dtype=np.uint8)
        cdef int32_t[::1] shorter = np.full(n, -1, dtype=np.int32)
        make_trie(&self.model.trie, tokens, left_out, shorter)
        for i in range(n):
            known[i].shorter = shorter[i]

    cdef _merges_of_ranks(self, list tokens):
        cdef dict of_byte = {token[0]: i for i, token in enumerate(tokens) if len(token) == 1}
        cdef int32_t[::1] ids = np.empty(max(map(len, tokens)) + 1, dtype=np.int32)
        cdef Py_ssize_t i, k
        cdef bytes token
        merges = []
        for i, token in enumerate(tokens):
            if len(token) < 2:
                continue
            for k in range(len(token)):
                ids[k] = of_byte[token[k]]
            if bpe_merge_few(&self.model, &ids[0], <size_t>len(token)) == 2:
                bpe_add_merge(&self.model, ids[0], ids[1], <int32_t>i, <int32_t>i)
                merges.append((ids[0], ids[1], i))
        return np.array(merges, dtype=np.int32).reshape(-1, 3)

    def encode(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, bint with_offsets, bint prefix, bint trim,
               bytes begins=None):
        """Ids (n,), offsets (n, 2) and the bounds of each text (n_texts + 1) of texts[start:stop], one after another.

        `prefix`: put a space before each text that does not start with one. `trim`: leave spaces out of the offsets.
        `begins`: 1 for each of `texts` that is not the rest of one behind a special token; all, where left out.
        """
        if begins is not None and len(begins) != len(texts):
            raise ValueError(f"begins has {len(begins)} bytes for {len(texts)} texts")
        cdef const uint8_t* is_begin = NULL
        if begins is not None:
            is_begin = begins
        cdef Texts t = Texts(texts, start, stop)
        cdef Worker mine
        cdef BpeWorker* w
        cdef Py_ssize_t row = 0
        cdef int status = 0, before
        cdef int64_t n_bytes = 0
        cdef int64_t* offsets = NULL
        cdef size_t capacity = 0, first
        cdef const uint8_t* s
        bounds = np.zeros(t.n + 1, dtype=np.int64)
        cdef int64_t[::1] bounds_view = bounds
        cdef int32_t[::1] ids_view
        cdef int64_t[:, ::1] offsets_view
        try:
            mine = self.idle.pop()
        except IndexError:
            mine = Worker()
        w = &mine.worker
        w.n_ids = 0
        try:
            with nogil:
                for row in range(t.n):
                    before = prefix and t.texts[row].length > 0
                    if t.texts[row].kind == 0 and not before:
                        s = <const uint8_t*>t.texts[row].data
                        n_bytes = <int64_t>t.texts[row].length
                    else:
                        status = words_reserve(<void**>&w.text, &w.text_capacity, 4 * t.texts[row].length + 2, 1)
                        if status < 0:
                            break
                        n_bytes = bpe_utf8(t.texts[row].data, t.texts[row].kind, t.texts[row].length, w.text + before)
                        if n_bytes < 0:
                            break
                        s = w.text + before
                        if before and s[0] != 32:
                            w.text[0] = 32
                            s = w.text
                            n_bytes += 1
                        else:
                            before = 0
                    first = w.n_ids
                    status = bpe_encode_text(&self.model, w, self.rule, s, <size_t>n_bytes)
                    if status < 0:
                        break
                    bounds_view[row + 1] = <int64_t>w.n_ids
                    if with_offsets:
                        status = words_reserve(<void**>&offsets, &capacity, 2 * w.n_ids, sizeof(int64_t))
                        if status < 0:
                            break
                        if t.texts[row].kind == 0 and not before:
                            bpe_offsets_ascii(&self.model, w.ids + first, w.n_ids - first, offsets + 2 * first)
                        else:
                            bpe_offsets(&self.model, w.ids + first, w.n_ids - first, s, before, offsets + 2 * first)
                        if trim:
                            bpe_trim(&self.model, w.ids + first, w.n_ids - first, s,
                                     prefix and (is_begin == NULL or is_begin[start + row]), offsets + 2 * first)
            if status < 0:
                raise MemoryError
            if n_bytes < 0:
                t._refuse(row, n_bytes)
            ids = np.empty(w.n_ids, dtype=np.int32)
            spans = np.empty((w.n_ids if with_offsets else 0, 2), dtype=np.int64)
            if w.n_ids:
                ids_view = ids
                memcpy(&ids_view[0], w.ids, w.n_ids * sizeof(int32_t))
                if with_offsets:
                    offsets_view = spans
                    memcpy(&offsets_view[0, 0], offsets, 2 * w.n_ids * sizeof(int64_t))
            if w.text_capacity < 1 << 24:  # a worker is kept for the next call, but not after a very long text
                self.idle.append(mine)
        finally:
            free(offsets)
        return ids, spans, bounds


cdef class Pieces:
    """Pieces of texts and how often each occurs."""

    cdef Counted pieces

    def __cinit__(self):
        if counted_begin(&self.pieces) < 0:
            raise MemoryError

    def __dealloc__(self):
        counted_free(&self.pieces)

    def __len__(self):
        return self.pieces.table.n_words

    @property
    def n_bytes(self):
        """Bytes of the different pieces."""
        return self.pieces.table.n_bytes

    def count(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, str rule not None):
        """Add the pieces of texts[start:stop]; a piece of one byte is none."""
        cdef Texts t = Texts(texts, start, stop)
        cdef int number = RULES[rule], status = 0
        cdef Py_ssize_t row = 0
        cdef uint8_t* buffer = NULL
        cdef size_t capacity = 0
        cdef int64_t n_bytes = 0
        self._check()
        try:
            with nogil:
                for row in range(t.n):
                    status = words_reserve(<void**>&buffer, &capacity, 4 * t.texts[row].length + 1 + WORDS_SLACK, 1)
                    if status < 0:
                        break
                    n_bytes = bpe_utf8(t.texts[row].data, t.texts[row].kind, t.texts[row].length, buffer)
                    if n_bytes < 0:
                        break
                    status = bpe_count_text(&self.pieces, number, buffer, <size_t>n_bytes)
                    if status < 0:
                        break
            if status < 0:
                raise MemoryError
            if n_bytes < 0:
                t._refuse(row, n_bytes)
        finally:
            free(buffer)
        return self

    def add(self, Pieces other not None):
        """Add the counts of `other`."""
        cdef int status
        self._check()
        with nogil:
            status = counted_merge(&self.pieces, &other.pieces)
        if status < 0:
            raise MemoryError
        return self

    cdef _check(self):
        if self.pieces.table.slots == NULL:
            raise RuntimeError("these pieces were learned from and take no more")

    def learn(self, bytes alphabet not None, Py_ssize_t n_merges, int64_t least):
        """At most `n_merges` merges by rank, (n, 2) int32, each of a pair that occurred `least` times or more.

        The ids of the bytes are their places in `alphabet`, merge i makes the id 256 + i. The pieces take no more.
        """
        cdef BpeTrainer trainer
        cdef int32_t[::1] id_of_byte = np.empty(256, dtype=np.int32)
        cdef const uint8_t* letters = alphabet
        cdef Py_ssize_t i, n = 0
        cdef int status = 0
        self._check()
        if sorted(alphabet) != list(range(256)):
            raise ValueError("alphabet must hold each byte once")
        merges = np.empty((n_merges, 2), dtype=np.int32)
        cdef int32_t[:, ::1] out = merges
        for i in range(256):
            id_of_byte[letters[i]] = <int32_t>i
        memset(&trainer, 0, sizeof(BpeTrainer))
        trainer.least = least
        try:
            if words_table_begin(&trainer.tokens) < 0:
                raise MemoryError
            for i in range(256):
                if words_append(&trainer.tokens, letters + i, 1) < 0:
                    raise MemoryError
            with nogil:
                free(self.pieces.table.slots)  # room for what follows
                self.pieces.table.slots = NULL
                status = bpe_train_begin(&trainer, &self.pieces.table, self.pieces.counts, &id_of_byte[0])
                while status == 0 and n < n_merges:
                    status = bpe_train_step(&trainer, &out[n, 0], &out[n, 1])
                    if status <= 0:
                        break
                    status = 0
                    n += 1
            if status < 0:
                raise MemoryError
        finally:
            bpe_trainer_free(&trainer)
        return merges[:n].copy()


def learn_characters(const int32_t[::1] symbols, const int64_t[::1] starts, const int64_t[::1] counts,
                     const int32_t[::1] lengths, Py_ssize_t n_merges, int64_t least):
    """At most `n_merges` merges of characters within words, (n, 2) int32 by rank, as `Pieces.learn` does of bytes.

    `symbols`, `starts`, `counts`: as for bpe_train_begin_symbols, (n_words + 1,) and (n_words,). `lengths`: bytes of the
    character of each id; merge i makes the id ``len(lengths) + i``.
    """
    cdef BpeTrainer trainer
    cdef Py_ssize_t i, n = 0
    cdef int status = 0
    cdef uint8_t spelled[4]
    if len(starts) != len(counts) + 1 or starts[len(counts)] != len(symbols):
        raise ValueError(f"{len(starts)} starts of {len(counts)} words in {len(symbols)} bytes")
    merges = np.empty((n_merges, 2), dtype=np.int32)
    cdef int32_t[:, ::1] out = merges
    cdef const int32_t* symbol = &symbols[0] if len(symbols) else NULL
    cdef const int64_t* count = &counts[0] if len(counts) else NULL
    memset(&trainer, 0, sizeof(BpeTrainer))
    memset(spelled, 0, 4)
    trainer.least = least
    try:
        if words_table_begin(&trainer.tokens) < 0:
            raise MemoryError
        for i in range(len(lengths)):  # of the tokens only their lengths are used
            if words_append(&trainer.tokens, spelled, <size_t>lengths[i]) < 0:
                raise MemoryError
        with nogil:
            status = bpe_train_begin_symbols(&trainer, symbol, &starts[0], count, len(counts))
            while status == 0 and n < n_merges:
                status = bpe_train_step(&trainer, &out[n, 0], &out[n, 1])
                if status <= 0:
                    break
                status = 0
                n += 1
    finally:
        bpe_trainer_free(&trainer)
    if status < 0:
        raise MemoryError
    return merges[:n]
