/* Pieces of texts and how often each occurs. */
#ifndef MINILM_BPE_PIECES_H
#define MINILM_BPE_PIECES_H

#include "bpe_split.h"
#include "words_table.h"

typedef struct {
    WordTable table;
    int64_t *counts; /* of each piece */
    size_t capacity;
} BpePieces;

static void bpe_pieces_free(BpePieces *p)
{
    words_table_free(&p->table);
    free(p->counts);
    memset(p, 0, sizeof *p);
}

static inline int bpe_count_piece(BpePieces *p, const uint8_t *s, size_t n, int64_t count)
{
    int is_new = 0;
    int32_t id = words_intern(&p->table, s, n, words_hash(s, n), &is_new);
    if (id < 0) return -1;
    if (is_new) {
        if (words_reserve((void **)&p->counts, &p->capacity, (size_t)id + 1, sizeof *p->counts) < 0) return -1;
        p->counts[id] = 0;
    }
    p->counts[id] += count;
    return 0;
}

/* The longest piece that is learned from; a longer one is cut. */
#define BPE_LONGEST 65536

/* Count the pieces of s[0 .. n), which WORDS_SLACK readable bytes follow; 0, or -1 without memory. */
static int bpe_count_text(BpePieces *p, int rule, const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t end = split_piece(rule, s, n, i);
        if (end - i > BPE_LONGEST)
            for (end = i + BPE_LONGEST; (s[end] & 0xC0) == 0x80; end--) {}
        if (end - i > 1 && bpe_count_piece(p, s + i, end - i, 1) < 0) return -1;
        i = end;
    }
    return 0;
}

/* Add the counts of `part` to `all`; 0 or -1. */
static int bpe_add_pieces(BpePieces *all, const BpePieces *part)
{
    for (int32_t i = 0; i < part->table.n_words; i++) {
        size_t at = part->table.starts[i];
        if (bpe_count_piece(all, part->table.bytes + at, part->table.starts[i + 1] - at, part->counts[i]) < 0) return -1;
    }
    return 0;
}

#endif
