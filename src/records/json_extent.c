/* SPDX-License-Identifier: MIT */
/* One look into a table for each byte. Brackets of the two kinds are counted together: text in
 * which they do not match is refused where it is parsed. */
#include "records/json_extent.h"

enum { PLAIN, QUOTE, BACKSLASH, OPEN, CLOSE, COMMA };

static const unsigned char kinds[256] = {
    ['"'] = QUOTE, ['\\'] = BACKSLASH, ['{'] = OPEN,  ['['] = OPEN,
    ['}'] = CLOSE, [']'] = CLOSE,      [','] = COMMA,
};

static inline unsigned kind_of(const char *p)
{
    return kinds[(unsigned char)*p];
}

/* To the byte after the quote that ends the string. */
static const char *pass_string(struct quant_json_extent *extent, const char *p, const char *end)
{
    for (; p < end; p++) {
        if (extent->is_escaped) {
            extent->is_escaped = false;
        } else if (kind_of(p) == QUOTE) {
            extent->in_string = false;
            return p + 1;
        } else {
            extent->is_escaped = kind_of(p) == BACKSLASH;
        }
    }
    return end;
}

const char *quant_json_extent_end(struct quant_json_extent *extent, const char *p, const char *end)
{
    while (p < end) {
        if (extent->in_string) {
            p = pass_string(extent, p, end);
            continue;
        }
        const unsigned kind = kind_of(p);
        if (extent->depth == 0 && (kind == COMMA || kind == CLOSE))
            return p;
        extent->in_string = kind == QUOTE;
        extent->depth += kind == OPEN;
        extent->depth -= kind == CLOSE;
        p++;
    }
    return end;
}
