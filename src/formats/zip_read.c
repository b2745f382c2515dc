/* SPDX-License-Identifier: MIT */
/* The directory, then the local headers that it points to, then the places of all members. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/utf8.h"
#include "formats/zip.h"

enum {
    VERSION_MAX = 63,
    /* An entry of the directory is never longer than its header and three texts. */
    ROOM = 256 << 10,
    /* How much of a local header is read at once: enough for most names and a zip64 field. */
    USUAL = 256,
};

struct reading {
    struct quant_source *source;
    struct quant_arena *arena;
    struct quant_zip *zip;
    struct quant_zip_end end;
    struct quant_error *error;
    unsigned char *bytes; /* owned: ROOM of them */
    uint64_t at;          /* offset of bytes in the file */
    size_t nbytes;        /* how many of them are read */
};

/* A header of a member, from either place. */
struct header {
    unsigned version;
    uint16_t flags;
    uint16_t method;
    uint32_t crc;
    uint32_t packed;
    uint32_t nbytes;
    size_t name_length;
    size_t extra_length;
};

enum quant_status quant_zip_member_error(const struct quant_source *source, const char *name,
                                         struct quant_error *error, enum quant_status status,
                                         const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return quant_source_error(source, error, status, "member '%.200s' %s", name, text);
}

static enum quant_status corrupt(const struct reading *reading, const char *name, const char *what)
{
    return quant_zip_member_error(reading->source, name, reading->error, QUANT_CORRUPT, "%s", what);
}

/* The fields that both kinds of header have, in one sequence, from the version on. */
static struct header read_header(const unsigned char *fields)
{
    return (struct header){
        .version = quant_load_16(fields, false) & 0xff,
        .flags = quant_load_16(fields + 2, false),
        .method = quant_load_16(fields + 4, false),
        .crc = quant_load_32(fields + 10, false),
        .packed = quant_load_32(fields + 14, false),
        .nbytes = quant_load_32(fields + 18, false),
        .name_length = quant_load_16(fields + 22, false),
        .extra_length = quant_load_16(fields + 24, false),
    };
}

/* Makes nbytes from `at` on available. *bytes is valid until the next call. */
static enum quant_status look_at(struct reading *reading, uint64_t at, size_t nbytes, size_t ahead,
                                 const unsigned char **bytes)
{
    if (at < reading->at || at + nbytes > reading->at + reading->nbytes) {
        const uint64_t left = reading->source->size > at ? reading->source->size - at : 0;
        reading->at = at;
        reading->nbytes = 0;
        if (ahead < nbytes)
            ahead = nbytes;
        const size_t wanted = ahead < left ? ahead : (size_t)left;
        const enum quant_status status = quant_source_read_exactly(
            reading->source, at, reading->bytes, wanted > nbytes ? wanted : nbytes, reading->error);
        if (status != QUANT_OK)
            return status;
        reading->nbytes = wanted;
    }
    *bytes = reading->bytes + (at - reading->at);
    return QUANT_OK;
}

/* ---- The directory ---- */

static enum quant_status check_name(struct reading *reading, const struct header *header,
                                    const unsigned char *name, char *copy)
{
    bool is_ascii = true;
    for (size_t i = 0; i < header->name_length; i++)
        is_ascii = is_ascii && name[i] < 0x80;
    memcpy(copy, name, header->name_length);
    copy[header->name_length] = '\0';
    if (strlen(copy) != header->name_length)
        return corrupt(reading, copy, "has a name with a NUL");
    if (!is_ascii && !(header->flags & QUANT_ZIP_UTF8))
        return quant_zip_member_error(
            reading->source, "", reading->error, QUANT_UNSUPPORTED,
            "at byte %llu of the directory has a name that is neither ASCII nor marked as UTF-8",
            (unsigned long long)(reading->at + (uint64_t)(name - reading->bytes) -
                                 reading->end.directory));
    if (!quant_is_utf8(copy))
        return quant_zip_member_error(reading->source, "", reading->error, QUANT_CORRUPT,
                                      "has a name that is not UTF-8");
    return QUANT_OK;
}

static const char *method_name(unsigned method)
{
    static const struct {
        unsigned method;
        const char *name;
    } names[] = {{9, "deflate64"}, {12, "bzip2"}, {14, "LZMA"}, {93, "zstd"}, {95, "xz"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].method == method)
            return names[i].name;
    return "an unknown method";
}

