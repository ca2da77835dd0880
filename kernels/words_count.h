/* Count the words, or word n-grams, of a block of texts.
 *
 * Features get ids in the order they are first seen. An n-gram is a node of a trie: (node of its first n - 1 words, last
 * word), so that counting one costs one look-up of a pair of ids; its text is put together once, at the end.
 */
#ifndef MINILM_WORDS_COUNT_H
#define MINILM_WORDS_COUNT_H

#include "words_scan.h"

typedef struct {
    int32_t row;   /* the last row it was seen in; WORDS_STOPPED: never counted */
    int32_t place; /* of its value in that row */
    int32_t n_rows;
} WordFeature;

#define WORDS_NOWHERE -1
#define WORDS_STOPPED -2

typedef struct {
    uint64_t key; /* parent node << 32 | last word */
    int32_t node; /* -1: free */
} WordPair;

typedef struct {
    int32_t parent, word; /* parent -1: one word */
    size_t n_bytes;
} WordNode;

typedef struct {
    WordTable words; /* after words_count_end: the features */
    WordFeature *features; /* of words, or of nodes where n-grams are counted */
    size_t features_capacity;
    int32_t *ids, *counts; /* values in row order */
    size_t n_values, ids_capacity, counts_capacity;
    int low, high; /* length of n-grams */
    /* n-grams only */
    WordNode *nodes;
    size_t n_nodes, nodes_capacity;
    int32_t *node_of_word; /* -1 none yet, -2 stop word */
    size_t node_of_word_capacity;
    WordPair *pairs;
    size_t pairs_mask, n_pairs;
    int32_t *sequence; /* words of the present text */
    size_t n_sequence, sequence_capacity;
} WordCounts;

static void words_count_free(WordCounts *c)
{
    words_table_free(&c->words);
    free(c->features);
    free(c->ids);
    free(c->counts);
    free(c->nodes);
    free(c->node_of_word);
    free(c->pairs);
    free(c->sequence);
    memset(c, 0, sizeof *c);
}

static int words_count_begin(WordCounts *c, int low, int high)
{
    memset(c, 0, sizeof *c);
    c->low = low;
    c->high = high;
    if (words_table_begin(&c->words) < 0) return -1;
    return words_table_index(&c->words, 0);
}

/* One more of feature `id` in `row`; 0 or -1. */
static inline int words_count_one(WordCounts *c, int32_t id, int32_t row)
{
    WordFeature *f = c->features + id;
    if (f->row == row) {
        c->counts[f->place]++;
        return 0;
    }
    size_t at = c->n_values;
    if (at >= INT32_MAX) return -1;
    if (words_reserve((void **)&c->ids, &c->ids_capacity, at + 1, sizeof(int32_t)) < 0
        || words_reserve((void **)&c->counts, &c->counts_capacity, at + 1, sizeof(int32_t)) < 0)
        return -1;
    f->row = row;
    f->place = (int32_t)at;
    f->n_rows++;
    c->ids[at] = id;
    c->counts[at] = 1;
    c->n_values = at + 1;
    return 0;
}

static int words_new_feature(WordCounts *c, size_t id, int32_t row)
{
    if (words_reserve((void **)&c->features, &c->features_capacity, id + 1, sizeof(WordFeature)) < 0) return -1;
    c->features[id].row = row;
    c->features[id].place = 0;
    c->features[id].n_rows = 0;
    return 0;
}

static int words_grow_pairs(WordCounts *c)
{
    size_t n_slots = c->pairs == NULL ? 4096 : 2 * (c->pairs_mask + 1);
    if (n_slots > SIZE_MAX / sizeof(WordPair)) return -1;
    WordPair *pairs = malloc(n_slots * sizeof *pairs);
    if (pairs == NULL) return -1;
    for (size_t i = 0; i < n_slots; i++) pairs[i].node = -1;
    if (c->pairs != NULL) {
        for (size_t i = 0; i <= c->pairs_mask; i++) {
            if (c->pairs[i].node < 0) continue;
            size_t at = words_mix(0, c->pairs[i].key) & (n_slots - 1);
            while (pairs[at].node >= 0) at = (at + 1) & (n_slots - 1);
            pairs[at] = c->pairs[i];
        }
    }
    free(c->pairs);
    c->pairs = pairs;
    c->pairs_mask = n_slots - 1;
    return 0;
}

