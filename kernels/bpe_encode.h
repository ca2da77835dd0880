/* Texts to ids: cut into pieces, look each up among those met lately, encode the others.
 *
 * What is remembered never changes a result, so each worker has a memory of its own, and which one a text meets does not
 * matter. A piece of at most 15 bytes and 3 ids is remembered.
 */
#ifndef MINILM_BPE_ENCODE_H
#define MINILM_BPE_ENCODE_H

#include "bpe_model.h"
#include "bpe_split.h"

#define BPE_IDS 3
#define BPE_SETS (1 << 14) /* of two pieces: 1 MB */

typedef struct {
    uint64_t low, high; /* the piece, and its length in the highest byte; 0: free */
    int32_t ids[BPE_IDS], n;
} BpeMet;

typedef struct {
    BpeMet *met;      /* 2 * BPE_SETS */
    uint64_t *judged; /* BPE_JUDGED pairs, with the highest bit set where they are compatible */
    int32_t *ids;
    size_t n_ids, capacity;
    uint64_t *dead;
    size_t dead_capacity;
    uint8_t *text; /* UTF-8 of a text that is not ASCII */
    size_t text_capacity;
} BpeWorker;

static int bpe_reserve(void **buffer, size_t *capacity, size_t needed, size_t size)
{
    size_t wanted = *capacity < 256 ? 256 : *capacity;
    if (BPE_LIKELY(needed <= *capacity)) return 0;
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

static void bpe_worker_free(BpeWorker *w)
{
    free(w->met);
    free(w->judged);
    free(w->ids);
    free(w->dead);
    free(w->text);
    memset(w, 0, sizeof *w);
}

static int bpe_worker_begin(BpeWorker *w)
{
    memset(w, 0, sizeof *w);
    w->met = calloc(2 * BPE_SETS, sizeof *w->met);
    w->judged = malloc(BPE_JUDGED * sizeof *w->judged);
    if (w->met == NULL || w->judged == NULL) return -1;
    memset(w->judged, 0xff, BPE_JUDGED * sizeof *w->judged);
    return 0;
}

static inline uint64_t bpe_load(const uint8_t *p)
{
    uint64_t k;
    memcpy(&k, p, 8);
    return k;
}

/* The first n < 8 bytes of a loaded word, the others zero. */
static inline uint64_t bpe_head(uint64_t k, size_t n)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return n ? k & ~(~UINT64_C(0) >> (8 * n)) : 0;
#else
    return k & ((UINT64_C(1) << (8 * n)) - 1);
#endif
}

/* Encode a piece and, where it is short, remember it in `set`; -1 without memory. */
static int bpe_encode_new(const BpeModel *m, BpeWorker *w, const uint8_t *p, size_t n, BpeMet *set, uint64_t low,
                          uint64_t high)
{
    if (n / 64 + 1 > w->dead_capacity) {
        size_t had = w->dead_capacity;
        if (bpe_reserve((void **)&w->dead, &w->dead_capacity, n / 64 + 1, 8) < 0) return -1;
        memset(w->dead + had, 0, (w->dead_capacity - had) * 8);
    }
    if (bpe_reserve((void **)&w->ids, &w->capacity, w->n_ids + n, sizeof(int32_t)) < 0) return -1;
    int32_t *out = w->ids + w->n_ids;
    size_t count = bpe_encode_piece(m, p, n, out, w->dead, w->judged);
    w->n_ids += count;
    if (set != NULL && count <= BPE_IDS) {
        set[1] = set[0];
        set[0].low = low;
        set[0].high = high;
        set[0].n = (int32_t)count;
        for (size_t k = 0; k < BPE_IDS; k++) set[0].ids[k] = k < count ? out[k] : 0;
    }
    return 0;
}

