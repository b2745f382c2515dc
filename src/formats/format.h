/* SPDX-License-Identifier: MIT */
/*
 * The seam between bytes and tensors.
 *
 * To add a format: write one file here that ends in one `const struct quant_format`, declare it
 * below and give it a row in format_table.c. Recognition, --from, --to, help and tests iterate the
 * table.
 *
 * A reader delivers elements in file order as the type it was asked for; a writer takes them in the
 * same order. Neither holds a tensor in memory.
 */
#ifndef QUANT_FORMATS_FORMAT_H
#define QUANT_FORMATS_FORMAT_H

#include <quant/file.h>

#include "base/sink.h"
#include "base/source.h"

/* How much of a shape is known; in rising order, so that a writer's need can be compared. */
enum quant_shape_knowledge {
    QUANT_SHAPE_UNKNOWN, /* learned at the end of the data */
    QUANT_SHAPE_GROWING, /* a dimension is 0 until its first closing bracket has been read, and its
                          * final value from then on; the number of dimensions is known */
    QUANT_SHAPE_KNOWN
};

struct quant_reader;

enum { QUANT_ELEMENT_TEXT = 48 };

struct quant_reader_ops {
    /* Delivers up to capacity elements at elements; *count is 0 only at the end of the data, and
     * all that the format promises about the end has been checked by then. If elements are packed,
     * two to a byte, capacity is even, if they are in blocks, a multiple of a block; or all there
     * are. */
    enum quant_status (*read)(struct quant_reader *reader, void *elements, size_t capacity,
                              size_t *count, struct quant_error *error);
    /* Delivers nelems elements from the first-th on, which are there, by position: from several
     * threads at once, each with a stage of its own, QUANT_STAGE_BYTES long; of packed elements
     * first is even, of those in blocks a multiple of a block. NULL, or of no use
     * where quant_reader_is_positional says no: then elements come in order only. */
    enum quant_status (*read_at)(struct quant_reader *reader, uint64_t first, void *elements,
                                 size_t nelems, void *stage, struct quant_error *error);
    /* Whether the index-th element is finite in the file and beyond float32: then text gets it as
     * decimal digits. false also where that can no longer be seen. NULL: never. */
    bool (*is_beyond)(struct quant_reader *reader, uint64_t index, char text[QUANT_ELEMENT_TEXT]);
    /* Back to the first element. Needs a source that keeps what has passed. */
    enum quant_status (*rewind)(struct quant_reader *reader, struct quant_error *error);
    /* Frees the reader, not its source. */
    void (*close)(struct quant_reader *reader);
};

/* The head of every format's own reader. */
struct quant_reader {
    const struct quant_reader_ops *ops;
    const struct quant_format *format;
    struct quant_source *source;      /* borrowed */
    enum quant_dtype stored;          /* the type in the file; float32 for JSON */
    bool stored_as_asked;             /* the request said so, the file does not */
    enum quant_dtype delivered;       /* the type that read delivers, in the host's byte order */
    enum quant_byte_order byte_order; /* NONE if the format does not say it */
    enum quant_order order;
    enum quant_shape_knowledge knowledge;
    struct quant_shape shape; /* as far as known */
    uint64_t nelems;          /* with QUANT_SHAPE_KNOWN */
};

enum { QUANT_STAGE_BYTES = 64 << 10 };

/* Whether read_at may be called. */
static inline bool quant_reader_is_positional(const struct quant_reader *reader)
{
    return reader->ops->read_at && reader->knowledge == QUANT_SHAPE_KNOWN &&
           reader->source->positional;
}

/* What a reader is asked for. */
struct quant_read_request {
    enum quant_dtype deliver;         /* FLOAT32, or a type to quantize to, whose values must fit */
    enum quant_dtype raw_dtype;       /* the stored type where the file does not state it: of raw
                                       * elements (NONE: float32 or deliver) and of bytes without
                                       * a meaning in .npy (NONE: an error) */
    enum quant_byte_order byte_order; /* for raw: NONE for little */
    const struct quant_shape *shape;  /* for raw: NULL for one dimension of all there is; for
                                       * packed elements in .npy, whose header does not say it */
    enum quant_order order;           /* and their order */
};

struct quant_writer;

struct quant_writer_ops {
    enum quant_status (*write)(struct quant_writer *writer, const void *elements, size_t nelems,
                               struct quant_error *error);
    /* The last bytes. shape is final by now. */
    enum quant_status (*finish)(struct quant_writer *writer, struct quant_error *error);
    void (*close)(struct quant_writer *writer);
};

