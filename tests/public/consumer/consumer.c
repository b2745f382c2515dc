/* SPDX-License-Identifier: MIT */
/* What another project does with the installed library. */
#include <quant/file.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const float x[] = {5.47F, 3.08F, -7.59F, 0.0F, -1.95F, -4.57F, 10.8F};
    const int8_t expected[] = {53, 20, -128, -23, -50, -86, 127};
    int8_t q[7];
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    struct quant_error error;
    const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT};

    quant_observe(&observed, x, 7);
    if (quant_choose(&spec, &observed, &choice, &error) != QUANT_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    quant_quantize(&choice.params, x, 7, q);
    /* One function of <quant/file.h>, so that the static library's own needs are linked too. */
    struct quant_quantize_job job = {
        .size = sizeof job, .input = {.path = "/nonexistent"}, .output = {.path = "-"}};
    struct quant_quantize_result result;
    if (quant_file_quantize(&job, &result, &error) == QUANT_OK)
        return 1;
    printf("quant %s, %s\n", quant_version(), error.text);
    return memcmp(q, expected, sizeof q) != 0;
}
