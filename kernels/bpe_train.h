/* Learn merges: again and again the most frequent pair of neighbours becomes a token (Gage 1994; Sennrich et al. 2016).
 *
 * The pieces lie one behind the other, a slot a byte, parted by a slot of -1. A symbol has its id in its first and its
 * last slot, so its neighbours on both sides are found from the lengths alone. Each pair has the places where it began;
 * merging it visits these and corrects the counts of the four pairs around each. A pair that holds the newest token
 * comes into being in that one step and can only lose places later: one that is too rare then is never kept.
 *
 * Equal counts: the pair of smaller ids, left before right. Nothing depends on the order of a hash table.
 */
#ifndef MINILM_BPE_TRAIN_H
#define MINILM_BPE_TRAIN_H

#include "bpe_encode.h"

typedef struct {
    uint64_t pair; /* left << 32 | right; BPE_FREE: free */
    int64_t count;
    int32_t *places;
    uint32_t n_places, filled;
} BpePlaces;

typedef struct {
    int64_t count;
    uint64_t pair;
} BpeCandidate;

typedef struct {
    int32_t *slots;   /* symbols */
    uint32_t *piece;  /* of each slot */
    const int64_t *counts; /* of each piece */
    int64_t n_slots;
    BpePlaces *table;
    size_t mask, n_pairs;
    BpeCandidate *heap;
    size_t n_heap, heap_capacity;
    uint64_t *fresh_pairs; /* of one step: pair and place of what came into being */
    int32_t *fresh_places;
    size_t n_fresh, fresh_capacity, fresh_places_capacity;
    WordTable tokens; /* bytes of each id */
    int64_t least;
} BpeTrainer;

static void bpe_trainer_free(BpeTrainer *t)
{
    if (t->table != NULL)
        for (size_t i = 0; i <= t->mask; i++)
            if (t->table[i].pair != BPE_FREE) free(t->table[i].places);
    free(t->slots);
    free(t->piece);
    free(t->table);
    free(t->heap);
    free(t->fresh_pairs);
    free(t->fresh_places);
    words_table_free(&t->tokens);
    memset(t, 0, sizeof *t);
}

static inline int64_t bpe_length(const BpeTrainer *t, int32_t id)
{
    return (int64_t)(t->tokens.starts[id + 1] - t->tokens.starts[id]);
}

static inline BpePlaces *bpe_find_pair(const BpeTrainer *t, uint64_t pair)
{
    size_t at = (bpe_hash(pair) & t->mask);
    while (t->table[at].pair != pair && t->table[at].pair != BPE_FREE) at = (at + 1) & t->mask;
    return t->table + at;
}

/* Room for `n` more pairs; entries move. */
static int bpe_pairs_room(BpeTrainer *t, size_t n)
{
    size_t n_slots = t->table == NULL ? 1024 : t->mask + 1;
    if (t->table != NULL && (t->n_pairs + n) <= n_slots / 3 * 2) return 0;
    while (n_slots / 3 * 2 < t->n_pairs + n) {
        if (n_slots > SIZE_MAX / 4 / sizeof(BpePlaces)) return -1;
        n_slots *= 2;
    }
    BpePlaces *grown = malloc(n_slots * sizeof *grown), *old = t->table;
    if (grown == NULL) return -1;
    for (size_t i = 0; i < n_slots; i++) grown[i].pair = BPE_FREE;
    size_t n_old = old == NULL ? 0 : t->mask + 1;
    t->table = grown;
    t->mask = n_slots - 1;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].pair != BPE_FREE) *bpe_find_pair(t, old[i].pair) = old[i];
    free(old);
    return 0;
}

/* Take an entry out and close the gap behind it. */
static void bpe_drop_pair(BpeTrainer *t, BpePlaces *entry)
{
    size_t gap = (size_t)(entry - t->table), at = gap;
    free(entry->places);
    for (;;) {
        at = (at + 1) & t->mask;
        if (t->table[at].pair == BPE_FREE) break;
        size_t home = bpe_hash(t->table[at].pair) & t->mask;
        if (((at - home) & t->mask) >= ((at - gap) & t->mask)) {
            t->table[gap] = t->table[at];
            gap = at;
        }
    }
    t->table[gap].pair = BPE_FREE;
    t->n_pairs--;
}

