/* SPDX-License-Identifier: MIT */
/*
 * Quantization of tensor files: one call reads a file or a pipe, maps it, writes the integers and
 * the sidecar that holds their scale and zero point; another call reads those two and restores
 * float32, or measures what was lost.
 *
 * A tensor is never in memory whole, except by quant_file_load: a call takes a few megabytes,
 * whatever the size of the file, and for a container some 500 bytes for each of its tensors.
 * An output appears whole or not at all, under every failure: it is written to a file without a
 * name, or a temporary one beside its final place, which gets its name when all is well. The
 * sidecar gets its name last, so data beside which there is no sidecar is unfinished. An input is
 * never changed, and never replaced.
 *
 * Calls from several threads at once are fine as long as their outputs differ. Paths are byte
 * strings as the system takes them; "-" is a standard stream where said so. All pointers in the
 * structures below are borrowed for the time of the call.
 */
#ifndef QUANT_FILE_H
#define QUANT_FILE_H

#include <quant/groups.h>
#include <quant/quant.h>
#include <quant/select.h>
#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

enum quant_byte_order { QUANT_BYTE_ORDER_NONE = 0, QUANT_LITTLE, QUANT_BIG };

/* A file format. */
struct quant_format_info {
    const char *name;    /* "npy" */
    const char *summary; /* one line */
    bool is_container;   /* a file of it holds many named tensors */
};

/* The i-th format, NULL past the last. */
QUANT_API const struct quant_format_info *quant_format_at(size_t i);

/* A way to stop a call from outside, for signal handlers: set *flag and make wake_fd readable,
 * which wakes a call that waits for a pipe. The call then undoes what it began and returns
 * QUANT_CANCELLED. All zeros is the default: nothing stops the call. */
struct quant_cancel {
    const volatile sig_atomic_t *flag; /* NULL: never; wake_fd is then ignored */
    int wake_fd;                       /* 0 or -1: none, and a call that waits is not woken */
};

/*
 * Called now and then, from one thread at a time: done of total is the share of the work, over all
 * passes, that is done. As long as total is not known, as of a pipe, it is 0, and done counts
 * elements. From then on total stays the same and done never falls; it is total at the end of a
 * call that succeeds, unless there are no elements at all. The passes that a calibration method
 * will make are an estimate: with more than that, done moves slower, with fewer it moves faster.
 */
typedef void quant_progress_fn(void *context, uint64_t done, uint64_t total);

/* Where float elements come from. */
struct quant_input {
    const char *path;       /* "-": standard input */
    const char *format;     /* the name of a quant_format_at; NULL: by the content, then the name */
    enum quant_dtype dtype; /* of raw elements, and of bfloat16 and float8 in .npy, which does not
                             * state them: one that is_source; NONE: as the sidecar beside the file
                             * or the extension (f16, bf16, f64) says, else float32 */
    enum quant_byte_order byte_order; /* of raw elements; NONE: little */
    const struct quant_shape *shape;  /* of raw elements; NULL: one dimension */
    const char *tensor; /* of a container, to use this tensor alone as if it were a file of its own;
                         * NULL: the file as it is. Not used by quant_file_calibrate */
};

struct quant_output {
    const char *path;    /* "-": standard output; NULL: none */
    const char *format;  /* NULL: by the extension of path, then the input's format */
    const char *sidecar; /* NULL: path with ".json" added. Not used where floats are written */
    bool force;          /* replace what is there */
    bool text_only;      /* refuse a format that is not text: path leads to a terminal */
};

/* A file of a job that has several: what is different in each. */
struct quant_file {
    const char *path;                 /* the input; "-": standard input */
    const char *output;               /* as in quant_output.path */
    const char *sidecar;              /* as in quant_output, or as in quant_dequantize_job */
    const struct quant_error *reason; /* why this file cannot be worked on: it fails with this error
                                       * and is not touched, for example because of a clash that
                                       * quant_file_find_clashes found. NULL: none */
    bool text_only;                   /* as in quant_output */
    bool may_copy_all;                /* of a container: it is no error if no tensor of it is
                                       * quantized, because others are: a shard, for example */
};

/* ---- What all jobs have in common --------------------------------------------------------------
 */

