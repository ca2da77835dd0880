/* The scanner for one width of characters: included by words_scan.h with CHARACTER and NAMED set. No guard: three times.
 *
 * A Python string ends in a NUL, which separates words: a loop over word characters needs no check of the length.
 */

/* Whether the characters [start, end) are a French or Italian article before an apostrophe: c d j l m n s t, qu. */
static int NAMED(words_is_elision)(const WordRules *r, const CHARACTER *s, Py_ssize_t start, Py_ssize_t end)
{
    Py_UCS4 c = words_lower(words_fold_width(r, s[start]));
    if (end - start == 1)
        return c == 'c' || c == 'd' || c == 'j' || c == 'l' || c == 'm' || c == 'n' || c == 's' || c == 't';
    return end - start == 2 && c == 'q' && words_lower(words_fold_width(r, s[start + 1])) == 'u';
}

/* Class of character i; behind the end, that of a separator. */
static inline int NAMED(words_class_at)(const WordRules *r, const CHARACTER *s, Py_ssize_t n, Py_ssize_t i)
{
    return i < n ? words_class(r, s[i]) : WORDS_OTHER;
}

#define IS_INNER(k) ((k) >= WORDS_LETTER && (k) <= WORDS_MARK)
#define IS_ALNUM(k) ((k) == WORDS_LETTER || (k) == WORDS_DIGIT)

/* End of the word that starts at `start` and of which the characters before j are known to belong to it, without a
 * joiner; *next is where to go on. */
static Py_ssize_t NAMED(words_end)(
    const WordRules *r, const CHARACTER *s, Py_ssize_t n, Py_ssize_t start, Py_ssize_t j, Py_ssize_t *next)
{
    Py_ssize_t part = start; /* behind the last joiner */
    for (;;) {
        int k;
        while (IS_INNER(k = NAMED(words_class_at)(r, s, n, j))) j++;
        *next = j;
        if (!r->joiners || k != WORDS_PUNCT) return j;
        Py_UCS4 c = words_fold_width(r, s[j]);
        int before = words_class(r, s[j - 1]), after = NAMED(words_class_at)(r, s, n, j + 1);
        if (c == '_') {
            Py_ssize_t i = j + 1;
            while (i < n && words_fold_width(r, s[i]) == '_') i++;
            if (!IS_ALNUM(NAMED(words_class_at)(r, s, n, i))) return j;
            j = part = i;
        } else if (c == '\'' || c == 0x2019) {
            if (before == WORDS_DIGIT || after != WORDS_LETTER) return j;
            int second = NAMED(words_class_at)(r, s, n, j + 2);
            if (words_lower(words_fold_width(r, s[j + 1])) == 's' && !IS_INNER(second)) {
                *next = j + 2;
                return j;
            }
            if (second == WORDS_LETTER && NAMED(words_is_elision)(r, s, start, j)) return j;
            j = part = j + 1;
        } else if (c == '.') {
            if (before == WORDS_DIGIT ? after != WORDS_DIGIT : after != WORDS_LETTER) return j;
            if (after == WORDS_LETTER && j - part > 1) { /* "end.The" is two words, "node.js" and "U.S.A" are one */
                Py_UCS4 first = words_fold_width(r, s[j + 1]);
                if (words_lower(first) != first) return j;
            }
            j = part = j + 1;
        } else if (c == ',') {
            if (before != WORDS_DIGIT || after != WORDS_DIGIT
                || NAMED(words_class_at)(r, s, n, j + 2) != WORDS_DIGIT
                || NAMED(words_class_at)(r, s, n, j + 3) != WORDS_DIGIT
                || IS_INNER(NAMED(words_class_at)(r, s, n, j + 4)))
                return j;
            j = part = j + 1;
        } else if (c == '+') {
            if (before == WORDS_DIGIT || j + 1 >= n || words_fold_width(r, s[j + 1]) != '+') return j;
            if (j + 2 < n && words_fold_width(r, s[j + 2]) == '+') return j;
            return *next = j + 2;
        } else if (c == '#') {
            if (j - start != 1 || before != WORDS_LETTER || IS_INNER(after)) return j;
            if (j + 1 < n && words_fold_width(r, s[j + 1]) == '#') return j;
            return *next = j + 1;
        } else {
            return j;
        }
    }
}

/* Write the folded characters [start, end) as a token; 0 or -1. */
static int NAMED(words_give)(WordCursor *w, const CHARACTER *s, Py_ssize_t start, Py_ssize_t end)
{
    if (words_room(w, end - start) < 0) return -1;
    unsigned char *out = w->bytes + w->n_bytes;
    for (Py_ssize_t i = start; i < end; i++) out += utf8_put(out, words_fold(w->rules, s[i]));
    size_t n_bytes = (size_t)(out - w->bytes) - w->n_bytes;
    words_push(w, start, end, n_bytes, words_hash(w->bytes + w->n_bytes, n_bytes));
    return 0;
}

/* The same for ASCII letters and digits. */
static inline int NAMED(words_give_plain)(WordCursor *w, const CHARACTER *s, Py_ssize_t start, Py_ssize_t end)
{
    size_t n = (size_t)(end - start);
    if (words_room(w, end - start) < 0) return -1;
    unsigned char *out = w->bytes + w->n_bytes;
    int lowercase = w->rules->lowercase;
    if (sizeof(CHARACTER) == 1 && end + 8 <= w->length) { /* whole words may be read: up to 7 bytes behind the token */
        const unsigned char *in = (const unsigned char *)s + start;
        uint64_t hash = WORDS_SEED, k;
        size_t left = n;
        for (; left > 8; left -= 8, in += 8, out += 8) { /* as words_hash */
            k = words_load(in);
            if (lowercase) k = words_lower8(k);
            memcpy(out, &k, 8);
            hash = words_mix(hash, k);
        }
        k = words_load(in);
        if (left < 8) k = words_head(k, left); /* what follows the token need not be ASCII */
        if (lowercase) k = words_lower8(k);
        memcpy(out, &k, 8);
        words_push(w, start, end, n, words_mix(hash, k));
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[start + (Py_ssize_t)i];
        out[i] = lowercase && c >= 'A' && c <= 'Z' ? c | 32 : c;
    }
    words_push(w, start, end, n, words_hash(out, n));
    return 0;
}

