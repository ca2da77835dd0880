/* Texts to ids: cut into pieces, look each up among those met lately, encode the others.
 *
 * What is remembered never changes a result, so each worker has a memory of its own, and which one a text meets does not
 * matter. A piece of at most 15 bytes and 3 ids is remembered.
 */
#ifndef MINILM_BPE_ENCODE_H
#define MINILM_BPE_ENCODE_H

#include "bpe_model.h"
#include "bpe_split.h"
#include "utf8.h"
#include "words_table.h"

#define BPE_IDS 3
#define BPE_SETS_BITS 16 /* sets of two pieces: 4 MB */
#define BPE_SETS ((size_t)1 << BPE_SETS_BITS)
#define BPE_CHARACTERS_BITS 13 /* 128 KB */
#define BPE_CHARACTERS ((size_t)1 << BPE_CHARACTERS_BITS)

typedef struct {
    uint64_t low, high; /* the piece, and its length in the highest byte; 0: free */
    int32_t ids[BPE_IDS], n;
} BpeMet;

typedef struct {
    uint32_t key; /* three bytes of UTF-8, the number of ids in the highest byte; 0: free */
    int32_t ids[3];
} BpeCharacter;

typedef struct {
    BpeMet *met;      /* 2 * BPE_SETS */
    BpeCharacter *characters;
    unsigned joined, apart, passed; /* pieces of which the ids of their characters are not, and are the ids; not tried */
    uint64_t *judged; /* BPE_JUDGED pairs, with the highest bit set where they are compatible */
    int32_t *ids;
    size_t n_ids, capacity;
    uint64_t *dead;
    size_t dead_capacity;
    uint8_t *text; /* UTF-8 of a text that is not ASCII */
    size_t text_capacity;
} BpeWorker;

static void bpe_worker_free(BpeWorker *w)
{
    free(w->met);
    free(w->judged);
    free(w->characters);
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
    w->characters = calloc(BPE_CHARACTERS, sizeof *w->characters);
    if (w->met == NULL || w->judged == NULL || w->characters == NULL) return -1;
    memset(w->judged, 0xff, BPE_JUDGED * sizeof *w->judged);
    return 0;
}

/* The bytes of p[0 .. n), n < 16, and n; the others zero. 16 bytes can be read. */
static inline void bpe_key(const uint8_t *p, size_t n, uint64_t *low, uint64_t *high)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint8_t part[16] = {0};
    memcpy(part, p, n);
    *low = words_load(part);
    *high = words_load(part + 8) | n;
#else
    static const uint64_t kept[24] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
        UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    *low = words_load(p) & kept[n + 8];
    *high = (words_load(p + 8) & kept[n]) | (uint64_t)n << 56;
#endif
}

/* The ids of a piece of characters of three bytes, one after the other, if every two at their borders are compatible:
 * then they are the ids of the piece. 0 otherwise; room for n ids. */
static inline size_t bpe_encode_characters(const BpeModel *m, BpeWorker *w, const uint8_t *s, size_t n, int32_t *out)
{
    size_t count = 0;
    for (size_t at = 0; at < n; at += 3) {
        if ((s[at] & 0xF0) != 0xE0) return 0;
        uint32_t key = (uint32_t)s[at] | (uint32_t)s[at + 1] << 8 | (uint32_t)s[at + 2] << 16;
        BpeCharacter *own = w->characters + (key * UINT32_C(0x9E3779B1) >> (32 - BPE_CHARACTERS_BITS));
        if ((own->key & 0xFFFFFF) != key) {
            size_t length = 0;
            int32_t token = trie_longest(&m->trie, s + at, 3, &length);
            size_t n_ids = bpe_encode_from(m, s + at, 3, token, length, own->ids, w->dead, w->judged);
            own->key = key | (uint32_t)n_ids << 24;
        }
        if (count && !bpe_judge(m, out[count - 1], own->ids[0], w->judged)) return 0;
        memcpy(out + count, own->ids, sizeof own->ids);
        count += own->key >> 24;
    }
    return count;
}

/* Whether that is worth a try: Han, kana or Hangul, and no vocabulary in which tokens mostly reach over characters. */
static inline int bpe_may_be_apart(BpeWorker *w, const uint8_t *s, size_t n)
{
    if (n < 6 || (s[0] & 0xF0) != 0xE0 || (s[n - 3] & 0xF0) != 0xE0) return 0;
    return w->joined <= w->apart + 64 || (++w->passed & 15) == 0;
}

