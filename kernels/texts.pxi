# Pointers to the characters of a list of Python strings.

from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    int PyUnicode_IS_ASCII(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)


cdef struct Text:
    const void* data
    int kind  # 0: ASCII
    size_t length


cdef class Texts:
    """Pointers to texts[start:stop], which are held meanwhile."""

    cdef list held
    cdef Text* texts
    cdef Py_ssize_t n, first

    def __cinit__(self, list texts not None, Py_ssize_t start, Py_ssize_t stop):
        cdef Py_ssize_t i
        cdef str text
        if not 0 <= start <= stop <= len(texts):
            raise IndexError(f"texts [{start}, {stop}) of {len(texts)}")
        self.held = texts[start:stop]
        self.n = stop - start
        self.first = start
        self.texts = <Text*>malloc(<size_t>(self.n + 1) * sizeof(Text))
        if self.texts == NULL:
            raise MemoryError
        for i in range(self.n):
            text = <str?>self.held[i]
            self.texts[i].data = PyUnicode_DATA(text)
            self.texts[i].kind = 0 if PyUnicode_IS_ASCII(text) else PyUnicode_KIND(text)
            self.texts[i].length = <size_t>PyUnicode_GET_LENGTH(text)

    def __dealloc__(self):
        free(self.texts)

    cdef _refuse(self, Py_ssize_t row, int64_t written):
        raise UnicodeEncodeError(
            "utf-8", self.held[row], -1 - written, -written, f"a lone surrogate in text {self.first + row}")
