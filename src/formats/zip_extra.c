/* SPDX-License-Identifier: MIT */
/* The extra fields of a member: those of zip64, and a name in UTF-8. Others say nothing of the
 * bytes of a member. */
#include <string.h>
#include <zlib.h>

#include "base/endian.h"
#include "formats/zip.h"

enum { HEAD = 4 }; /* bytes of the id and the length */

/* In the directory a number is here only if its place in the header has all bits set; in a local
 * header both sizes are, even if they are there as well. */
static const char *read_64(const unsigned char *field, size_t nbytes, struct quant_zip_sizes *sizes)
{
    uint64_t *const numbers[] = {&sizes->nbytes, &sizes->packed, &sizes->offset};
    uint64_t *const copies[] = {&sizes->nbytes_64, &sizes->packed_64, NULL};
    const bool has_both = sizes->is_local && nbytes >= 16;
    size_t at = 0;
    if (sizes->has_64)
        return "has two zip64 fields";
    sizes->has_64 = true;
    for (size_t i = 0; i < (sizes->is_local ? 2 : 3); i++) {
        const bool is_needed = *numbers[i] == UINT32_MAX;
        if (!is_needed && !has_both)
            continue;
        if (nbytes - at < 8)
            return "has a zip64 field that is too short";
        const uint64_t number = quant_load_64(field + at, false);
        at += 8;
        if (copies[i])
            *copies[i] = number;
        if (is_needed)
            *numbers[i] = number;
    }
    return sizes->is_local || at == nbytes ? NULL : "has a zip64 field that is too long";
}

/* Some readers take this name, others that of the header. */
static bool is_other_name(const unsigned char *field, size_t nbytes, const char *name)
{
    const size_t length = strlen(name);
    if (nbytes < 5 || field[0] != 1)
        return false;
    if (quant_load_32(field + 1, false) != crc32(0, (const unsigned char *)name, (uInt)length))
        return false; /* it is about an earlier name, and no reader takes it */
    return nbytes - 5 != length || memcmp(field + 5, name, length) != 0;
}

const char *quant_zip_read_extra(const unsigned char *extra, size_t nbytes, const char *name,
                                 struct quant_zip_sizes *sizes)
{
    sizes->nbytes_64 = sizes->nbytes;
    sizes->packed_64 = sizes->packed;
    size_t at = 0;
    while (at < nbytes) {
        if (nbytes - at < HEAD)
            return "has an extra field that is truncated";
        const unsigned id = quant_load_16(extra + at, false);
        const size_t length = quant_load_16(extra + at + 2, false);
        const char *wrong = NULL;
        at += HEAD;
        if (length > nbytes - at)
            return "has an extra field that is truncated";
        if (id == QUANT_ZIP_EXTRA_64)
            wrong = read_64(extra + at, length, sizes);
        else if (id == QUANT_ZIP_EXTRA_UNICODE_NAME && is_other_name(extra + at, length, name))
            wrong = "has another name in an extra field";
        if (wrong)
            return wrong;
        at += length;
    }
    return NULL;
}
