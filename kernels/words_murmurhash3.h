/* MurmurHash3_x86_32 (A. Appleby, public domain), by which scikit-learn's hashing vectorizers choose columns. */
#ifndef MINILM_WORDS_MURMURHASH3_H
#define MINILM_WORDS_MURMURHASH3_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t words_rotate32(uint32_t x, int r)
{
    return x << r | x >> (32 - r);
}

static int32_t words_murmurhash3(const unsigned char *p, size_t n, uint32_t seed)
{
    uint32_t h = seed, k = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        k = (uint32_t)p[i] | (uint32_t)p[i + 1] << 8 | (uint32_t)p[i + 2] << 16 | (uint32_t)p[i + 3] << 24;
        h ^= words_rotate32(k * UINT32_C(0xCC9E2D51), 15) * UINT32_C(0x1B873593);
        h = words_rotate32(h, 13) * 5 + UINT32_C(0xE6546B64);
    }
    k = 0;
    for (size_t j = n; j > i; j--) k = k << 8 | p[j - 1];
    if (n > i) h ^= words_rotate32(k * UINT32_C(0xCC9E2D51), 15) * UINT32_C(0x1B873593);
    h ^= (uint32_t)n;
    h = (h ^ h >> 16) * UINT32_C(0x85EBCA6B);
    h = (h ^ h >> 13) * UINT32_C(0xC2B2AE35);
    return (int32_t)(h ^ h >> 16);
}

#endif