static int NAMED(words_has_letter)(const WordRules *r, const CHARACTER *s, Py_ssize_t start, Py_ssize_t end)
{
    for (Py_ssize_t i = start; i < end; i++)
        if (words_class(r, s[i]) == WORDS_LETTER) return 1;
    return 0;
}

/* Go on inside a run of Han until it or the batch ends; 0 or -1. */
static int NAMED(words_next_han)(WordCursor *w, const CHARACTER *s, Py_ssize_t start)
{
    int han = w->rules->han;
    while (w->run_at < w->run_end && w->n_tokens < WORDS_BATCH) {
        Py_ssize_t i = w->run_at, stop;
        if (han == WORDS_CHARS) {
            stop = i + 1;
            w->run_at++;
        } else if (han == WORDS_BIGRAMS) {
            if (i + 1 == w->run_end && i > start) { /* the last character was the second of a bigram */
                w->run_at++;
                break;
            }
            stop = i + 2 <= w->run_end ? i + 2 : i + 1;
            w->run_at++;
        } else { /* character i, then the bigram that starts at it */
            stop = i + 1 + w->bigram_next;
            if (w->bigram_next || i + 1 == w->run_end) {
                w->bigram_next = 0;
                w->run_at++;
            } else {
                w->bigram_next = 1;
            }
        }
        if (NAMED(words_give)(w, s, i, stop) < 0) return -1;
    }
    return 0;
}

static int NAMED(words_next)(WordCursor *w)
{
    const CHARACTER *s = (const CHARACTER *)w->data;
    const WordRules *r = w->rules;
    const uint8_t *plain = r->plain;
    Py_ssize_t n = w->length, i = w->at;
    if (w->run_at < w->run_end && NAMED(words_next_han)(w, s, w->run_start) < 0) return -1;
    WordMasks masks = {-1, 0, 0};
    while (w->n_tokens < WORDS_BATCH && i < n) {
        Py_UCS4 c = s[i];
        Py_ssize_t plain_end = i;
        if (sizeof(CHARACTER) == 1 && !r->punctuation) { /* 64 characters at a time */
            words_masks(&masks, (const uint8_t *)s, n, i, plain['_']);
            uint64_t from_here = masks.other >> (i & 63);
            if (from_here == 0) {
                i = (i | 63) + 1;
                continue;
            }
            i += words_lowest_bit(from_here);
            c = s[i];
            if (masks.plain >> (i & 63) & 1) {
                from_here = ~masks.plain >> (i & 63);
                plain_end = i;
                while (from_here == 0) { /* to the end of these 64 */
                    plain_end = (plain_end | 63) + 1;
                    if (plain_end >= n) break;
                    words_masks(&masks, (const uint8_t *)s, n, plain_end, plain['_']);
                    from_here = ~masks.plain;
                }
                if (from_here) plain_end += words_lowest_bit(from_here);
            }
        } else if (c < 256 && plain[c]) {
            do { plain_end++; } while (s[plain_end] < 256 && plain[s[plain_end]]);
        }
        if (WORDS_LIKELY(plain_end > i)) {
            int behind = words_class(r, s[plain_end]); /* at the end of the text: of the NUL */
            Py_ssize_t next = plain_end, end = plain_end;
            if (IS_INNER(behind) || (r->joiners && behind == WORDS_PUNCT))
                end = NAMED(words_end)(r, s, n, i, plain_end, &next);
            if (end - i >= r->min_length && (r->keep_numbers || NAMED(words_has_letter)(r, s, i, end))
                && (end == plain_end ? NAMED(words_give_plain)(w, s, i, end) : NAMED(words_give)(w, s, i, end)) < 0)
                return -1;
            i = next;
            continue;
        }
        int k = words_class(r, c);
        if (IS_ALNUM(k)) {
            Py_ssize_t next, j = NAMED(words_end)(r, s, n, i, i + 1, &next);
            if (j - i >= r->min_length && (r->keep_numbers || NAMED(words_has_letter)(r, s, i, j))
                && NAMED(words_give)(w, s, i, j) < 0)
                return -1;
            i = next;
        } else if (k == WORDS_HAN) {
            Py_ssize_t j = i + 1;
            while (j < n && words_class(r, s[j]) == WORDS_HAN) j++;
            if (r->han == WORDS_RUNS) {
                if (NAMED(words_give)(w, s, i, j) < 0) return -1;
            } else {
                w->run_start = w->run_at = i;
                w->run_end = j;
                if (NAMED(words_next_han)(w, s, i) < 0) return -1;
            }
            i = j;
        } else if (k == WORDS_KANA) {
            Py_ssize_t j = i + 1;
            for (; j < n; j++) {
                k = words_class(r, s[j]);
                if (k != WORDS_KANA && k != WORDS_MARK) break;
            }
            if (j - i >= r->min_length && NAMED(words_give)(w, s, i, j) < 0) return -1;
            i = j;
        } else {
            if (k == WORDS_PUNCT && r->punctuation && NAMED(words_give)(w, s, i, i + 1) < 0) return -1;
            i++;
        }
    }
    w->at = i;
    return w->n_tokens;
}

#undef IS_INNER
#undef IS_ALNUM
