# Distinct words and the counts of blocks of texts; words.pyx, which includes this, declares the C below.


cdef class Vocabulary:
    """Distinct strings, numbered from 0 in the order given; a look-up takes one probe of a hash table."""

    cdef WordTable table

    def __cinit__(self):
        memset(&self.table, 0, sizeof(WordTable))
        if words_table_begin(&self.table) < 0:
            raise MemoryError

    def __dealloc__(self):
        words_table_free(&self.table)

    def __init__(self, words=()):
        cdef int32_t before
        for word in words:
            before = self.table.n_words
            self._intern(word)
            if self.table.n_words == before:
                raise ValueError(f"{word!r} occurs twice")

    cdef int32_t _intern(self, str word) except -1:
        cdef int is_new = 0
        cdef bytes padded = word.encode("utf-8", "surrogatepass") + bytes(WORDS_SLACK)
        cdef size_t n = PyBytes_GET_SIZE(padded) - WORDS_SLACK
        cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(padded)
        self.index()
        cdef int32_t i = words_intern(&self.table, p, n, words_hash(p, n), &is_new)
        if i < 0:
            raise MemoryError
        return i

    cpdef index(self):
        """Build the hash table if it is not there; to be called before the vocabulary is shared between threads."""
        if self.table.slots == NULL and words_table_index(&self.table, self.table.n_words) < 0:
            raise MemoryError

    def __len__(self):
        return self.table.n_words

    def __getitem__(self, Py_ssize_t i):
        if not 0 <= i < self.table.n_words:
            raise IndexError(f"word {i} of {self.table.n_words}")
        return self._word(i)

    cdef str _word(self, Py_ssize_t i):
        return PyUnicode_DecodeUTF8(
            <const char*>self.table.bytes + self.table.starts[i],
            <Py_ssize_t>(self.table.starts[i + 1] - self.table.starts[i]),
            "surrogatepass",
        )

    def words(self):
        """All words, in order."""
        cdef Py_ssize_t i
        return [self._word(i) for i in range(self.table.n_words)]

    def look_up(self, str word not None):
        """The number of a word, or -1."""
        cdef bytes padded = word.encode("utf-8", "surrogatepass") + bytes(WORDS_SLACK)
        cdef size_t n = PyBytes_GET_SIZE(padded) - WORDS_SLACK
        cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(padded)
        self.index()
        return words_look_up(&self.table, p, n, words_hash(p, n))

    def sort(self, int32_t[::1] ids):
        """Sort `ids` in place by their words, by code point."""
        cdef Py_ssize_t i
        cdef int status = 0
        for i in range(ids.shape[0]):
            if not 0 <= ids[i] < self.table.n_words:
                raise IndexError(f"word {ids[i]} of {self.table.n_words}")
        if ids.shape[0] > 1:
            with nogil:
                status = words_sort(&self.table, &ids[0], ids.shape[0])
        if status < 0:
            raise MemoryError

    def take(self, const int32_t[::1] ids):
        """A vocabulary of the given words, in the given order."""
        cdef Vocabulary out = Vocabulary()
        cdef Py_ssize_t i
        cdef const size_t* starts = self.table.starts
        for i in range(ids.shape[0]):
            if not 0 <= ids[i] < self.table.n_words:
                raise IndexError(f"word {ids[i]} of {self.table.n_words}")
            if words_append(&out.table, self.table.bytes + starts[ids[i]], starts[ids[i] + 1] - starts[ids[i]]) < 0:
                raise MemoryError
        return out

    def murmurhash3(self, uint32_t seed):
        """MurmurHash3 (x86, 32 bits) of each word's UTF-8 bytes, (n,) int32."""
        out = np.empty(self.table.n_words, dtype=np.int32)
        cdef int32_t[::1] view = out
        cdef int32_t i
        with nogil:
            for i in range(self.table.n_words):
                view[i] = words_murmurhash3(self.table.bytes + self.table.starts[i],
                                            self.table.starts[i + 1] - self.table.starts[i], seed)
        return out

    def state(self):
        """The UTF-8 of all words, one after another (uint8), and where each starts and ends (n + 1, int64)."""
        text = np.empty(self.table.n_bytes, dtype=np.uint8)
        starts = np.empty(self.table.n_words + 1, dtype=np.int64)
        cdef uint8_t[::1] text_view = text
        cdef int64_t[::1] starts_view = starts
        cdef Py_ssize_t i
        if self.table.n_bytes:
            memcpy(&text_view[0], self.table.bytes, self.table.n_bytes)
        for i in range(self.table.n_words + 1):
            starts_view[i] = <int64_t>self.table.starts[i]
        return text, starts

    @classmethod
    def from_state(cls, text, starts):
        """The vocabulary that gave this state; ValueError where it is damaged."""
        content = np.ascontiguousarray(text, dtype=np.uint8).tobytes()
        bounds = np.asarray(starts, dtype=np.int64)
        places = bounds.tolist() if bounds.ndim == 1 else []
        if not places or places[0] != 0 or max(places) != len(content) or bool(np.any(np.diff(bounds) < 0)):
            raise ValueError("the vocabulary is damaged: its words do not fit its text")
        try:
            return cls([content[places[i]:places[i + 1]].decode("utf-8", "surrogatepass")
                        for i in range(len(places) - 1)])
        except UnicodeDecodeError:
            raise ValueError("the vocabulary is damaged: a word is not UTF-8") from None

    def __reduce__(self):
        return Vocabulary, (self.words(),)


