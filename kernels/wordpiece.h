/* WordPiece: normalise, split and match as BERT does, in one pass over the characters of a text.
 *
 * Han characters and punctuation are words of their own; a word is cut from the left, the longest token first, and is
 * unknown as a whole where that fails. Words that were met are kept with their tokens.
 */
#ifndef MINILM_WORDPIECE_H
#define MINILM_WORDPIECE_H

#include "counted.h"
#include "subwords.h"
#include "trie.h"
#include "utf8.h"
#include "wordpiece_characters.h"

typedef struct {
    Trie heads, tails; /* tokens that begin a word, tokens that go on with it */
    int32_t unknown;
    size_t most; /* characters of a word that is cut */
    int clean, split_han, strip, lower;
} WpModel;

typedef struct {
    uint32_t c;
    uint8_t combining, first; /* first: of what its character becomes */
} WpElement;

typedef struct {
    SubWorker out;
    uint8_t *word; /* UTF-8 */
    int64_t *from; /* the character of the text that each character of the word comes from */
    size_t word_capacity, from_capacity, n_bytes, n_characters;
    int64_t last; /* the same for the last one, kept or not */
    Counted *counted; /* NULL, or where words are counted instead of cut */
    WpElement *run, *sorted;
    int64_t *sources;
    size_t run_capacity, sorted_capacity, sources_capacity;
} WpWorker;

static void wp_model_free(WpModel *m)
{
    trie_free(&m->heads);
    trie_free(&m->tails);
}

static void wp_worker_free(WpWorker *w)
{
    subwords_free(&w->out);
    free(w->word);
    free(w->from);
    free(w->run);
    free(w->sorted);
    free(w->sources);
    memset(w, 0, sizeof *w);
}

/* The pieces of the word at hand behind those of the words met; where they end to *end. 0 or -1. */
static int wp_cut(const WpModel *m, WpWorker *w, size_t *end)
{
    size_t at = 0, n = w->out.n_pieces;
    while (at < w->n_bytes) {
        size_t length = 0;
        int32_t id = trie_longest(at ? &m->tails : &m->heads, w->word + at, w->n_bytes - at, &length), characters = 0;
        if (id < 0) { /* the word is unknown */
            n = w->out.n_pieces;
            if (subwords_add(&w->out, &n, m->unknown, (int32_t)w->n_characters) < 0) return -1;
            break;
        }
        for (size_t stop = at + length; at < stop; at++) characters += (w->word[at] & 0xC0) != 0x80;
        if (subwords_add(&w->out, &n, id, characters) < 0) return -1;
    }
    *end = n;
    return 0;
}

/* End the word at hand; 0 or -1. */
static int wp_end_word(const WpModel *m, WpWorker *w, int with_offsets)
{
    SubWorker *out = &w->out;
    size_t n = w->n_bytes, first = out->n_pieces, end = first;
    int status = 0, is_new = 0;
    if (w->n_characters == 0) return 0;
    if (w->counted != NULL) {
        if (w->n_characters <= m->most) status = counted_add(w->counted, w->word, n, 1);
    } else if (w->n_characters > m->most) {
        status = subwords_add(out, &end, m->unknown, 1);
        if (status == 0) status = subwords_emit(out, with_offsets, first, end, w->from, 0);
        if (status == 0 && with_offsets) out->offsets[2 * out->n_ids - 1] = w->last + 1;
    } else if (n > SUBWORDS_LONGEST_MET) {
        status = wp_cut(m, w, &end);
        if (status == 0) status = subwords_emit(out, with_offsets, first, end, w->from, 0);
    } else {
        int32_t word = subwords_meet(out, w->word, n, &is_new);
        if (word < 0 || (is_new && wp_cut(m, w, &end) < 0)) return -1; /* the worker is given up: a word without pieces */
        if (is_new) out->firsts[word + 1] = out->n_pieces = end;
        status = subwords_emit(out, with_offsets, out->firsts[word], out->firsts[word + 1], w->from, 0);
    }
    w->n_characters = w->n_bytes = 0;
    return status;
}

