/* Kinds of characters: letters, numbers, Han (and kana, where asked for), marks, others. */
#ifndef MINILM_KINDS_H
#define MINILM_KINDS_H

#include "unicode_classes.h"

enum { KIND_OTHER, KIND_LETTER, KIND_NUMBER, KIND_HAN, KIND_MARK };

static inline int kind_is_han(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0xF900 && c <= 0xFAFF)
           || (c >= 0x20000 && c <= 0x323AF) || c == 0x3005 || c == 0x3007;
}

static inline int kind_is_han_or_kana(uint32_t c)
{
    return kind_is_han(c) || (c >= 0x3041 && c <= 0x30FF && c != 0x30FB);
}

static inline int kind_of(uint32_t c)
{
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z' ? KIND_LETTER : c >= '0' && c <= '9' ? KIND_NUMBER : KIND_OTHER;
    if (c >= 0x3005 && kind_is_han_or_kana(c)) return KIND_HAN;
    switch (unicode_class(c) & UNICODE_CATEGORY) {
    case UNICODE_LU: case UNICODE_LL: case UNICODE_LT: case UNICODE_LM: case UNICODE_LO: return KIND_LETTER;
    case UNICODE_ND: case UNICODE_NL: case UNICODE_NO: return KIND_NUMBER;
    case UNICODE_MN: case UNICODE_MC: case UNICODE_ME: return KIND_MARK;
    default: return KIND_OTHER;
    }
}

#endif
