/* SPDX-License-Identifier: MIT */
/* Members follow one another, each with its data descriptor if the flags say so. */
#include "base/endian.h"
#include "base/error.h"
#include "formats/zip.h"

static enum quant_status corrupt(const struct quant_source *source,
                                 const struct quant_zip_member *member, struct quant_error *error,
                                 const char *what)
{
    return quant_zip_member_error(source, member->name, error, QUANT_CORRUPT, "%s", what);
}

/* After the bytes, with or without a signature, and with sizes of 4 or 8 bytes. */
static bool is_descriptor(const unsigned char *bytes, size_t nbytes,
                          const struct quant_zip_member *member)
{
    if (nbytes == 16 || nbytes == 24) {
        if (quant_load_32(bytes, false) != QUANT_ZIP_DESCRIPTOR)
            return false;
        bytes += 4;
        nbytes -= 4;
    }
    if (quant_load_32(bytes, false) != member->crc)
        return false;
    if (nbytes == 12)
        return quant_load_32(bytes + 4, false) == member->packed &&
               quant_load_32(bytes + 8, false) == member->nbytes;
    return nbytes == 20 && quant_load_64(bytes + 4, false) == member->packed &&
           quant_load_64(bytes + 12, false) == member->nbytes;
}

/* What is between the bytes of a member and what follows it, at `next`. */
static enum quant_status check_gap(struct quant_source *source,
                                   const struct quant_zip_member *member, uint64_t next,
                                   struct quant_error *error)
{
    unsigned char bytes[24];
    const uint64_t end = member->data + member->packed;
    const bool has_descriptor = member->flags & QUANT_ZIP_HAS_DESCRIPTOR;
    if (next < end)
        return corrupt(source, member, error, "overlaps the one that follows it");
    if (has_descriptor && (next - end < 12 || next - end > sizeof bytes))
        return corrupt(source, member, error, "has no data descriptor that fits");
    if (has_descriptor) {
        const size_t nbytes = (size_t)(next - end);
        const enum quant_status status =
            quant_source_read_exactly(source, end, bytes, nbytes, error);
        if (status != QUANT_OK)
            return status;
        return is_descriptor(bytes, nbytes, member)
                   ? QUANT_OK
                   : corrupt(source, member, error, "has a data descriptor that says otherwise");
    }
    if (next == end)
        return QUANT_OK;
    return quant_zip_member_error(source, member->name, error, QUANT_CORRUPT,
                                  "is followed by %llu bytes that belong to no member",
                                  (unsigned long long)(next - end));
}

enum quant_status quant_zip_check_places(struct quant_source *source, const struct quant_zip *zip,
                                         struct quant_error *error)
{
    const uint64_t first = zip->n > 0 ? zip->members[0].local : zip->directory;
    enum quant_status status = QUANT_OK;
    if (first > 0)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "it begins with %llu bytes that belong to no member",
                                  (unsigned long long)first);
    for (size_t i = 0; status == QUANT_OK && i < zip->n; i++)
        status = check_gap(source, &zip->members[i],
                           i + 1 < zip->n ? zip->members[i + 1].local : zip->directory, error);
    return status;
}