/*
 * Each job begins with `size`, which the caller sets to sizeof of the structure, as it was when the
 * caller was compiled:
 *
 *     struct quant_quantize_job job = {.size = sizeof job, .input = {.path = "w.npy"}};
 *
 * Members that later versions add go at the end, and 0 is their default. A caller compiled with an
 * older header therefore gets what it got before. A structure larger than the library knows is
 * taken if all bytes beyond are 0, and is QUANT_INVALID if not: it asks for something that the
 * library cannot do. QUANT_INVALID too if size is 0, or anything smaller than itself.
 *
 * QUANT_INVALID are, in each job: a NULL job; a file, of the job or of its list, without a path; a
 * format that quant_format_at does not list; input.dtype or against.dtype that is not one with
 * is_source, and a byte_order outside of its enumeration; a shape that <quant/quant.h> says cannot
 * be; a spec with a value outside of an enumeration; patterns, rules, ties or paths that are NULL;
 * a rule without a pattern; bits in `ways` that mean nothing. Nothing has been written then. A
 * result may be NULL: it is not wanted. So may a cancel: nothing stops the call.
 *
 * This is true of jobs alone. The structures that are members of a job, struct quant_file and the
 * results have no size of their own. Until version 1.0 they may change, and the shared library then
 * gets another SONAME; from 1.0 on they stay as they are.
 */

struct quant_quantize_result;
struct quant_dequantize_result;
struct quant_compare_result;
struct quant_verified;
struct quant_tensor_preview;
struct quant_file_preview;
struct quant_inspected;      /* <quant/inspect.h> */
struct quant_inspect_result; /* the same */
struct quant_drift_layer;    /* <quant/drift.h> */

/* What a call did with one tensor. Nothing in it outlives the call of the function below. */
struct quant_tensor_result {
    size_t file;      /* index of the file in the job; 0 if it has one */
    size_t tensor;    /* index of the tensor in the file; 0 if it has one */
    size_t ntensors;  /* of a container: of its tensors, apart from scales; else 0 */
    const char *name; /* "" if the file has no names of tensors. Else UTF-8 from the file, which
                       * nobody has checked: mask control characters before a terminal sees it */
    enum quant_status status;        /* if not QUANT_OK, the file fails: at this tensor, except in
                                      * comparing and verifying, which go on with the next */
    const struct quant_error *error; /* NULL if status is QUANT_OK */
    bool is_copied;                  /* as it was: found and restored are NULL */
    uint64_t nbytes;                 /* of its elements in the file that was read */
    const struct quant_quantize_result *found;      /* when quantizing; NULL on failure */
    const struct quant_dequantize_result *restored; /* when dequantizing; NULL on failure */
    const struct quant_compare_result *compared;    /* when comparing; NULL on failure */
    const struct quant_verified *verified;          /* when verifying: <quant/verify.h> */
    const struct quant_inspected *inspected;        /* when inspecting */
    const struct quant_tensor_preview *preview;     /* in a dry run; NULL on failure */
    const struct quant_drift_layer *drifted; /* of a layer: <quant/drift.h>; NULL on failure */
};

/* Called by quant_file_quantize, quant_file_dequantize, quant_file_compare and quant_file_verify
 * once for each tensor, in the order of the file: after its elements have been read and written,
 * before the outputs get their names. One call at a time, but from any thread of the library's
 * call, not always the same. Returning false stops: nothing is left of the outputs, and the status
 * is QUANT_CANCELLED. For a tensor that failed what it returns makes no difference. In a list of
 * files it is called for the tensors of containers alone; a file of one tensor has its
 * quant_file_fn. */
typedef bool quant_tensor_fn(void *context, const struct quant_tensor_result *result);

/* What a call did with one file. Nothing in it outlives the call of the function below. */
struct quant_file_result {
    size_t file;                                    /* index in the job */
    enum quant_status status;                       /* of this file */
    const struct quant_error *error;                /* NULL if status is QUANT_OK */
    const struct quant_quantize_result *found;      /* when quantizing; NULL on failure */
    const struct quant_dequantize_result *restored; /* when dequantizing; NULL on failure */
    const struct quant_compare_result *compared;    /* when comparing; NULL on failure, unless some
                                                     * tensors of a container failed */
    const struct quant_verified *verified;          /* when verifying: <quant/verify.h> */
    const struct quant_inspect_result *inspected;   /* when inspecting; NULL on failure, unless some
                                                     * tensors of a container failed */
    const struct quant_file_preview *preview;       /* in a dry run; NULL on failure */
    bool is_complete; /* with QUANT_RESUME: it was, and was left alone; there is no result */
    bool is_unsized; /* the size of its output was not known before it was written, as of text or of
                      * what comes from a pipe: whether there is room was not checked */
    const char *old_copy; /* an old file that was replaced could not be removed, and is here; NULL:
                           * none */
};

/* Called once for each file, in the order of the list: after its tensors, when its outputs are
 * complete or it has failed. One call at a time, from any thread of the library's call. A file that
 * failed does not stop the others. Returning false does: no other file is begun, those at work are
 * undone, and the status is QUANT_CANCELLED. */
typedef bool quant_file_fn(void *context, const struct quant_file_result *result);

