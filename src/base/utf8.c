/* SPDX-License-Identifier: MIT */
/* Checks that bytes are UTF-8. */
#include "base/utf8.h"

size_t quant_utf8_length(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80)
        return 1;
    size_t length = 2;
    unsigned char min = 0x80;
    unsigned char max = 0xBF;
    if (bytes[0] >= 0xE0 && bytes[0] <= 0xEF) {
        length = 3;
        min = bytes[0] == 0xE0 ? 0xA0 : 0x80;
        max = bytes[0] == 0xED ? 0x9F : 0xBF;
    } else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4) {
        length = 4;
        min = bytes[0] == 0xF0 ? 0x90 : 0x80;
        max = bytes[0] == 0xF4 ? 0x8F : 0xBF;
    } else if (bytes[0] < 0xC2 || bytes[0] > 0xDF) {
        return 0;
    }
    if (bytes[1] < min || bytes[1] > max)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool quant_is_utf8(const char *text)
{
    while (*text) {
        const size_t length = quant_utf8_length(text);
        if (length == 0)
            return false;
        text += length;
    }
    return true;
}
