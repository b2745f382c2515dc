/* SPDX-License-Identifier: MIT */
/*
 * Inside a bin elements are taken to lie evenly. Then the error of a mapping is an integral: with
 * u = x / s and k(u) the integer next to u among those of the target, less the zero point, the
 * integral of (u - k(u))^2 from 0 to u is
 *
 *     F(u) = k / 12 + (u - k)^3 / 3
 *
 * since each whole step that lies between adds 1/12; that k stays at the last integer beyond it
 * makes the same formula right for what is clipped.
 */
#include "core/mse_model.h"

/* Below 2^-20 of the greatest magnitude all is 0 to any mapping that is looked at. */
static const double NOTHING = 0x1p-20;

static void add_bin(struct quant_mse_model *model, double left, double right, uint64_t count)
{
    if (count == 0)
        return;
    model->left[model->nbins] = left;
    model->right[model->nbins] = right;
    model->density[model->nbins++] = (double)count / (right - left);
}

/* From 0 on: the bin and its mirror image. */
void quant_mse_model_fill(struct quant_mse_model *model, const uint64_t counts[QUANT_KEY_BINS],
                          double absmax)
{
    const double nothing = absmax * NOTHING;
    const uint32_t above = quant_key((float)nothing) >> 16;
    uint64_t around_zero = 0;
    for (uint32_t bin = QUANT_KEY_BINS - 1 - above; bin <= above; bin++)
        around_zero += counts[bin];
    model->nbins = 0;
    add_bin(model, -nothing, nothing, around_zero);
    for (uint32_t bin = above + 1; bin <= QUANT_KEY_LAST; bin++) {
        const double left = (double)quant_key_value(bin << 16);
        double right = (double)quant_key_value(bin << 16 | 0xFFFF);
        if (left < absmax && absmax < right)
            right = absmax;
        add_bin(model, left, right, counts[bin]);
        add_bin(model, -right, -left, counts[QUANT_KEY_BINS - 1 - bin]);
    }
    while (model->nbins % QUANT_MSE_MODEL_LANES != 0) { /* none, but of some width */
        model->left[model->nbins] = 0;
        model->right[model->nbins] = nothing;
        model->density[model->nbins++] = 0;
    }
}

/* To the nearest integer, of numbers far below 2^51: adding 1.5 * 2^52 leaves no room for more.
 * Unlike rint, it can be done to several at once on any processor. */
static inline double round_small(double u)
{
    const double shift = 0x1.8p52;
    return (u + shift) - shift;
}

static inline double integral(double u, double least, double greatest)
{
    const double from_least = u > least ? u : least;
    const double k = round_small(from_least < greatest ? from_least : greatest);
    const double beside = u - k;
    return k * (1.0 / 12) + beside * beside * beside * (1.0 / 3);
}

/* The mean over a bin is its integral by its width in steps; times s^2 that is an error. */
double quant_mse_model_estimate(const struct quant_mse_model *model,
                                const struct quant_params *params)
{
    const double s = (double)params->scale;
    const double steps = 1 / s;
    const double least = (double)params->qmin - params->zero_point;
    const double greatest = (double)params->qmax - params->zero_point;
    double sums[QUANT_MSE_MODEL_LANES] = {0};
    for (size_t i = 0; i < model->nbins; i += QUANT_MSE_MODEL_LANES)
        for (size_t lane = 0; lane < QUANT_MSE_MODEL_LANES; lane++) {
            const double right = integral(model->right[i + lane] * steps, least, greatest);
            const double left = integral(model->left[i + lane] * steps, least, greatest);
            sums[lane] += model->density[i + lane] * (right - left);
        }
    double sum = 0;
    for (size_t lane = 0; lane < QUANT_MSE_MODEL_LANES; lane++)
        sum += sums[lane];
    return sum * s * s * s;
}