static inline int bpe_before(BpeCandidate a, BpeCandidate b)
{
    return a.count != b.count ? a.count > b.count : a.pair < b.pair;
}

static void bpe_sift_down(BpeCandidate *heap, size_t n, size_t at)
{
    BpeCandidate moved = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n) break;
        if (child + 1 < n && bpe_before(heap[child + 1], heap[child])) child++;
        if (!bpe_before(heap[child], moved)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static int bpe_heap_push(BpeTrainer *t, int64_t count, uint64_t pair)
{
    if (words_reserve((void **)&t->heap, &t->heap_capacity, t->n_heap + 1, sizeof *t->heap) < 0) return -1;
    BpeCandidate moved = {count, pair};
    size_t at = t->n_heap++;
    while (at && bpe_before(moved, t->heap[(at - 1) / 2])) {
        t->heap[at] = t->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    t->heap[at] = moved;
    return 0;
}

static inline int bpe_fresh(BpeTrainer *t, int32_t left, int32_t right, int64_t place)
{
    if (words_reserve((void **)&t->fresh_pairs, &t->fresh_capacity, t->n_fresh + 1, sizeof(uint64_t)) < 0) return -1;
    if (words_reserve((void **)&t->fresh_places, &t->fresh_places_capacity, t->n_fresh + 1, sizeof(int32_t)) < 0) return -1;
    t->fresh_pairs[t->n_fresh] = bpe_pair(left, right);
    t->fresh_places[t->n_fresh++] = (int32_t)place;
    return 0;
}

/* Whether the pair still begins there. */
static inline int bpe_holds(const BpeTrainer *t, uint64_t pair, int64_t place)
{
    int32_t left = (int32_t)(pair >> 32), right = (int32_t)(pair & UINT32_MAX);
    return t->slots[place] == left && t->slots[place + bpe_length(t, left)] == right;
}

/* Make entries of what came into being, unless it is too rare, and put them into the heap; 0 or -1. */
static int bpe_keep_fresh(BpeTrainer *t)
{
    if (bpe_pairs_room(t, t->n_fresh) < 0) return -1;
    for (size_t i = 0; i < t->n_fresh; i++) {
        if (!bpe_holds(t, t->fresh_pairs[i], t->fresh_places[i])) continue; /* merged in the same step */
        BpePlaces *entry = bpe_find_pair(t, t->fresh_pairs[i]);
        if (entry->pair == BPE_FREE) {
            *entry = (BpePlaces){t->fresh_pairs[i], 0, NULL, 0, 0};
            t->n_pairs++;
        }
        entry->count += t->counts[t->piece[t->fresh_places[i]]];
        entry->n_places++;
    }
    for (size_t i = 0; i < t->n_fresh; i++) {
        BpePlaces *entry = bpe_find_pair(t, t->fresh_pairs[i]);
        if (entry->pair == BPE_FREE) continue; /* too rare, dropped a moment ago */
        if (entry->count < t->least) {
            bpe_drop_pair(t, entry);
            continue;
        }
        if (!bpe_holds(t, t->fresh_pairs[i], t->fresh_places[i])) continue;
        if (entry->places == NULL) {
            entry->places = malloc(entry->n_places * sizeof *entry->places);
            if (entry->places == NULL || bpe_heap_push(t, entry->count, entry->pair) < 0) return -1;
        }
        entry->places[entry->filled++] = t->fresh_places[i];
    }
    t->n_fresh = 0;
    return 0;
}

/* One occurrence of a pair is gone. */
static inline void bpe_lose(BpeTrainer *t, int32_t left, int32_t right, int64_t count)
{
    BpePlaces *entry = bpe_find_pair(t, bpe_pair(left, right));
    if (entry->pair != BPE_FREE) entry->count -= count;
}

/* Merge the pair of `entry` into `made` everywhere; 0 or -1. */
static int bpe_merge_pair(BpeTrainer *t, BpePlaces *entry, int32_t left, int32_t right, int32_t made)
{
    int64_t n_left = bpe_length(t, left), n_right = bpe_length(t, right);
    int32_t *places = entry->places;
    uint32_t n_places = entry->filled;
    int status = 0;
    entry->places = NULL;
    bpe_drop_pair(t, entry);
    for (uint32_t i = 0; i < n_places; i++) {
        int64_t at = places[i], middle = at + n_left, end = middle + n_right;
        if (t->slots[at] != left || t->slots[middle] != right) continue;
        int64_t count = t->counts[t->piece[at]];
        int32_t before = t->slots[at - 1], after = t->slots[end];
        if (before >= 0) {
            bpe_lose(t, before, left, count);
            status |= bpe_fresh(t, before, made, at - bpe_length(t, before));
        }
        if (after >= 0) {
            bpe_lose(t, right, after, count);
            status |= bpe_fresh(t, made, after, at);
        }
        t->slots[at] = t->slots[end - 1] = made;
        if (middle != end - 1) t->slots[middle] = -2; /* no symbol begins there any more */
    }
    free(places);
    return status < 0 ? -1 : bpe_keep_fresh(t);
}

/* Lay out the pieces and count the pairs of bytes. `counts`: of each piece of `pieces`; `id_of_byte`: 256; the tokens of
 * the trainer hold the bytes. 0 or -1. */
static int bpe_train_begin(BpeTrainer *t, const WordTable *pieces, const int64_t *counts, const int32_t *id_of_byte)
{
    size_t n_slots = pieces->n_bytes + (size_t)pieces->n_words + 1;
    int status = -1;
    if (n_slots > INT32_MAX) return -1;
    t->counts = counts;
    t->n_slots = (int64_t)n_slots;
    t->slots = malloc(n_slots * sizeof *t->slots);
    t->piece = malloc(n_slots * sizeof *t->piece);
    BpePlaces *first = calloc(1 << 16, sizeof *first);
    if (t->slots == NULL || t->piece == NULL || first == NULL) goto end;
    size_t at = 0;
    t->slots[at++] = -1;
    for (int32_t i = 0; i < pieces->n_words; i++) {
        const uint8_t *p = pieces->bytes + pieces->starts[i], *stop = pieces->bytes + pieces->starts[i + 1];
        for (; p < stop; p++) {
            if (p + 1 < stop) {
                BpePlaces *entry = first + (p[0] << 8 | p[1]);
                entry->count += counts[i];
                entry->n_places++;
            }
            t->piece[at] = (uint32_t)i;
            t->slots[at++] = id_of_byte[*p];
        }
        t->slots[at++] = -1;
    }
    size_t n_kept = 0;
    for (size_t k = 0; k < 1 << 16; k++) {
        if (first[k].n_places == 0) continue;
        if (first[k].count < t->least) {
            first[k].n_places = 0;
            continue;
        }
        first[k].places = malloc(first[k].n_places * sizeof *first[k].places);
        if (first[k].places == NULL) goto end;
        n_kept++;
    }
    at = 1;
    for (int32_t i = 0; i < pieces->n_words; i++, at++) {
        const uint8_t *p = pieces->bytes + pieces->starts[i], *stop = pieces->bytes + pieces->starts[i + 1];
        for (; p < stop; p++, at++) {
            if (p + 1 == stop) continue;
            BpePlaces *entry = first + (p[0] << 8 | p[1]);
            if (entry->n_places) entry->places[entry->filled++] = (int32_t)at;
        }
    }
    if (bpe_pairs_room(t, n_kept) < 0) goto end;
    for (size_t k = 0; k < 1 << 16; k++) {
        if (first[k].n_places == 0) continue;
        first[k].pair = bpe_pair(id_of_byte[k >> 8], id_of_byte[k & 255]);
        if (bpe_heap_push(t, first[k].count, first[k].pair) < 0) goto end;
        *bpe_find_pair(t, first[k].pair) = first[k];
        first[k].places = NULL;
        t->n_pairs++;
    }
    status = 0;
end:
    if (first != NULL)
        for (size_t k = 0; k < 1 << 16; k++) free(first[k].places);
    free(first);
    return status;
}

/* Lay out words and count the pairs of characters. `symbols`, one for each byte of the words: the id of a character at
 * its first and its last byte, -2 between, -1 in a word that is left out; word i is [starts[i], starts[i + 1]). The
 * tokens of the trainer hold the characters. 0 or -1. */
static int bpe_train_begin_symbols(BpeTrainer *t, const int32_t *symbols, const int64_t *starts, const int64_t *counts,
                                   int64_t n_words)
{
    size_t n_slots = (size_t)(starts[n_words] + n_words + 1), at = 0;
    if (n_slots > INT32_MAX) return -1;
    t->counts = counts;
    t->n_slots = (int64_t)n_slots;
    t->slots = malloc(n_slots * sizeof *t->slots);
    t->piece = malloc(n_slots * sizeof *t->piece);
    if (t->slots == NULL || t->piece == NULL || bpe_pairs_room(t, 1) < 0) return -1;
    t->slots[at] = -1;
    t->piece[at++] = 0;
    for (int64_t i = 0; i < n_words; i++) {
        for (int64_t k = starts[i]; k <= starts[i + 1]; k++) {
            t->piece[at] = (uint32_t)i;
            t->slots[at++] = k < starts[i + 1] ? symbols[k] : -1;
        }
    }
    for (int filling = 0; filling < 2; filling++) {
        for (size_t place = 1, next; place < n_slots; place = next) {
            int32_t left = t->slots[place], right;
            next = place + (left < 0 ? 1 : (size_t)bpe_length(t, left));
            if (left < 0 || (right = t->slots[next]) < 0) continue;
            if (!filling && bpe_pairs_room(t, 1) < 0) return -1;
            BpePlaces *entry = bpe_find_pair(t, bpe_pair(left, right));
            if (entry->pair == BPE_FREE) {
                *entry = (BpePlaces){bpe_pair(left, right), 0, NULL, 0, 0};
                t->n_pairs++;
            }
            if (!filling) {
                entry->count += counts[t->piece[place]];
                entry->n_places++;
            } else if (entry->count >= t->least) {
                if (entry->places == NULL) {
                    entry->places = malloc(entry->n_places * sizeof *entry->places);
                    if (entry->places == NULL || bpe_heap_push(t, entry->count, entry->pair) < 0) return -1;
                }
                entry->places[entry->filled++] = (int32_t)place;
            }
        }
    }
    return 0;
}

/* The next merge to (*left, *right): 1; 0 where no pair is frequent enough; -1 without memory. */
static int bpe_train_step(BpeTrainer *t, int32_t *left, int32_t *right)
{
    while (t->n_heap) {
        BpeCandidate top = t->heap[0];
        BpePlaces *entry = bpe_find_pair(t, top.pair);
        if (entry->pair == BPE_FREE || entry->count < t->least) {
            if (entry->pair != BPE_FREE) bpe_drop_pair(t, entry);
            t->heap[0] = t->heap[--t->n_heap];
            if (t->n_heap) bpe_sift_down(t->heap, t->n_heap, 0);
            continue;
        }
        if (entry->count != top.count) { /* lost places since */
            t->heap[0].count = entry->count;
            bpe_sift_down(t->heap, t->n_heap, 0);
            continue;
        }
        t->heap[0] = t->heap[--t->n_heap];
        if (t->n_heap) bpe_sift_down(t->heap, t->n_heap, 0);
        *left = (int32_t)(top.pair >> 32);
        *right = (int32_t)(top.pair & UINT32_MAX);
        size_t a = (size_t)bpe_length(t, *left), b = (size_t)bpe_length(t, *right);
        WordTable *tokens = &t->tokens;
        if (words_reserve((void **)&tokens->bytes, &tokens->bytes_capacity, tokens->n_bytes + a + b + WORDS_SLACK, 1) < 0)
            return -1;
        memcpy(tokens->bytes + tokens->n_bytes, tokens->bytes + tokens->starts[*left], a);
        memcpy(tokens->bytes + tokens->n_bytes + a, tokens->bytes + tokens->starts[*right], b);
        if (words_reserve((void **)&tokens->starts, &tokens->starts_capacity, (size_t)tokens->n_words + 2, sizeof(size_t)) < 0)
            return -1;
        tokens->n_bytes += a + b;
        tokens->starts[tokens->n_words + 1] = tokens->n_bytes;
        int32_t made = tokens->n_words++;
        return bpe_merge_pair(t, entry, *left, *right, made) < 0 ? -1 : 1;
    }
    return 0;
}

#endif
