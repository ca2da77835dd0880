/* Byte-pair encoding without merging.
 *
 * The ids that merging would leave in a piece are the one sequence in which every two neighbours are compatible, which
 * means that merging the bytes of both alone leaves these two (H. van Antwerpen and A. Neubeck, "So many tokens, so
 * little time", 2024). So the piece is read once from the left: the longest token that is compatible with the one before
 * it is taken, a shorter one where the rest cannot be continued. Compatibility follows from undoing merges at the
 * border, latest first. Time is linear in the piece; no merge is ever carried out.
 *
 * This holds where a merge only joins tokens that earlier merges made. bpe_add_merge sees to that, and finds on the way
 * which tokens can occur at all: of a pair that is not compatible under the merges before it, nothing ever comes.
 */
#ifndef MINILM_BPE_MODEL_H
#define MINILM_BPE_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trie.h"

typedef struct {
    uint64_t pair; /* left id << 32 | right id; all ones: free */
    int32_t rank, made;
} BpePair;

typedef struct {
    int32_t left, right; /* what was merged into it last; itself, of a byte */
    int32_t rank;        /* of that merge; -1 of a byte; -2: does not occur */
    int32_t shorter;     /* the longest token that occurs and is a proper prefix, or -1 */
    uint32_t length;     /* bytes */
} BpeToken;

typedef struct {
    int32_t n_tokens;
    BpeToken *tokens;
    BpePair *pairs;
    size_t mask;
    uint64_t *filter; /* 8 bits a slot of `pairs`: most pairs that nothing merges have a 0, and are not looked for */
    Trie trie; /* its second tokens: whether they occur or not */
    int whole_first; /* a piece that is a token is that token, whatever the merges */
} BpeModel;

#define BPE_FREE UINT64_MAX

static inline size_t bpe_hash(uint64_t pair)
{
    uint64_t h = pair * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(h ^ h >> 32);
}

static inline uint64_t bpe_pair(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

/* The entry of a pair; its rank is -1 where nothing merges it. */
static inline const BpePair *bpe_find(const BpeModel *m, int32_t left, int32_t right)
{
    uint64_t pair = bpe_pair(left, right);
    size_t at = bpe_hash(pair) & m->mask;
    while (m->pairs[at].pair != pair && m->pairs[at].pair != BPE_FREE) at = (at + 1) & m->mask;
    return m->pairs + at;
}

/* The rank of a pair, or -1. */
static inline int32_t bpe_rank(const BpeModel *m, int32_t left, int32_t right)
{
    size_t bit = bpe_hash(bpe_pair(left, right)) & (8 * m->mask + 7);
    return m->filter[bit >> 6] >> (bit & 63) & 1 ? bpe_find(m, left, right)->rank : -1;
}

/* Whether merging the bytes of `left` and `right` leaves these two. */
static inline int bpe_compatible(const BpeModel *m, int32_t left, int32_t right)
{
    int32_t before = INT32_MAX; /* a merge across the border of a lower rank would have come first */
    for (;;) {
        int32_t rank = bpe_rank(m, left, right);
        if (rank >= 0 && rank < before) return 0;
        int32_t of_left = m->tokens[left].rank, of_right = m->tokens[right].rank;
        if (of_left > of_right) {
            before = of_left;
            left = m->tokens[left].right;
        } else {
            if (of_right < 0) return 1;
            before = of_right + 1; /* of two merges of one rank the left one comes first */
            right = m->tokens[right].left;
        }
    }
}

#define BPE_JUDGED_BITS 16
#define BPE_JUDGED ((size_t)1 << BPE_JUDGED_BITS)

/* bpe_compatible, of which the last answers are kept: `judged` holds BPE_JUDGED pairs, the highest bit is the answer. */
static inline int bpe_judge(const BpeModel *m, int32_t left, int32_t right, uint64_t *judged)
{
    uint64_t pair = bpe_pair(left, right);
    uint64_t *kept = judged + (pair * UINT64_C(0x9E3779B97F4A7C15) >> (64 - BPE_JUDGED_BITS));
    if ((*kept & INT64_MAX) == pair) return (int)(*kept >> 63);
    int compatible = bpe_compatible(m, left, right);
    *kept = pair | (uint64_t)compatible << 63;
    return compatible;
}

static void bpe_model_free(BpeModel *m)
{
    free(m->tokens);
    free(m->pairs);
    free(m->filter);
    trie_free(&m->trie);
    memset(m, 0, sizeof *m);
}

/* Room for `n_tokens` tokens and `n_merges` merges; no token occurs yet. 0 or -1. */
static int bpe_model_begin(BpeModel *m, int32_t n_tokens, size_t n_merges)
{
    size_t n_slots = 1024;
    while (n_slots / 2 < n_merges) {
        if (n_slots > SIZE_MAX / 4 / sizeof(BpePair)) return -1;
        n_slots *= 2;
    }
    m->n_tokens = n_tokens;
    m->tokens = malloc(((size_t)n_tokens + 1) * sizeof *m->tokens);
    m->pairs = malloc(n_slots * sizeof *m->pairs);
    m->filter = calloc(n_slots / 8, sizeof *m->filter);
    if (m->tokens == NULL || m->pairs == NULL || m->filter == NULL) return -1;
    memset(m->pairs, 0xff, n_slots * sizeof *m->pairs);
    m->mask = n_slots - 1;
    for (int32_t i = 0; i < n_tokens; i++) m->tokens[i] = (BpeToken){i, i, -2, -1, 0};
    return 0;
}

/* The merge of rank `rank`, at least that of every merge before it: 1 where `made` now occurs, 0 where the pair never
 * comes up. Both parts must occur. */
static int bpe_add_merge(BpeModel *m, int32_t left, int32_t right, int32_t made, int32_t rank)
{
    if (!bpe_compatible(m, left, right)) return 0;
    BpePair *entry = (BpePair *)bpe_find(m, left, right);
    *entry = (BpePair){bpe_pair(left, right), rank, made};
    size_t bit = bpe_hash(entry->pair) & (8 * m->mask + 7);
    m->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
    m->tokens[made].left = left;
    m->tokens[made].right = right;
    m->tokens[made].rank = rank;
    return 1;
}

/* Carry out the merges so far, lowest rank first, on n >= 2 ids in place; how many are left. For the few bytes of a
 * token. */
static size_t bpe_merge_few(const BpeModel *m, int32_t *ids, size_t n)
{
    for (;;) {
        const BpePair *best = NULL;
        size_t place = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const BpePair *entry = bpe_find(m, ids[i], ids[i + 1]);
            if (entry->rank >= 0 && (best == NULL || entry->rank < best->rank)) {
                best = entry;
                place = i;
            }
        }
        if (best == NULL) return n;
        ids[place] = best->made;
        memmove(ids + place + 1, ids + place + 2, (n - place - 2) * sizeof *ids);
        n--;
    }
}

