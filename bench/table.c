/* SPDX-License-Identifier: MIT */
#include "contender.h"

static const struct bench_contender *const contenders[] = {
    &bench_observe,  &bench_quantize,  &bench_dequantize,        &bench_measure,
    &bench_json,     &bench_read_loop, &bench_read4_write1_loop,
#ifdef BENCH_XNNPACK
    &bench_xnnpack,
#endif
#ifdef BENCH_ONEDNN
    &bench_onednn,
#endif
#ifdef BENCH_SIMDJSON
    &bench_simdjson,
#endif
};

const struct bench_contender *bench_contender_at(size_t i)
{
    return i < sizeof contenders / sizeof contenders[0] ? contenders[i] : NULL;
}
