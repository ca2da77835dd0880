/* Pieces to begin with: the substrings of words that occur at least twice and of which no longer one occurs as often.
 *
 * These are the inner nodes of a suffix tree, found by sorting the suffixes of all words and walking over what neighbours
 * have in common (M. Abouelhoda et al., "Replacing suffix trees with enhanced suffix arrays", 2004). Suffixes that begin
 * with the same two bytes are sorted by themselves, so that parts can be done side by side.
 */
#ifndef MINILM_UNIGRAM_SEED_H
#define MINILM_UNIGRAM_SEED_H

#include "words_table.h"

#define SEED_BUCKETS (256 * 257)
#define SEED_DEEPEST 16 /* characters; longer substrings are cut to it */

typedef struct {
    const uint8_t *bytes;  /* of all words, with WORDS_SLACK readable bytes behind */
    const int64_t *starts; /* of each word, and the end */
    const int64_t *counts;
    const uint32_t *word_of; /* of each byte */
    int deepest;           /* characters of a piece, at most SEED_DEEPEST */
} SeedWords;

typedef struct {
    uint64_t key; /* the next 8 bytes, zeros behind the end */
    uint32_t at;
    uint32_t n; /* bytes that the key holds */
} SeedSuffix;

typedef struct {
    uint32_t at;
    uint16_t n_bytes, n_characters;
    int64_t count;
} Seed;

typedef struct {
    SeedSuffix *suffixes;
    Seed *seeds;
    size_t n_seeds, suffixes_capacity, seeds_capacity;
    uint64_t state; /* of the choice of pivots, which changes no result */
} SeedWorker;

static inline uint64_t seed_key(const uint8_t *p, size_t n)
{
    uint64_t k = 0;
    for (size_t i = 0; i < 8; i++) k = k << 8 | (i < n ? p[i] : 0);
    return k;
}

static inline size_t seed_rest(const SeedWords *w, uint32_t at)
{
    return (size_t)(w->starts[w->word_of[at] + 1] - (int64_t)at);
}

static inline uint32_t seed_bucket(const SeedWords *w, uint32_t at)
{
    return w->bytes[at] * 257u + (seed_rest(w, at) > 1 ? w->bytes[at + 1] + 1u : 0u);
}

static inline int seed_less(SeedSuffix a, SeedSuffix b)
{
    return a.key != b.key ? a.key < b.key : a.n < b.n;
}

/* By key and length. */
static void seed_sort_keys(SeedSuffix *a, size_t n, uint64_t *state)
{
    while (n > 24) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        SeedSuffix pivot = a[(*state >> 33) % n];
        size_t low = 0, at = 0, high = n; /* less, equal, not looked at, greater */
        while (at < high) {
            SeedSuffix x = a[at];
            if (seed_less(x, pivot)) {
                a[at++] = a[low];
                a[low++] = x;
            } else if (seed_less(pivot, x)) {
                a[at] = a[--high];
                a[high] = x;
            } else {
                at++;
            }
        }
        if (low < n - high) { /* the smaller side by recursion: its depth is at most the logarithm of n */
            seed_sort_keys(a, low, state);
            a += high;
            n -= high;
        } else {
            seed_sort_keys(a + high, n - high, state);
            n = low;
        }
    }
    for (size_t i = 1; i < n; i++) {
        SeedSuffix x = a[i];
        size_t k = i;
        for (; k > 0 && seed_less(x, a[k - 1]); k--) a[k] = a[k - 1];
        a[k] = x;
    }
}

/* Suffixes alike in their first `depth` bytes, in the order of their bytes, as deep as pieces are long. */
static void seed_sort(const SeedWords *w, SeedSuffix *a, size_t n, size_t depth, uint64_t *state)
{
    for (size_t i = 0; i < n; i++) {
        size_t rest = seed_rest(w, a[i].at) - depth;
        a[i].n = rest < 8 ? (uint32_t)rest : 8;
        a[i].key = seed_key(w->bytes + a[i].at + depth, a[i].n);
    }
    seed_sort_keys(a, n, state);
    if (depth + 8 >= 4 * SEED_DEEPEST) return;
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && a[next].key == a[i].key && a[next].n == a[i].n; next++) {}
        if (next - i > 1 && a[i].n == 8) seed_sort(w, a + i, next - i, depth + 8, state);
    }
}

typedef struct {
    uint32_t at, n_bytes, n_characters;
    int64_t count;
} SeedNode;

static inline int seed_emit(SeedWorker *w, SeedNode node)
{
    if (node.n_characters < 2 || node.count < 2) return 0;
    if (words_reserve((void **)&w->seeds, &w->seeds_capacity, w->n_seeds + 1, sizeof *w->seeds) < 0) return -1;
    w->seeds[w->n_seeds++] = (Seed){node.at, (uint16_t)node.n_bytes, (uint16_t)node.n_characters, node.count};
    return 0;
}

/* The substrings of the suffixes positions[0 .. n), which are all that begin with two bytes; 0 or -1. */
static int seed_bucket_pieces(const SeedWords *words, SeedWorker *w, const uint32_t *positions, size_t n)
{
    SeedNode stack[SEED_DEEPEST + 2];
    int top = -1;
    if (words_reserve((void **)&w->suffixes, &w->suffixes_capacity, n, sizeof *w->suffixes) < 0) return -1;
    SeedSuffix *a = w->suffixes;
    for (size_t i = 0; i < n; i++) a[i].at = positions[i];
    seed_sort(words, a, n, 0, &w->state);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *s = words->bytes + a[i].at;
        size_t rest = seed_rest(words, a[i].at), n_bytes = 0, common_bytes = 0;
        uint32_t characters = 0, common = 0;
        size_t before = i ? seed_rest(words, a[i - 1].at) : 0, same = 0;
        const uint8_t *t = i ? words->bytes + a[i - 1].at : s;
        while (same < rest && same < before && s[same] == t[same]) same++;
        while (n_bytes < rest && characters < (uint32_t)words->deepest) { /* whole characters, of it and in common */
            size_t end = n_bytes + 1;
            while (end < rest && (s[end] & 0xC0) == 0x80) end++;
            n_bytes = end;
            characters++;
            if (end <= same) {
                common = characters;
                common_bytes = end;
            }
        }
        while (top >= 0 && stack[top].n_characters > common) {
            SeedNode node = stack[top--];
            if (seed_emit(w, node) < 0) return -1;
            if (top >= 0 && stack[top].n_characters >= common) {
                stack[top].count += node.count;
            } else if (common > 0) {
                stack[++top] = (SeedNode){node.at, (uint32_t)common_bytes, common, node.count};
            }
        }
        int64_t count = words->counts[words->word_of[a[i].at]];
        if (top >= 0 && stack[top].n_characters == characters)
            stack[top].count += count;
        else
            stack[++top] = (SeedNode){a[i].at, (uint32_t)n_bytes, characters, count};
    }
    while (top >= 0) {
        SeedNode node = stack[top--];
        if (seed_emit(w, node) < 0) return -1;
        if (top >= 0) stack[top].count += node.count;
    }
    return 0;
}

#endif