/* How a job runs, apart from what it does. All zeros is the default. */
struct quant_control {
    unsigned threads; /* to share the work; 0: one per processor; at most QUANT_MOST_THREADS are
                       * used. No byte of any result depends on it */
    struct quant_cancel cancel;
    quant_progress_fn *progress;                 /* NULL: none */
    quant_tensor_fn *on_tensor;                  /* NULL: none */
    void *context;                               /* passed to the functions; may be NULL */
    void (*begin_file)(void *context, size_t i); /* the work on the i-th file begins: one call at a
                                                  * time, before the file is opened; when
                                                  * calibrating, in each pass. NULL: none */
    quant_file_fn *on_file; /* NULL: none; not called when calibrating and merging */
};

/* Ways to do a job other than the plain one: bits of the member `ways`. */
enum quant_way {
    QUANT_FAIL_FAST = 1,  /* in a list of files: after the first that fails no other is begun. Those
                           * at work are finished, and on_file is called for what was begun alone */
    QUANT_REQUANTIZE = 2, /* when quantizing: a container may have tensors that are quantized
                           * already, integers and float8 with scales beside them. They are copied
                           * with their scales, and the other floats are quantized. Else such a
                           * container is QUANT_UNSUPPORTED */
    QUANT_DRY_RUN = 4,    /* write nothing, and say what would be written: <quant/dry_run.h> */

    /* Go on where an earlier run was stopped: an output that is complete is left as it is, any
     * other is made anew, and replaced if it is there. The outputs are then those of one run. Not
     * together with output.force.
     *
     * A quantized output is complete if the source is not newer than its sidecar, has the size that
     * it says, the sidecar is the one that this job would write, as far as it does not depend on
     * the elements, and the data has its checksums. What a sidecar of one tensor does not say is
     * whether nonfinite was QUANT_NONFINITE_SATURATE, and that auto chose the method: an output of
     * auto is made anew, and so are all outputs of a job with ties. A restored output is complete
     * if restoring it gives the same bytes. */
    QUANT_RESUME = 8,
    QUANT_RESUME_FAST = 16, /* the same, but checksums are taken for granted; a restored output is
                             * complete if it has its size and is not older than data and sidecar */

    QUANT_SYNC = 32 /* wait until the disk has each output, its bytes before its name and the data
                     * before its sidecar: a power cut then leaves the old files, the new ones, or
                     * data without a sidecar, and what the call has returned for stays. What
                     * QUANT_RESUME leaves alone is not synced again */
};

/* ---- Lists of files ----------------------------------------------------------------------------
 */

/*
 * A job with a list of files works on all of them in one call. Its threads are spread over them:
 * one thread works on a file of up to 8 MiB, of JSON, or on a pipe, and several such files are at
 * work side by side; all threads share the work on a larger file. The outputs are those of one call
 * for each file.
 *
 * The results go to on_file, in the order of the list. The result of the call itself is not used
 * and may be NULL. Its status and error are those of the first file in the list that failed, or
 * QUANT_CANCELLED if the work was stopped. The progress counts the bytes of all inputs divided by
 * four, the elements if they are float32.
 *
 * No output may be the input or an output of another file of the list; the caller checks that with
 * quant_file_find_clashes.
 */

/* ---- Containers ------------------------------------------------------------------------------ */

/* What the header of a container says of a tensor. Nothing in it outlives the call. */
struct quant_listed_tensor {
    const char *name;       /* a stranger's text, in UTF-8: mask it before it reaches a terminal */
    const char *type;       /* the container's word for the type of its elements: "BF16" */
    enum quant_dtype dtype; /* the same; NONE if quant has no such type */
    bool is_float;          /* quantizing maps it, if it has enough dimensions */
    unsigned ndim;
    const uint64_t *dims;
    uint64_t offset; /* of its first byte in the file; UINT64_MAX: it is compressed */
    uint64_t nbytes;
};

/* Returns false to stop. */
typedef bool quant_list_fn(void *context, const struct quant_listed_tensor *tensor);

/* Reads the header of a file and calls each for its tensors, in the order of the file. For a
 * file of one tensor *is_container is false and nothing is called. A stream is read to its end.
 * What is already quantized is listed like anything else. Errors: as for reading; QUANT_CANCELLED
 * if each returned false. */
QUANT_API enum quant_status quant_file_list(const struct quant_input *input,
                                            const struct quant_cancel *cancel, quant_list_fn *each,
                                            void *context, bool *is_container,
                                            struct quant_error *error);

/* ---- Quantizing ------------------------------------------------------------------------------ */

/* How the tensors are mapped whose names match the pattern, in place of the job's own spec,
 * granularity, min_dims, scale_from and range_from. */
