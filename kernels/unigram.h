/* The most probable segmentation of a text under a unigram language model (Kudo 2018), by Viterbi's algorithm.
 *
 * A space is the character U+2581, and begins a word; a word is segmented by itself. A character that no token covers
 * costs 10 more than the least probable token. Of equally probable segmentations the one stays that was found first,
 * going through the places where a token ends, and for each through the places where it begins, from the left.
 */
#ifndef MINILM_UNIGRAM_H
#define MINILM_UNIGRAM_H

#include "subwords.h"
#include "trie.h"
#include "utf8.h"

typedef struct {
    Trie trie;
    double *scores; /* of each token: its log probability */
    uint32_t *lengths;
    int32_t unknown;
    double unknown_score;
    int has_bytes;
    int32_t bytes[256]; /* the token of each byte, where it has one */
    size_t longest;     /* bytes of a token, at least 4 */
} UniModel;

typedef struct {
    SubWorker out;
    uint8_t *word;
    int32_t *back; /* by byte: the token of the best path that ends there; UNI_NONE, UNI_UNKNOWN */
    int32_t *path; /* tokens from the last one */
    double *best;  /* a ring over the last `longest` bytes: the log probability of that path */
    size_t word_capacity, back_capacity, path_capacity, best_capacity;
} UniWorker;

enum { UNI_NONE = -1, UNI_UNKNOWN = -2 };

static const uint8_t uni_space[3] = {0xE2, 0x96, 0x81}; /* U+2581 */

static void uni_model_free(UniModel *m)
{
    trie_free(&m->trie);
    free(m->scores);
    free(m->lengths);
    memset(m, 0, sizeof *m);
}

static void uni_worker_free(UniWorker *w)
{
    subwords_free(&w->out);
    free(w->word);
    free(w->back);
    free(w->path);
    free(w->best);
    memset(w, 0, sizeof *w);
}

/* The best path to every place of s[0 .. n), valid UTF-8, into w->back; 0 or -1. */
static int uni_paths(const UniModel *m, UniWorker *w, const uint8_t *s, size_t n)
{
    size_t n_ring = 8;
    while (n_ring <= m->longest) n_ring *= 2;
    if (words_reserve((void **)&w->back, &w->back_capacity, n + 1, sizeof *w->back) < 0
        || words_reserve((void **)&w->best, &w->best_capacity, n_ring, sizeof *w->best) < 0)
        return -1;
    size_t mask = n_ring - 1;
    int32_t *back = w->back;
    double *best = w->best;
    memset(back, 0xff, (n + 1) * sizeof *back); /* UNI_NONE */
    best[0] = 0;
    for (size_t at = 0; at < n;) {
        size_t width = utf8_width(s[at]);
        double here = best[at & mask];
        uint32_t link = m->trie.nodes[0].link;
        int single = 0;
        for (size_t i = at; i < n;) {
            const TrieNode *node = trie_step(&m->trie, &link, s[i++]);
            if (node == NULL) break;
            if (node->token < 0) continue;
            double score = m->scores[node->token] + here;
            if (back[i] == UNI_NONE || score > best[i & mask]) {
                back[i] = node->token;
                best[i & mask] = score;
            }
            single |= i - at == width;
        }
        if (!single) {
            size_t to = at + width;
            double score = m->unknown_score + here;
            if (back[to] == UNI_NONE || score > best[to & mask]) {
                back[to] = UNI_UNKNOWN;
                best[to & mask] = score;
            }
        }
        at += width;
    }
    return 0;
}

/* The pieces of a word behind those of the words met; where they end to *end. Neighbours that are unknown are one; it is
 * written as bytes where each byte has a token. 0 or -1. */