/* What is supported. */
static enum quant_status check_kind(const struct reading *reading, const char *name,
                                    const struct header *header)
{
    enum { STRONG = 0x40, PATCHED = 0x20, MASKED = 0x2000 };
    const struct quant_source *source = reading->source;
    struct quant_error *error = reading->error;
    if (header->flags & (QUANT_ZIP_ENCRYPTED | STRONG | MASKED))
        return quant_zip_member_error(source, name, error, QUANT_UNSUPPORTED, "is encrypted");
    if (header->flags & PATCHED)
        return quant_zip_member_error(source, name, error, QUANT_UNSUPPORTED,
                                      "is a patch of another file");
    if (header->method != QUANT_ZIP_STORED && header->method != QUANT_ZIP_DEFLATED)
        return quant_zip_member_error(source, name, error, QUANT_UNSUPPORTED,
                                      "is compressed by %s (method %u); expected stored or "
                                      "deflated",
                                      method_name(header->method), header->method);
    if (header->version > VERSION_MAX)
        return quant_zip_member_error(source, name, error, QUANT_UNSUPPORTED,
                                      "needs version %u.%u of ZIP", header->version / 10,
                                      header->version % 10);
    return QUANT_OK;
}

/* Deflate makes at most 1,032 bytes of one. */
static enum quant_status check_sizes(const struct reading *reading,
                                     const struct quant_zip_member *member)
{
    enum { RATIO_MAX = 1032 };
    if (member->method == QUANT_ZIP_STORED && member->packed != member->nbytes)
        return quant_zip_member_error(reading->source, member->name, reading->error, QUANT_CORRUPT,
                                      "is stored, but its two sizes are %llu and %llu",
                                      (unsigned long long)member->packed,
                                      (unsigned long long)member->nbytes);
    if (member->nbytes > INT64_MAX || member->packed > INT64_MAX)
        return corrupt(reading, member->name, "is larger than any file");
    if (member->method == QUANT_ZIP_DEFLATED && member->nbytes / RATIO_MAX > member->packed)
        return quant_zip_member_error(reading->source, member->name, reading->error, QUANT_CORRUPT,
                                      "cannot be %llu bytes long when it is inflated: it has %llu",
                                      (unsigned long long)member->nbytes,
                                      (unsigned long long)member->packed);
    return QUANT_OK;
}

static enum quant_status read_member(struct reading *reading, const unsigned char *entry,
                                     const struct header *header, struct quant_zip_member *member)
{
    const unsigned char *name = entry + QUANT_ZIP_CENTRAL_NBYTES;
    char *copy = quant_arena_take(reading->arena, header->name_length + 1);
    struct quant_zip_sizes sizes = {.nbytes = header->nbytes,
                                    .packed = header->packed,
                                    .offset = quant_load_32(entry + 42, false)};
    if (!copy)
        return quant_error_no_memory(reading->error, header->name_length + 1, "catalogue");
    enum quant_status status = check_name(reading, header, name, copy);
    if (status != QUANT_OK)
        return status;
    const char *wrong =
        quant_zip_read_extra(name + header->name_length, header->extra_length, copy, &sizes);
    if (wrong)
        return corrupt(reading, copy, wrong);
    if (quant_load_16(entry + 34, false) != 0)
        return corrupt(reading, copy, "is in another part of the archive");
    *member = (struct quant_zip_member){.name = copy,
                                        .local = sizes.offset,
                                        .packed = sizes.packed,
                                        .nbytes = sizes.nbytes,
                                        .crc = header->crc,
                                        .flags = header->flags,
                                        .method = header->method};
    status = check_kind(reading, copy, header);
    return status == QUANT_OK ? check_sizes(reading, member) : status;
}

static enum quant_status read_directory(struct reading *reading)
{
    const struct quant_zip_end *end = &reading->end;
    const uint64_t directory_end = end->directory + end->nbytes;
    uint64_t at = end->directory;
    for (uint64_t i = 0; i < end->nmembers; i++) {
        const unsigned char *entry;
        enum quant_status status = look_at(reading, at, QUANT_ZIP_CENTRAL_NBYTES, ROOM, &entry);
        if (status != QUANT_OK)
            return status;
        const struct header header = read_header(entry + 6);
        const size_t nbytes = QUANT_ZIP_CENTRAL_NBYTES + header.name_length + header.extra_length +
                              quant_load_16(entry + 32, false);
        if (quant_load_32(entry, false) != QUANT_ZIP_CENTRAL || nbytes > directory_end - at)
            return quant_source_error(reading->source, reading->error, QUANT_CORRUPT,
                                      "entry %llu of its directory is damaged, at byte %llu",
                                      (unsigned long long)i, (unsigned long long)at);
        status = look_at(reading, at, nbytes, ROOM, &entry);
        if (status == QUANT_OK)
            status = read_member(reading, entry, &header, &reading->zip->members[i]);
        if (status != QUANT_OK)
            return status;
        at += nbytes;
        if (directory_end - at < QUANT_ZIP_CENTRAL_NBYTES && i + 1 < end->nmembers)
            return quant_source_error(reading->source, reading->error, QUANT_CORRUPT,
                                      "its directory has %llu members, not %llu as its end record "
                                      "says",
                                      (unsigned long long)(i + 1),
                                      (unsigned long long)end->nmembers);
    }
    if (at == directory_end)
        return QUANT_OK;
    return quant_source_error(reading->source, reading->error, QUANT_CORRUPT,
                              "its directory has %llu bytes that belong to no member",
                              (unsigned long long)(directory_end - at));
}

