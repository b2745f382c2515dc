/* SPDX-License-Identifier: MIT */
/*
 * Directories of tensor files, and checkpoints: what is in them for a job of <quant/file.h>, and
 * what a checkpoint needs besides the outputs of its shards.
 *
 * A checkpoint is a directory with .safetensors files, its shards, and perhaps an index that says
 * which tensor is in which shard (*.safetensors.index.json), a config.json, and other files such as
 * a tokenizer's. Its output is a directory of the same form, with the same names:
 *
 *     quant_checkpoint_begin     checks the index and the config, copies the other files
 *     quant_file_quantize        its shards, each to the same name in the output directory
 *     quant_checkpoint_finish    writes the new index, last
 *
 * A checkpoint is complete once its index is there; without an index, once all shards are.
 *
 * Calls from several threads at once are fine as long as their outputs differ. Several processes
 * may each work on some shards of one checkpoint: each calls begin before its first shard and
 * finish after its last, and the one that finds all shards complete writes the index.
 */
#ifndef QUANT_DIRECTORY_H
#define QUANT_DIRECTORY_H

#include <quant/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What is in a directory ------------------------------------------------------------------ */

enum quant_directory_finds {
    QUANT_FINDS_FLOATS,    /* files to quantize: not what quant wrote */
    QUANT_FINDS_QUANTIZED, /* files with a sidecar */
    QUANT_FINDS_ALL,
    QUANT_FINDS_RESTORABLE /* files to restore: with a sidecar, GGUF of block types, and shards that
                            * another program has quantized, as their config.json or marks say */
};

struct quant_directory_job {
    size_t size;        /* sizeof(struct quant_directory_job) */
    const char *path;   /* a directory; links in it are followed */
    const char *output; /* a directory that is left out wherever it is found; NULL: none */
    bool is_recursive;  /* descend into directories; hidden ones are left out */
    enum quant_directory_finds finds;
    struct quant_cancel cancel;
};

struct quant_directory_file {
    const char *path;     /* to open it */
    const char *relative; /* the same from the directory of the job on */
    size_t checkpoint;    /* the index of the one it is a shard of; QUANT_NO_CHECKPOINT: none */
};

#define QUANT_NO_CHECKPOINT SIZE_MAX

struct quant_checkpoint {
    const char *path;          /* of its directory */
    const char *relative;      /* the same from the directory of the job on; "": that directory */
    const char *index;         /* name of the file in it; NULL: none */
    bool has_config;           /* there is a config.json */
    const char *const *shards; /* nshards names, rising */
    size_t nshards;
    const char *const *others; /* nothers names of files that are copied */
    size_t nothers;
    const char *const *left_out; /* nleft_out names of weights in other formats, which are not */
    size_t nleft_out;
};

/* All zeros: empty. Names and directories are sorted by their bytes. */
struct quant_directory {
    const struct quant_directory_file *files; /* nfiles of them */
    size_t nfiles;
    const struct quant_checkpoint *checkpoints; /* ncheckpoints of them */
    size_t ncheckpoints;
    const struct quant_error
        *errors; /* nerrors of them: of what cannot be read and is passed over */
    size_t nerrors;
    size_t nleft_out; /* tensor files that are not of the kind looked for */
    void *memory;     /* of all the above */
};

/*
 * Lists the tensor files of a directory: regular files with an extension that a format has, JSON
 * aside. In a checkpoint, which has a .safetensors file, these are its shards; a tensor file of
 * another format is one of left_out, and so is every index but the one with the shortest name.
 * Hidden files are left out; a directory that several links lead to is listed once. No file is
 * opened, but what may be a sidecar, and GGUF files for their headers. *directory is for the caller
 * to release; it is zeroed after an error. Errors: QUANT_CORRUPT with QUANT_FINDS_QUANTIZED or
 * QUANT_FINDS_RESTORABLE if some shards of a checkpoint have a sidecar and others do not; QUANT_IO,
 * QUANT_NO_MEMORY, QUANT_CANCELLED, QUANT_INVALID.
 */
QUANT_API enum quant_status quant_directory_list(const struct quant_directory_job *job,
                                                 struct quant_directory *directory,
                                                 struct quant_error *error);

/* Frees what *directory owns and zeroes it. Fine on zeros. */
QUANT_API void quant_directory_release(struct quant_directory *directory);

/* ---- Checkpoints ----------------------------------------------------------------------------- */

struct quant_checkpoint_job {
    size_t size; /* sizeof(struct quant_checkpoint_job) */
    const struct quant_checkpoint *checkpoint;
    const char *output; /* the directory of the outputs, which is there; not the checkpoint's own */
    bool restores;      /* the shards are dequantized; else they are quantized */
    bool checks_only;   /* in begin: write nothing; the output need not be there */
    bool requantizes;   /* take a checkpoint whose config says that it is quantized already */
    bool resumes;       /* what is there may be of an earlier run: replace it if it differs */
    bool force; /* replace what is there. With either of the two, the old index is removed first:
                 * until the new one is there, the output is not complete */
    struct quant_cancel cancel;
    const struct quant_quantize_job
        *quantize; /* what the shards are quantized by, as they will be; its files are not looked
                    * at. NULL: in no layout of an engine */
    uint64_t
        ways; /* 0, or QUANT_SYNC: the shards first, with QUANT_SYNC in their job, the index last */
};

/*
 * Before the first shard. Checks that the index names the shards, no path, and no shard that is not
 * there; that the config is a JSON object and, when quantizing, has no quantization_config, and
 * when restoring one of which quant knows how to restore it. Copies the other files, and writes the
 * config: quantizing adds a quantization_config, by which an engine loads the weights if they are
 * in its layout, and which else makes transformers refuse to load integers as weights; restoring
 * removes it again. A file of the output that has the same bytes already is left
 * alone.
 *
 * Errors: QUANT_EXISTS if another file is in the place of an output, or the index of the output is
 * there, without force; QUANT_CORRUPT for an index or a config that is not valid; QUANT_UNSUPPORTED
 * for a checkpoint that is quantized already, or a layout that cannot have one of its tensors;
 * QUANT_IO; QUANT_INVALID; QUANT_NO_MEMORY; QUANT_CANCELLED.
 */
QUANT_API enum quant_status quant_checkpoint_begin(const struct quant_checkpoint_job *job,
                                                   struct quant_error *error);

/*
 * After the last shard. If the checkpoint has an index and all of its shards are complete in the
 * output, writes the new index: each tensor of the old one, and its scales and zero points, and the
 * size of all tensors. *is_complete: all shards are there. A quantized shard is
 * complete if it has a sidecar, and all sidecars have the same plan. With force or resumes no shard
 * may be older than its source: it would be one of an earlier run.
 */
QUANT_API enum quant_status quant_checkpoint_finish(const struct quant_checkpoint_job *job,
                                                    bool *is_complete, struct quant_error *error);

#ifdef __cplusplus
}
#endif

#endif
