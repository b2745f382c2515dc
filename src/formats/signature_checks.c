/* SPDX-License-Identifier: MIT */
/* The comment before each check says how many bits it fixes: random bytes must match all of
 * them. */
#include "formats/signature_checks.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/endian.h"

static bool has_bytes(const unsigned char *head, size_t nbytes, size_t offset, const char *bytes,
                      size_t length)
{
    return nbytes >= offset + length && memcmp(head + offset, bytes, length) == 0;
}

static bool is_printable(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

/* 37 zero bits of the length (the reference implementation allows 100 MB), 8 bits for the brace and
 * about 6 for what follows it. */
bool quant_looks_like_safetensors(const unsigned char *head, size_t nbytes)
{
    if (nbytes < 10 || head[8] != '{')
        return false;
    const uint64_t length = quant_load_64(head, false);
    const bool plausible = length >= 2 && length <= 100 << 20;
    return plausible && (head[9] == '"' || head[9] == '}' || head[9] == ' ' || head[9] == '\n');
}

/* 4 bytes of magic; the version, in either byte order, is a small number: 22 more bits. */
bool quant_looks_like_gguf(const unsigned char *head, size_t nbytes)
{
    if (!has_bytes(head, nbytes, 0, "GGUF", 4) || nbytes < 8)
        return false;
    return quant_load_32(head + 4, false) < 1024 || quant_load_32(head + 4, true) < 1024;
}

/* 8 bytes, at the start or after a user block of 512 bytes or a power of two times that. */
bool quant_looks_like_hdf5(const unsigned char *head, size_t nbytes)
{
    bool found = has_bytes(head, nbytes, 0, "\x89HDF\r\n\x1a\n", 8);
    for (size_t offset = 512; !found && offset < nbytes; offset *= 2)
        found = has_bytes(head, nbytes, offset, "\x89HDF\r\n\x1a\n", 8);
    return found;
}

/* The length of "word\n" at text, where word consists of letters, digits, '_' and '.'; else 0. */
static size_t name_length(const unsigned char *text, size_t nbytes)
{
    size_t n = 0;
    while (n < nbytes && (isalnum(text[n]) || text[n] == '_' || text[n] == '.'))
        n++;
    return n > 0 && n < nbytes && text[n] == '\n' ? n + 1 : 0;
}

/* The opcode GLOBAL: 'c', a module and a name, each on a line: 8 bits, 3 letters or more and "\n"
 * (13 bits), 2 letters or more and "\n" (11 bits). */
static bool is_pickled_global(const unsigned char *head, size_t nbytes)
{
    if (nbytes < 8 || head[0] != 'c')
        return false;
    const size_t module = name_length(head + 1, nbytes - 1);
    return module >= 4 && name_length(head + 1 + module, nbytes - 1 - module) >= 3;
}

/*
 * PROTO and a version (14 bits), then how pickles of arrays and tensors begin:
 *
 *     95 ........          FRAME, from protocol 4 on: 8 bits, and 32 zero bits of its length
 *     7d 71 00, 5d 71 00   an empty dictionary or list, memorized: 23 bits
 *     28 63, 63            a tuple of globals, or one global: 32 bits
 *     8a 0a 6c fc 9c 46    torch.save before 1.6: its magic number
 *
 * Protocols 0 and 1 have no PROTO: a global, or the text "(dp0" or "(lp0" on a line.
 */
bool quant_looks_like_pickle(const unsigned char *head, size_t nbytes)
{
    if (is_pickled_global(head, nbytes) || has_bytes(head, nbytes, 0, "(dp0\n", 5) ||
        has_bytes(head, nbytes, 0, "(lp0\n", 5))
        return true;
    if (nbytes < 5 || head[0] != 0x80 || head[1] < 2 || head[1] > 5)
        return false;
    if (head[2] == 0x95)
        return nbytes >= 11 && quant_load_32(head + 7, false) == 0;
    const unsigned char *opcode = head + 2;
    if ((*opcode == '}' || *opcode == ']') && opcode[1] == 'q' && opcode[2] == 0)
        return true;
    return has_bytes(head, nbytes, 2, "\x8a\x0a\x6c\xfc\x9c\x46", 6) ||
           is_pickled_global(opcode, nbytes - 2) ||
           (*opcode == '(' && is_pickled_global(opcode + 1, nbytes - 3));
}

/* Reads a protobuf length of at most 5 bytes at *at and advances *at. */
static bool skip_varint(const unsigned char *head, size_t nbytes, size_t *at)
{
    for (size_t i = 0; i < 5 && *at < nbytes; i++)
        if (head[(*at)++] < 0x80)
            return true;
    return false;
}

/*
 * A ModelProto begins with ir_version, a small number (12 bits), then has either
 *
 *     12 length text tag   the producer's name, at least 3 printable bytes (4 bits), and a field
 *                          allowed after it: 8 + 2 + 4 + 5 bits
 *     3a length 0a length tag   the graph, its first node, and a field of that: 8 + 1 + 8 + 1 + 6
 */
bool quant_looks_like_onnx(const unsigned char *head, size_t nbytes)
{
    if (nbytes < 8 || head[0] != 0x08 || head[1] < 1 || head[1] > 16)
        return false;
    size_t at = 3;
    if (head[2] == 0x12) {
        const size_t length = head[at++];
        if (length < 3 || length > 64 || nbytes <= at + length)
            return false;
        for (size_t i = 0; i < length; i++)
            if (!is_printable(head[at + i]))
                return false;
        return strchr("\x1a\x22\x28\x32\x3a\x42\x72", head[at + length]) && head[at + length] != 0;
    }
    if (head[2] != 0x3a || !skip_varint(head, nbytes, &at) || at >= nbytes || head[at++] != 0x0a)
        return false;
    return skip_varint(head, nbytes, &at) && at < nbytes && head[at] != 0 &&
           strchr("\x0a\x12\x1a\x22", head[at]);
}

/* 3 bytes of magic and method, 3 reserved flags, 6 bits of extra flags, 4 bits of the system. */
bool quant_looks_like_gzip(const unsigned char *head, size_t nbytes)
{
    if (!has_bytes(head, nbytes, 0, "\x1f\x8b\x08", 3) || nbytes < 10)
        return false;
    const bool level = head[8] == 0 || head[8] == 2 || head[8] == 4;
    return head[3] < 0x20 && level && (head[9] <= 13 || head[9] == 255);
}

/* 9 bytes with a digit between them. */
bool quant_looks_like_bzip2(const unsigned char *head, size_t nbytes)
{
    return has_bytes(head, nbytes, 0, "BZh", 3) && has_bytes(head, nbytes, 4, "1AY&SY", 6) &&
           head[3] >= '1' && head[3] <= '9';
}

/* 4 bytes of magic, and a version of 2 bits. */
bool quant_looks_like_lz4(const unsigned char *head, size_t nbytes)
{
    return has_bytes(head, nbytes, 0, "\x04\x22\x4d\x18", 4) && nbytes >= 7 && head[4] >> 6 == 1;
}

/* 2 bytes of magic, 4 reserved bytes, and a header size of at most 255: 72 bits. */
bool quant_looks_like_bmp(const unsigned char *head, size_t nbytes)
{
    return has_bytes(head, nbytes, 0, "BM", 2) && nbytes >= 18 &&
           has_bytes(head, nbytes, 6, "\0\0\0", 4) && has_bytes(head, nbytes, 15, "\0\0", 3);
}

/* 8 bytes. */
bool quant_looks_like_riff(const unsigned char *head, size_t nbytes)
{
    return has_bytes(head, nbytes, 0, "RIFF", 4) &&
           (has_bytes(head, nbytes, 8, "WAVE", 4) || has_bytes(head, nbytes, 8, "WEBP", 4) ||
            has_bytes(head, nbytes, 8, "AVI ", 4));
}

/* At least 5 letters in upper or lower case, after an optional UTF-8 mark and white space. */
bool quant_looks_like_markup(const unsigned char *head, size_t nbytes)
{
    static const char *const beginnings[] = {"<!doctype html", "<html", "<head>", "<?xml "};
    size_t at = has_bytes(head, nbytes, 0, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (at < nbytes && strchr(" \t\r\n", head[at]) && head[at] != 0)
        at++;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        const size_t length = strlen(beginnings[i]);
        if (nbytes - at >= length &&
            strncasecmp((const char *)head + at, beginnings[i], length) == 0)
            return true;
    }
    return false;
}
