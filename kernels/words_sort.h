/* Sort the words of a table by their bytes: for UTF-8 that is the order of code points, Python's own.
 *
 * Eight bytes at a time: radix sort on the next eight bytes of every word, then the same within each group that is
 * still equal. Linear in the bytes that tell the words apart.
 */
#ifndef MINILM_WORDS_SORT_H
#define MINILM_WORDS_SORT_H

#include "words_table.h"

typedef struct {
    uint64_t key; /* the next eight bytes, big-endian, zero-padded */
    int32_t id;
    uint32_t left; /* bytes of the word in and behind the key, at most 9 */
} WordKey;

static void words_load_keys(const WordTable *t, WordKey *keys, size_t n, size_t depth)
{
    for (size_t i = 0; i < n; i++) {
        size_t start = t->starts[keys[i].id] + depth, end = t->starts[keys[i].id + 1];
        size_t left = start < end ? end - start : 0;
        uint64_t key = 0;
        for (size_t j = 0; j < 8; j++) key = key << 8 | (j < left ? t->bytes[start + j] : 0);
        keys[i].key = key;
        keys[i].left = left > 9 ? 9 : (uint32_t)left;
    }
}

static int words_compare(const WordTable *t, int32_t a, int32_t b, size_t depth)
{
    size_t start_a = t->starts[a] + depth, start_b = t->starts[b] + depth;
    size_t n_a = t->starts[a + 1] - start_a, n_b = t->starts[b + 1] - start_b;
    int order = memcmp(t->bytes + start_a, t->bytes + start_b, n_a < n_b ? n_a : n_b);
    return order ? order : (n_a > n_b) - (n_a < n_b);
}

static void words_insertion_sort(const WordTable *t, WordKey *keys, size_t n, size_t depth)
{
    for (size_t i = 1; i < n; i++) {
        WordKey moved = keys[i];
        size_t j = i;
        while (j > 0
               && (keys[j - 1].key > moved.key
                   || (keys[j - 1].key == moved.key && words_compare(t, keys[j - 1].id, moved.id, depth) > 0))) {
            keys[j] = keys[j - 1];
            j--;
        }
        keys[j] = moved;
    }
}

/* Stable, by key then (in equal keys) words that end within the key first, by length. `spare` holds n keys. */
static void words_radix_pass(WordKey *keys, WordKey *spare, size_t n)
{
    WordKey *from = keys, *to = spare;
    for (int shift = -1; shift < 8; shift++) { /* -1: by bytes left, where keys tie */
        size_t counts[257] = {0};
        for (size_t i = 0; i < n; i++) counts[1 + (shift < 0 ? from[i].left : (from[i].key >> (8 * shift)) & 255)]++;
        int one_bucket = 0;
        for (int b = 1; b <= 256; b++) one_bucket |= counts[b] == n;
        if (one_bucket) continue;
        for (int b = 1; b <= 256; b++) counts[b] += counts[b - 1];
        for (size_t i = 0; i < n; i++)
            to[counts[shift < 0 ? from[i].left : (from[i].key >> (8 * shift)) & 255]++] = from[i];
        WordKey *other = from;
        from = to;
        to = other;
    }
    if (from != keys) memcpy(keys, from, n * sizeof *keys);
}

static void words_sort_keys(const WordTable *t, WordKey *keys, WordKey *spare, size_t n, size_t depth)
{
    /* The largest group of equal keys is done by the loop, the others by recursion: depth at most log2 of n. */
    while (n > 1) {
        words_load_keys(t, keys, n, depth);
        if (n <= 24) {
            words_insertion_sort(t, keys, n, depth);
            return;
        }
        words_radix_pass(keys, spare, n);
        size_t largest = 0, largest_n = 0;
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < n;) {
                size_t j = i + 1;
                while (j < n && keys[j].key == keys[i].key && keys[j].left == keys[i].left) j++;
                if (keys[i].left == 9 && j - i > 1) { /* words that end within the key are in place */
                    if (round == 0) {
                        if (j - i > largest_n) {
                            largest = i;
                            largest_n = j - i;
                        }
                    } else if (i != largest) {
                        words_sort_keys(t, keys + i, spare, j - i, depth + 8);
                    }
                }
                i = j;
            }
            if (largest_n == 0) return;
        }
        /* Recursion changed keys of other groups, never of this one. */
        keys += largest;
        n = largest_n;
        depth += 8;
    }
}

/* Sort `ids` (n) by their words; 0, or -1 when there is no memory. */
static int words_sort(const WordTable *t, int32_t *ids, size_t n)
{
    if (n < 2) return 0;
    if (n > SIZE_MAX / 2 / sizeof(WordKey)) return -1;
    WordKey *keys = malloc(2 * n * sizeof *keys);
    if (keys == NULL) return -1;
    for (size_t i = 0; i < n; i++) keys[i].id = ids[i];
    words_sort_keys(t, keys, keys + n, n, 0);
    for (size_t i = 0; i < n; i++) ids[i] = keys[i].id;
    free(keys);
    return 0;
}

#endif