/* ---- Local headers ---- */

/* With a data descriptor, a local header may leave them open. */
static bool agrees(uint64_t local, uint64_t central, bool may_be_zero)
{
    return local == central || (may_be_zero && local == 0);
}

static enum quant_status check_local(const struct reading *reading,
                                     const struct quant_zip_member *member,
                                     const unsigned char *bytes, const struct header *header)
{
    const unsigned char *name = bytes + QUANT_ZIP_LOCAL_NBYTES;
    const bool open = member->flags & QUANT_ZIP_HAS_DESCRIPTOR;
    struct quant_zip_sizes sizes = {
        .nbytes = header->nbytes, .packed = header->packed, .is_local = true};
    if (header->name_length != strlen(member->name) ||
        memcmp(name, member->name, header->name_length) != 0)
        return corrupt(reading, member->name, "has another name in its local header");
    if (header->flags != member->flags || header->method != member->method)
        return corrupt(reading, member->name,
                       "has other flags or another method in its local "
                       "header");
    if (!agrees(header->crc, member->crc, open))
        return corrupt(reading, member->name, "has another CRC in its local header");
    const char *wrong = quant_zip_read_extra(name + header->name_length, header->extra_length,
                                             member->name, &sizes);
    if (wrong)
        return corrupt(reading, member->name, wrong);
    if (!agrees(sizes.nbytes, member->nbytes, open) ||
        !agrees(sizes.packed, member->packed, open) ||
        !agrees(sizes.nbytes_64, member->nbytes, open) ||
        !agrees(sizes.packed_64, member->packed, open))
        return corrupt(reading, member->name, "has another size in its local header");
    return QUANT_OK;
}

/* The members do not follow one another yet, so a header is believed as far as the directory. */
static enum quant_status read_local(struct reading *reading, struct quant_zip_member *member)
{
    const uint64_t directory = reading->end.directory;
    const unsigned char *bytes;
    if (member->local > directory || directory - member->local < QUANT_ZIP_LOCAL_NBYTES)
        return corrupt(reading, member->name, "begins beyond the last member");
    enum quant_status status =
        look_at(reading, member->local, QUANT_ZIP_LOCAL_NBYTES, USUAL, &bytes);
    if (status != QUANT_OK)
        return status;
    if (quant_load_32(bytes, false) != QUANT_ZIP_LOCAL)
        return corrupt(reading, member->name, "has no local header where the directory says");
    const struct header header = read_header(bytes + 4);
    const size_t nbytes = QUANT_ZIP_LOCAL_NBYTES + header.name_length + header.extra_length;
    if (nbytes > directory - member->local)
        return corrupt(reading, member->name, "reaches into the directory");
    status = look_at(reading, member->local, nbytes, USUAL, &bytes);
    if (status == QUANT_OK)
        status = check_local(reading, member, bytes, &header);
    member->data = member->local + nbytes;
    if (status == QUANT_OK && member->packed > directory - member->data)
        status = corrupt(reading, member->name, "reaches into the directory");
    return status;
}

/* ---- All of it ---- */

static int compare_places(const void *a, const void *b)
{
    const struct quant_zip_member *one = a;
    const struct quant_zip_member *other = b;
    return (one->local > other->local) - (one->local < other->local);
}

static enum quant_status read_members(struct reading *reading)
{
    struct quant_zip *zip = reading->zip;
    enum quant_status status = read_directory(reading);
    if (status == QUANT_OK && zip->n > 0)
        qsort(zip->members, zip->n, sizeof *zip->members, compare_places);
    for (size_t i = 0; status == QUANT_OK && i < zip->n; i++)
        status = read_local(reading, &zip->members[i]);
    return status == QUANT_OK ? quant_zip_check_places(reading->source, zip, reading->error)
                              : status;
}

enum quant_status quant_zip_read(struct quant_source *source, struct quant_arena *arena,
                                 struct quant_zip *zip, struct quant_error *error)
{
    struct reading reading = {.source = source, .arena = arena, .zip = zip, .error = error};
    enum quant_status status = quant_zip_read_end(source, &reading.end, error);
    if (status != QUANT_OK)
        return status;
    zip->n = (size_t)reading.end.nmembers; /* as many as the directory has bytes for */
    zip->directory = reading.end.directory;
    zip->members = quant_arena_take(arena, (zip->n + 1) * sizeof *zip->members);
    reading.bytes = malloc(ROOM);
    status = zip->members && reading.bytes
                 ? read_members(&reading)
                 : quant_error_no_memory(error, (zip->n + 1) * sizeof *zip->members, "catalogue");
    free(reading.bytes);
    return status;
}
