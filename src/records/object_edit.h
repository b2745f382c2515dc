/* SPDX-License-Identifier: MIT */
/* A member of a small JSON object that another program wrote: added or removed, while all
 * other bytes of the text stay as they are. */
#ifndef QUANT_RECORDS_OBJECT_EDIT_H
#define QUANT_RECORDS_OBJECT_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/source.h"

enum { QUANT_OBJECT_MOST = 16 << 20 }; /* bytes of a text */

/* All zeros: empty. */
struct quant_object_text {
    char *text; /* owned: nbytes, without a NUL */
    size_t nbytes;
    bool has_key; /* the member is there */
    bool has_any; /* one of the other keys is */
    size_t value; /* the place in text of the member's value, if it is there, */
    size_t value_nbytes;
    /* ---- Private: places in text ---- */
    size_t begin; /* of the member with its comma, if it is there, */
    size_t end;   /* and its end */
    bool is_empty;
    size_t last_end;     /* where the last member ends; the opening bracket if there is no member */
    size_t indent;       /* where the white space before the first key begins, */
    size_t indent_bytes; /* and how long it is */
};

/* Reads the object that source is, and looks for the member `key`, and for any of these other keys,
 * which end in NULL. A key that occurs twice counts where it is last. QUANT_CORRUPT: not a JSON
 * object; QUANT_UNSUPPORTED: longer than QUANT_OBJECT_MOST; QUANT_IO, QUANT_NO_MEMORY. The caller
 * releases *object in any case. */
enum quant_status quant_object_read(struct quant_source *source, const char *key,
                                    const char *const *any, struct quant_object_text *object,
                                    struct quant_error *error);

/* The text without the member, which is there. *text is the caller's to free: *nbytes, without a
 * NUL. false: no memory. */
bool quant_object_without(const struct quant_object_text *object, char **text, size_t *nbytes);

/* The same with one more member after all others, which is not there yet; value is JSON. */
bool quant_object_with(const struct quant_object_text *object, const char *key, const char *value,
                       char **text, size_t *nbytes);

void quant_object_release(struct quant_object_text *object);

#endif