struct quant_rule {
    const char *pattern; /* quant_name_matches */
    struct quant_spec spec;
    struct quant_granularity granularity;
    bool copies;       /* they are copied as they are; spec and granularity are not used */
    bool has_min_dims; /* as in the job */
    unsigned min_dims;
    const char *scale_from; /* as in the job */
    const char *range_from; /* as in the job */
};

/* The last of nrules rules that matches the name; NULL: none does. */
QUANT_API const struct quant_rule *quant_rule_find(const struct quant_rule *rules, size_t nrules,
                                                   const char *name);

struct quant_quantize_job {
    size_t size; /* sizeof(struct quant_quantize_job) */
    struct quant_input input;
    struct quant_output output; /* path is needed; with "-", sidecar too */
    struct quant_spec spec;
    struct quant_granularity granularity; /* with an axis or a block size, spec gives no scale and
                                           * no clip, and the type is not unscaled */
    bool has_min_dims; /* of a container: tensors of floats with fewer dimensions than min_dims are
                        */
    unsigned min_dims; /* copied as they are; else fewer than QUANT_CONTAINER_MIN_DIMS */
    bool measure;      /* fill in report, and worst */
    struct quant_control control;
    const struct quant_file *files;   /* nfiles of them, in place of input.path, output.path,
                                       * output.sidecar and output.text_only; input.tensor is NULL */
    size_t nfiles;                    /* 0: no list */
    struct quant_selection selection; /* of a container: other tensors are copied. A file of one
                                       * tensor that is not selected is QUANT_INVALID, and so is a
                                       * container of which nothing is left to quantize, unless it
                                       * is one of several files: then all of it is copied */
    uint64_t ways;                    /* of enum quant_way; 0: the plain one */
    const struct quant_rule *rules;   /* nrules of them: the last that matches a name decides */
    size_t nrules;
    const char *const *ties; /* nties patterns: the tensors that match one of them, in all files of
                              * the job, share the range that quant_file_calibrate finds for them in
                              * order. They are read once more for it. None of them may have groups,
                              * a given range, a rule of its own, or a second tie */
    size_t nties;

    /* A file of scales and zero points, which are used as they are: spec gives no scale, no clip
     * and no calibration. It is a container with the arrays NAME_scale and NAME_zero_point for a
     * tensor NAME, and scale and zero_point for a file of one tensor; or a sidecar: of a container,
     * for tensors of its names, or of one tensor. Scales are floats, zero points integers; without
     * zero points they are 0, or for unsigned types with absmax the middle of the target range.
     * There are as many as the granularity asks for, in the shape that the scales of an output
     * have, dimensions of 1 apart, or flat in the order of the groups. Zero points make the scheme
     * zero-point, with the target range of spec. QUANT_INVALID: a tensor has no such, they
     * are of another shape, a scale is not above 0 or not a number of the spec's scale_dtype. NULL:
     * none. */
    const char *scale_from;

    /* A complete calibration file that has a range for each channel or block, which the granularity
     * must ask for; spec gives no scale, no clip and no calibration. QUANT_INVALID: it has one
     * range (quant_file_range), a tensor has other groups, or what quant_file_range says of the
     * target. NULL: none. */
    const char *range_from;

    /* An ONNX model to write once all outputs are complete: it has an output for each tensor of
     * them, with the tensor's name, and points into the outputs, which must be in its directory or
     * below it. Its output of a quantized tensor is what quant_file_dequantize restores; one that
     * was copied is as it is, and left out if ONNX has no such type. The tensor of a file of one
     * is named after the input, after the directories between the model and the output. The model
     * is not written if a file fails. It is not one of the files that quant_file_find_clashes knows
     * of. See quant_onnx_check for what is refused. NULL: none. */
    const char *onnx;

    /* How .safetensors outputs hold what is quantized: a quant_layout_name_at, which is "plain" or
     * one of the engine that spec.like names. NULL: as that engine loads it, if it is known, else
     * plain. Other outputs are plain. In the layout of an engine only matrices are quantized, and
     * of these only weights that engines quantize, unless a rule or selection.include names them:
     * no embeddings, and no lm_head. QUANT_UNSUPPORTED: the engine could not load a tensor so. */
    const char *layout;
};

/* The layouts that a job can have, the i-th; NULL past the last. */
QUANT_API const char *quant_layout_name_at(size_t i);

enum { QUANT_CONTAINER_MIN_DIMS = 2 };

struct quant_quantize_result {
    size_t ntensors; /* of a container: of its tensors, apart from scales; else 0. What follows is
                      * then zeros, but for source_format: see on_tensor */
    size_t ncopied;  /* of these, the ones that were copied */
    struct quant_choice choice; /* with an axis or a block size: what all groups have in common, and
                                 * the notes of any; no range, scale 1 */
    struct quant_group_notes group_notes; /* the same notes, by the groups that have them */
    struct quant_grouping grouping;
    struct quant_observed observed;
    struct quant_shape shape;
    enum quant_order order;
    enum quant_dtype source_dtype;
    const char *source_format;       /* the name of a quant_format_at */
    struct quant_report report;      /* with measure */
    struct quant_worst_groups worst; /* the same, with an axis or a block size */
};

