/* SPDX-License-Identifier: MIT */
/* Lists the tensors of a .safetensors file, quantizes it, and prints a line for each tensor.
 *
 *     walk_checkpoint MODEL.safetensors OUTPUT.safetensors
 */
#include <quant/file.h>
#include <stdio.h>

/* Names are a stranger's text: only what is printable ASCII reaches the terminal. */
static void print_name(const char *name)
{
    for (; *name; name++)
        putchar(*name >= 0x20 && *name < 0x7f ? *name : '?');
}

static bool list(void *context, const struct quant_listed_tensor *tensor)
{
    size_t *n = context;
    ++*n;
    print_name(tensor->name);
    printf(": %s, %u dimensions, %llu bytes\n", tensor->type, tensor->ndim,
           (unsigned long long)tensor->nbytes);
    return true;
}

static bool report(void *context, const struct quant_tensor_result *tensor)
{
    (void)context;
    print_name(tensor->name);
    if (tensor->status != QUANT_OK)
        printf(": %s\n", quant_status_text(tensor->status));
    else if (tensor->is_copied)
        printf(": copied\n");
    else
        printf(": mse %.3g\n", tensor->found->report.mse);
    return true;
}

int main(int argc, char **argv)
{
    static struct quant_quantize_result result; /* 2 KiB */
    static const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    struct quant_error error;
    bool is_container = false;
    size_t n = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: walk_checkpoint MODEL.safetensors OUTPUT.safetensors\n");
        return 2;
    }
    const struct quant_quantize_job job = {
        .size = sizeof job,
        .input = {.path = argv[1]},
        .output = {.path = argv[2], .force = true},
        .spec = {.scheme = QUANT_ABSMAX, .dtype = QUANT_INT8},
        .granularity = {.has_axis = true, .axis = 0},
        .measure = true,
        .control = {.on_tensor = report},
    };
    enum quant_status status = quant_file_list(&job.input, &never, list, &n, &is_container, &error);
    if (status == QUANT_OK)
        status = quant_file_quantize(&job, &result, &error);
    if (status != QUANT_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%zu tensors, %zu copied\n", result.ntensors, result.ncopied);
    return 0;
}
