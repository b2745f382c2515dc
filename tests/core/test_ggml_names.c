/* SPDX-License-Identifier: MIT */
/* Names of real models. */
#include "core/ggml_names.h"

#include "../support/unit.h"

static void test_names(void **state)
{
    (void)state;
    static const char *const quantized[] = {"token_embd.weight",          "output.weight",
                                            "blk.0.attn_q.weight",        "blk.11.ffn_down.weight",
                                            "blk.3.ffn_gate_exps.weight", "weight"};
    static const char *const kept[] = {
        "blk.0.attn_norm.weight",
        "output_norm.weight",
        "blk.0.attn_q.bias",
        "position_embd.weight",
        "token_types.weight",
        "blk.0.ffn_gate_inp.weight",
        "blk.0.ssm_conv1d.weight",
        "v.position_embd.weight",
        "v.patch_embd.weight",
        "blk.1.time_mix_w1.weight",
        "enc.blk.0.attn_rel_b.weight",
        "blk.0.weights",
        "eight",
        "",
    };
    for (size_t i = 0; i < LENGTH(quantized); i++)
        if (!quant_ggml_quantizes(quantized[i]))
            fail_msg("%s", quantized[i]);
    for (size_t i = 0; i < LENGTH(kept); i++)
        if (quant_ggml_quantizes(kept[i]))
            fail_msg("%s", kept[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
