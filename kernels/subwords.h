/* What encoders that look up word by word share: the tokens of words met before, and the ids and offsets given so far. */
#ifndef MINILM_SUBWORDS_H
#define MINILM_SUBWORDS_H

#include "words_table.h"

typedef struct {
    int32_t id;
    int32_t characters; /* that it takes; -1: it has the span of the one before */
} SubPiece;

#define SUBWORDS_LONGEST_MET 64               /* bytes of a word that is kept */
#define SUBWORDS_MOST_MET ((int32_t)1 << 17) /* words that are kept */

typedef struct {
    WordTable met;
    SubPiece *pieces; /* of the words met, one after another; behind them those of the word at hand */
    size_t *firsts;   /* of a word met: where its pieces begin; one more at the end */
    size_t n_pieces, pieces_capacity, firsts_capacity;
    int32_t *ids;
    int64_t *offsets; /* start and end of each */
    size_t n_ids, ids_capacity, offsets_capacity;
} SubWorker;

static void subwords_free(SubWorker *w)
{
    words_table_free(&w->met);
    free(w->pieces);
    free(w->firsts);
    free(w->ids);
    free(w->offsets);
    memset(w, 0, sizeof *w);
}

/* Forget the words met; 0 or -1. */
static int subwords_forget(SubWorker *w)
{
    words_table_free(&w->met);
    w->n_pieces = 0;
    if (words_reserve((void **)&w->firsts, &w->firsts_capacity, 1, sizeof *w->firsts) < 0) return -1;
    w->firsts[0] = 0;
    return words_table_begin(&w->met) < 0 || words_table_index(&w->met, 0) < 0 ? -1 : 0;
}

/* Write piece *n, which goes to *n + 1; 0 or -1. */
static inline int subwords_add(SubWorker *w, size_t *n, int32_t id, int32_t characters)
{
    if (words_reserve((void **)&w->pieces, &w->pieces_capacity, *n + 1, sizeof *w->pieces) < 0) return -1;
    w->pieces[(*n)++] = (SubPiece){id, characters};
    return 0;
}

/* The number of a short word, inserted where it is new, then *is_new; it has room for its pieces. -1 without memory. */
static inline int32_t subwords_meet(SubWorker *w, const uint8_t *word, size_t n, int *is_new)
{
    if (w->met.n_words >= SUBWORDS_MOST_MET && subwords_forget(w) < 0) return -1;
    int32_t found = words_intern(&w->met, word, n, words_hash(word, n), is_new);
    if (found >= 0 && *is_new
        && words_reserve((void **)&w->firsts, &w->firsts_capacity, (size_t)found + 2, sizeof *w->firsts) < 0)
        return -1;
    return found;
}

/* Append pieces [first, end). Character k of the word is character from[k] of the text, or `base` + k where `from` is
 * NULL; base is -1 where the word begins with a character that was put before the text: it stands for the first. 0 or
 * -1. */
static inline int subwords_emit(SubWorker *w, int with_offsets, size_t first, size_t end, const int64_t *from, int64_t base)
{
    size_t n = end - first, at = 0;
    if (words_reserve((void **)&w->ids, &w->ids_capacity, w->n_ids + n, sizeof *w->ids) < 0) return -1;
    for (size_t i = 0; i < n; i++) w->ids[w->n_ids + i] = w->pieces[first + i].id;
    if (with_offsets) {
        if (words_reserve((void **)&w->offsets, &w->offsets_capacity, 2 * (w->n_ids + n), sizeof *w->offsets) < 0)
            return -1;
        for (size_t i = 0; i < n; i++) {
            int64_t *span = w->offsets + 2 * (w->n_ids + i);
            int32_t characters = w->pieces[first + i].characters;
            if (characters < 0) {
                span[0] = span[-2];
                span[1] = span[-1];
                continue;
            }
            span[0] = from != NULL ? from[at] : base + (int64_t)at;
            at += (size_t)characters;
            span[1] = from != NULL ? from[at - 1] + 1 : base + (int64_t)at;
            if (base < 0) {
                span[0] = span[0] < 0 ? 0 : span[0];
                span[1] = span[1] < 1 ? 1 : span[1];
            }
        }
    }
    w->n_ids += n;
    return 0;
}

#endif