/*
 * Quantizes one file. Devices and FIFOs as the output are written to as they are, like standard
 * output, and need a sidecar path too. A regular file is read twice, for the range and for the
 * elements, and by most calibration methods several times in between; so is a pipe, through a spool
 * (memory, then an unlinked file in TMPDIR), unless quant_spec_needs_range says no and the output's
 * format does not begin with a shape that only the end of the input gives.
 *
 * With an axis or a block size elements are read by position: a file once, but for the ends of
 * chunks, where the elements of a group lie in a stretch of at most 131,072, and as above where
 * they do not; what has no positions (a pipe, JSON) is first copied to an unlinked file in TMPDIR.
 * More than 65,536 scales go to a third file beside the sidecar, which names it:
 * quant_file_scales_name. It is created and removed together with the other two. Memory then grows
 * with the scales alone, by 8 to 40 bytes each and 64 MiB at most for what workers have of their
 * own, and only where elements do not lie in such a stretch.
 *
 * The bytes of the outputs, as far as they are known before they are written, must fit the disk:
 * QUANT_IO before any of them exists. That is not checked on file systems that may compress, and
 * those of other machines.
 *
 * Errors: any of enum quant_status. Where the error came after the first byte went to a stream,
 * those bytes cannot be taken back; no sidecar is written then.
 */
QUANT_API enum quant_status quant_file_quantize(const struct quant_quantize_job *job,
                                                struct quant_quantize_result *result,
                                                struct quant_error *error);

/*
 * What quant_file_quantize checks of the job's model before any work, for callers that do something
 * else first. A job without a model passes. Errors: QUANT_INVALID if the model or an output is a
 * stream, an output is not in the model's directory or below it, a name is not UTF-8, or two
 * tensors have one name; QUANT_UNSUPPORTED for blocks of rows and columns, text, and a given zero
 * point outside the type; QUANT_EXISTS, QUANT_IO, QUANT_NO_MEMORY, QUANT_CANCELLED. A zero point
 * outside the type that only the elements give is an error once all outputs are complete: they
 * stay, and there is no model.
 */
QUANT_API enum quant_status quant_onnx_check(const struct quant_quantize_job *job,
                                             struct quant_error *error);

/* ---- Comparing ------------------------------------------------------------------------------- */

/* The most types in one call, and the rows that they can make: each type with every scheme, every
 * calibration method and a given range. */
enum { QUANT_COMPARE_TYPES = 8, QUANT_COMPARE_MOST = QUANT_COMPARE_TYPES * 2 * 17 };

struct quant_compare_job {
    size_t size; /* sizeof(struct quant_compare_job) */
    struct quant_input input;
    struct quant_spec spec; /* without a scale; its calibration is not used. With has_clip each
                             * scheme has one more row, which maps that range */
    bool has_scheme;        /* only the spec's scheme; else both */
    const enum quant_dtype *dtypes;       /* to compare, in this order; QUANT_DTYPE_NONE is int8 */
    size_t ndtypes;                       /* at most QUANT_COMPARE_TYPES; 0: the spec's dtype */
    struct quant_granularity granularity; /* of each row; with an axis or a block size no clip */
    struct quant_control control;
    const struct quant_file *files; /* nfiles of them, in place of input.path; only path and reason
                                     * are used; input.tensor is NULL */
    size_t nfiles;                  /* 0: no list */
    struct quant_selection selection; /* other tensors are not compared. QUANT_INVALID if nothing is
                                       * left of a file */
};

/* One scheme with one calibration method other than auto, by its own argument, or with the spec's
 * clip. */
struct quant_comparison {
    enum quant_scheme scheme;
    const char
        *calibration; /* the name of a quant_calibration_at; NULL: the range is the spec's clip */
    struct quant_choice choice; /* with an axis or a block size: as in quant_quantize_result */
    struct quant_report report;
};

/* Outliers are the finite elements x with |x| > a / 2, where a is the largest |x|: without them the
 * range would be at most half as wide on each side of 0. Few outliers set the range; of evenly
 * spread elements about half are outliers, and say nothing. */
struct quant_outliers {
    uint64_t count;
    float min; /* of the other finite elements; +Inf if there are no such */
    float max; /* -Inf if there are no such */
};