/* Append the ids of s[0 .. n), valid UTF-8 with a readable byte behind it; 0, or -1 without memory. */
static int bpe_encode_text(const BpeModel *m, BpeWorker *w, int rule, const uint8_t *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t end = split_piece(rule, s, n, i), length = end - i;
        if (length > 15) {
            if (bpe_encode_new(m, w, s + i, length, NULL, 0, 0) < 0) return -1;
            i = end;
            continue;
        }
        uint64_t low, high;
        if (BPE_LIKELY(i + 16 <= n)) {
            low = bpe_load(s + i);
            high = bpe_load(s + i + 8);
        } else {
            uint8_t tail[16] = {0};
            memcpy(tail, s + i, n - i);
            low = bpe_load(tail);
            high = bpe_load(tail + 8);
        }
        if (length < 8) {
            low = bpe_head(low, length);
            high = 0;
        } else {
            high = bpe_head(high, length - 8);
        }
        high |= (uint64_t)length << 56;
        uint64_t hash = (low ^ high >> 3) * UINT64_C(0x9E3779B97F4A7C15) ^ high * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 32;
        BpeMet *set = w->met + 2 * (hash * UINT64_C(0x9E3779B97F4A7C15) >> 50);
        if (!(set->low == low && set->high == high)) {
            BpeMet second = set[1];
            if (!(second.low == low && second.high == high)) {
                if (bpe_encode_new(m, w, s + i, length, set, low, high) < 0) return -1;
                i = end;
                continue;
            }
            set[1] = set[0];
            set[0] = second;
        }
        if (bpe_reserve((void **)&w->ids, &w->capacity, w->n_ids + BPE_IDS, sizeof(int32_t)) < 0) return -1;
        memcpy(w->ids + w->n_ids, set->ids, sizeof set->ids);
        w->n_ids += (size_t)set->n;
        i = end;
    }
    return 0;
}

/* Python's characters to UTF-8; `out` has room for 4 bytes a character and one more; kind 0 is ASCII. The bytes written, or
 * -1 - i where character i is a lone surrogate. */
static int64_t bpe_utf8(const void *data, int kind, size_t n, uint8_t *out)
{
    uint8_t *p = out;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = kind <= 1 ? ((const uint8_t *)data)[i]
                     : kind == 2 ? ((const uint16_t *)data)[i] : ((const uint32_t *)data)[i];
        if (c < 0x80) {
            *p++ = (uint8_t)c;
        } else if (c < 0x800) {
            *p++ = (uint8_t)(0xC0 | c >> 6);
            *p++ = (uint8_t)(0x80 | (c & 63));
        } else if (c < 0x10000) {
            if (c >= 0xD800 && c < 0xE000) return -1 - (int64_t)i;
            *p++ = (uint8_t)(0xE0 | c >> 12);
            *p++ = (uint8_t)(0x80 | (c >> 6 & 63));
            *p++ = (uint8_t)(0x80 | (c & 63));
        } else {
            *p++ = (uint8_t)(0xF0 | c >> 18);
            *p++ = (uint8_t)(0x80 | (c >> 12 & 63));
            *p++ = (uint8_t)(0x80 | (c >> 6 & 63));
            *p++ = (uint8_t)(0x80 | (c & 63));
        }
    }
    *p = 0;
    return p - out;
}

/* Start and end of each token in characters of the text: a token that begins or ends inside a character covers all of
 * it. Where `prefix`, the first byte is a space that the text does not have: it stands for the first character. */
static void bpe_offsets(const BpeModel *m, const int32_t *ids, size_t n_ids, const uint8_t *s, int prefix, int64_t *out)
{
    size_t at = 0;
    int64_t seen = 0; /* characters that begin before `at` */
    for (size_t i = 0; i < n_ids; i++) {
        size_t end = at + m->tokens[ids[i]].length;
        out[2 * i] = seen - ((s[at] & 0xC0) == 0x80);
        for (; at < end; at++) seen += (s[at] & 0xC0) != 0x80;
        out[2 * i + 1] = seen;
    }
    for (size_t i = 0; prefix && i < n_ids; i++) {
        out[2 * i] -= out[2 * i] > 0;
        out[2 * i + 1] -= out[2 * i + 1] > 1;
    }
}

/* The same for ASCII without a prefix. */
static void bpe_offsets_ascii(const BpeModel *m, const int32_t *ids, size_t n_ids, int64_t *out)
{
    int64_t at = 0;
    for (size_t i = 0; i < n_ids; i++) {
        out[2 * i] = at;
        at += m->tokens[ids[i]].length;
        out[2 * i + 1] = at;
    }
}

/* Leave the spaces at both ends of a token out of its offsets, as the ByteLevel post-processor of tokenizers does. */
static void bpe_trim(const BpeModel *m, const int32_t *ids, size_t n_ids, const uint8_t *s, int prefix, int64_t *out)
{
    for (size_t i = 0; i < n_ids; s += m->tokens[ids[i++]].length) {
        int64_t length = m->tokens[ids[i]].length, leading = 0, trailing = 0, *span = out + 2 * i;
        while (leading < length && s[leading] == ' ') leading++;
        while (trailing < length && s[length - 1 - trailing] == ' ') trailing++;
        if (leading == 1 && prefix && (i == 0 || span[0] == 0)) leading = 0; /* it may be the prefix */
        span[0] = span[0] + leading < span[1] ? span[0] + leading : span[1];
        if (trailing && span[1] >= trailing) span[1] = span[1] - trailing > span[0] ? span[1] - trailing : span[0];
    }
}

#endif
