/* Count the pieces of texts. */
#ifndef MINILM_BPE_PIECES_H
#define MINILM_BPE_PIECES_H

#include "bpe_split.h"
#include "counted.h"

/* The longest piece that is learned from; a longer one is cut. */
#define BPE_LONGEST 65536

/* Count the pieces of s[0 .. n), which WORDS_SLACK readable bytes follow; 0, or -1 without memory. */
static int bpe_count_text(Counted *p, int rule, const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t end = split_piece(rule, s, n, i);
        if (end - i > BPE_LONGEST)
            for (end = i + BPE_LONGEST; (s[end] & 0xC0) == 0x80; end--) {}
        if (end - i > 1 && counted_add(p, s + i, end - i, 1) < 0) return -1;
        i = end;
    }
    return 0;
}

#endif
