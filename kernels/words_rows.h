/* From the values of a block, in the order they were met, to rows with rising columns: transposed twice, no comparison. */
#ifndef MINILM_WORDS_ROWS_H
#define MINILM_WORDS_ROWS_H

#include "words_count.h"

typedef struct {
    int32_t column, id;
} WordColumn;

/* The features with a column >= 0, by rising column, into `kept`; how many, or -1. `columns` (n_words). */
static Py_ssize_t words_sort_columns(const int32_t *columns, int32_t n_words, WordColumn **kept)
{
    size_t n = 0;
    WordColumn *from = malloc(((size_t)n_words + 1) * sizeof *from), *to = malloc(((size_t)n_words + 1) * sizeof *to);
    size_t *starts = malloc(2049 * sizeof *starts);
    if (from == NULL || to == NULL || starts == NULL) {
        free(from);
        free(to);
        free(starts);
        return -1;
    }
    int32_t largest = 0;
    for (int32_t i = 0; i < n_words; i++) {
        if (columns[i] < 0) continue;
        if (columns[i] > largest) largest = columns[i];
        from[n].column = columns[i];
        from[n++].id = i;
    }
    for (int shift = 0; shift < 31 && largest >> shift > 0; shift += 11) {
        memset(starts, 0, 2049 * sizeof *starts);
        for (size_t i = 0; i < n; i++) starts[1 + (from[i].column >> shift & 2047)]++;
        for (int b = 0; b < 2048; b++) starts[b + 1] += starts[b];
        for (size_t i = 0; i < n; i++) to[starts[from[i].column >> shift & 2047]++] = from[i];
        WordColumn *other = from;
        from = to;
        to = other;
    }
    free(to);
    free(starts);
    *kept = from;
    return (Py_ssize_t)n;
}

typedef struct {
    int32_t row, count;
} WordValue;

/* The kept values by rising column, in `columns_out` and `values`, each n_kept long; 0 or -1. */
static int words_by_column(
    const WordCounts *c, const int64_t *indptr, Py_ssize_t n_rows, const int32_t *columns, int32_t *columns_out,
    WordValue *values)
{
    WordColumn *kept = NULL;
    Py_ssize_t n_kept = words_sort_columns(columns, c->words.n_words, &kept);
    if (n_kept < 0) return -1;
    size_t *next = malloc(((size_t)c->words.n_words + 1) * sizeof *next), at = 0;
    if (next == NULL) {
        free(kept);
        return -1;
    }
    for (Py_ssize_t i = 0; i < n_kept; i++) {
        next[kept[i].id] = at;
        for (int32_t k = 0; k < c->features[kept[i].id].n_rows; k++) columns_out[at++] = kept[i].column;
    }
    free(kept);
    for (Py_ssize_t row = 0; row < n_rows; row++) {
        for (int64_t i = indptr[row]; i < indptr[row + 1]; i++) {
            int32_t id = c->ids[i];
            if (columns[id] < 0) continue;
            WordValue *v = values + next[id]++;
            v->row = (int32_t)row;
            v->count = c->counts[i];
        }
    }
    free(next);
    return 0;
}

#endif
