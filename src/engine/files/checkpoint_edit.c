/* SPDX-License-Identifier: MIT */
#include "engine/files/checkpoint_edit.h"

#include <stdlib.h>

#include "base/error.h"
#include "engine/files/checkpoint_config.h"
#include "engine/files/checkpoint_file.h"
#include "engine/files/layout_file.h"
#include "records/object_edit.h"

const char quant_config_name[] = "config.json";
static const char config_key[] = "quantization_config";

/* The configs of transformers and diffusers, which both look for a quantization_config. */
static const char *const known_keys[] = {"model_type",           "architectures",
                                         "transformers_version", "_class_name",
                                         "_diffusers_version",   NULL};

/* ---- One member ---- */

/* Reads the text as it is by now; config is the source of the original. */
static enum quant_status read_text(const struct quant_config_text *edited,
                                   struct quant_source *config, const char *key,
                                   struct quant_object_text *object, struct quant_error *error)
{
    if (!edited->text)
        return quant_object_read(config, key, known_keys, object, error);
    struct quant_source *source =
        quant_source_from_memory(edited->text, edited->nbytes, quant_config_name);
    const enum quant_status status = source
                                         ? quant_object_read(source, key, known_keys, object, error)
                                         : quant_error_no_memory(error, edited->nbytes, "text");
    quant_source_close(source);
    return status;
}

/* Takes the member out, if it is there; value NULL: that is all, else it is added with this value.
 */
static enum quant_status set_member(struct quant_config_text *edited, struct quant_source *config,
                                    const char *key, const char *value, struct quant_error *error)
{
    struct quant_object_text object = {.text = NULL};
    struct quant_config_text made = {.text = NULL};
    enum quant_status status = read_text(edited, config, key, &object, error);
    const bool is_there = object.has_key;
    if (status == QUANT_OK && (is_there || value)) {
        const bool has_memory =
            is_there ? quant_object_without(&object, &made.text, &made.nbytes)
                     : quant_object_with(&object, key, value, &made.text, &made.nbytes);
        if (!has_memory)
            status = quant_error_no_memory(error, object.nbytes, "text");
    }
    quant_object_release(&object);
    if (made.text) {
        free(edited->text);
        *edited = made;
    }
    return status == QUANT_OK && is_there && value ? set_member(edited, config, key, value, error)
                                                   : status;
}

/* ---- All of it ---- */

static enum quant_status refuse(const struct quant_source *config, const char *what,
                                struct quant_error *error)
{
    return quant_source_error(config, error, QUANT_UNSUPPORTED,
                              "it has a %s: the checkpoint is quantized already; --requantize "
                              "takes it",
                              what);
}

static enum quant_status edit(const struct quant_checkpoint_job *job,
                              const struct quant_config_entry *entry, struct quant_source *config,
                              struct quant_config_text *edited, struct quant_error *error)
{
    const bool takes_quantized = job->restores || job->requantizes;
    struct quant_object_text object = {.text = NULL};
    bool had_other = false;
    enum quant_status status = quant_object_read(config, config_key, known_keys, &object, error);
    const bool had_entry = object.has_key;
    const bool adds = object.has_any && !job->restores;
    quant_object_release(&object);
    if (status == QUANT_OK && had_entry && !takes_quantized)
        return refuse(config, config_key, error);
    if (status == QUANT_OK)
        status = quant_layout_config_has_other(config, &had_other, error);
    if (status == QUANT_OK && had_other && !takes_quantized)
        return refuse(config, quant_layout_other_key, error);
    if (status == QUANT_OK && had_other)
        status = set_member(edited, config, quant_layout_other_key, NULL, error);
    if (status == QUANT_OK)
        status = set_member(edited, config, config_key, adds ? entry->text : NULL, error);
    if (status == QUANT_OK && adds && entry->has_other)
        status = set_member(edited, config, quant_layout_other_key, entry->text, error);
    if (status == QUANT_OK && job->restores && (had_entry || had_other))
        status = quant_layout_check_config(config, error);
    return status;
}

enum quant_status quant_checkpoint_edit_config(const struct quant_checkpoint_job *job,
                                               struct quant_config_text *edited,
                                               struct quant_error *error)
{
    struct quant_config_entry entry = {.text = NULL};
    struct quant_source *source = NULL;
    char *path = NULL;
    *edited = (struct quant_config_text){.text = NULL};
    enum quant_status status = quant_checkpoint_config(job, &entry, error);
    if (status == QUANT_OK && job->checkpoint->has_config) {
        status = quant_checkpoint_open(job->checkpoint->path, quant_config_name, &job->cancel,
                                       &path, &source, error);
        if (status == QUANT_OK)
            status = edit(job, &entry, source, edited, error);
    }
    quant_source_close(source);
    free(path);
    free(entry.text);
    return status;
}
