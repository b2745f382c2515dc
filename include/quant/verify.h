/* SPDX-License-Identifier: MIT */
/*
 * Verifying quantized files: whether a file is whole, agrees with its sidecar, and holds what
 * quantizing can have written. Nothing is written, and the elements are read once.
 *
 * As in <quant/file.h>, paths are byte strings as the system takes them, and all pointers in the
 * structures below are borrowed for the time of the call.
 */
#ifndef QUANT_VERIFY_H
#define QUANT_VERIFY_H

#include <quant/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What is found ----------------------------------------------------------------------------
 */

/* What is wrong with a file or a tensor. */
enum quant_fault_kind {
    QUANT_FAULT_FILE = 0, /* a file cannot be read, or there is no sidecar */
    QUANT_FAULT_SIDECAR,  /* the sidecar is not valid, or contradicts itself */
    QUANT_FAULT_DATA,     /* the data file has another size or header, or is not of its format */
    QUANT_FAULT_LAYOUT,   /* a tensor is missing or not expected, or has another type or shape */
    QUANT_FAULT_SCALES,   /* the scales or zero points of a tensor: size, checksum, or a value */
    QUANT_FAULT_CHECKSUM, /* the bytes are not those that were written */
    QUANT_FAULT_ELEMENT,  /* an integer is outside [qmin, qmax] */
    QUANT_FAULT_AGAINST,  /* the tensor is not what `against` makes of it */
    QUANT_FAULT_PADDING   /* the unused half of the last byte of 4-bit elements is not 0 */
};

/* The word for a kind: "checksum". NULL past the last. */
QUANT_API const char *quant_fault_kind_name(enum quant_fault_kind kind);

struct quant_fault {
    enum quant_fault_kind kind;
    struct quant_error error; /* a line that says what and where */
    bool has_element;
    uint64_t element; /* the first that is concerned, in file order */
    int ndim;         /* with has_element: of the shape */
    uint64_t index[QUANT_MAX_DIMS];
};

/* How a tensor is to what it was verified against. */
enum quant_likeness {
    QUANT_NOT_COMPARED = 0,
    QUANT_SAME_BYTES,   /* the same integers and scales; or those that the original gives */
    QUANT_SAME_VALUES,  /* other bytes, but the same floats after dequantizing */
    QUANT_OTHER_SCALES, /* each value can be of the same float, but scales follow another rule */
    QUANT_DIFFERENT     /* an element is not what the other file, or the original, makes of it */
};

/* The words for it: "same bytes". NULL past the last. */
QUANT_API const char *quant_likeness_name(enum quant_likeness likeness);

/* The most faults of one tensor, or of one file, that are reported. */
enum { QUANT_FAULTS_MOST = 8 };

/* A tensor, or a file, that has been checked: the member `verified` of struct quant_tensor_result
 * and struct quant_file_result. Its status is that of the first fault. A file of one tensor has the
 * faults of the tensor too; a container those that belong to no tensor. */
struct quant_verified {
    size_t ntensors; /* with a file, of a container: of its tensors, apart from scales; else 0 */
    size_t ncopied;  /* of these, the ones that are not quantized */
    size_t nfaulty;  /* of these, the ones with faults */
    enum quant_dtype dtype; /* of a quantized tensor, as far as it is known; else NONE */
    enum quant_scheme scheme;
    uint64_t nbytes;              /* of the tensor's elements, or of the data file */
    enum quant_likeness likeness; /* with against; of a tensor, or the file of one */
    const char *scales;           /* where its scales come from: the calibration method that gives
                                   * them from the original, "range" (the recorded one), "given",
                                   * "none", or "other". NULL: not looked into */
    double scale_difference;      /* the largest relative difference of two scales */
    size_t nfaults;               /* 0: nothing is wrong */
    const struct quant_fault *faults;
};

/* ---- The job ----------------------------------------------------------------------------------
 */

/* A file of the directory `against`, or a tensor of one, that is in none of the files of the job.
 */
struct quant_missing {
    const char *path;                /* of the file */
    const char *tensor;              /* NULL: the file as a whole, or several of its tensors */
    size_t n;                        /* how many tensors; 1 for a file */
    const struct quant_error *error; /* a line that says so */
};

