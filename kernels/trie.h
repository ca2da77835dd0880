/* A trie over byte strings: a double array (J. Aoe, "An efficient digital search algorithm by using a double-array
 * structure", 1989). */
#ifndef MINILM_TRIE_H
#define MINILM_TRIE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A node in 8 bytes. `link`: the byte that leads to it, whether the slot is taken, and where its children are: child b is
 * at base + b, if that slot is taken and b leads to it. No two inner nodes have the same base; a leaf has base 0, which no
 * inner node has. */
typedef struct {
    uint32_t link;
    int32_t token; /* that ends here and is not left out, or -1 */
} TrieNode;

typedef struct {
    TrieNode *nodes;
    int32_t *whole_at; /* of a node: the token that ends there, left out or not, or -1 */
} Trie;

#define TRIE_TAKEN 0x100u
#define TRIE_BASE 9 /* bits of a link below the base */
#define TRIE_MOST_NODES ((size_t)1 << (32 - TRIE_BASE))

typedef struct {
    uint32_t from, to; /* of the sorted tokens: those that start with the bytes of the node */
    uint32_t depth, node;
    int32_t token; /* the longest token on the way to the node */
} TrieRange;

static void trie_free(Trie *t)
{
    free(t->nodes);
    free(t->whole_at);
    t->nodes = NULL;
    t->whole_at = NULL;
}

/* Make room for n nodes; 0 or -1. */
static int trie_room(Trie *t, size_t *capacity, uint8_t **is_base, size_t n)
{
    size_t had = *capacity, wanted = had < 4096 ? 4096 : had;
    if (n <= had) return 0;
    while (wanted < n) wanted *= 2;
    TrieNode *nodes = realloc(t->nodes, wanted * sizeof *nodes);
    if (nodes != NULL) t->nodes = nodes;
    int32_t *whole_at = realloc(t->whole_at, wanted * sizeof *whole_at);
    if (whole_at != NULL) t->whole_at = whole_at;
    uint8_t *bases = realloc(*is_base, wanted);
    if (bases != NULL) *is_base = bases;
    if (nodes == NULL || whole_at == NULL || bases == NULL) return -1;
    for (size_t i = had; i < wanted; i++) nodes[i] = (TrieNode){0, -1};
    memset(whole_at + had, 0xff, (wanted - had) * sizeof *whole_at);
    memset(bases + had, 0, wanted - had);
    *capacity = wanted;
    return 0;
}

/* Made level by level. `order`: tokens by their bytes, no two alike, none empty; token i is bytes[starts[i] ..
 * starts[i + 1]). `left_out`: by token, or NULL for none. `shorter`, OUT by token, or NULL: the longest token that is a
 * proper prefix and not left out, or -1; it is set where the token is not left out. 0, -1 without memory, -2 where there
 * are too many. */
static int trie_make(Trie *t, const int32_t *order, size_t n, const uint8_t *bytes, const int64_t *starts,
                     const uint8_t *left_out, int32_t *shorter)
{
    size_t capacity = 0, next = 0, n_ranges = 0, ranges_capacity = 4096, start = 1;
    uint8_t *is_base = NULL;
    int status = -1;
    TrieRange *ranges = malloc(ranges_capacity * sizeof *ranges);
    if (ranges == NULL || trie_room(t, &capacity, &is_base, 512) < 0) goto end;
    t->nodes[0].link = TRIE_TAKEN | 0xff; /* no byte leads to the root: slot 0 is where a leaf looks for byte 0 */
    ranges[n_ranges++] = (TrieRange){0, (uint32_t)n, 0, 0, -1};
    while (next < n_ranges) {
        TrieRange r = ranges[next++];
        uint8_t children[256];
        uint32_t bounds[257], n_children = 0, i = r.from;
        if (i < r.to && (size_t)(starts[order[i] + 1] - starts[order[i]]) == r.depth) {
            int32_t token = order[i++];
            t->whole_at[r.node] = token;
            if (left_out == NULL || !left_out[token]) {
                t->nodes[r.node].token = token;
                if (shorter != NULL) shorter[token] = r.token;
                r.token = token;
            }
        }
        while (i < r.to) {
            uint8_t byte = bytes[starts[order[i]] + r.depth];
            children[n_children] = byte;
            bounds[n_children++] = i;
            while (i < r.to && bytes[starts[order[i]] + r.depth] == byte) i++;
        }
        if (n_children == 0) continue;
        bounds[n_children] = i;
        size_t slot = start > children[0] ? start : (size_t)children[0] + 1, base;
        for (size_t first = slot;; slot++) { /* a new base from which all children are free */
            if (n_children < 4 && slot > first + 32) start = slot - 16; /* crowded: look further on next time */
            base = slot - children[0];
            if (trie_room(t, &capacity, &is_base, base + 256) < 0) goto end;
            uint32_t k = 0;
            while (k < n_children && t->nodes[base + children[k]].link == 0) k++;
            if (k == n_children && !is_base[base]) break;
        }
        if (base + 256 > TRIE_MOST_NODES) {
            status = -2;
            goto end;
        }
        is_base[base] = 1;
        t->nodes[r.node].link |= (uint32_t)base << TRIE_BASE;
        if (n_ranges + n_children > ranges_capacity) {
            TrieRange *grown = realloc(ranges, 2 * (n_ranges + n_children) * sizeof *grown);
            if (grown == NULL) goto end;
            ranges = grown;
            ranges_capacity = 2 * (n_ranges + n_children);
        }
        for (uint32_t k = 0; k < n_children; k++) {
            uint32_t node = (uint32_t)base + children[k];
            t->nodes[node].link = TRIE_TAKEN | children[k];
            ranges[n_ranges++] = (TrieRange){bounds[k], bounds[k + 1], r.depth + 1, node, r.token};
        }
    }
    status = 0;
end:
    free(ranges);
    free(is_base);
    return status;
}

/* Step from the node of `*link` by a byte: the node there and its link to *link; NULL where none is. */
static inline const TrieNode *trie_step(const Trie *t, uint32_t *link, uint8_t byte)
{
    const TrieNode *node = t->nodes + (*link >> TRIE_BASE) + byte;
    *link = node->link;
    return (*link & 0x1ff) == (TRIE_TAKEN | byte) ? node : NULL;
}

/* The longest token at the start of s[0 .. n) that is not left out, or -1; its bytes to *length. */
static inline int32_t trie_longest(const Trie *t, const uint8_t *s, size_t n, size_t *length)
{
    uint32_t link = t->nodes[0].link;
    int32_t found = -1;
    for (size_t i = 0; i < n; i++) {
        TrieNode node = t->nodes[(link >> TRIE_BASE) + s[i]];
        link = node.link;
        if ((link & 0x1ff) != (TRIE_TAKEN | s[i])) break;
        if (node.token >= 0) {
            found = node.token;
            *length = i + 1;
        }
    }
    return found;
}

/* The token that s[0 .. n) is, left out or not, or -1. */
static inline int32_t trie_whole(const Trie *t, const uint8_t *s, size_t n)
{
    uint32_t link = t->nodes[0].link, at = 0;
    for (size_t i = 0; i < n; i++) {
        at = (link >> TRIE_BASE) + s[i];
        link = t->nodes[at].link;
        if ((link & 0x1ff) != (TRIE_TAKEN | s[i])) return -1;
    }
    return t->whole_at[at];
}

#endif