struct quant_compare_result {
    size_t ntensors; /* of a container: those that were compared, each of which has a result of its
                      * own: see on_tensor. What follows is then zeros, but for source_format; else
                      * 0 */
    size_t nfailed;  /* of these, the ones that failed */
    struct quant_observed observed;
    struct quant_outliers outliers;
    struct quant_shape shape;
    enum quant_order order;
    enum quant_dtype source_dtype;
    const char *source_format; /* the name of a quant_format_at */
    struct quant_grouping grouping;
    size_t n;
    struct quant_comparison rows[QUANT_COMPARE_MOST]; /* by type, as given; of a type smallest mse
                                                       * first; of equals, by scheme and method in
                                                       * the order of their lists */
};

/* Measures each type, scheme and method on one file, and writes nothing: the figures are those that
 * quant_file_quantize reports. Schemes and methods that the spec cannot be used with are left out:
 * a float type has no zero-point rows, a target without an integer above 0 no absmax ones. If a
 * type has no row at all, the error is that of its first scheme.
 *
 * In a container, each tensor of floats with QUANT_CONTAINER_MIN_DIMS or more dimensions is
 * compared. One that fails does not stop the others; the status is that of the first that failed.
 *
 * The file is read once for the range and outliers each, then for each type by most methods several
 * times, and once to measure all of them. With an axis or a block size each row reads it as often
 * as quantizing does, and takes as much memory; an input without positions is copied to an unlinked
 * file in TMPDIR first. */
QUANT_API enum quant_status quant_file_compare(const struct quant_compare_job *job,
                                               struct quant_compare_result *result,
                                               struct quant_error *error);

/* ---- Calibrating -----------------------------------------------------------------------------
 */

/*
 * One range for a set of files, as for the activations of a layer: they count as one sequence of
 * elements, in order. What is found is written as a small JSON file, the calibration file
 * (data/calibration.schema.json), which quant_file_range reads for quantizing. It depends on the
 * elements and the spec, and where a method adds numbers up on how they are spread over files, and
 * the order of these; not on threads, processor or place.
 *
 * The work can be spread over machines, in rounds: of the first round, each machine writes a
 * partial file for its share of the inputs, and quant_file_merge makes one file of all of them.
 * That one is complete, or it is what each machine resumes from for the next round. In the end it
 * has the very bytes that one call over all inputs would have written. Rounds are one for minmax
 * and for a moving average, else one more than the method has passes.
 */
struct quant_calibrate_job {
    size_t size;              /* sizeof(struct quant_calibrate_job) */
    const char *const *paths; /* at least one; "-": standard input */
    size_t npaths;
    struct quant_input input; /* what holds for all of them; path is not used */
    struct quant_spec spec;   /* no scale and clip; any calibration but auto */
    bool has_ema;      /* not the range of all elements, but the moving average of those of */
    double ema;        /* each file: lo += ema * (lo of the file - lo), hi the same, from the
                        * first file's own on, in double; above 0, at most 1. Files in which
                        * nothing is finite are passed over. Not with resume */
    bool partial;      /* one round only: the output is a part, for quant_file_merge */
    bool has_position; /* with partial, in the first round: this is part number `position` of all */
    uint64_t position; /* parts. Without it two parts must not have inputs with the same elements,
                        * because one of them is probably the other, repeated */
    const char *resume; /* with partial: the file that the round before came to, which has the
                         * scheme, dtype and calibration too; NULL: the first round */
    const char *output; /* "-": standard output; NULL: nothing is written */
    bool force;         /* replace what is there */
    struct quant_control control;         /* on_tensor is not called */
    struct quant_selection selection;     /* other tensors, and files of one tensor, are not read.
                                           * QUANT_INVALID if nothing is left */
    struct quant_granularity granularity; /* not all zeros: a range for each group, the one that
                                           * calibrating its elements alone would find. All inputs
                                           * must have the same groups: for an axis the same extent
                                           * of it, for blocks the same number along each dimension,
                                           * in the same order. Not with partial */
    uint64_t ways;                        /* 0, or QUANT_SYNC for the output */
};

struct quant_merge_job {
    size_t size;              /* sizeof(struct quant_merge_job) */
    const char *const *paths; /* partial files of one round, in the order of their inputs */
    size_t npaths;            /* at least one */
    const char *output;       /* as above */
    bool force;
    struct quant_control control; /* only cancel is used: merging is quick */
    uint64_t ways;                /* 0, or QUANT_SYNC for the output */
};

struct quant_calibrated_group {
    uint64_t group;
    double range[2];
};

/* What the file says. */
struct quant_calibrate_result {
    bool is_complete;
    uint64_t round; /* where it is not: that which was counted, or after merging, is to come */
    bool has_range; /* complete, without groups, and something finite was seen */
    double range[2];
    bool has_observed;
    double observed[2]; /* smallest and largest finite element */
    uint64_t count;     /* elements, finite or not */
    uint64_t nonfinite;
    uint64_t ninputs;
    uint64_t ngroups; /* 0: there is one range */
    uint64_t nempty;  /* of the groups: without a finite element */
    struct quant_calibrated_group
        narrowest;                        /* of the others: the smallest and the largest hi - lo, */
    struct quant_calibrated_group widest; /* of equals the first */
};

