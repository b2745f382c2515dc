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

static void add_bin(struct quant_mse_model *model, double left, double right, double count)
{
    model->bins[model->nbins].left = left;
    model->bins[model->nbins].right = right;
    model->bins[model->nbins++].count = count;
}

void quant_mse_model_fill(struct quant_mse_model *model, const uint64_t counts[QUANT_KEY_BINS],
                          double absmax)
{
    const double nothing = absmax * NOTHING;
    const uint32_t above = quant_key((float)nothing) >> 16;
    const uint32_t below = QUANT_KEY_BINS - 1 - above;
    model->nbins = 0;
    uint64_t around_zero = 0;
    for (uint32_t bin = below; bin <= above; bin++)
        around_zero += counts[bin];
    add_bin(model, -nothing, nothing, (double)around_zero);
    for (uint32_t bin = above + 1; bin <= QUANT_KEY_LAST; bin++) {
        const uint64_t pair[2] = {counts[bin], counts[QUANT_KEY_BINS - 1 - bin]};
        const double left = (double)quant_key_value(bin << 16);
        const double right =
            bin == QUANT_KEY_LAST ? absmax : (double)quant_key_value((bin + 1) << 16);
        if (pair[0] > 0)
            add_bin(model, left, fmin(right, absmax), (double)pair[0]);
        if (pair[1] > 0)
            add_bin(model, -fmin(right, absmax), -left, (double)pair[1]);
    }
}

/* To the nearest integer, of numbers far below 2^51: adding 1.5 * 2^52 leaves no room for more. */
static double round_small(double u)
{
    const double shift = 0x1.8p52;
    return (u + shift) - shift;
}

static double nearest(double u, double least, double greatest)
{
    return u <= least ? least : u >= greatest ? greatest : round_small(u);
}

static double integral(double u, double least, double greatest)
{
    const double k = nearest(u, least, greatest);
    const double beside = u - k;
    return k / 12 + beside * beside * beside / 3;
}

/* The mean of (u - k(u))^2 from left to right. */
static double mean_error(double left, double right, double least, double greatest)
{
    if (right > left)
        return (integral(right, least, greatest) - integral(left, least, greatest)) /
               (right - left);
    const double beside = left - nearest(left, least, greatest);
    return beside * beside;
}

double quant_mse_model_estimate(const struct quant_mse_model *model,
                                const struct quant_params *params)
{
    const double s = (double)params->scale;
    const double least = (double)params->qmin - params->zero_point;
    const double greatest = (double)params->qmax - params->zero_point;
    double sum = 0;
    for (size_t i = 0; i < model->nbins; i++)
        sum += model->bins[i].count *
               mean_error(model->bins[i].left / s, model->bins[i].right / s, least, greatest);
    return sum * s * s;
}
