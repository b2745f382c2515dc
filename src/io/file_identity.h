/* SPDX-License-Identifier: MIT */
/* Finds paths of the same file, even if they are written differently: by device and inode. For a
 * file that does not exist yet, by those of its directory, and its name there; an output in a
 * directory that does not exist either, by the path of that. */
#ifndef QUANT_IO_FILE_IDENTITY_H
#define QUANT_IO_FILE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct quant_identity {
    dev_t device;
    ino_t inode;
    const char *name; /* in the directory that device and inode are of; "" for an existing file */
    size_t number;    /* the caller's */
};

/* The directory that was looked up last, since thousands of outputs may be in one, and what is
 * known of all outputs: they are looked up before the inputs. All zeros: none. */
struct quant_identity_directory {
    bool for_many;    /* with many outputs it is faster to look first whether it is empty */
    bool has_outputs; /* there were any */
    bool has_old;     /* one of them exists */
    const char *path; /* NULL: none yet */
    size_t length;
    bool found;
    bool is_empty; /* no file in it need be looked up */
    struct stat status;
};

/* Outputs before inputs. false: path is NULL, a pipe or a device, or nothing is found, which
 * opening it will report. "-" is the file that the standard stream is, if it is one. */
bool quant_identify(const char *path, bool is_output, size_t number,
                    struct quant_identity_directory *directory, struct quant_identity *identity);

/* Sorts by file, then by number. */
void quant_identities_sort(struct quant_identity *identities, size_t count);

/* Below, at or above 0 as in that order; 0: the same file, and the same number. */
int quant_identity_compare(const struct quant_identity *a, const struct quant_identity *b);

bool quant_identity_equal(const struct quant_identity *a, const struct quant_identity *b);

#endif
