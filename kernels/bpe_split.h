/* Cut UTF-8 text into the pieces inside which byte pairs merge.
 *
 * GPT-2:  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * GPT-4:  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *
 * Qwen2:  GPT-4's, but \p{N} for one digit.
 * o200k:  P?U*l+E?|P?U+l*E?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *         with P = [^\r\n\p{L}\p{N}], U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], l = [\p{Ll}\p{Lm}\p{Lo}\p{M}] and GPT-4's endings E
 *
 * written out by hand: each function is given the start of a piece and gives its end. The text is valid UTF-8, and
 * s[n] can be read (Python's strings end in NUL).
 */
#ifndef MINILM_BPE_SPLIT_H
#define MINILM_BPE_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "unicode_classes.h"

enum { SPLIT_OTHER = 0, SPLIT_LETTER = 1, SPLIT_DIGIT = 2, SPLIT_SPACE = 3, SPLIT_WIDE = 4 };

enum { SPLIT_NONE = 0, SPLIT_GPT2 = 1, SPLIT_GPT4 = 2, SPLIT_QWEN2 = 3, SPLIT_O200K = 4 };

/* What a character can be in a word of o200k. */
enum { CASE_UPPER = 1, CASE_LOWER = 2 };

/* Of one byte: its class, SPLIT_WIDE for bytes of longer characters. */
#define O SPLIT_OTHER
#define L SPLIT_LETTER
#define D SPLIT_DIGIT
#define S SPLIT_SPACE
#define W SPLIT_WIDE
#define W16 W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W
static const uint8_t split_of_byte[256] = {
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, D, D, D, D, D, D, D, D, D, D, O, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    W16, W16, W16, W16, W16, W16, W16, W16};

/* ASCII that GPT-4 takes into the word behind it: all but letters, digits, line breaks, and the apostrophe, which may
 * begin an ending. */
