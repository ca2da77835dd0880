/* Words to learn pieces from: runs of letters, of digits, of Han, of others; a space goes with what follows, but not with
 * Han, whose words have none. */
#ifndef MINILM_UNIGRAM_WORDS_H
#define MINILM_UNIGRAM_WORDS_H

#include "counted.h"
#include "unicode_classes.h"
#include "unigram.h"
#include "unigram_train.h"

enum { UNI_OTHER, UNI_LETTER, UNI_NUMBER, UNI_HAN, UNI_MARK };

static inline int uni_is_han(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0xF900 && c <= 0xFAFF)
           || (c >= 0x20000 && c <= 0x323AF) || c == 0x3005 || c == 0x3007 || (c >= 0x3041 && c <= 0x30FF && c != 0x30FB);
}

static inline int uni_class(uint32_t c)
{
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z' ? UNI_LETTER : c >= '0' && c <= '9' ? UNI_NUMBER : UNI_OTHER;
    if (c >= 0x3005 && uni_is_han(c)) return UNI_HAN;
    switch (unicode_class(c) & UNICODE_CATEGORY) {
    case UNICODE_LU: case UNICODE_LL: case UNICODE_LT: case UNICODE_LM: case UNICODE_LO: return UNI_LETTER;
    case UNICODE_ND: case UNICODE_NL: case UNICODE_NO: return UNI_NUMBER;
    case UNICODE_MN: case UNICODE_MC: case UNICODE_ME: return UNI_MARK;
    default: return UNI_OTHER;
    }
}

/* Count the words of a text; as uni_encode_text. */
static int64_t uni_count_text(Counted *counted, UniWorker *w, int before, const void *data, int kind, size_t length)
{
    size_t n = 0;
    int class = UNI_OTHER, only_space = 0;
    if (before && length > 0) {
        uint32_t first = utf8_read(data, kind, 0);
        before = first != ' ' && first != 0x2581;
    }
    for (size_t i = 0; i < length; i++) {
        uint32_t c = utf8_read(data, kind, i);
        if (words_reserve((void **)&w->word, &w->word_capacity, n + 8 + WORDS_SLACK, 1) < 0) return -1;
        if (i == 0 && before) {
            memcpy(w->word, uni_space, 3);
            n = 3;
            only_space = 1;
        }
        if (c >= 0xD800 && c < 0xE000) return -2 - (int64_t)i;
        int space = c == ' ' || c == 0x2581, of_it = space ? UNI_OTHER : uni_class(c);
        if (of_it == UNI_MARK) of_it = only_space ? UNI_LETTER : class;
        int same = only_space ? of_it != UNI_HAN : of_it == class;
        if (n > 0 && (space || !same || n + 4 > UNI_LONGEST_WORD)) {
            if (counted_add(counted, w->word, n, 1) < 0) return -1;
            n = 0;
        }
        only_space = space;
        class = of_it;
        if (space) {
            memcpy(w->word, uni_space, 3);
            n = 3;
        } else {
            n += utf8_put(w->word + n, c);
        }
    }
    return n > 0 ? counted_add(counted, w->word, n, 1) : 0;
}

#endif
