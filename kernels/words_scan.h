/* Cut text into words. The rule is written down in the docstring of WordTokenizer and, as one regular expression, in
 * tests/reference/words.py; this is the same rule over the three widths of Python's strings (words_scan_kind.h).
 */
#ifndef MINILM_WORDS_SCAN_H
#define MINILM_WORDS_SCAN_H

#include <Python.h>

#include "utf8.h"
#include "words_table.h"

/* Classes of characters. */
enum {
    WORDS_OTHER = 0, /* separates words */
    WORDS_PUNCT = 1, /* separates words; a token of its own where punctuation is asked for */
    WORDS_LETTER = 2,
    WORDS_DIGIT = 3, /* any numeric character */
    WORDS_MARK = 4,  /* combining; part of the word it follows */
    WORDS_HAN = 5,   /* Han and hiragana: no spaces between words */
    WORDS_KANA = 6   /* katakana */
};

enum { WORDS_BIGRAMS = 0, WORDS_CHARS = 1, WORDS_CHARS_AND_BIGRAMS = 2, WORDS_RUNS = 3 };

/* Code points with an entry in the class table: all scripts of Unicode. */
#define WORDS_LIMIT 0x34000

typedef struct {
    const uint8_t *classes; /* WORDS_LIMIT */
    const uint8_t *plain;   /* 256: ASCII letters and digits */
    int lowercase, fold_width, joiners, keep_numbers, punctuation, han;
    Py_ssize_t min_length;
} WordRules;

typedef struct {
    uint64_t hash;
    Py_ssize_t start, end; /* in characters of the text */
    size_t at, n_bytes;    /* folded UTF-8, in the cursor's buffer */
} WordToken;

#define WORDS_BATCH 256

typedef struct {
    const WordRules *rules;
    const void *data; /* of a Python string, which ends in a NUL character */
    int kind;
    Py_ssize_t length, at;      /* characters; the next one to look at */
    Py_ssize_t run_start, run_at, run_end; /* a run of Han and its next character; run_at >= run_end outside */
    int bigram_next;            /* of run_at, where characters and bigrams are both given */
    int n_tokens;
    WordToken tokens[WORDS_BATCH];
    unsigned char *bytes;
    size_t n_bytes, capacity;
} WordCursor;

static inline int words_class(const WordRules *r, Py_UCS4 c)
{
    if (WORDS_LIKELY(c < WORDS_LIMIT)) return r->classes[c];
    if (c >= 0xE0100 && c <= 0xE01EF && r->joiners) return WORDS_MARK; /* variation selectors */
    return Py_UNICODE_ISALNUM(c) ? WORDS_LETTER : WORDS_OTHER;
}

static inline Py_UCS4 words_fold_width(const WordRules *r, Py_UCS4 c)
{
    return c >= 0xFF01 && c <= 0xFF5E && r->fold_width ? c - 0xFEE0 : c;
}

static inline Py_UCS4 words_lower(Py_UCS4 c)
{
    if (c < 128) return c >= 'A' && c <= 'Z' ? c | 32 : c;
    return Py_UNICODE_TOLOWER(c);
}

static inline Py_UCS4 words_fold(const WordRules *r, Py_UCS4 c)
{
    c = words_fold_width(r, c);
    if (c == 0x2019 && r->joiners) return '\'';
    if (r->lowercase) {
        c = words_lower(c);
        if (c == 0x3C2 && r->joiners) return 0x3C3; /* the same word whether sigma ends it or not */
    }
    return c;
}

/* ASCII bytes in lower case, eight at a time. */
static inline uint64_t words_lower8(uint64_t k)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t from_a = k + ones * (0x80 - 'A'), behind_z = k + ones * (0x7F - 'Z');
    return k | ((from_a ^ behind_z) & ones * 0x80) >> 2;
}

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Which of 64 one-byte characters are ASCII letters or digits (and underscores, where asked for); which are those or no
 * ASCII at all. Bit i is character start + i; behind the end of the text bits are 0. */
typedef struct {
    Py_ssize_t start; /* a multiple of 64, or -1: none yet */
    uint64_t plain, other;
} WordMasks;

