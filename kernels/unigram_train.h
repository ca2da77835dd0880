/* Expected uses of pieces under a unigram language model, and what taking a piece away would cost (Kudo 2018, section
 * 3.2; the expectation step is the forward-backward algorithm over the segmentations of a word).
 */
#ifndef MINILM_UNIGRAM_TRAIN_H
#define MINILM_UNIGRAM_TRAIN_H

#include <math.h>

#include "trie.h"
#include "words_table.h"

#define UNI_LONGEST_WORD 256 /* bytes */

typedef struct {
    uint32_t from, to;
    int32_t piece;
} UniEdge;

typedef struct {
    UniEdge *edges;
    size_t capacity;
} UniEdges;

/* All pieces in s[0 .. n) by the place where they begin; how many, or -1. */
static int64_t uni_edges(const Trie *trie, UniEdges *e, const uint8_t *s, size_t n)
{
    size_t count = 0;
    for (size_t at = 0; at < n; at++) {
        if ((s[at] & 0xC0) == 0x80) continue;
        uint32_t link = trie->nodes[0].link;
        for (size_t i = at; i < n; i++) {
            const TrieNode *node = trie_step(trie, &link, s[i]);
            if (node == NULL) break;
            if (node->token < 0) continue;
            if (words_reserve((void **)&e->edges, &e->capacity, count + 1, sizeof *e->edges) < 0) return -1;
            e->edges[count++] = (UniEdge){(uint32_t)at, (uint32_t)(i + 1), node->token};
        }
    }
    return (int64_t)count;
}

static inline double uni_log_add(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;
    return low == -INFINITY ? high : high + log1p(exp(low - high));
}

/* The log probability of a word of n <= UNI_LONGEST_WORD bytes whose every character is a piece; `count` times the
 * expected uses of each piece are added to `expected`. `weights`: of each piece, its probability times e^(scale *
 * characters), which cancels and keeps the sums within range; where it does not, logarithms are added. */
static double uni_expect(const UniEdge *edges, size_t n_edges, size_t n, uint32_t n_characters, const double *weights,
                         const double *scores, double scale, double count, double *expected)
{
    double ahead[UNI_LONGEST_WORD + 1], behind[UNI_LONGEST_WORD + 1];
    for (size_t i = 0; i <= n; i++) ahead[i] = behind[i] = 0;
    ahead[0] = behind[n] = 1;
    for (size_t k = 0; k < n_edges; k++) ahead[edges[k].to] += ahead[edges[k].from] * weights[edges[k].piece];
    double all = ahead[n];
    if (all > 1e-200 && all < 1e200) {
        double share = count / all;
        for (size_t k = n_edges; k-- > 0;) {
            UniEdge e = edges[k];
            double through = weights[e.piece] * behind[e.to];
            behind[e.from] += through;
            expected[e.piece] += share * ahead[e.from] * through;
        }
        return log(all) - scale * n_characters;
    }
    for (size_t i = 0; i <= n; i++) ahead[i] = behind[i] = -INFINITY;
    ahead[0] = behind[n] = 0;
    for (size_t k = 0; k < n_edges; k++)
        ahead[edges[k].to] = uni_log_add(ahead[edges[k].to], ahead[edges[k].from] + scores[edges[k].piece]);
    for (size_t k = n_edges; k-- > 0;) {
        UniEdge e = edges[k];
        double through = scores[e.piece] + behind[e.to];
        behind[e.from] = uni_log_add(behind[e.from], through);
        expected[e.piece] += count * exp(ahead[e.from] + through - ahead[n]);
    }
    return ahead[n];
}

/* The best path through a piece that is not the piece itself: its pieces to `out`, their number to *n_out, and its log
 * probability. n <= UNI_LONGEST_WORD. */
static double uni_second(const UniEdge *edges, size_t n_edges, size_t n, int32_t piece, const double *scores, int32_t *out,
                         size_t *n_out)
{
    double best[UNI_LONGEST_WORD + 1];
    size_t by[UNI_LONGEST_WORD + 1];
    for (size_t i = 0; i <= n; i++) best[i] = -INFINITY;
    best[0] = 0;
    for (size_t k = 0; k < n_edges; k++) {
        UniEdge e = edges[k];
        double score = best[e.from] + scores[e.piece];
        if (e.piece != piece && score > best[e.to]) {
            best[e.to] = score;
            by[e.to] = k;
        }
    }
    *n_out = 0;
    if (best[n] == -INFINITY) return best[n];
    for (size_t at = n; at > 0; at = edges[by[at]].from) out[(*n_out)++] = edges[by[at]].piece;
    return best[n];
}

#endif
