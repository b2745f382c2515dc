/* SPDX-License-Identifier: MIT */
/*
 * The engines that can be followed, a row each. To add one: a row here, with a list of its types;
 * its name in data/sidecar.schema.json; a line in docs/engines.md. If it rounds in a way of its
 * own, add a value of enum quant_mapping_kind, its definition in kernels/scalar_mapped.c, and a
 * case in core/profile_params.c.
 */
#include <quant/profiles.h>

#include <float.h>
#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof *(list))
#define TYPES(list) .types = (list), .ntypes = LENGTH(list)

/* ---- Types ---- */

#define FULL_INT8 QUANT_INT8, -128, 127
#define FULL_UINT8 QUANT_UINT8, 0, 255
#define FULL_INT4 QUANT_INT4, -8, 7
#define FULL_UINT4 QUANT_UINT4, 0, 15
#define FULL_INT16 QUANT_INT16, -32768, 32767
#define FULL_UINT16 QUANT_UINT16, 0, 65535

static const struct quant_profile_type onnx_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 127, 0},        {QUANT_ABSMAX, FULL_UINT8, 127, 128},
    {QUANT_ABSMAX, FULL_INT16, 32767, 0},     {QUANT_ABSMAX, FULL_UINT16, 32767, 32768},
    {QUANT_ABSMAX, FULL_INT4, 7, 0},          {QUANT_ABSMAX, FULL_UINT4, 7, 8},
    {QUANT_ZERO_POINT, FULL_INT8, 255, 0},    {QUANT_ZERO_POINT, FULL_UINT8, 255, 0},
    {QUANT_ZERO_POINT, FULL_INT16, 65535, 0}, {QUANT_ZERO_POINT, FULL_UINT16, 65535, 0},
    {QUANT_ZERO_POINT, FULL_INT4, 15, 0},     {QUANT_ZERO_POINT, FULL_UINT4, 15, 0},
};

static const struct quant_profile_type onnx_tools_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 127, 0},        {QUANT_ABSMAX, FULL_UINT8, 127.5, 128},
    {QUANT_ABSMAX, FULL_INT16, 32767, 0},     {QUANT_ABSMAX, FULL_UINT16, 32767.5, 32768},
    {QUANT_ABSMAX, FULL_INT4, 7.5, 0},        {QUANT_ABSMAX, FULL_UINT4, 7.5, 8},
    {QUANT_ZERO_POINT, FULL_INT8, 255, 0},    {QUANT_ZERO_POINT, FULL_UINT8, 255, 0},
    {QUANT_ZERO_POINT, FULL_INT16, 65535, 0}, {QUANT_ZERO_POINT, FULL_UINT16, 65535, 0},
    {QUANT_ZERO_POINT, FULL_INT4, 15, 0},     {QUANT_ZERO_POINT, FULL_UINT4, 15, 0},
};

static const struct quant_profile_type pytorch_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 127.5, 0},
    {QUANT_ABSMAX, FULL_UINT8, 127.5, 128},
    {QUANT_ZERO_POINT, FULL_INT8, 255, 0},
    {QUANT_ZERO_POINT, FULL_UINT8, 255, 0},
};

static const struct quant_profile_type torchao_types[] = {{QUANT_ABSMAX, FULL_INT8, 127.5, 0}};

static const struct quant_profile_type compressed_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 127.5, 0},
    {QUANT_ABSMAX, FULL_INT4, 7.5, 0},
    {QUANT_ZERO_POINT, FULL_INT8, 255, 0},
    {QUANT_ZERO_POINT, FULL_INT4, 15, 0},
};

/* int8, -128..127, by 127 */
static const struct quant_profile_type full_int8_types[] = {{QUANT_ABSMAX, FULL_INT8, 127, 0}};

/* float8 is followed in its type and scale alone: the engine's rounding of it is its own. */
static const struct quant_profile_type comfyui_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 127, 0}, {QUANT_ABSMAX, QUANT_FLOAT8_E4M3FN, 0, 0, 0, 0}};

