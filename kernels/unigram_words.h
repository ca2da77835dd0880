/* Words to learn pieces from: runs of letters, of digits, of Han, of others; a space goes with what follows, but not with
 * Han, whose words have none. */
#ifndef MINILM_UNIGRAM_WORDS_H
#define MINILM_UNIGRAM_WORDS_H

#include "counted.h"
#include "kinds.h"
#include "unigram.h"
#include "unigram_train.h"

/* Count the words of a text; as uni_encode_text. */
static int64_t uni_count_text(Counted *counted, UniWorker *w, int before, const void *data, int kind, size_t length)
{
    size_t n = 0;
    int class = KIND_OTHER, only_space = 0;
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
        int space = c == ' ' || c == 0x2581, of_it = space ? KIND_OTHER : kind_of(c);
        if (of_it == KIND_MARK) of_it = only_space ? KIND_LETTER : class;
        int same = only_space ? of_it != KIND_HAN : of_it == class;
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