/* Append a character to the word at hand; 0 or -1. */
static inline int wp_put(const WpModel *m, WpWorker *w, uint32_t c, int64_t source)
{
    w->last = source;
    if (w->n_characters >= m->most) { /* it is unknown already */
        w->n_characters = m->most + 1;
        return 0;
    }
    if (words_reserve((void **)&w->word, &w->word_capacity, w->n_bytes + 4 + WORDS_SLACK, 1) < 0
        || words_reserve((void **)&w->from, &w->from_capacity, w->n_characters + 1, sizeof *w->from) < 0)
        return -1;
    w->from[w->n_characters++] = source;
    w->n_bytes += utf8_put(w->word + w->n_bytes, c);
    return 0;
}

static const WpForm *wp_form(const WpForm *forms, size_t n, uint32_t c)
{
    size_t low = 0;
    while (n > 1) { /* c is one of them */
        size_t half = n / 2;
        if (forms[low + half].of <= c) low += half;
        n -= half;
    }
    return forms + low;
}

static uint8_t wp_combining(uint32_t c)
{
    size_t low = 0, n = WP_CLASSES;
    while (n > 1) {
        size_t half = n / 2;
        if (wp_classes[low + half].of <= c) low += half;
        n -= half;
    }
    return wp_classes[low].of == c ? (uint8_t)wp_classes[low].combining : 0;
}

/* What a character becomes under Unicode's form NFD, before marks are put in order; how many. */
static int wp_decompose(uint32_t c, unsigned flags, uint32_t *out)
{
    int n = 0;
    if (!(flags & WP_DECOMPOSES)) {
        out[n++] = c;
    } else if (c >= 0xAC00 && c < 0xD7A4) { /* Hangul: The Unicode Standard, section 3.12 */
        uint32_t syllable = c - 0xAC00;
        out[n++] = 0x1100 + syllable / 588;
        out[n++] = 0x1161 + syllable % 588 / 28;
        if (syllable % 28) out[n++] = 0x11A7 + syllable % 28;
    } else {
        const WpForm *form = wp_form(wp_decomposed, WP_DECOMPOSED, c);
        while (n < 4 && form->to[n]) {
            out[n] = form->to[n];
            n++;
        }
    }
    return n;
}

