/* SPDX-License-Identifier: MIT */
/* The row of npz in the table of formats. */
#include "formats/npz.h"

#include <string.h>

#include "base/endian.h"
#include "formats/zip.h"

/* An archive without members is 22 bytes long. For others the first member decides, which must be
 * an array: the archives of PyTorch begin with a pickle. */
static enum quant_match recognize(const unsigned char *head, size_t nbytes)
{
    static const unsigned char empty[QUANT_ZIP_END_NBYTES] = {'P', 'K', 5, 6};
    const size_t suffix = sizeof QUANT_NPZ_SUFFIX - 1;
    if (nbytes == sizeof empty && memcmp(head, empty, sizeof empty) == 0)
        return QUANT_MATCH_SURE;
    if (nbytes < QUANT_ZIP_LOCAL_NBYTES || quant_load_32(head, false) != QUANT_ZIP_LOCAL)
        return QUANT_MATCH_NONE;
    const size_t end = QUANT_ZIP_LOCAL_NBYTES + (size_t)quant_load_16(head + 26, false);
    if (end < QUANT_ZIP_LOCAL_NBYTES + suffix || end > nbytes)
        return QUANT_MATCH_NONE;
    return memcmp(head + end - suffix, QUANT_NPZ_SUFFIX, suffix) == 0 ? QUANT_MATCH_SURE
                                                                      : QUANT_MATCH_NONE;
}

static const char *const extensions[] = {"npz", NULL};

static const struct quant_container container = {
    .open = quant_npz_open,
    .finish = quant_npz_finish,
    .close = quant_npz_close,
    .digest_header = quant_npz_digest_header,
    .type_at = quant_npz_type_at,
    .type_of = quant_npz_type_of,
    .keeps_order = true,
    .lay_out = quant_npz_lay_out,
};

const struct quant_format quant_format_npz = {
    .name = "npz",
    .summary = "ZIP archive of many named NumPy arrays, as numpy.savez writes them",
    .is_container = true,
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_KNOWN,
    .recognize = recognize,
    .container = &container,
};