/* A new node; its id, or -1. */
static int32_t words_new_node(WordCounts *c, int32_t parent, int32_t word)
{
    size_t id = c->n_nodes;
    if (id >= INT32_MAX) return -1;
    if (words_reserve((void **)&c->nodes, &c->nodes_capacity, id + 1, sizeof(WordNode)) < 0) return -1;
    if (words_new_feature(c, id, WORDS_NOWHERE) < 0) return -1;
    size_t n_bytes = c->words.starts[word + 1] - c->words.starts[word];
    c->nodes[id].parent = parent;
    c->nodes[id].word = word;
    c->nodes[id].n_bytes = parent < 0 ? n_bytes : c->nodes[parent].n_bytes + 1 + n_bytes;
    c->n_nodes = id + 1;
    return (int32_t)id;
}

/* The node of `parent` followed by `word`, made where it is new; -1 when there is no memory. */
static int32_t words_child(WordCounts *c, int32_t parent, int32_t word)
{
    if (c->pairs == NULL || 3 * (c->n_pairs + 1) > 2 * (c->pairs_mask + 1))
        if (words_grow_pairs(c) < 0) return -1;
    uint64_t key = (uint64_t)(uint32_t)parent << 32 | (uint32_t)word;
    size_t at = words_mix(0, key) & c->pairs_mask;
    while (c->pairs[at].node >= 0) {
        if (c->pairs[at].key == key) return c->pairs[at].node;
        at = (at + 1) & c->pairs_mask;
    }
    int32_t node = words_new_node(c, parent, word);
    if (node < 0) return -1;
    c->pairs[at].key = key;
    c->pairs[at].node = node;
    c->n_pairs++;
    return node;
}

/* Count the n-grams of the words in c->sequence; 0 or -1. */
static int words_count_sequence(WordCounts *c, int32_t row)
{
    size_t n = c->n_sequence;
    for (size_t i = 0; i < n; i++) {
        int32_t node = c->node_of_word[c->sequence[i]];
        for (int length = 1;; length++) {
            if (length >= c->low && words_count_one(c, node, row) < 0) return -1;
            if (length == c->high || i + (size_t)length >= n) break;
            node = words_child(c, node, c->sequence[i + (size_t)length]);
            if (node < 0) return -1;
        }
    }
    c->n_sequence = 0;
    return 0;
}

/* The id of a word, with its feature or node where it is new; -1 when there is no memory. */
static inline int32_t words_take_in(
    WordCounts *c, const unsigned char *p, size_t n, uint64_t hash, const WordTable *stop)
{
    int is_new = 0;
    int32_t id = words_intern(&c->words, p, n, hash, &is_new);
    if (WORDS_LIKELY(!is_new) || id < 0) return id;
    int stopped = stop != NULL && words_look_up(stop, p, n, hash) >= 0;
    if (c->high == 1) return words_new_feature(c, (size_t)id, stopped ? WORDS_STOPPED : WORDS_NOWHERE) < 0 ? -1 : id;
    if (words_reserve((void **)&c->node_of_word, &c->node_of_word_capacity, (size_t)id + 1, sizeof(int32_t)) < 0)
        return -1;
    c->node_of_word[id] = stopped ? -2 : words_new_node(c, -1, id);
    return c->node_of_word[id] == -1 ? -1 : id;
}

/* Count words by id in a row, or, for n-grams, put them by for words_count_sequence; 0 or -1. */
static inline int words_count_ids(WordCounts *c, const int32_t *ids, int n, int32_t row)
{
    if (c->high == 1) {
        for (int i = 0; i < n; i++)
            if (c->features[ids[i]].row != WORDS_STOPPED && words_count_one(c, ids[i], row) < 0) return -1;
        return 0;
    }
    size_t needed = c->n_sequence + (size_t)n;
    if (words_reserve((void **)&c->sequence, &c->sequence_capacity, needed, sizeof(int32_t)) < 0) return -1;
    for (int i = 0; i < n; i++)
        if (c->node_of_word[ids[i]] >= 0) c->sequence[c->n_sequence++] = ids[i];
    return 0;
}

/* Count one word; 0 or -1. */
static int words_count_word(
    WordCounts *c, const unsigned char *p, size_t n, uint64_t hash, int32_t row, const WordTable *stop)
{
    int32_t id = words_take_in(c, p, n, hash, stop);
    return id < 0 ? -1 : words_count_ids(c, &id, 1, row);
}

