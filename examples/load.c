/* SPDX-License-Identifier: MIT */
/* Loads a file that quant has quantized, and restores its first element.
 *
 *     load W.int8.npy
 */
#include <quant/file.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    struct quant_loaded loaded;
    struct quant_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: load W.int8.npy\n");
        return 2;
    }
    if (quant_file_load(argv[1], NULL, &never, &loaded, &error) != QUANT_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%llu elements of %s, %llu scales\n", (unsigned long long)loaded.nelems,
           quant_dtype_info(loaded.params.dtype)->name, (unsigned long long)loaded.grouping.count);
    if (loaded.nelems > 0) {
        const struct quant_group_params groups = {
            .scales = loaded.scales, .zero_points = loaded.zero_points, .biases = loaded.biases};
        float x[2]; /* of 4-bit types two are restored at once */
        const size_t n = loaded.nelems < 2 ? 1 : 2;
        if (loaded.grouping.axis < 0)
            quant_dequantize(&loaded.params, loaded.q, n, x);
        else
            quant_dequantize_groups(&loaded.params, &loaded.grouping, &groups, 0, loaded.q, n, x);
        printf("the first is restored as %.9g\n", (double)x[0]);
    }
    quant_loaded_release(&loaded);
    return 0;
}