/* Encode a piece and, where it is short, remember it in `set`. There is room for n ids; -1 without memory. */
static int bpe_encode_new(const BpeModel *m, BpeWorker *w, const uint8_t *p, size_t n, BpeMet *set, uint64_t low,
                          uint64_t high)
{
    if (n / 64 + 1 > w->dead_capacity) {
        size_t had = w->dead_capacity;
        if (words_reserve((void **)&w->dead, &w->dead_capacity, n / 64 + 1, 8) < 0) return -1;
        memset(w->dead + had, 0, (w->dead_capacity - had) * 8);
    }
    int32_t *out = w->ids + w->n_ids;
    size_t count = 0;
    if (bpe_may_be_apart(w, p, n) && !(m->whole_first && trie_whole(&m->trie, p, n) >= 0)) {
        count = bpe_encode_characters(m, w, p, n, out);
        if (count) w->apart++;
        else w->joined++;
    }
    if (count == 0) count = bpe_encode_piece(m, p, n, out, w->dead, w->judged);
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

#if defined(__SSE2__)
#include <emmintrin.h>

/* The piece at s[i], of which 17 bytes can be read, if it is letters of ASCII, at most 15 bytes, perhaps behind the one
 * character that goes with letters; else 0. */
static inline size_t bpe_word(int rule, const uint8_t *s, size_t i)
{
    uint8_t first = s[i];
    int before = rule == SPLIT_GPT2 ? first == ' ' : split_goes_before[first];
    if (rule == SPLIT_NONE || rule == SPLIT_O200K) return 0; /* a word of o200k may end between letters */
    if (!before && split_of_byte[first] != SPLIT_LETTER) return 0;
    __m128i c = _mm_loadu_si128((const __m128i *)(s + i + 1));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(c, _mm_set1_epi8(32)), _mm_set1_epi8('a'));
    letter = _mm_cmpeq_epi8(letter, _mm_min_epu8(letter, _mm_set1_epi8(25)));
    unsigned others = ~(unsigned)_mm_movemask_epi8(letter) & 0xffff;
    if (others == 0) return 0;
    size_t n = 1 + (size_t)__builtin_ctz(others);
    return n > 15 || (before && n == 1) || s[i + n] >= 0x80 ? 0 : n;
}
#else
static inline size_t bpe_word(int rule, const uint8_t *s, size_t i)
{
    (void)rule, (void)s, (void)i;
    return 0;
}
#endif

typedef struct {
    size_t start, length;
    uint64_t low, high;
    BpeMet *set;
} BpePiece;

#define BPE_BATCH 32 /* pieces whose places in memory are asked for before the first is looked at */

/* Append the ids of s[0 .. n), valid UTF-8 with a readable byte behind it; 0, or -1 without memory. */
static inline int bpe_encode_by(const BpeModel *m, BpeWorker *w, int rule, const uint8_t *s, size_t n)
{
    BpePiece pieces[BPE_BATCH];
    for (size_t i = 0; i < n;) {
        size_t n_pieces = 0, first = i;
        for (; n_pieces < BPE_BATCH && i < n; i += pieces[n_pieces++].length) {
            BpePiece *piece = pieces + n_pieces;
            size_t length = WORDS_LIKELY(i + 17 <= n) ? bpe_word(rule, s, i) : 0;
            if (length == 0) length = split_piece(rule, s, n, i) - i;
            piece->start = i;
            piece->length = length;
            if (length > 15) continue;
            if (WORDS_LIKELY(i + 16 <= n)) {
                bpe_key(s + i, length, &piece->low, &piece->high);
            } else {
                uint8_t tail[16] = {0};
                memcpy(tail, s + i, length);
                bpe_key(tail, length, &piece->low, &piece->high);
            }
            uint64_t hash = (piece->low ^ (piece->high << 29 | piece->high >> 35)) * UINT64_C(0x9E3779B97F4A7C15);
            hash = (hash ^ hash >> 32) * UINT64_C(0xD6E8FEB86659FD93);
            piece->set = w->met + 2 * (hash >> (64 - BPE_SETS_BITS));
            WORDS_PREFETCH(piece->set);
        }
        if (words_reserve((void **)&w->ids, &w->capacity, w->n_ids + (i - first) + BPE_IDS, sizeof(int32_t)) < 0) return -1;
        for (size_t k = 0; k < n_pieces; k++) {
            const BpePiece *piece = pieces + k;
            const uint8_t *p = s + piece->start;
            if (piece->length > 15) {
                if (bpe_encode_new(m, w, p, piece->length, NULL, 0, 0) < 0) return -1;
                continue;
            }
            BpeMet *set = piece->set;
            if (!(set->low == piece->low && set->high == piece->high)) {
                BpeMet second = set[1];
                if (!(second.low == piece->low && second.high == piece->high)) {
                    if (bpe_encode_new(m, w, p, piece->length, set, piece->low, piece->high) < 0) return -1;
                    continue;
                }
                set[1] = set[0];
                set[0] = second;
            }
            memcpy(w->ids + w->n_ids, set->ids, sizeof set->ids);
            w->n_ids += (size_t)set->n;
        }
    }
    return 0;
}

static int bpe_encode_text(const BpeModel *m, BpeWorker *w, int rule, const uint8_t *s, size_t n)
{
    if (rule == SPLIT_GPT2) return bpe_encode_by(m, w, SPLIT_GPT2, s, n);
    if (rule == SPLIT_GPT4) return bpe_encode_by(m, w, SPLIT_GPT4, s, n);
    if (rule == SPLIT_QWEN2) return bpe_encode_by(m, w, SPLIT_QWEN2, s, n);
    if (rule == SPLIT_O200K) return bpe_encode_by(m, w, SPLIT_O200K, s, n);
    return bpe_encode_by(m, w, SPLIT_NONE, s, n);
}

/* Python's characters to UTF-8; `out` has room for 4 bytes a character and one more; kind 0 is ASCII. The bytes written, or
 * -1 - i where character i is a lone surrogate. */
static int64_t bpe_utf8(const void *data, int kind, size_t n, uint8_t *out)
{
    uint8_t *p = out;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = utf8_read(data, kind, i);
        if (c >= 0xD800 && c < 0xE000) return -1 - (int64_t)i;
        p += utf8_put(p, c);
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

/* Leave the spaces at both ends of a token out of its offsets, as the ByteLevel post-processor of tokenizers does. Where
 * `prefix`, a space before the first character may be one that was put there. */
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
