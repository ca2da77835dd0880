/* Sets of shingles as rising 64-bit hashes, and their MinHash signatures (Broder 1997). */
#ifndef MINILM_MINHASH_H
#define MINILM_MINHASH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int minhash_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static inline uint64_t minhash_mix(uint64_t h, uint64_t k)
{
    h = (h ^ k) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 32;
}

/* Hashes of n words, in place: first of every `size` that follow one another (of all, where there are fewer), then
 * rising, each once. Their number. */
static size_t minhash_shingles(uint64_t *words, size_t n, int size)
{
    if (n == 0) return 0;
    size_t length = n < (size_t)size ? n : (size_t)size, n_shingles = n - length + 1, n_kept = 1;
    for (size_t i = 0; i < n_shingles; i++) {
        uint64_t h = length;
        for (size_t k = 0; k < length; k++) h = minhash_mix(h, words[i + k]);
        words[i] = h * UINT64_C(0xD6E8FEB86659FD93);
    }
    qsort(words, n_shingles, sizeof *words, minhash_order);
    for (size_t i = 1; i < n_shingles; i++)
        if (words[i] != words[n_kept - 1]) words[n_kept++] = words[i];
    return n_kept;
}

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define MINHASH_CLONES __attribute__((target_clones("avx2", "default"))) /* chosen when the module is loaded */
#else
#define MINHASH_CLONES
#endif

/* For each of n_hashes keys the least of (low + added) * multiplier over the shingles; keys: multipliers, then what is
 * added. The inner loop is over the keys, without a branch, so that it becomes vector instructions. */
MINHASH_CLONES static void minhash_signature(const uint64_t *shingles, size_t n, const uint32_t *keys, size_t n_hashes, uint32_t *out)
{
    const uint32_t *multiplier = keys, *added = keys + n_hashes;
    memset(out, 0xff, n_hashes * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        uint32_t x = (uint32_t)(shingles[i] ^ shingles[i] >> 32);
        for (size_t k = 0; k < n_hashes; k++) {
            uint32_t h = (x + added[k]) * multiplier[k];
            h = (h ^ h >> 16) * UINT32_C(0x85EBCA6B);
            out[k] = h < out[k] ? h : out[k];
        }
    }
}

static double minhash_jaccard(const uint64_t *a, size_t n_a, const uint64_t *b, size_t n_b)
{
    size_t i = 0, j = 0, both = 0;
    while (i < n_a && j < n_b) {
        both += a[i] == b[j];
        uint64_t x = a[i], y = b[j];
        i += x <= y;
        j += y <= x;
    }
    return (double)both / (double)(n_a + n_b - both);
}

#endif