/* Lower case, then what the splitter does with it; 0 or -1. */
static int wp_take(const WpModel *m, WpWorker *w, int with_offsets, uint32_t c, int64_t source)
{
    const uint32_t *forms = &c;
    int n = 1;
    if (m->lower && wp_flags(c) & WP_LOWERS) {
        forms = wp_form(wp_lowered, WP_LOWERED, c)->to;
        while (n < 4 && forms[n]) n++;
    }
    for (int i = 0; i < n; i++) {
        unsigned flags = wp_flags(forms[i]);
        if (flags & WP_PUNCTUATION) {
            if (wp_end_word(m, w, with_offsets) < 0 || wp_put(m, w, forms[i], source) < 0
                || wp_end_word(m, w, with_offsets) < 0)
                return -1;
        } else if (wp_put(m, w, forms[i], source) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A character after which marks are put in order apart from those before it, whatever it becomes. */
static inline int wp_is_apart(const WpModel *m, unsigned flags)
{
    return (flags & WP_SPACE) || (m->split_han && flags & WP_HAN);
}

/* Marks of which one is kept, from the character `at` on, where the first such is: put in order by their combining
 * classes (The Unicode Standard, D109), they are what stands behind a base, the marks before `at` with them. An element
 * that is the first of its character takes the next character for its source, any other that of the one before. Where
 * the run ends to *next; 0 or -1. */
static int wp_take_run(const WpModel *m, WpWorker *w, int with_offsets, const void *data, int kind, size_t length, size_t at,
                       size_t *next)
{
    size_t begin = at, n = 0, n_sources = 0, i, starts[257] = {0};
    uint32_t form[4];
    int n_form = wp_decompose(utf8_read(data, kind, at), wp_flags(utf8_read(data, kind, at)), form);
    int64_t source = -1;
    if (wp_combining(form[0])) { /* no base: back to it */
        for (i = at; i > 0;) {
            uint32_t c = utf8_read(data, kind, --i);
            unsigned flags = wp_flags(c);
            if (m->clean && flags & WP_DROPPED) continue;
            if (wp_is_apart(m, flags)) break;
            begin = i;
            n_form = wp_decompose(c, flags, form);
            if (!wp_combining(form[0])) break;
        }
    }
    for (i = begin; i < length; i++) {
        uint32_t c = utf8_read(data, kind, i);
        unsigned flags = wp_flags(c);
        if (c >= 0xD800 && c < 0xE000) break;
        if (m->clean && flags & WP_DROPPED) continue;
        n_form = wp_decompose(c, flags, form);
        int k = 0;
        if (!wp_combining(form[0])) {
            if (i > begin || wp_is_apart(m, flags)) break;
            source = (int64_t)i;
            for (k = n_form; k > 0 && wp_combining(form[k - 1]); k--) {} /* from k on, marks behind the base */
            for (int j = 0; i >= at && j < k; j++) /* before `at` it was taken before */
                if (!(wp_flags(form[j]) & WP_MARK) && wp_take(m, w, with_offsets, form[j], source) < 0) return -1;
        } else {
            if (words_reserve((void **)&w->sources, &w->sources_capacity, n_sources + 1, sizeof *w->sources) < 0) return -1;
            w->sources[n_sources++] = (int64_t)i;
        }
        if (words_reserve((void **)&w->run, &w->run_capacity, n + 4, sizeof *w->run) < 0) return -1;
        for (; k < n_form; k++) w->run[n++] = (WpElement){form[k], wp_combining(form[k]), k == 0};
    }
    *next = i > at ? i : at + 1;
    if (words_reserve((void **)&w->sorted, &w->sorted_capacity, n, sizeof *w->sorted) < 0) return -1;
    for (size_t j = 0; j < n; j++) starts[w->run[j].combining + 1]++;
    for (size_t j = 1; j < 257; j++) starts[j] += starts[j - 1];
    for (size_t j = 0; j < n; j++) w->sorted[starts[w->run[j].combining]++] = w->run[j];
    for (size_t j = 0, s = 0; j < n; j++) {
        WpElement e = w->sorted[j];
        if (e.first) source = w->sources[s++];
        if (!(wp_flags(e.c) & WP_MARK) && wp_take(m, w, with_offsets, e.c, source) < 0) return -1;
    }
    return 0;
}

/* Append the ids of a text (and their offsets); 0, -1 without memory, -2 - i where character i is a lone surrogate. */
static int64_t wp_encode_text(const WpModel *m, WpWorker *w, int with_offsets, const void *data, int kind, size_t length)
{
    w->n_characters = w->n_bytes = 0;
    for (size_t i = 0; i < length;) {
        uint32_t c = utf8_read(data, kind, i), form[4];
        unsigned flags = wp_flags(c);
        int64_t source = (int64_t)i;
        int status = 0;
        if (kind <= 1 && c < 0x80 && !(flags & (WP_DROPPED | WP_SPACE | WP_PUNCTUATION))) {
            status = wp_put(m, w, m->lower && c >= 'A' && c <= 'Z' ? c + 32 : c, source);
        } else if (c >= 0xD800 && c < 0xE000) {
            return -2 - source;
        } else if (m->clean && flags & WP_DROPPED) {
        } else if (flags & WP_SPACE) {
            status = wp_end_word(m, w, with_offsets);
        } else {
            int apart = m->split_han && flags & WP_HAN;
            if (apart) status = wp_end_word(m, w, with_offsets);
            if (status == 0 && m->strip && flags & WP_REORDERS) {
                if (wp_take_run(m, w, with_offsets, data, kind, length, i, &i) < 0) return -1;
                continue;
            }
            if (m->strip) {
                int n = wp_decompose(c, flags, form);
                for (int k = 0; k < n && status == 0; k++)
                    if (!(wp_flags(form[k]) & WP_MARK)) status = wp_take(m, w, with_offsets, form[k], source);
            } else if (status == 0) {
                status = wp_take(m, w, with_offsets, c, source);
            }
            if (apart && status == 0) status = wp_end_word(m, w, with_offsets);
        }
        if (status < 0) return -1;
        i++;
    }
    return wp_end_word(m, w, with_offsets);
}

#endif