cdef class Counts:
    """What one block of texts holds: its features, in the order they were met, and the values of each row."""

    cdef WordCounts counts
    cdef int64_t[::1] starts  # of each row among the values
    cdef int32_t[::1] mapped  # feature -> its number in the table of all blocks

    def __cinit__(self, Py_ssize_t n_rows, int low, int high):
        self.starts = np.zeros(n_rows + 1, dtype=np.int64)
        if words_count_begin(&self.counts, low, high) < 0:
            raise MemoryError

    def __dealloc__(self):
        words_count_free(&self.counts)

    def merge_into(self, Vocabulary everything not None):
        """Number the features by `everything`, which takes in those it has not."""
        self.mapped = np.empty(self.counts.words.n_words, dtype=np.int32)
        cdef int status = 0
        everything.index()
        if self.counts.words.n_words:
            with nogil:
                status = words_merge(&everything.table, &self.counts.words, &self.mapped[0])
        if status < 0:
            raise MemoryError

    def look_up_in(self, Vocabulary known not None):
        """Number the features by `known`; -1 for those it has not. `known` must be indexed."""
        self.mapped = np.empty(self.counts.words.n_words, dtype=np.int32)
        cdef Py_ssize_t i
        cdef size_t start, n
        cdef const WordTable* t = &self.counts.words
        if known.table.slots == NULL:
            raise RuntimeError("the vocabulary is not indexed")
        with nogil:
            for i in range(t.n_words):
                start = t.starts[i]
                n = t.starts[i + 1] - start
                self.mapped[i] = words_look_up(&known.table, t.bytes + start, n, words_hash(t.bytes + start, n))

    def add_frequencies(self, int64_t[::1] n_rows, int64_t[::1] totals):
        """Add each feature's number of rows, and of occurrences, at its number; features without one are passed over."""
        cdef size_t i
        cdef int32_t f
        for f in range(self.counts.words.n_words):
            if self.mapped[f] >= 0:
                n_rows[self.mapped[f]] += self.counts.features[f].n_rows
        for i in range(self.counts.n_values):
            f = self.mapped[self.counts.ids[i]]
            if f >= 0:
                totals[f] += self.counts.counts[i]

    def assign_columns(self, const int32_t[::1] column_of):
        """Turn each feature's number into its column, -1 for one that is dropped."""
        cdef Py_ssize_t i
        for i in range(self.mapped.shape[0]):
            self.mapped[i] = column_of[self.mapped[i]]

    def row_lengths(self, int64_t[::1] out):
        """The number of kept values of each row."""
        cdef Py_ssize_t row
        cdef int64_t i, n
        with nogil:
            for row in range(self.starts.shape[0] - 1):
                n = 0
                for i in range(self.starts[row], self.starts[row + 1]):
                    n += self.mapped[self.counts.ids[i]] >= 0
                out[row] = n

    def fill(self, const int64_t[::1] indptr, int32_t[::1] indices, number[::1] data, bint binary):
        """Write the kept values of the block's rows, columns rising.

        `indptr` (n_rows + 1) says where each row stands in `indices` and `data`, which are those of the whole matrix.
        """
        cdef Py_ssize_t n_rows = self.starts.shape[0] - 1, i
        cdef int64_t n = indptr[n_rows] - indptr[0], at
        cdef int32_t* columns = NULL
        cdef WordValue* values = NULL
        cdef int64_t* place = NULL
        cdef int status = -1
        if n == 0:
            return
        with nogil:
            columns = <int32_t*>malloc(<size_t>n * sizeof(int32_t))
            values = <WordValue*>malloc(<size_t>n * sizeof(WordValue))
            place = <int64_t*>malloc(<size_t>(n_rows + 1) * sizeof(int64_t))
            if columns != NULL and values != NULL and place != NULL:
                memcpy(place, &indptr[0], <size_t>n_rows * sizeof(int64_t))
                status = words_by_column(&self.counts, &self.starts[0], n_rows, &self.mapped[0], columns, values)
            if status == 0:
                for i in range(n):
                    at = place[values[i].row]
                    place[values[i].row] = at + 1
                    indices[at] = columns[i]
                    data[at] = <number>(1 if binary else values[i].count)
            free(columns)
            free(values)
            free(place)
        if status < 0:
            raise MemoryError