static inline int words_lowest_bit(uint64_t m)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(m);
#else
    int i = 0;
    while (!(m >> i & 1)) i++;
    return i;
#endif
}

static void words_make_masks(WordMasks *m, const uint8_t *s, Py_ssize_t n, int underscore)
{
    uint8_t tail[64] = {0};
    s += m->start;
    if (n - m->start < 64) {
        memcpy(tail, s, (size_t)(n - m->start));
        s = tail;
    }
    m->plain = m->other = 0;
    for (int i = 0; i < 64; i += 16) {
#if defined(__SSE2__)
        __m128i c = _mm_loadu_si128((const __m128i *)(s + i));
        __m128i letter = _mm_sub_epi8(_mm_or_si128(c, _mm_set1_epi8(32)), _mm_set1_epi8('a'));
        __m128i digit = _mm_sub_epi8(c, _mm_set1_epi8('0'));
        letter = _mm_cmpeq_epi8(letter, _mm_min_epu8(letter, _mm_set1_epi8(25)));
        digit = _mm_cmpeq_epi8(digit, _mm_min_epu8(digit, _mm_set1_epi8(9)));
        __m128i plain = _mm_or_si128(letter, digit);
        if (underscore) plain = _mm_or_si128(plain, _mm_cmpeq_epi8(c, _mm_set1_epi8('_')));
        m->plain |= (uint64_t)(uint32_t)_mm_movemask_epi8(plain) << i;
        m->other |= (uint64_t)(uint32_t)_mm_movemask_epi8(c) << i;
#else
        for (int j = i; j < i + 16; j++) {
            uint8_t c = s[j], letter = (uint8_t)((c | 32) - 'a'), digit = (uint8_t)(c - '0');
            m->plain |= (uint64_t)(letter < 26 || digit < 10 || (underscore && c == '_')) << j;
            m->other |= (uint64_t)(c >> 7) << j;
        }
#endif
    }
    m->other |= m->plain;
}

/* Make `m` hold the 64 characters around i. */
static inline void words_masks(WordMasks *m, const uint8_t *s, Py_ssize_t n, Py_ssize_t i, int underscore)
{
    if (m->start == (i & ~(Py_ssize_t)63)) return;
    m->start = i & ~(Py_ssize_t)63;
    words_make_masks(m, s, n, underscore);
}

/* Room for a token of `n` characters; 0 or -1. */
static inline int words_room(WordCursor *s, Py_ssize_t n)
{
    if ((size_t)n > (SIZE_MAX - s->n_bytes) / 4 - WORDS_SLACK) return -1;
    return words_reserve((void **)&s->bytes, &s->capacity, s->n_bytes + 4 * (size_t)n + WORDS_SLACK, 1);
}

static inline void words_push(WordCursor *s, Py_ssize_t start, Py_ssize_t end, size_t n_bytes, uint64_t hash)
{
    WordToken *token = s->tokens + s->n_tokens++;
    token->start = start;
    token->end = end;
    token->at = s->n_bytes;
    token->n_bytes = n_bytes;
    token->hash = hash;
    s->n_bytes += n_bytes;
}

#define CHARACTER uint8_t
#define NAMED(name) name##_1
#include "words_scan_kind.h"
#undef CHARACTER
#undef NAMED
#define CHARACTER uint16_t
#define NAMED(name) name##_2
#include "words_scan_kind.h"
#undef CHARACTER
#undef NAMED
#define CHARACTER uint32_t
#define NAMED(name) name##_4
#include "words_scan_kind.h"
#undef CHARACTER
#undef NAMED

static void words_begin(WordCursor *s, const void *data, int kind, Py_ssize_t length)
{
    s->data = data;
    s->kind = kind;
    s->length = length;
    s->at = s->run_start = s->run_at = s->run_end = 0;
    s->bigram_next = 0;
}

/* The next tokens, at most WORDS_BATCH, in s->tokens; how many (0 at the end), or -1 when there is no memory. */
static int words_next(WordCursor *s)
{
    s->n_tokens = 0;
    s->n_bytes = 0;
    if (s->kind == 1) return words_next_1(s);
    if (s->kind == 2) return words_next_2(s);
    return words_next_4(s);
}

#endif
