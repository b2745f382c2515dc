/* SPDX-License-Identifier: MIT */
/* Quantizes several files in one call, and prints a line for each.
 *
 *     quantize_files W.npy...
 */
#include <quant/file.h>
#include <stdio.h>
#include <stdlib.h>

static bool report(void *context, const struct quant_file_result *file)
{
    char **paths = context;
    if (file->status != QUANT_OK)
        printf("%s: %s\n", paths[file->file], file->error->text);
    else
        printf("%s: mse %.3g\n", paths[file->file], file->found->report.mse);
    return true;
}

static enum quant_status quantize(struct quant_file *files, size_t n, char **paths,
                                  struct quant_error *error)
{
    const struct quant_quantize_job job = {
        .size = sizeof job,
        .output = {.force = true},
        .spec = {.scheme = QUANT_ABSMAX, .dtype = QUANT_INT8},
        .measure = true,
        .control = {.on_file = report, .context = paths},
        .files = files,
        .nfiles = n,
    };
    return quant_file_quantize(&job, NULL, error);
}

int main(int argc, char **argv)
{
    const size_t n = (size_t)argc - 1;
    enum quant_status status = QUANT_NO_MEMORY;
    struct quant_error error;
    if (argc < 2) {
        fprintf(stderr, "usage: quantize_files W.npy...\n");
        return 2;
    }
    struct quant_file *files = calloc(n, sizeof *files);
    char **outputs = calloc(n, sizeof *outputs);
    bool has_names = files && outputs;
    for (size_t i = 0; has_names && i < n; i++) {
        outputs[i] = quant_file_output_name(argv[i + 1], "int8", NULL, NULL);
        files[i] = (struct quant_file){.path = argv[i + 1], .output = outputs[i]};
        has_names = outputs[i] != NULL;
    }
    if (has_names)
        status = quantize(files, n, argv + 1, &error);
    for (size_t i = 0; outputs && i < n; i++)
        free(outputs[i]);
    free(outputs);
    free(files);
    return status == QUANT_OK ? 0 : 1;
}
