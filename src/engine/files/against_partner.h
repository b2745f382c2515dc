/* SPDX-License-Identifier: MIT */
/* Which file of a directory one of the job is compared with. */
#ifndef QUANT_ENGINE_FILES_AGAINST_PARTNER_H
#define QUANT_ENGINE_FILES_AGAINST_PARTNER_H

#include "engine/files/against_directory.h"

/* All zeros: none. */
struct quant_against_partner {
    char *path; /* owned; NULL: there is no such file, but perhaps a checkpoint */
    struct quant_against_item *item; /* of the directory; NULL: it is not one that was listed */
    struct quant_against_checkpoint *checkpoint; /* that is in the same place; NULL: none */
};

/* What is known of the file of the job. */
struct quant_against_subject {
    const char *path;   /* of its data */
    const char *name;   /* the path from the directory on; NULL: its last component */
    const char *source; /* that its sidecar names; NULL: none */
    bool is_container;  /* its tensors may be in several shards */
};

/* Finds the partner, and marks what of the directory is then accounted for. The caller releases
 * *partner, also after an error: QUANT_CORRUPT if there is neither a file nor a checkpoint, or more
 * than one file; QUANT_NO_MEMORY. */
enum quant_status quant_against_partner_find(struct quant_against_directory *directory,
                                             const struct quant_against_subject *subject,
                                             struct quant_against_partner *partner,
                                             struct quant_error *error);

/* For a file that cannot be read: what it may have been made from is not missing. Without memory
 * for it, nothing is marked. */
void quant_against_partner_excuse(struct quant_against_directory *directory,
                                  const struct quant_against_subject *subject);

void quant_against_partner_release(struct quant_against_partner *partner);

#endif
