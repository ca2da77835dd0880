/* Characters to UTF-8. */
#ifndef MINILM_UTF8_H
#define MINILM_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Write a character; how many bytes it took. */
static inline size_t utf8_put(uint8_t *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

/* Bytes of the character that begins with `lead`. */
static inline size_t utf8_width(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Characters that begin in s[0 .. n). */
static inline int32_t utf8_count(const uint8_t *s, size_t n)
{
    int32_t count = 0;
    for (size_t i = 0; i < n; i++) count += (s[i] & 0xC0) != 0x80;
    return count;
}

/* Character i of a Python string of a kind: 1, 2 or 4 bytes each; 0 is ASCII. */
static inline uint32_t utf8_read(const void *data, int kind, size_t i)
{
    return kind <= 1 ? ((const uint8_t *)data)[i] : kind == 2 ? ((const uint16_t *)data)[i] : ((const uint32_t *)data)[i];
}

#endif
