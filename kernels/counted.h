/* Byte strings and how often each occurs. */
#ifndef MINILM_COUNTED_H
#define MINILM_COUNTED_H

#include "words_table.h"

typedef struct {
    WordTable table;
    int64_t *counts; /* of each string */
    size_t capacity;
} Counted;

static void counted_free(Counted *c)
{
    words_table_free(&c->table);
    free(c->counts);
    memset(c, 0, sizeof *c);
}

/* An empty table; 0 or -1. */
static int counted_begin(Counted *c)
{
    memset(c, 0, sizeof *c);
    return words_table_begin(&c->table) < 0 || words_table_index(&c->table, 0) < 0 ? -1 : 0;
}

/* Count a string, which has WORDS_SLACK readable bytes behind it; 0 or -1. */
static inline int counted_add(Counted *c, const uint8_t *s, size_t n, int64_t count)
{
    int is_new = 0;
    int32_t id = words_intern(&c->table, s, n, words_hash(s, n), &is_new);
    if (id < 0) return -1;
    if (is_new) {
        if (words_reserve((void **)&c->counts, &c->capacity, (size_t)id + 1, sizeof *c->counts) < 0) return -1;
        c->counts[id] = 0;
    }
    c->counts[id] += count;
    return 0;
}

/* Add the counts of `part` to `all`; 0 or -1. */
static int counted_merge(Counted *all, const Counted *part)
{
    for (int32_t i = 0; i < part->table.n_words; i++) {
        size_t at = part->table.starts[i];
        if (counted_add(all, part->table.bytes + at, part->table.starts[i + 1] - at, part->counts[i]) < 0) return -1;
    }
    return 0;
}

#endif