static const uint8_t split_goes_before[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
#undef O
#undef L
#undef D
#undef S
#undef W
#undef W16

static inline uint32_t split_decode(const uint8_t *p, int *width)
{
    uint32_t c = p[0];
    if (c < 0xE0) {
        *width = 2;
        return (c & 31) << 6 | (p[1] & 63u);
    }
    if (c < 0xF0) {
        *width = 3;
        return (c & 15) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
    }
    *width = 4;
    return (c & 7) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
}

/* The class of the character at p, which is not ASCII, and its bytes. */
static inline int split_wide(const uint8_t *p, int *width)
{
    if (p[0] >= 0xE5 && p[0] <= 0xE9) { /* U+5000 to U+9FFF, all Han */
        *width = 3;
        return SPLIT_LETTER;
    }
    unsigned class = unicode_class(split_decode(p, width)), category = class & UNICODE_CATEGORY;
    if (category >= UNICODE_LU && category <= UNICODE_LO) return SPLIT_LETTER;
    if (category >= UNICODE_ND && category <= UNICODE_NO) return SPLIT_DIGIT;
    return class & UNICODE_SPACE ? SPLIT_SPACE : SPLIT_OTHER;
}

static inline int split_class(const uint8_t *p, int *width)
{
    int class = split_of_byte[*p];
    if (class != SPLIT_WIDE) {
        *width = 1;
        return class;
    }
    return split_wide(p, width);
}

/* Behind the characters of `class` from i on. */
static inline size_t split_run(const uint8_t *s, size_t n, size_t i, int class)
{
    for (;;) {
        while (split_of_byte[s[i]] == class && i < n) i++;
        int width;
        if (i >= n || s[i] < 0x80 || split_wide(s + i, &width) != class) return i;
        i += (size_t)width;
    }
}

/* White space from i on: but for the last character where a piece follows. `*last` is where that character begins. */
static inline size_t split_spaces(const uint8_t *s, size_t n, size_t i, size_t *last)
{
    int width;
    *last = i;
    while (i < n && split_class(s + i, &width) == SPLIT_SPACE) {
        *last = i;
        i += (size_t)width;
    }
    return i;
}

/* Bytes behind an apostrophe that are an English ending: 1, 2, or 0. */
static inline size_t split_ending(const uint8_t *p, size_t n, int any_case)
{
    if (n == 0) return 0;
    uint8_t a = p[0], b = n > 1 ? p[1] : 0;
    if (any_case) {
        if (a == 0xC5 && b == 0xBF) return 2; /* U+017F, long s: folds to s */
        if (a >= 'A' && a <= 'Z') a |= 32;
        if (b >= 'A' && b <= 'Z') b |= 32;
    }
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 1;
    if ((b == 'e' && (a == 'r' || a == 'v')) || (a == 'l' && b == 'l')) return 2;
    return 0;
}

static inline size_t split_gpt2(const uint8_t *s, size_t n, size_t i)
{
    size_t at = i, last;
    int width, class;
    if (s[i] == '\'') {
        size_t ending = split_ending(s + i + 1, n - i - 1, 0);
        if (ending) return i + 1 + ending;
    }
    if (s[i] == ' ' && i + 1 < n) at++;
    class = split_class(s + at, &width);
    if (class != SPLIT_SPACE) return split_run(s, n, at + (size_t)width, class);
    at = split_spaces(s, n, i, &last);
    return at < n && last > i ? last : at;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ from i on, where white space is. */
static inline size_t split_space_piece(const uint8_t *s, size_t n, size_t i)
{
    size_t last, end = split_spaces(s, n, i, &last);
    for (size_t at = end; at > i; at--) /* \s*[\r\n]+ takes all to the last line break */
        if (s[at - 1] == '\r' || s[at - 1] == '\n') return at;
    return end < n && last > i ? last : end;
}

static inline size_t split_gpt4(const uint8_t *s, size_t n, size_t i, int most_digits)
{
    size_t at;
    int width, next, class = split_class(s + i, &width);
    if (s[i] == '\'') {
        size_t ending = split_ending(s + i + 1, n - i - 1, 1);
        if (ending) return i + 1 + ending;
    }
    at = i + (size_t)width;
    if (class == SPLIT_LETTER) return split_run(s, n, at, SPLIT_LETTER);
    if (class == SPLIT_DIGIT) {
        for (int k = 1; k < most_digits && at < n && split_class(s + at, &width) == SPLIT_DIGIT; k++) at += (size_t)width;
        return at;
    }
    if (s[i] != '\r' && s[i] != '\n' && at < n) {
        next = split_class(s + at, &width);
        if (next == SPLIT_LETTER) return split_run(s, n, at + (size_t)width, SPLIT_LETTER);
        if (s[i] == ' ' && next == SPLIT_OTHER) class = SPLIT_OTHER;
    }
    if (class == SPLIT_OTHER) {
        at = split_run(s, n, at, SPLIT_OTHER);
        while (at < n && (s[at] == '\r' || s[at] == '\n')) at++;
        return at;
    }
    return split_space_piece(s, n, i);
}

/* Bits of what the character at p can be in a word, and its bytes. Letters without case and marks can be both. */
static inline int split_case(const uint8_t *p, int *width)
{
    int category;
    *width = 1;
    if (*p < 0x80) return *p >= 'a' && *p <= 'z' ? CASE_LOWER : *p >= 'A' && *p <= 'Z' ? CASE_UPPER : 0;
    category = (int)(unicode_class(split_decode(p, width)) & UNICODE_CATEGORY);
    if (category == UNICODE_LU || category == UNICODE_LT) return CASE_UPPER;
    if (category == UNICODE_LL) return CASE_LOWER;
    return category >= UNICODE_LM && category <= UNICODE_ME ? CASE_UPPER | CASE_LOWER : 0;
}

/* Behind a word from i on: U*l+ as a matcher that steps back reads it or, where `capitals`, U+l*. i where none is. */
static inline size_t split_word(const uint8_t *s, size_t n, size_t i, int capitals)
{
    size_t at = i, stepped = i; /* behind the last character of U* that l+ takes when U* steps back */
    int width, kind;
    while (at < n && (kind = split_case(s + at, &width)) & CASE_UPPER) {
        at += (size_t)width;
        if (kind & CASE_LOWER) stepped = at;
    }
    if (at < n && split_case(s + at, &width) & CASE_LOWER) {
        while (at < n && split_case(s + at, &width) & CASE_LOWER) at += (size_t)width;
        return at;
    }
    return capitals ? at : stepped;
}

static inline size_t split_o200k(const uint8_t *s, size_t n, size_t i)
{
    size_t at, end = i;
    int width, class = split_class(s + i, &width), before;
    at = i + (size_t)width;
    before = class != SPLIT_LETTER && class != SPLIT_DIGIT && s[i] != '\r' && s[i] != '\n';
    for (int capitals = 0; capitals < 2; capitals++) {
        if (before && (end = split_word(s, n, at, capitals)) > at) break;
        if ((end = split_word(s, n, i, capitals)) > i) break;
    }
    if (end > i) {
        if (end < n && s[end] == '\'') {
            size_t ending = split_ending(s + end + 1, n - end - 1, 1);
            if (ending) end += 1 + ending;
        }
        return end;
    }
    if (class == SPLIT_DIGIT) {
        for (int k = 1; k < 3 && at < n && split_class(s + at, &width) == SPLIT_DIGIT; k++) at += (size_t)width;
        return at;
    }
    if (s[i] == ' ' && at < n && split_class(s + at, &width) == SPLIT_OTHER) class = SPLIT_OTHER;
    if (class == SPLIT_OTHER) {
        at = split_run(s, n, at, SPLIT_OTHER);
        while (at < n && (s[at] == '\r' || s[at] == '\n' || s[at] == '/')) at++;
        return at;
    }
    return split_space_piece(s, n, i);
}

/* The end of the piece that starts at i < n. */
static inline size_t split_piece(int rule, const uint8_t *s, size_t n, size_t i)
{
    if (rule == SPLIT_GPT2) return split_gpt2(s, n, i);
    if (rule == SPLIT_GPT4) return split_gpt4(s, n, i, 3);
    if (rule == SPLIT_QWEN2) return split_gpt4(s, n, i, 1);
    if (rule == SPLIT_O200K) return split_o200k(s, n, i);
    return n;
}

#endif