/* The ids that merging leaves of s[0 .. n) to `out` (room for n); their number. `token`, of `length` bytes: the longest it
 * begins with. `dead`: (n + 64) / 64 zeros, zeros again after. */
static size_t bpe_encode_from(const BpeModel *m, const uint8_t *s, size_t n, int32_t token, size_t length, int32_t *out,
                              uint64_t *dead, uint64_t *judged)
{
    size_t count = 0, at = 0;
    int any_dead = 0;
    for (;;) {
        size_t end = at + length;
        if (!(dead[end >> 6] >> (end & 63) & 1) && (count == 0 || bpe_judge(m, out[count - 1], token, judged))) {
            out[count++] = token;
            at = end;
            if (at == n) break;
            token = trie_longest(&m->trie, s + at, n - at, &length);
            continue;
        }
        while ((token = m->tokens[token].shorter) < 0) { /* from here nothing goes on */
            dead[at >> 6] |= UINT64_C(1) << (at & 63);
            any_dead = 1;
            if (count == 0) return 0; /* a byte without a token; the caller sees that all have one */
            token = out[--count];
            at -= m->tokens[token].length;
        }
        length = m->tokens[token].length;
    }
    if (any_dead) memset(dead, 0, (n + 64) / 64 * sizeof *dead);
    return count;
}

/* The ids of the piece s[0 .. n), as above. */
static size_t bpe_encode_piece(const BpeModel *m, const uint8_t *s, size_t n, int32_t *out, uint64_t *dead,
                               uint64_t *judged)
{
    size_t length = 0;
    int32_t token = trie_longest(&m->trie, s, n, &length), whole = -1;
    if (length == n) whole = token;
    else if (m->whole_first) whole = trie_whole(&m->trie, s, n);
    if (whole >= 0) {
        out[0] = whole;
        return 1;
    }
    return bpe_encode_from(m, s, n, token, length, out, dead, judged);
}

#endif