/* Returns false to stop. */
typedef bool quant_missing_fn(void *context, const struct quant_missing *missing);

/* What a directory as `against` is taken for: bits of the member `against_ways`. */
enum quant_against_way {
    QUANT_AGAINST_RECURSIVE = 1, /* its directories are looked into */
    QUANT_AGAINST_WHOLE = 2      /* the files of the job are all that was made from it: what none of
                                  * them has is missing */
};

struct quant_verify_job {
    size_t size; /* sizeof(struct quant_verify_job) */
    struct quant_control control;
    const struct quant_file *files; /* nfiles of them, at least one. path: the quantized data, or
                                     * its sidecar: then the data is the file of the same name
                                     * without ".json", or else the one that the sidecar names; "-"
                                     * needs sidecar. sidecar NULL: path with ".json" added. Besides
                                     * these, reason is used */
    size_t nfiles;
    struct quant_input against; /* path NULL: none. What each file is compared with: the floats that
                                 * were quantized, or another quantization of them; its content
                                 * decides. A directory has such a file for each. format, dtype and
                                 * byte_order are of raw floats; shape and tensor are not used */
    struct quant_selection selection; /* other tensors of a container are not checked; a file of one
                                       * goes by its path. QUANT_INVALID for a file of which nothing
                                       * is selected */

    /* With a directory as against: */
    const char *const *against_names; /* nfiles: the path of each file from the directory on that
                                       * is like against. NULL, or a NULL in it: at the top */
    uint64_t against_ways;            /* of enum quant_against_way */
    quant_missing_fn *on_missing;     /* after the last file; NULL: none */
    void *missing_context;            /* passed to it; may be NULL */
};

/*
 * With `against`, each quantized tensor is also compared, element by element, with that of the same
 * name; a file of one tensor with the tensor of the other file.
 *
 * An original is quantized again with the recorded scales, and by the recorded method, argument and
 * range: the integers must be the same, and the scales those of the method or of the recorded
 * range. Another quantized file may have any types, schemes and groups: it has a sidecar, or it is
 * a container with NAME_scale beside NAME, as other programs write it, or a file of integers alone,
 * of which only these can be compared. QUANT_SAME_BYTES and QUANT_SAME_VALUES are fine, the others
 * are faults of the kind QUANT_FAULT_AGAINST.
 *
 * In a directory the file to compare with is, in the same place, the one of the same name; or the
 * one that the sidecar names as its source, by its last component; or the only one that has the
 * same name without extension and type ("w" for w.int8.npy). The file itself comes last. The
 * tensors of a container are looked up in all shards, if that place is a checkpoint: the index says
 * which shard has a tensor. Without an index it is the shard of the same name, or else the only one
 * that has the tensor. Tensors that are copied must be there too; their bytes are not compared. A
 * tensor that one side does not have is a fault of QUANT_FAULT_AGAINST, or is missing.
 *
 * Checks each file, and each of its tensors:
 *
 *   - the sidecar is valid, and the scale and zero point of a tensor with one scale are those of
 *     the range that it states;
 *   - the data has the size, header, types and shapes that the sidecar describes, and no tensor
 *     besides; each checksum is right: of the file, or of the header and each tensor;
 *   - scales are there, under their names, with their type and shape; each is finite and above 0;
 *     zero points are those of the scheme, unless they were given;
 *   - each integer is within [qmin, qmax], and the padding of 4-bit elements is 0.
 *
 * A fault ends only the checks that cannot be made after it, and neither a tensor nor a file keeps
 * the others from being checked. on_tensor is called for each tensor of a container, and on_file
 * for each file, in order; `verified` is NULL only if there was no memory, or the work was stopped.
 *
 * The status and the error are those of the first file that is not as it should be, else of what is
 * missing: QUANT_OK means that all are fine. QUANT_INVALID too for the job itself, and for a
 * directory as against without tensor files, but for a single file.
 *
 * Memory: a few megabytes and the headers; for containers about 200 bytes for each tensor, and with
 * a directory the names of its files and of the tensors of its checkpoints.
 */
QUANT_API enum quant_status quant_file_verify(const struct quant_verify_job *job,
                                              struct quant_error *error);

#ifdef __cplusplus
}
#endif

#endif