static int uni_cut(const UniModel *m, UniWorker *w, const uint8_t *s, size_t n, size_t *end)
{
    size_t n_path = 0, at = n, out = w->out.n_pieces;
    if (uni_paths(m, w, s, n) < 0) return -1;
    while (at > 0) {
        int32_t token = w->back[at];
        if (words_reserve((void **)&w->path, &w->path_capacity, n_path + 1, sizeof *w->path) < 0) return -1;
        w->path[n_path++] = token;
        if (token == UNI_UNKNOWN) {
            do at--;
            while ((s[at] & 0xC0) == 0x80);
        } else {
            at -= m->lengths[token];
        }
    }
    while (n_path > 0) {
        int32_t token = w->path[--n_path];
        size_t from = at;
        at += token == UNI_UNKNOWN ? utf8_width(s[at]) : m->lengths[token];
        if (token == UNI_UNKNOWN || token == m->unknown) {
            while (n_path > 0 && (w->path[n_path - 1] == UNI_UNKNOWN || w->path[n_path - 1] == m->unknown))
                at += w->path[--n_path] == UNI_UNKNOWN ? utf8_width(s[at]) : m->lengths[m->unknown];
            token = trie_whole(&m->trie, s + from, at - from);
        }
        int32_t characters = utf8_count(s + from, at - from);
        int all = token < 0 && m->has_bytes;
        for (size_t i = from; all && i < at; i++) all = m->bytes[s[i]] >= 0;
        if (token < 0 && !all) token = m->unknown;
        if (!all && subwords_add(&w->out, &out, token, characters) < 0) return -1;
        for (size_t i = from; all && i < at; i++)
            if (subwords_add(&w->out, &out, m->bytes[s[i]], i == from ? characters : -1) < 0) return -1;
    }
    *end = out;
    return 0;
}

/* Append the ids of w->word[0 .. n), whose first character is character `base` of the text; 0 or -1. */
static int uni_end_word(const UniModel *m, UniWorker *w, int with_offsets, size_t n, int64_t base)
{
    SubWorker *out = &w->out;
    size_t end = 0;
    if (n == 0) return 0;
    if (n > SUBWORDS_LONGEST_MET) {
        if (uni_cut(m, w, w->word, n, &end) < 0) return -1;
        return subwords_emit(out, with_offsets, out->n_pieces, end, NULL, base);
    }
    int is_new = 0;
    int32_t word = subwords_meet(out, w->word, n, &is_new);
    if (word < 0 || (is_new && uni_cut(m, w, w->word, n, &end) < 0)) return -1; /* the worker is given up */
    if (is_new) out->firsts[word + 1] = out->n_pieces = end;
    return subwords_emit(out, with_offsets, out->firsts[word], out->firsts[word + 1], NULL, base);
}

/* Append the ids of a text (and their offsets). `before`: put a space before it, unless it begins with one. 0, -1 without
 * memory, -2 - i where character i is a lone surrogate. */
static int64_t uni_encode_text(const UniModel *m, UniWorker *w, int with_offsets, int before, const void *data, int kind,
                               size_t length)
{
    size_t n = 0;
    int64_t base = 0;
    if (before && length > 0) {
        uint32_t first = utf8_read(data, kind, 0);
        before = first != ' ' && first != 0x2581;
    }
    for (size_t i = 0; i < length; i++) {
        if (words_reserve((void **)&w->word, &w->word_capacity, n + 8 + WORDS_SLACK, 1) < 0) return -1;
        if (i == 0 && before) {
            memcpy(w->word, uni_space, 3);
            n = 3;
            base = -1;
        }
        uint32_t c = utf8_read(data, kind, i);
        if (c == ' ' || c == 0x2581) {
            if (uni_end_word(m, w, with_offsets, n, base) < 0) return -1;
            memcpy(w->word, uni_space, 3);
            n = 3;
            base = (int64_t)i;
        } else if (c >= 0xD800 && c < 0xE000) {
            return -2 - (int64_t)i;
        } else {
            n += utf8_put(w->word + n, c);
        }
    }
    return uni_end_word(m, w, with_offsets, n, base);
}

#endif