/* int8, -127..127, by 127 */
static const struct quant_profile_type narrow_int8_types[] = {
    {QUANT_ABSMAX, QUANT_INT8, -127, 127, 127, 0}};

static const struct quant_profile_type tflite_types[] = {
    {QUANT_ABSMAX, QUANT_INT8, -127, 127, 127, 0}, {QUANT_ABSMAX, FULL_INT4, 7, 0},
    {QUANT_ZERO_POINT, FULL_INT8, 255, 0},         {QUANT_ZERO_POINT, FULL_UINT8, 0, 0},
    {QUANT_ZERO_POINT, FULL_INT16, 0, 0},
};

static const struct quant_profile_type tflite_reference_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 127, 0},    {QUANT_ABSMAX, FULL_UINT8, 0, 128},
    {QUANT_ABSMAX, FULL_INT16, 0, 0},     {QUANT_ZERO_POINT, FULL_INT8, 0, 0},
    {QUANT_ZERO_POINT, FULL_UINT8, 0, 0}, {QUANT_ZERO_POINT, FULL_INT16, 0, 0},
};

static const struct quant_profile_type nncf_types[] = {
    {QUANT_ABSMAX, FULL_INT8, 128, 0},
    {QUANT_ABSMAX, FULL_INT4, 8, 0},
    {QUANT_ZERO_POINT, FULL_UINT8, 255, 0},
    {QUANT_ZERO_POINT, FULL_UINT4, 15, 0},
};

/* Blocks have no target range; the divisors are of magnitudes, or of the range of a block. */
static const struct quant_profile_type ggml_types[] = {
    {QUANT_ABSMAX, QUANT_Q8_0, 0, 0, 127, 0}, {QUANT_ABSMAX, QUANT_Q4_0, 0, 0, 8, 0},
    {QUANT_ABSMAX, QUANT_Q4_1, 0, 0, 15, 0},  {QUANT_ABSMAX, QUANT_Q5_0, 0, 0, 16, 0},
    {QUANT_ABSMAX, QUANT_Q5_1, 0, 0, 31, 0},
};

/* Integers count from one end of the range, which the bias is. */
static const struct quant_profile_type mlx_types[] = {
    {QUANT_ZERO_POINT, FULL_UINT4, 15, 0},
    {QUANT_ZERO_POINT, FULL_UINT8, 255, 0},
};

static const uint64_t mlx_blocks[] = {32, 64, 128, 0};

/* ---- Rows ---- */

