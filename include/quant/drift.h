/* SPDX-License-Identifier: MIT */
/*
 * What a network feels of its quantization: the same samples go through a stack of layers twice,
 * once with the weights as they are, once with the weights as they are restored from their
 * quantization. After each layer the outputs of the two are compared, so the error is seen growing
 * from layer to layer. Nothing is written.
 *
 * A layer is a matrix of weights W alone, without a bias: y = W x, with ReLU between two layers,
 * and none after the last.
 *
 * Every number is defined. Weights are quantized and restored as quant_file_quantize and
 * quant_file_dequantize do it. An output is the sum of the products of a sample and a row of W, in
 * double and in the order of the inputs, rounded once to float32; a product of two float32 is exact
 * in double. No bit of any figure depends on threads, processor or instruction set.
 *
 * Cancelling, callbacks and threads are those of all jobs, in <quant/file.h>.
 */
#ifndef QUANT_DRIFT_H
#define QUANT_DRIFT_H

#include <quant/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the inputs of each layer are quantized too, in the stack of the quantized weights. The
 * range is found anew for each layer and each call, as engines do that quantize dynamically, and
 * the layer gets what is restored. */
enum quant_drift_activations {
    QUANT_ACTIVATIONS_FLOAT = 0,
    QUANT_ACTIVATIONS_PER_TOKEN, /* int8, absmax, a scale for each sample: as PyTorch's torchao and
                                  * compressed-tensors do it */
    QUANT_ACTIVATIONS_PER_TENSOR /* uint8, zero-point with 0 in the range, one scale for all
                                  * samples: as ONNX's DynamicQuantizeLinear does it */
};

/* The word for it: "float", "token", "tensor"; NULL past the last. */
QUANT_API const char *quant_drift_activations_name(size_t i);

enum { QUANT_DRIFT_SAMPLES = 256 };

struct quant_drift_job {
    size_t size; /* sizeof(struct quant_drift_job) */

    /* nlayers matrices in the order of the network, at least one. A layer is a file of one tensor;
     * or the tensor of a container that `tensor` names; or, if `tensor` is NULL, the only matrix of
     * floats in a container. "-": standard input, for one layer at most. */
    const struct quant_input *layers;
    size_t nlayers;

    /* How weights are quantized. By an axis of the matrix as it is stored. NaN and infinities are
     * an error: nonfinite is QUANT_NONFINITE_ERROR. The block types of ggml are allowed, whatever
     * the format, if rows are whole blocks. */
    struct quant_spec spec;
    struct quant_granularity granularity;
    bool is_transposed; /* matrices have the shape (inputs, outputs); else (outputs, inputs), as
                         * PyTorch's Linear has */
    enum quant_drift_activations activations;

    /* The samples: floats of shape (samples, inputs), or (inputs) for one sample, all finite. path
     * NULL: random numbers of the standard normal distribution, sample after sample. They depend on
     * the seed alone, and are the same bits everywhere: those of more samples begin with those of
     * fewer. */
    struct quant_input input;
    uint64_t nsamples; /* of random numbers; 0: QUANT_DRIFT_SAMPLES */
    uint64_t seed;

    struct quant_control control; /* on_tensor is called for each layer, in order, with drifted set
                                   * or an error; file and tensor are its index. begin_file is
                                   * called before, and on_file after that, with no more than the
                                   * index, the status and the error */

    /* nrules of them: the last whose pattern matches the name of a layer, which is its tensor's or
     * else its path, decides how it is quantized, in place of spec and granularity. A layer that a
     * rule copies keeps its weights. min_dims, scale_from and range_from are not used.
     * QUANT_INVALID: a pattern matches no layer. */
    const struct quant_rule *rules;
    size_t nrules;
};

/* What became of one layer. */
struct quant_drift_layer {
    uint64_t ninputs;
    uint64_t noutputs;
    uint64_t nsamples;
    bool has_relu;              /* all layers but the last */
    bool is_copied;             /* its weights are not quantized: choice is zeros */
    struct quant_choice choice; /* of the weights, as in quant_quantize_result */
    struct quant_grouping grouping;
    struct quant_shape shape; /* as stored */
    enum quant_order order;
    enum quant_dtype source_dtype;
    const char *source_format;   /* the name of a quant_format_at */
    struct quant_report weights; /* the error of the weights */

    /* The error of the outputs, after ReLU if the layer has one: x is an output with the weights as
     * they are, x' the same with quantized ones. Nothing is clipped, and what depends on a type of
     * integers or on bytes is 0 or NaN: clipped, levels, bytes, ratio, bits_per_element. */
    struct quant_report outputs;

    /* Counts of outputs, of nsamples * noutputs; 0 without a ReLU. */
    uint64_t active;       /* above 0 with the weights as they are */
    uint64_t switched_off; /* of these, 0 with quantized ones */
    uint64_t switched_on;  /* 0 with the weights as they are, above 0 with quantized ones */
};

struct quant_drift_result {
    size_t nlayers; /* that were gone through */
    uint64_t nsamples;
    struct quant_drift_layer last; /* of these */
};

/*
 * Goes through the layers. All headers are read first: QUANT_INVALID if a layer is not a matrix, or
 * the outputs of one are not as many as the inputs of the next, or of the samples; the message
 * names both and their shapes. Then each layer is quantized, through a temporary file without a
 * name in TMPDIR, and multiplied. What cannot be read by position is copied to such a file first.
 *
 * Memory: for each sample 16 bytes for each input and each output of a layer, 8 bytes for each
 * scale, or 12 if it has a bias, and for each thread 12 bytes for each weight of some rows: at
 * least 32 rows, and 128 Ki weights if the matrix has as many.
 *
 * Other errors: QUANT_NONFINITE for samples, or weights to quantize, that are not finite;
 * QUANT_OUT_OF_RANGE if an output is not finite in float32; those of quant_spec_check, reading and
 * quantizing. result may be NULL.
 */
QUANT_API enum quant_status quant_drift(const struct quant_drift_job *job,
                                        struct quant_drift_result *result,
                                        struct quant_error *error);

#ifdef __cplusplus
}
#endif

#endif