/* Each file is read once in each pass, and never in memory whole; a pipe is spooled. With groups,
 * a range takes 32 bytes for each, of each thread 8 more, and of methods other than minmax the
 * elements of some groups are in memory at a time, at most 8 Mi. */
QUANT_API enum quant_status quant_file_calibrate(const struct quant_calibrate_job *job,
                                                 struct quant_calibrate_result *result,
                                                 struct quant_error *error);

/* QUANT_INVALID where the files are not partial ones of one round of one calibration, or are not
 * those of all its inputs; QUANT_CORRUPT where what they counted cannot be. */
QUANT_API enum quant_status quant_file_merge(const struct quant_merge_job *job,
                                             struct quant_calibrate_result *result,
                                             struct quant_error *error);

/*
 * Reads a complete calibration file into the spec: clip, and the calibration that found it, for the
 * sidecar. The target is the spec's own: QUANT_INVALID where the range was made for another scheme
 * (a range of minmax can be used for any), or by mse, entropy or octav, which look at it, for
 * another dtype, qmin, qmax, include_zero or rounding. QUANT_INVALID too where the file has a range
 * for each group. A range of one number is extended to hold 0, as in quantizing.
 */
QUANT_API enum quant_status quant_file_range(const char *path, const struct quant_cancel *cancel,
                                             struct quant_spec *spec, struct quant_error *error);

/* Checks in the same way a file that has a range for each channel or block, for
 * quant_quantize_job.range_from. QUANT_INVALID too if it has one range. */
QUANT_API enum quant_status quant_file_check_ranges(const char *path,
                                                    const struct quant_cancel *cancel,
                                                    const struct quant_spec *spec,
                                                    struct quant_error *error);

/* ---- Dequantizing and measuring ---------------------------------------------------------------
 */

struct quant_dequantize_job {
    size_t size;                /* sizeof(struct quant_dequantize_job) */
    const char *path;           /* the integers; "-": standard input, which needs sidecar */
    const char *sidecar;        /* NULL: path with ".json" added, or if there is no such file and
                                 * another program has quantized the .safetensors file at path, none:
                                 * its tensors, or the config.json beside it, say how */
    struct quant_output output; /* path NULL: only check and measure */
    enum quant_dtype dtype;     /* of the restored floats: QUANT_FLOAT32, which QUANT_DTYPE_NONE
                                 * stands for, QUANT_FLOAT16 or QUANT_BFLOAT16: rounded to nearest,
                                 * ties to even. The report is of float32 in any case */
    bool measure;               /* fill in report, against: */
    struct quant_input against; /* path NULL: the source that the sidecar names; shape not used */
    struct quant_control control;
    const struct quant_file *files;   /* nfiles of them, in place of path, sidecar, output.path and
                                       * output.text_only */
    size_t nfiles;                    /* 0: no list */
    struct quant_selection selection; /* other tensors are neither restored nor copied.
                                       * QUANT_INVALID if nothing is left of a file */
    uint64_t ways;                    /* of enum quant_way; 0: the plain one */
};

/* No path that the system can open is longer, its end included. */
enum { QUANT_PATH_ROOM = 4096 };

struct quant_dequantize_result {
    size_t ntensors; /* of a container: as in quant_quantize_result, and what follows is zeros */
    size_t ncopied;
    struct quant_params params; /* with an axis or a block size: what all groups have in common;
                                 * scale 1 */
    struct quant_grouping grouping;
    struct quant_shape shape;
    enum quant_order order;
    /* With measure: */
    struct quant_report report;
    struct quant_worst_groups worst;   /* with an axis or a block size */
    enum quant_dtype source_dtype;     /* of the original */
    const char *source_format;         /* the name of a quant_format_at */
    char source_path[QUANT_PATH_ROOM]; /* as it was opened; "-": standard input */
};

/*
 * Restores one file, or measures it, or both. The data is held against its sidecar (size, shape,
 * checksum) on the way; where it differs nothing is left and the status is QUANT_CORRUPT.
 */
QUANT_API enum quant_status quant_file_dequantize(const struct quant_dequantize_job *job,
                                                  struct quant_dequantize_result *result,
                                                  struct quant_error *error);

/* ---- Loading into memory ----------------------------------------------------------------------
 */