static const struct quant_profile profiles[] = {
    {
        .name = "onnx",
        .engine = "ONNX Runtime 1.32",
        .summary = "QuantizeLinear, whose scale may be any: by the rules of quant, with zero "
                   "points that the type holds",
        TYPES(onnx_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK,
        .scale_rule = "m / qmax; zero-point: (hi - lo) / (qmax - qmin)",
        .zero_point_rule = "qmin - rne(lo / s)",
        .element_rule = "clip(rne(x / s) + z)",
    },
    {
        .name = "onnx-tools",
        .engine = "ONNX Runtime 1.32",
        .summary = "onnxruntime.quantization, quantize_data",
        TYPES(onnx_tools_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK,
        .steps = QUANT_STEPS_DOUBLE,
        .floor = QUANT_FLOOR_ONE,
        .least = (double)FLT_MIN,
        .blocks_by_stored = true,
        .rounds_sum = true,
        .scale_rule = "m / D in float64, then float32; zero-point: (hi - lo) / D",
        .zero_point_rule = "rne(qmin - lo / s) by the float64 s; of blocks by the float32 s",
        .element_rule = "clip(rne(x / s) + z)",
        .floor_rule = "s below 1.17549435e-38: s = 1, z = 0",
    },
    {
        .name = "pytorch",
        .engine = "PyTorch 2.15",
        .summary = "observers, quantize_per_tensor and quantize_per_channel",
        TYPES(pytorch_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL,
        .steps = QUANT_STEPS_FLOAT32,
        .floor = QUANT_FLOOR_SCALE,
        .least = 0x1p-23,
        .mapping = QUANT_MAP_RECIPROCAL,
        .given_mapping = QUANT_MAP_RECIPROCAL,
        .scale_rule = "m / D in float32; zero-point: (hi - lo) / D",
        .zero_point_rule = "clip(qmin - rne(lo / s))",
        .element_rule = "clip(rne(x * (1 / s)) + z)",
        .floor_rule = "s is at least 2^-23",
    },
    {
        .name = "torchao",
        .engine = "torchao 0.18",
        .summary = "int8 weight-only",
        TYPES(torchao_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK,
        .steps = QUANT_STEPS_INPUT,
        .floor = QUANT_FLOOR_SCALE,
        .least = 0x1p-23,
        .mapping = QUANT_MAP_RECIPROCAL,
        .given_mapping = QUANT_MAP_RECIPROCAL,
        .scale_rule = "m / D in the input's type, stored as float32",
        .element_rule = "clip(rne(x * (1 / s))) in float32",
        .floor_rule = "s is at least 2^-23",
    },
    {
        .name = "compressed-tensors",
        .engine = "compressed-tensors 0.20",
        .summary = "weights of transformers models, as on the CPU",
        TYPES(compressed_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK | QUANT_PER_TILE,
        .steps = QUANT_STEPS_INPUT,
        .floor = QUANT_FLOOR_EPSILON,
        .rounds_sum = true,
        .zero_point_first = true,
        .mapping = QUANT_MAP_SUM,
        .given_mapping = QUANT_MAP_SUM,
        .input_scale = true,
        .scale_rule = "m / D, zero-point: (hi - lo) / D, each step in the input's type",
        .zero_point_rule = "rne(clip(qmin - lo / s)), each step in the input's type; of zeros 0",
        .element_rule = "rne(clip(x / s + z)), each step in the input's type",
        .floor_rule = "s = 0: the type's epsilon (bfloat16 2^-7)",
    },
    {
        .name = "comfyui",
        .engine = "comfy-kitchen 0.2.40",
        .summary = "int8_tensorwise of ComfyUI",
        TYPES(comfyui_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL,
        .steps = QUANT_STEPS_FLOAT32,
        .floor = QUANT_FLOOR_SCALE,
        .least = (double)1e-30F,
        .mapping = QUANT_MAP_SCALE_TOO,
        .given_mapping = QUANT_MAP_SCALE_TOO,
        .scale_rule = "m / D in float32",
        .element_rule = "clip(rne(x / s)); of 16-bit input s and x / s are rounded to its type",
        .floor_rule = "s is at least 1e-30",
    },
    {
        .name = "tflite",
        .engine = "ai-edge-quantizer 0.10",
        .summary = "weights by ai-edge-quantizer; with a given scale, the QUANTIZE of TFLite",
        TYPES(tflite_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK,
        .steps = QUANT_STEPS_FLOAT32,
        .floor = QUANT_FLOOR_MAGNITUDE,
        .least = (double)1e-9F,
        .blocks_float16 = true,
        .rounds_sum = true,
        .mapping = QUANT_MAP_DIVIDE,
        .given_mapping = QUANT_MAP_RECIPROCAL,
        .scale_rule = "m / D in float32, zero-point: (hi - lo) / D; of blocks rounded to bfloat16, "
                      "then to float16",
        .zero_point_rule = "rne(qmin - lo / s)",
        .element_rule = "rne(clip(x / s + z)); by a given scale clip(rne(x * (1 / s)) + z)",
        .floor_rule = "m, or hi - lo, is at least 1e-9",
    },
    {
        .name = "tflite-reference",
        .engine = "TFLite, ai-edge-litert",
        .summary = "the QUANTIZE of TFLite's reference kernels",
        TYPES(tflite_reference_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL,
        .steps = QUANT_STEPS_FLOAT32,
        .floor = QUANT_FLOOR_MAGNITUDE,
        .least = (double)1e-9F,
        .rounding = QUANT_HALF_AWAY,
        .scale_rule = "given; else m / D in float32",
        .zero_point_rule = "given, as the scale",
        .element_rule = "clip(away(x / s) + z)",
        .floor_rule = "m is at least 1e-9",
    },
    {
        .name = "tensorrt",
        .engine = "TensorRT",
        .summary = "weights in int8",
        TYPES(narrow_int8_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL,
        .steps = QUANT_STEPS_FLOAT32,
        .mapping = QUANT_MAP_DIVIDE,
        .scale_rule = "m / D in float32",
        .element_rule = "clip(rne(x / s))",
        .floor_rule = "m = 0: s = 0, q = 0",
    },
    {
        .name = "ncnn",
        .engine = "ncnn",
        .summary = "weights in int8; the engine stores 1 / s",
        TYPES(narrow_int8_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL,
        .steps = QUANT_STEPS_FLOAT32,
        .mapping = QUANT_MAP_FACTOR,
        .given_mapping = QUANT_MAP_FACTOR,
        .scale_rule = "1 / f, with f = D / m in float32, 1 for all zeros",
        .element_rule = "clip(away(x * f)); -127 where f is infinite",
    },
    {
        .name = "nncf",
        .engine = "NNCF 3.4",
        .summary = "weight compression of OpenVINO",
        TYPES(nncf_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK,
        .steps = QUANT_STEPS_FLOAT32,
        .is_signed = true,
        .floor = QUANT_FLOOR_SCALE,
        .least = 0x1p-23,
        .mapping = QUANT_MAP_DIVIDE,
        .given_mapping = QUANT_MAP_DIVIDE,
        .scale_rule = "absmax: (|lo| >= hi ? |lo| : -hi) / D; zero-point: (hi - lo) / D",
        .zero_point_rule = "clip(-rne(lo / s))",
        .element_rule = "rne(clip(x / s + z))",
        .floor_rule = "|s| below 2^-23: 2^-23",
    },
    {
        .name = "bitsandbytes",
        .engine = "bitsandbytes",
        .summary = "LLM.int8; the engine stores m",
        TYPES(narrow_int8_types),
        .granularities = QUANT_PER_CHANNEL | QUANT_PER_TENSOR,
        .steps = QUANT_STEPS_FLOAT32,
        .mapping = QUANT_MAP_FLOAT16,
        .given_mapping = QUANT_MAP_FLOAT16,
        .scale_rule = "m * (1 / D), m rounded to float16",
        .element_rule = "rne(x * ((1 / m) * D)), x rounded to float16",
        .floor_rule = "m = 0: q = 0",
    },
    {
        .name = "quanto",
        .engine = "optimum-quanto 0.2.7",
        .summary = "qint8 weights",
        TYPES(full_int8_types),
        .granularities = QUANT_PER_TENSOR | QUANT_PER_CHANNEL | QUANT_PER_BLOCK,
        .steps = QUANT_STEPS_INPUT,
        .mapping = QUANT_MAP_SUM,
        .given_mapping = QUANT_MAP_SUM,
        .input_scale = true,
        .scale_rule = "m / D in the input's type",
        .element_rule = "clip(rne(x / s)) in the input's type",
        .floor_rule = "m = 0: s = 0, q = 0",
    },
    {
        .name = "mlx",
        .engine = "MLX 0.32.4",
        .summary = "affine, as mlx.core.quantize: a scale and a bias for each block of a row",
        TYPES(mlx_types),
        .granularities = QUANT_PER_BLOCK,
        .steps = QUANT_STEPS_FLOAT32,
        .floor = QUANT_FLOOR_SCALE,
        .least = (double)1e-7F,
        .mapping = QUANT_MAP_BIAS,
        .given_mapping = QUANT_MAP_BIAS,
        .input_scale = true,
        .has_biases = true,
        .block_sizes = mlx_blocks,
        .scale_rule = "e / rne(e / d), d = (hi - lo) / D in float32, -d unless |lo| > |hi|; e: hi, "
                      "or lo if |lo| > |hi|",
        .zero_point_rule = "e; if rne(e / d) is 0, it is 0, and s is d",
        .element_rule = "clip(rne((x - bias) / s)) in float32, by s before it is stored",
        .floor_rule = "d is at least 1e-7",
    },
    {
        .name = "ggml",
        .engine = "ggml of llama.cpp, 2026-11, on x86-64",
        .summary = "llama-quantize --pure, from GGUF to GGUF",
        TYPES(ggml_types),
        .granularities = QUANT_PER_TENSOR,
        .scale_rule =
            "one for each 32: m / 127; q4_0 and q5_0: extreme / -8, / -16; q4_1 and q5_1: "
            "(max - min) / 15, / 31; float16",
        .element_rule = "round(x * (1/s)); q4_0, q5_0: trunc(x * (1/s) + 8.5), + 16.5; q4_1, q5_1: "
                        "trunc((x - min) * (1/s) + 0.5)",
        .floor_rule = "s = 0: q = 0",
    },
};

/* ---- Looking up ---- */

const struct quant_profile *quant_profile_at(size_t i)
{
    return i < LENGTH(profiles) ? &profiles[i] : NULL;
}

const struct quant_profile *quant_profile_from_name(const char *name)
{
    for (size_t i = 0; name && i < LENGTH(profiles); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

const struct quant_profile_type *quant_profile_type_of(const struct quant_profile *profile,
                                                       enum quant_scheme scheme,
                                                       enum quant_dtype dtype)
{
    for (size_t i = 0; profile && i < profile->ntypes; i++)
        if (profile->types[i].scheme == scheme && profile->types[i].dtype == dtype)
            return &profile->types[i];
    return NULL;
}

/* ---- How elements are mapped ---- */

static bool is_16_bit(enum quant_dtype dtype)
{
    return dtype == QUANT_FLOAT16 || dtype == QUANT_BFLOAT16;
}

/* Whether the mapping gives what the plain kernels give faster, if it rounds to float32 alone:
 * x / s + 0 is x / s, unless the scale may be 0 or negative. */
static bool is_plain(const struct quant_params *params)
{
    const struct quant_profile *profile = params->profile;
    const bool has_sum = params->scheme == QUANT_ZERO_POINT || params->qmin == 0;
    const bool has_any_scale = profile->is_signed || profile->floor == QUANT_FLOOR_NONE ||
                               params->scale_dtype == QUANT_FLOAT16;
    switch (params->mapping) {
    case QUANT_MAP_DIVIDE:
    case QUANT_MAP_SUM:
        return !has_sum && !has_any_scale;
    case QUANT_MAP_SCALE_TOO: /* one engine, without zero points, whose scales are above 0 */
        return true;
    default:
        return false;
    }
}

bool quant_params_take_any_scale(const struct quant_params *params)
{
    return params->profile && (!params->exact || params->profile->is_signed);
}

void quant_params_follow(struct quant_params *params, enum quant_dtype input, bool is_given)
{
    const struct quant_profile *profile = params->profile;
    params->mapping = QUANT_MAP_PLAIN;
    params->arithmetic = profile && is_16_bit(input) ? input : QUANT_DTYPE_NONE;
    if (profile && profile->has_biases)
        params->mapping = QUANT_MAP_BIAS;
    if (profile && params->exact && profile->is_signed && params->scheme == QUANT_ABSMAX)
        params->mapping = QUANT_MAP_DIVIDE; /* which takes negative scales */
    if (!profile || params->exact)
        return;
    params->rounding = profile->rounding;
    params->mapping = is_given ? profile->given_mapping : profile->mapping;
    const bool rounds = params->mapping == QUANT_MAP_SUM || params->mapping == QUANT_MAP_SCALE_TOO;
    if (!(rounds && is_16_bit(input)) && is_plain(params))
        params->mapping = QUANT_MAP_PLAIN;
}