/* Count the text the cursor stands before, as row `row`; 0 or -1. */
static int words_count_text(WordCounts *c, WordCursor *w, int32_t row, const WordTable *stop)
{
    int32_t ids[WORDS_BATCH];
    int n;
    while ((n = words_next(w)) > 0) { /* three loops, so that each fetches from memory ahead of the next */
        for (int i = 0; i < n; i++) WORDS_PREFETCH(c->words.slots + (w->tokens[i].hash & c->words.mask));
        for (int i = 0; i < n; i++) {
            const WordToken *t = w->tokens + i;
            ids[i] = words_take_in(c, w->bytes + t->at, t->n_bytes, t->hash, stop);
            if (ids[i] < 0) return -1;
            if (c->high == 1) WORDS_PREFETCH(c->features + ids[i]);
        }
        if (words_count_ids(c, ids, n, row) < 0) return -1;
    }
    if (n < 0) return -1;
    return c->high > 1 ? words_count_sequence(c, row) : 0;
}

/* Put the text of n-grams together, drop what was never counted; 0 or -1. */
static int words_count_end(WordCounts *c)
{
    size_t n = c->high > 1 ? c->n_nodes : (size_t)c->words.n_words, n_kept = 0;
    for (size_t i = 0; i < n; i++) n_kept += c->features[i].n_rows > 0;
    if (c->high == 1 && n_kept == n) { /* all stays as it is */
        free(c->words.slots);
        c->words.slots = NULL;
        return 0;
    }
    int32_t *new_id = malloc((n + 1) * sizeof *new_id);
    if (new_id == NULL) return -1;
    WordTable kept = {0};
    unsigned char *text = NULL;
    size_t capacity = 0;
    if (words_table_begin(&kept) < 0) goto failed;
    for (size_t i = 0; i < n; i++) {
        if (c->features[i].n_rows == 0) continue;
        int32_t id;
        if (c->high == 1) {
            id = words_append(&kept, c->words.bytes + c->words.starts[i], c->words.starts[i + 1] - c->words.starts[i]);
        } else {
            size_t left = c->nodes[i].n_bytes;
            if (words_reserve((void **)&text, &capacity, left + WORDS_SLACK, 1) < 0) goto failed;
            for (int32_t node = (int32_t)i; node >= 0; node = c->nodes[node].parent) { /* from the last word back */
                size_t start = c->words.starts[c->nodes[node].word];
                size_t n_bytes = c->words.starts[c->nodes[node].word + 1] - start;
                left -= n_bytes;
                memcpy(text + left, c->words.bytes + start, n_bytes);
                if (left > 0) text[--left] = ' ';
            }
            id = words_append(&kept, text, c->nodes[i].n_bytes);
        }
        if (id < 0) goto failed;
        new_id[i] = id;
        c->features[id].n_rows = c->features[i].n_rows; /* id <= i: what stood there was moved already */
    }
    for (size_t i = 0; i < c->n_values; i++) c->ids[i] = new_id[c->ids[i]];
    free(text);
    free(new_id);
    words_table_free(&c->words);
    c->words = kept;
    free(c->nodes);
    free(c->node_of_word);
    free(c->pairs);
    free(c->sequence);
    c->nodes = NULL;
    c->node_of_word = NULL;
    c->pairs = NULL;
    c->sequence = NULL;
    return 0;
failed:
    free(text);
    free(new_id);
    words_table_free(&kept);
    return -1;
}

/* Take the words of a block into the table of all; map[i] becomes the id of word i. 0 or -1. */
static int words_merge(WordTable *all, const WordTable *part, int32_t *map)
{
    enum { AHEAD = 16 };
    uint64_t hashes[AHEAD];
    for (int32_t i = 0; i < part->n_words + AHEAD; i++) {
        if (i >= AHEAD) {
            int32_t j = i - AHEAD;
            int is_new = 0;
            const unsigned char *p = part->bytes + part->starts[j];
            map[j] = words_intern(all, p, part->starts[j + 1] - part->starts[j], hashes[j % AHEAD], &is_new);
            if (map[j] < 0) return -1;
        }
        if (i < part->n_words) {
            uint64_t hash = words_hash(part->bytes + part->starts[i], part->starts[i + 1] - part->starts[i]);
            hashes[i % AHEAD] = hash;
            WORDS_PREFETCH(all->slots + (hash & all->mask));
        }
    }
    return 0;
}

#endif
