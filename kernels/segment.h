/* Cut Chinese into words: of all ways to cut a run of Han into words of a dictionary the one with the highest sum of scores.
 *
 * A character at which no word begins is a word by itself. From the right to the left; of equal sums the longer first
 * word. Letters and digits are words as they stand, every other character that is no space is one by itself.
 */
#ifndef MINILM_SEGMENT_H
#define MINILM_SEGMENT_H

#include <math.h>

#include "counted.h"
#include "kinds.h"
#include "trie.h"
#include "utf8.h"

#define SEG_LONGEST_RUN 256 /* bytes of a run of Han that is learned from */

typedef struct {
    Trie trie;
    double *scores;
    double unknown_score;
    int32_t unknown; /* the id of what is no word of the dictionary */
    size_t longest;  /* bytes of a word, at least 4 */
    int punctuation;
} SegModel;

typedef struct {
    int32_t *ids;
    int64_t *offsets;
    size_t n_ids, ids_capacity, offsets_capacity;
    uint8_t *run;   /* UTF-8 */
    int32_t *word;  /* by byte: the word that begins there, -1: one character */
    int32_t *width; /* by byte: bytes of it */
    double *best;   /* a ring over the next `longest` bytes */
    size_t run_capacity, word_capacity, width_capacity, best_capacity;
} SegWorker;

static void seg_model_free(SegModel *m)
{
    trie_free(&m->trie);
    free(m->scores);
    memset(m, 0, sizeof *m);
}

static void seg_worker_free(SegWorker *w)
{
    free(w->ids);
    free(w->offsets);
    free(w->run);
    free(w->word);
    free(w->width);
    free(w->best);
    memset(w, 0, sizeof *w);
}

/* Han, and the circle that is often written for the zero U+3007. */
static inline int seg_is_han(uint32_t c)
{
    return kind_is_han(c) || c == 0x25CB;
}

static inline int seg_add(SegWorker *w, int32_t id, int64_t start, int64_t end)
{
    if (words_reserve((void **)&w->ids, &w->ids_capacity, w->n_ids + 1, sizeof *w->ids) < 0
        || words_reserve((void **)&w->offsets, &w->offsets_capacity, 2 * w->n_ids + 2, sizeof *w->offsets) < 0)
        return -1;
    w->ids[w->n_ids] = id;
    w->offsets[2 * w->n_ids] = start;
    w->offsets[2 * w->n_ids + 1] = end;
    w->n_ids++;
    return 0;
}

/* The words of w->run[0 .. n), whose first character is character `start` of the text; 0 or -1. */
static int seg_cut(const SegModel *m, SegWorker *w, size_t n, int64_t start)
{
    size_t n_ring = 8;
    while (n_ring <= m->longest) n_ring *= 2;
    if (words_reserve((void **)&w->word, &w->word_capacity, n + 1, sizeof *w->word) < 0
        || words_reserve((void **)&w->width, &w->width_capacity, n + 1, sizeof *w->width) < 0
        || words_reserve((void **)&w->best, &w->best_capacity, n_ring, sizeof *w->best) < 0)
        return -1;
    const uint8_t *s = w->run;
    size_t mask = n_ring - 1;
    double *best = w->best;
    best[n & mask] = 0;
    for (size_t at = n; at-- > 0;) {
        if ((s[at] & 0xC0) == 0x80) continue;
        uint32_t link = m->trie.nodes[0].link;
        int32_t word = -1, width = (int32_t)utf8_width(s[at]);
        double most = -INFINITY;
        for (size_t i = at; i < n;) {
            const TrieNode *node = trie_step(&m->trie, &link, s[i++]);
            if (node == NULL) break;
            if (node->token < 0) continue;
            double score = m->scores[node->token] + best[i & mask];
            if (score >= most) {
                most = score;
                word = node->token;
                width = (int32_t)(i - at);
            }
        }
        if (word < 0) most = m->unknown_score + best[(at + (size_t)width) & mask];
        best[at & mask] = most;
        w->word[at] = word;
        w->width[at] = width;
    }
    for (size_t at = 0; at < n; at += (size_t)w->width[at]) {
        int32_t characters = utf8_count(s + at, (size_t)w->width[at]);
        if (seg_add(w, w->word[at] < 0 ? m->unknown : w->word[at], start, start + characters) < 0) return -1;
        start += characters;
    }
    return 0;
}

static inline int seg_is_word(int class)
{
    return class == KIND_LETTER || class == KIND_NUMBER || class == KIND_MARK;
}

/* Append the words of a text; 0, -1 without memory, -2 - i where character i is a lone surrogate. */
static int64_t seg_encode_text(const SegModel *m, SegWorker *w, const void *data, int kind, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t c = utf8_read(data, kind, i);
        size_t from = i, n = 0;
        int han = seg_is_han(c), class = han ? KIND_HAN : kind_of(c);
        if (!han && unicode_class(c) & UNICODE_SPACE) {
            i++;
            continue;
        }
        while (i < length) { /* a run of Han, of letters and digits, or one character */
            c = utf8_read(data, kind, i);
            if (c >= 0xD800 && c < 0xE000) return -2 - (int64_t)i;
            int of_it = seg_is_han(c) ? KIND_HAN : kind_of(c);
            if (i > from && !(class == KIND_HAN ? of_it == KIND_HAN : seg_is_word(class) && seg_is_word(of_it))) break;
            if (words_reserve((void **)&w->run, &w->run_capacity, n + 4, 1) < 0) return -1;
            n += utf8_put(w->run + n, c);
            i++;
        }
        if (han) {
            if (seg_cut(m, w, n, (int64_t)from) < 0) return -1;
        } else if (m->punctuation || seg_is_word(class)) {
            int32_t id = trie_whole(&m->trie, w->run, n);
            if (seg_add(w, id < 0 ? m->unknown : id, (int64_t)from, (int64_t)i) < 0) return -1;
        }
    }
    return 0;
}

/* Count the runs of Han of a text, cut at SEG_LONGEST_RUN bytes; as seg_encode_text. */
static int64_t seg_count_text(Counted *counted, SegWorker *w, const void *data, int kind, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i <= length; i++) {
        uint32_t c = i < length ? utf8_read(data, kind, i) : 0;
        if (c >= 0xD800 && c < 0xE000) return -2 - (int64_t)i;
        int han = seg_is_han(c);
        if (n > 0 && (!han || n + 4 > SEG_LONGEST_RUN)) {
            if (counted_add(counted, w->run, n, 1) < 0) return -1;
            n = 0;
        }
        if (!han) continue;
        if (words_reserve((void **)&w->run, &w->run_capacity, n + 4 + WORDS_SLACK, 1) < 0) return -1;
        n += utf8_put(w->run + n, c);
    }
    return 0;
}

#endif
