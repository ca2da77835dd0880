/* An open-addressing table of byte strings.
 *
 * Words stand one after another in one arena; word i is bytes[starts[i] .. starts[i + 1]). Ids are given in the order of
 * first insertion, so nothing that leaves the table depends on the hash function. Every buffer that is hashed or
 * compared has WORDS_SLACK readable bytes behind its end: strings are read eight bytes at a time.
 */
#ifndef MINILM_WORDS_TABLE_H
#define MINILM_WORDS_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_SLACK 16
#define WORDS_SEED UINT64_C(0x2545F4914F6CDD1D)

#if defined(__GNUC__) || defined(__clang__)
#define WORDS_PREFETCH(p) __builtin_prefetch(p)
#define WORDS_LIKELY(x) __builtin_expect(!!(x), 1)
#else
#define WORDS_PREFETCH(p) ((void)(p))
#define WORDS_LIKELY(x) (x)
#endif

typedef struct {
    uint64_t hash;
    uint32_t length; /* bytes */
    int32_t id;      /* -1: free */
} WordSlot;

typedef struct {
    WordSlot *slots; /* NULL until the index is built */
    size_t mask;     /* number of slots - 1; slots are a power of two, at most 2/3 full */
    int32_t n_words;
    unsigned char *bytes;
    size_t n_bytes, bytes_capacity;
    size_t *starts; /* n_words + 1 */
    size_t starts_capacity;
} WordTable;

static int words_grow(void **buffer, size_t *capacity, size_t needed, size_t size)
{
    size_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted < needed) {
        if (wanted > SIZE_MAX / 2) return -1;
        wanted *= 2;
    }
    if (wanted > SIZE_MAX / size) return -1;
    void *grown = realloc(*buffer, wanted * size);
    if (grown == NULL) return -1;
    *buffer = grown;
    *capacity = wanted;
    return 0;
}

/* Grow `*buffer` to hold `needed` items of `size` bytes; 0, or -1 when there is no memory. */
static inline int words_reserve(void **buffer, size_t *capacity, size_t needed, size_t size)
{
    return WORDS_LIKELY(needed <= *capacity) ? 0 : words_grow(buffer, capacity, needed, size);
}

static inline uint64_t words_load(const unsigned char *p)
{
    uint64_t k;
    memcpy(&k, p, 8);
    return k;
}

/* The first `n` < 8 bytes of a loaded word, the others zero. */
static inline uint64_t words_head(uint64_t k, size_t n)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return n ? k & ~(~(uint64_t)0 >> (8 * n)) : 0;
#else
    return k & (((uint64_t)1 << (8 * n)) - 1);
#endif
}

/* A bijection of k for fixed h (odd multipliers, xor-shifts): two strings of one length of at most eight bytes have the
 * same hash only where they are the same, which is why words_find compares no bytes for them. */
static inline uint64_t words_mix(uint64_t h, uint64_t k)
{
    h = (h ^ k) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return h ^ (h >> 29);
}

static inline uint64_t words_hash(const unsigned char *p, size_t n)
{
    uint64_t h = WORDS_SEED;
    while (n > 8) {
        h = words_mix(h, words_load(p));
        p += 8;
        n -= 8;
    }
    return words_mix(h, n == 8 ? words_load(p) : words_head(words_load(p), n));
}

static void words_table_free(WordTable *t)
{
    free(t->slots);
    free(t->bytes);
    free(t->starts);
    memset(t, 0, sizeof *t);
}

/* Rebuild the slots with room for `n` words; 0 or -1. */
static int words_table_index(WordTable *t, size_t n)
{
    size_t n_slots = 1024;
    while (n_slots / 3 * 2 < n + 1) {
        if (n_slots > SIZE_MAX / 4 / sizeof(WordSlot)) return -1;
        n_slots *= 2;
    }
    WordSlot *slots = malloc(n_slots * sizeof *slots);
    if (slots == NULL) return -1;
    memset(slots, 0xff, n_slots * sizeof *slots);
    size_t mask = n_slots - 1;
    if (t->slots != NULL) { /* hashes are at hand */
        for (size_t i = 0; i <= t->mask; i++) {
            if (t->slots[i].id < 0) continue;
            size_t at = t->slots[i].hash & mask;
            while (slots[at].id >= 0) at = (at + 1) & mask;
            slots[at] = t->slots[i];
        }
    } else {
        for (int32_t i = 0; i < t->n_words; i++) {
            size_t length = t->starts[i + 1] - t->starts[i];
            uint64_t hash = words_hash(t->bytes + t->starts[i], length);
            size_t at = hash & mask;
            while (slots[at].id >= 0) at = (at + 1) & mask;
            slots[at].hash = hash;
            slots[at].length = (uint32_t)length;
            slots[at].id = i;
        }
    }
    free(t->slots);
    t->slots = slots;
    t->mask = mask;
    return 0;
}

/* Make room for the arrays of an empty table; 0 or -1. */
static int words_table_begin(WordTable *t)
{
    if (words_reserve((void **)&t->starts, &t->starts_capacity, 1, sizeof(size_t)) < 0) return -1;
    if (words_reserve((void **)&t->bytes, &t->bytes_capacity, WORDS_SLACK, 1) < 0) return -1;
    t->starts[0] = 0;
    return 0;
}

/* The slot of a string, or the free slot where it belongs. */
static inline WordSlot *words_find(const WordTable *t, const unsigned char *p, size_t n, uint64_t hash)
{
    size_t at = hash & t->mask;
    for (;;) {
        WordSlot *slot = t->slots + at;
        if (slot->id < 0) return slot;
        if (slot->hash == hash && slot->length == n
            && (n <= 8 || memcmp(t->bytes + t->starts[slot->id], p, n) == 0))
            return slot;
        at = (at + 1) & t->mask;
    }
}

/* Append a string without looking for it or indexing it; its id, or -1. */
static int32_t words_append(WordTable *t, const unsigned char *p, size_t n)
{
    if (t->n_words == INT32_MAX || n > UINT32_MAX || n > SIZE_MAX - WORDS_SLACK - t->n_bytes) return -1;
    if (words_reserve((void **)&t->bytes, &t->bytes_capacity, t->n_bytes + n + WORDS_SLACK, 1) < 0) return -1;
    if (words_reserve((void **)&t->starts, &t->starts_capacity, (size_t)t->n_words + 2, sizeof(size_t)) < 0) return -1;
    memcpy(t->bytes + t->n_bytes, p, n);
    t->n_bytes += n;
    t->starts[t->n_words + 1] = t->n_bytes;
    return t->n_words++;
}

/* The id of a string, inserted where it is new (then *is_new = 1); -1 when there is no memory. */
static inline int32_t words_intern(WordTable *t, const unsigned char *p, size_t n, uint64_t hash, int *is_new)
{
    WordSlot *slot = words_find(t, p, n, hash);
    if (WORDS_LIKELY(slot->id >= 0)) return slot->id;
    if (((size_t)t->n_words + 1) > (t->mask + 1) / 3 * 2) {
        if (words_table_index(t, (size_t)t->n_words * 2) < 0) return -1;
        slot = words_find(t, p, n, hash);
    }
    int32_t id = words_append(t, p, n);
    if (id < 0) return -1;
    slot->hash = hash;
    slot->length = (uint32_t)n;
    slot->id = id;
    *is_new = 1;
    return id;
}

/* The id of a string, or -1. */
static inline int32_t words_look_up(const WordTable *t, const unsigned char *p, size_t n, uint64_t hash)
{
    return words_find(t, p, n, hash)->id;
}

#endif
