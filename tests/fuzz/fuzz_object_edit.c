/* SPDX-License-Identifier: MIT */
/* Adds a member to the object that the input is, and removes it again: a checkpoint's config. */
#include <stdlib.h>
#include <string.h>

#include "fuzz_record.h"
#include "records/object_edit.h"

static const char key[] = "quantization_config";

static const char *const others[] = {"architectures", "model_type", NULL};

static void read_again(const char *text, size_t nbytes, struct quant_object_text *object)
{
    struct fuzz_source memory;
    struct quant_error error;
    struct quant_source *source =
        fuzz_source_open(&memory, FUZZ_WHOLE, (const uint8_t *)text, nbytes, 0);
    *object = (struct quant_object_text){.text = NULL};
    FUZZ_CHECK(quant_object_read(source, key, others, object, &error) == QUANT_OK);
}

/* What was removed may be there once more. */
static void check_without(const struct quant_object_text *object)
{
    struct quant_object_text changed;
    char *text = NULL;
    size_t nbytes = 0;
    FUZZ_CHECK(quant_object_without(object, &text, &nbytes));
    FUZZ_CHECK(nbytes < object->nbytes);
    read_again(text, nbytes, &changed);
    FUZZ_CHECK(changed.has_any == object->has_any);
    quant_object_release(&changed);
    free(text);
}

static void check_with(const struct quant_object_text *object)
{
    struct quant_object_text changed;
    char *text = NULL;
    size_t nbytes = 0;
    FUZZ_CHECK(quant_object_with(object, key, "{\"a\": [1]}", &text, &nbytes));
    read_again(text, nbytes, &changed);
    FUZZ_CHECK(changed.has_key && changed.has_any == object->has_any);
    check_without(&changed);
    quant_object_release(&changed);
    free(text);
}

static enum quant_status go(struct quant_source *source, struct quant_sink *sink,
                            struct quant_error *error)
{
    struct quant_object_text object = {.text = NULL};
    enum quant_status status = quant_object_read(source, key, others, &object, error);
    if (status == QUANT_OK && object.has_key)
        check_without(&object);
    else if (status == QUANT_OK)
        check_with(&object);
    if (status == QUANT_OK)
        status = quant_sink_write(sink, object.text, object.nbytes, error);
    quant_object_release(&object);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_record(go, data, size);
    return 0;
}