/* A quantized tensor. All zeros: none. */
struct quant_loaded {
    void *q; /* owned: the integers, or patterns of floats, of params.dtype; 4-bit ones two to a
              * byte, the first in the lower half. NULL if only the sidecar was read */
    size_t nbytes; /* at q */
    uint64_t nelems;
    struct quant_params params; /* with an axis or a block size: what all groups have in common */
    struct quant_shape shape;
    enum quant_order order; /* of the elements at q */
    struct quant_grouping grouping;
    float *scales;                 /* owned: grouping.count of them, at least one */
    int32_t *zero_points;          /* owned: as many */
    float *biases;                 /* owned: as many; NULL: without biases */
    enum quant_dtype source_dtype; /* of the floats that were quantized */
};

/*
 * Reads the sidecar of a file of one tensor, and the file of scales if it names one: everything but
 * the elements. Errors: QUANT_CORRUPT for a text that is not a valid sidecar, QUANT_UNSUPPORTED for
 * the sidecar of a container, QUANT_IO, QUANT_NO_MEMORY, QUANT_CANCELLED. After an error *loaded is
 * zeroed; else the caller releases it.
 */
QUANT_API enum quant_status quant_sidecar_read(const char *path, const struct quant_cancel *cancel,
                                               struct quant_loaded *loaded,
                                               struct quant_error *error);

/*
 * Loads the tensor at path, whose sidecar is path with ".json" added if sidecar is NULL. Size,
 * shape and checksum are held against the sidecar: QUANT_CORRUPT if they differ. Memory: that of
 * the elements and of the scales. quant_dequantize, or quant_dequantize_groups with the
 * scales, zero_points and biases of *loaded, restores the floats.
 */
QUANT_API enum quant_status quant_file_load(const char *path, const char *sidecar,
                                            const struct quant_cancel *cancel,
                                            struct quant_loaded *loaded, struct quant_error *error);

/* Frees what *loaded owns and zeroes it. Fine on zeros. */
QUANT_API void quant_loaded_release(struct quant_loaded *loaded);

/* ---- Threads ------------------------------------------------------------------------------------
 */

/* No file is worked on by more threads than this, whatever a job asks for: the speed of memory is
 * the limit long before. Each thread has buffers of its own, at most 1.2 MiB, and another 1 MiB
 * while a range is calibrated. */
#define QUANT_MOST_THREADS 48

/* The processors that this process may use. */
QUANT_API unsigned quant_processors(void);

/* ---- Names ------------------------------------------------------------------------------------
 */

/*
 * The default name of an output: tag before the extension of path's last component ("w.npy", "int8"
 * give "w.int8.npy"), the extension exchanged for format's own unless it is one of format's already
 * (format may be NULL), or for ".bin" where it states a float type ("h.f16" gives "h.int8.bin"), in
 * directory, or beside path where directory is NULL. The caller frees it.
 * NULL: no memory, or no path or tag.
 */
QUANT_API char *quant_file_output_name(const char *path, const char *tag, const char *format,
                                       const char *directory);

/*
 * Checks the name of an output whose format is to follow from it (quant_output.format NULL):
 * without an extension, or with one of a known format, it passes. QUANT_INVALID for the extension
 * of another format, known or not ("w.npz", "w.v2"), and for one that states a float type other
 * than dtype, that of the output's elements ("w.f16" for int8), and without a path or a type.
 * Existing pipes and devices pass.
 */
QUANT_API enum quant_status quant_file_check_extension(const char *path, enum quant_dtype dtype,
                                                       struct quant_error *error);

/* The name of the file that more than 65,536 scales go to: the sidecar's, ".scales" in the place of
 * its ".json", or added. The caller frees it. NULL: no memory, or no
 * name. */
QUANT_API char *quant_file_scales_name(const char *sidecar);

/* A file that a job would write, though another job, or the same one, reads or writes it too. */
struct quant_clash {
    const char *path;  /* the job's name of it, as passed; NULL: no clash */
    const char *other; /* the other one's name of it, as passed; "-": a standard stream */
    size_t job;        /* the other one; it may be the job itself */
    bool is_input;     /* the other one reads it */
};

/*
 * Finds, before any work, which of n jobs must not run because they would destroy files of others.
 * A job clashes where an output of it is the input of any job, whether that one clashes or not, or
 * an output of an earlier job that does not clash: of two jobs with the same output the first may
 * run. Files are compared by device and inode, or by directory and name where they do not exist.
 *
 * All arrays hold n entries, or are NULL but for inputs and clashes, which is filled in. NULL
 * entries, pipes and devices are passed over; "-" is the file that a standard stream leads to, if
 * any. Errors: QUANT_NO_MEMORY; QUANT_INVALID without inputs or clashes.
 */
QUANT_API enum quant_status
quant_file_find_clashes(const char *const *inputs, const char *const *outputs,
                        const char *const *sidecars, const char *const *scales, size_t n,
                        struct quant_clash *clashes, struct quant_error *error);

#ifdef __cplusplus
}
#endif

#endif