/* The head of every format's own writer. */
struct quant_writer {
    const struct quant_writer_ops *ops;
    struct quant_sink *sink;         /* borrowed */
    enum quant_dtype dtype;          /* of the elements it takes: float32, or one to quantize to */
    const struct quant_shape *shape; /* borrowed, and watched while it grows */
    enum quant_order order;
    bool is_flat;         /* write passes elements to the sink as they are, */
    uint64_t data_offset; /* the first to this offset: so one can do without it */
};

enum quant_match {
    QUANT_MATCH_NONE,
    QUANT_MATCH_WEAK, /* unless the name, or options for raw files, say otherwise */
    QUANT_MATCH_SURE
};

struct quant_container;

/* What the header of a file of one tensor says, whatever its type. */
enum { QUANT_DESCRIBED_TYPE = 32 };
struct quant_described {
    char type[QUANT_DESCRIBED_TYPE]; /* as the file has it: "<f4"; a stranger's text */
    enum quant_dtype dtype;          /* NONE: none of those of quant, or bytes without a meaning */
    bool is_opaque;                  /* bytes that the caller may say the type of */
    struct quant_shape shape;
    enum quant_order order;
    uint64_t offset; /* of the elements */
};

struct quant_format {
    union { /* the same three members */
        struct {
            const char *name;
            const char *summary;
            bool is_container; /* with container */
        };
        struct quant_format_info info;
    };
    const char *const *extensions; /* without the dot, NULL-terminated, the format's own first */
    enum quant_shape_knowledge writer_needs;
    bool takes_raw_options; /* needs type, byte order and shape from the caller */
    bool is_text;           /* may be shown on a terminal */

    /* A file holds many named tensors: container.h. open_reader and open_writer are then NULL.
     * NULL: a file is one tensor. */
    const struct quant_container *container;

    /* Whether a file that begins with these bytes (all of it where nbytes < QUANT_FORMAT_HEAD) is
     * of this format. NULL: cannot be recognized by content. */
    enum quant_match (*recognize)(const unsigned char *head, size_t nbytes);

    /* Reads the header alone, for listings. NULL: a file has no header. */
    enum quant_status (*describe)(struct quant_source *source, struct quant_described *described,
                                  struct quant_error *error);

    enum quant_status (*open_reader)(struct quant_source *source,
                                     const struct quant_read_request *request,
                                     struct quant_reader **reader, struct quant_error *error);
    enum quant_status (*open_writer)(struct quant_sink *sink, enum quant_dtype dtype,
                                     const struct quant_shape *shape, enum quant_order order,
                                     struct quant_writer **writer, struct quant_error *error);
};

enum { QUANT_FORMAT_HEAD = 4096 };

extern const struct quant_format quant_format_raw;
extern const struct quant_format quant_format_npy;
extern const struct quant_format quant_format_json;
extern const struct quant_format quant_format_npz;
extern const struct quant_format quant_format_safetensors;
extern const struct quant_format quant_format_gguf;

/* The i-th row, NULL past the last. */
const struct quant_format *quant_format_row(size_t i);

/* The format of that name, or with that file extension (after the last dot of path's last
 * component, case aside); NULL if there is not one. */
const struct quant_format *quant_format_from_name(const char *name);
const struct quant_format *quant_format_from_path(const char *path);

/* The float type that path's extension states (f16, bf16, f32, f64); NONE where it states none. */
enum quant_dtype quant_format_path_dtype(const char *path);

/* Recognizes by content, then by the source's name; has_raw_options says that options for raw files
 * were given. No extension, or such options, means raw. QUANT_UNRECOGNIZED says what the file is
 * where that is known (signatures.h), even if its name or the options mean raw, or that its
 * extension is unknown. */
enum quant_status quant_format_recognize(struct quant_source *source, bool has_raw_options,
                                         const struct quant_format **format,
                                         struct quant_error *error);

/* ---- What flat formats share: elements of one size, one after the other, from an offset on. ----
 */

/* Makes a reader of the elements at offset. From head come format, stored, delivered, byte_order
 * and order, and with QUANT_SHAPE_KNOWN the shape: then more or fewer bytes than it takes are an
 * error. Without it there is one dimension, of all there is. */
enum quant_status quant_flat_open_reader(struct quant_source *source,
                                         const struct quant_reader *head, uint64_t offset,
                                         struct quant_reader **reader, struct quant_error *error);

/* Makes a writer that writes elements little-endian, one after the other, from data_offset on. */
enum quant_status quant_flat_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         uint64_t data_offset, struct quant_writer **writer,
                                         struct quant_error *error);

#endif
