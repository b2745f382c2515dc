/* SPDX-License-Identifier: MIT */
/*
 * The framing of a ZIP archive (PKWARE's APPNOTE 6.3), as far as an archive of arrays needs it.
 * Every number is little-endian.
 *
 *     member          local header, name, extra fields; the bytes; perhaps a data descriptor
 *     ...
 *     directory       for each member a header, its name, extra fields and a comment
 *     zip64 end       record and locator, where a number does not fit the end record
 *     end             record and the archive's comment, which is the end of the file
 */
#ifndef QUANT_FORMATS_ZIP_H
#define QUANT_FORMATS_ZIP_H

#include "base/arena.h"
#include "base/source.h"

#define QUANT_ZIP_LOCAL UINT32_C(0x04034b50)
#define QUANT_ZIP_DESCRIPTOR UINT32_C(0x08074b50)
#define QUANT_ZIP_CENTRAL UINT32_C(0x02014b50)
#define QUANT_ZIP_END UINT32_C(0x06054b50)
#define QUANT_ZIP_END_64 UINT32_C(0x06064b50)
#define QUANT_ZIP_LOCATOR UINT32_C(0x07064b50)

enum {
    QUANT_ZIP_LOCAL_NBYTES = 30,
    QUANT_ZIP_CENTRAL_NBYTES = 46,
    QUANT_ZIP_END_NBYTES = 22,
    QUANT_ZIP_END_64_NBYTES = 56,
    QUANT_ZIP_LOCATOR_NBYTES = 20,
    QUANT_ZIP_LOCAL_CRC = 14, /* where the CRC is, in a local header */
    QUANT_ZIP_CENTRAL_CRC = 16,
    QUANT_ZIP_NAME_MAX = UINT16_MAX,
};

/* Bits of the flags. */
enum {
    QUANT_ZIP_ENCRYPTED = 1,
    QUANT_ZIP_HAS_DESCRIPTOR = 8, /* CRC and sizes are after the bytes */
    QUANT_ZIP_UTF8 = 0x800,
};

/* Extra fields. */
enum { QUANT_ZIP_EXTRA_64 = 0x0001, QUANT_ZIP_EXTRA_UNICODE_NAME = 0x7075 };

enum { QUANT_ZIP_STORED = 0, QUANT_ZIP_DEFLATED = 8 };

struct quant_zip_member {
    const char *name; /* UTF-8, without a NUL. It is only a name, never a path */
    uint64_t local;   /* offset of the local header */
    uint64_t data;    /* offset of the bytes as they are in the archive */
    uint64_t packed;  /* how many these are */
    uint64_t nbytes;  /* how many they are when inflated */
    uint32_t crc;     /* of the bytes when inflated */
    uint16_t flags;
    uint16_t method;
};

struct quant_zip {
    struct quant_zip_member *members; /* n of them, in the arena, by rising offset */
    size_t n;
    uint64_t directory; /* offset */
};

/*
 * Reads the framing of an archive and holds it against itself. Not one byte of the archive may be
 * outside of it: the members follow one another from byte 0 to the directory, and the directory and
 * the end records follow to the end of the file. Members are stored or deflated; what both headers
 * of a member say is the same. Not one member's bytes are read.
 *
 * source must be positional and of known size. Errors: QUANT_CORRUPT, QUANT_TRUNCATED,
 * QUANT_UNSUPPORTED (encrypted, in parts, another method), QUANT_IO, QUANT_NO_MEMORY.
 */
enum quant_status quant_zip_read(struct quant_source *source, struct quant_arena *arena,
                                 struct quant_zip *zip, struct quant_error *error);

/* "cannot read 'ARCHIVE': member 'NAME' ", followed by the text. */
enum quant_status quant_zip_member_error(const struct quant_source *source, const char *name,
                                         struct quant_error *error, enum quant_status status,
                                         const char *format, ...) QUANT_PRINTF(5, 6);

/* ---- Parts of it, for zip_read.c --------------------------------------------------------------
 */

/* What the end records say. */
struct quant_zip_end {
    uint64_t nmembers;
    uint64_t directory; /* offset */
    uint64_t nbytes;    /* of the directory */
};

enum quant_status quant_zip_read_end(struct quant_source *source, struct quant_zip_end *end,
                                     struct quant_error *error);

/* The numbers of a member that its extra fields may have instead of its header. A number is taken
 * from the zip64 field if it has all bits set here. */
struct quant_zip_sizes {
    uint64_t nbytes;
    uint64_t packed;
    uint64_t offset; /* not used for a local header */
    bool is_local;
    bool has_64;        /* set: there is a zip64 field, */
    uint64_t nbytes_64; /* and these are its first two numbers, if it has as many: else as above */
    uint64_t packed_64;
};

/* NULL, or what is wrong with the extra fields. name is what the header says. */
const char *quant_zip_read_extra(const unsigned char *extra, size_t nbytes, const char *name,
                                 struct quant_zip_sizes *sizes);

/* That the members, by rising offset, fill the archive up to the directory. */
enum quant_status quant_zip_check_places(struct quant_source *source, const struct quant_zip *zip,
                                         struct quant_error *error);

#endif
