/* SPDX-License-Identifier: MIT */
/*
 * The end of an archive. The end record is the last one in the file whose comment ends with the
 * file. One that is not at the very end is looked for in the comment's 65,535 bytes.
 */
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "formats/zip.h"

enum { COMMENT_MAX = UINT16_MAX, STEP = 4096 };

static uint16_t load_16(const unsigned char *bytes)
{
    return quant_load_16(bytes, false);
}

static uint32_t load_32(const unsigned char *bytes)
{
    return quant_load_32(bytes, false);
}

static uint64_t load_64(const unsigned char *bytes)
{
    return quant_load_64(bytes, false);
}

static enum quant_status corrupt(const struct quant_source *source, struct quant_error *error,
                                 const char *what)
{
    return quant_source_error(source, error, QUANT_CORRUPT, "%s", what);
}

/* Finds the last end record, block by block from the end. */
static enum quant_status find_end(struct quant_source *source, uint64_t *at,
                                  struct quant_error *error)
{
    unsigned char bytes[STEP + QUANT_ZIP_END_NBYTES];
    const uint64_t most = QUANT_ZIP_END_NBYTES + COMMENT_MAX;
    const uint64_t first = source->size > most ? source->size - most : 0;
    uint64_t end =
        source->size >= QUANT_ZIP_END_NBYTES ? source->size - QUANT_ZIP_END_NBYTES + 1 : 0;
    while (end > first) { /* records that begin before `end` */
        const uint64_t begin = end - first > STEP ? end - STEP : first;
        const size_t nbytes = (size_t)(end - begin) + 3;
        const enum quant_status status =
            quant_source_read_exactly(source, begin, bytes, nbytes, error);
        if (status != QUANT_OK)
            return status;
        for (size_t i = (size_t)(end - begin); i-- > 0;)
            if (load_32(bytes + i) == QUANT_ZIP_END) {
                *at = begin + i;
                return QUANT_OK;
            }
        end = begin;
    }
    return quant_source_error(source, error, QUANT_TRUNCATED,
                              "it has no end of a ZIP archive; it may be truncated");
}

/* A number of the end record, or of the zip64 record if it does not fit there. */
static bool agrees(uint64_t narrow, uint64_t all_ones, uint64_t wide)
{
    return narrow == all_ones || narrow == wide;
}

static enum quant_status read_end_64(struct quant_source *source, uint64_t locator_at,
                                     const unsigned char *locator, const unsigned char *narrow,
                                     struct quant_zip_end *end, uint64_t *directory_end,
                                     struct quant_error *error)
{
    unsigned char record[QUANT_ZIP_END_64_NBYTES];
    const uint64_t at = load_64(locator + 8);
    if (load_32(locator + 4) != 0 || load_32(locator + 16) > 1)
        return quant_source_error(source, error, QUANT_UNSUPPORTED,
                                  "it is one part of a ZIP archive in parts");
    if (locator_at < sizeof record || at != locator_at - sizeof record)
        return corrupt(source, error, "its zip64 end record is not where its locator says");
    const enum quant_status status =
        quant_source_read_exactly(source, at, record, sizeof record, error);
    if (status != QUANT_OK)
        return status;
    if (load_32(record) != QUANT_ZIP_END_64 || load_64(record + 4) != sizeof record - 12)
        return corrupt(source, error, "its zip64 end record is not one");
    if (load_32(record + 16) != 0 || load_32(record + 20) != 0)
        return quant_source_error(source, error, QUANT_UNSUPPORTED,
                                  "it is one part of a ZIP archive in parts");
    end->nmembers = load_64(record + 32);
    end->nbytes = load_64(record + 40);
    end->directory = load_64(record + 48);
    *directory_end = at;
    if (load_64(record + 24) != end->nmembers ||
        !agrees(load_16(narrow + 8), UINT16_MAX, end->nmembers) ||
        !agrees(load_16(narrow + 10), UINT16_MAX, end->nmembers) ||
        !agrees(load_32(narrow + 12), UINT32_MAX, end->nbytes) ||
        !agrees(load_32(narrow + 16), UINT32_MAX, end->directory))
        return corrupt(source, error, "its two end records do not agree");
    return QUANT_OK;
}

/* 65,535 members and the largest sizes fit the end record too: then there is no locator. */
static enum quant_status read_narrow(struct quant_source *source, const unsigned char *record,
                                     struct quant_zip_end *end, struct quant_error *error)
{
    if (load_16(record + 4) != 0 || load_16(record + 6) != 0)
        return quant_source_error(source, error, QUANT_UNSUPPORTED,
                                  "it is one part of a ZIP archive in parts");
    end->nmembers = load_16(record + 10);
    end->nbytes = load_32(record + 12);
    end->directory = load_32(record + 16);
    if (load_16(record + 8) != end->nmembers)
        return corrupt(source, error, "the two counts of members in its end record do not agree");
    return QUANT_OK;
}

static enum quant_status check_directory(const struct quant_source *source,
                                         const struct quant_zip_end *end, uint64_t directory_end,
                                         struct quant_error *error)
{
    if (end->directory > directory_end || end->nbytes != directory_end - end->directory)
        return quant_source_error(
            source, error, QUANT_CORRUPT,
            "its directory of %llu bytes from byte %llu on does not end at byte %llu, where its "
            "end record begins",
            (unsigned long long)end->nbytes, (unsigned long long)end->directory,
            (unsigned long long)directory_end);
    if (end->nmembers > end->nbytes / QUANT_ZIP_CENTRAL_NBYTES)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "its directory of %llu bytes is too short for %llu members",
                                  (unsigned long long)end->nbytes,
                                  (unsigned long long)end->nmembers);
    return QUANT_OK;
}

enum quant_status quant_zip_read_end(struct quant_source *source, struct quant_zip_end *end,
                                     struct quant_error *error)
{
    unsigned char record[QUANT_ZIP_END_NBYTES];
    unsigned char locator[QUANT_ZIP_LOCATOR_NBYTES] = {0};
    uint64_t at = 0;
    enum quant_status status = find_end(source, &at, error);
    if (status == QUANT_OK)
        status = quant_source_read_exactly(source, at, record, sizeof record, error);
    if (status == QUANT_OK && at >= sizeof locator)
        status =
            quant_source_read_exactly(source, at - sizeof locator, locator, sizeof locator, error);
    if (status != QUANT_OK)
        return status;
    uint64_t directory_end = at;
    if (load_16(record + 20) != source->size - at - sizeof record)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "its comment has %u bytes, but %llu are after its end record",
                                  load_16(record + 20),
                                  (unsigned long long)(source->size - at - sizeof record));
    if (load_32(locator) == QUANT_ZIP_LOCATOR)
        status =
            read_end_64(source, at - sizeof locator, locator, record, end, &directory_end, error);
    else
        status = read_narrow(source, record, end, error);
    return status == QUANT_OK ? check_directory(source, end, directory_end, error) : status;
}
