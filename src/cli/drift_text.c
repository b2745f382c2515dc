/* SPDX-License-Identifier: MIT */
/* Prints a table of the layers. Its width is known before the first figure is. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/drift_report.h"
#include "cli/masked_text.h"
#include "cli/text_columns.h"

enum { LABEL_MOST = 30, LABEL_LEAST = 5, CELL = 48 };

/* A copy that can be printed, as short as the columns; NULL: no memory. */
static char *printable(const char *label)
{
    char *copy = masked_copy(label);
    if (copy)
        text_abbreviate(copy, LABEL_MOST);
    return copy;
}

static int label_width(const struct drift_report *report)
{
    int width = LABEL_LEAST;
    for (size_t i = 0; i < report->job->nlayers && width < LABEL_MOST; i++) {
        char *label = printable(report->labels[i]);
        const int own = label ? text_width(label) : 0;
        width = own > width ? own : width;
        free(label);
    }
    return width < LABEL_MOST ? width : LABEL_MOST;
}

/* What the weights of a layer became. */
static const char *dtype_word(const struct quant_drift_layer *layer)
{
    return layer->is_copied ? "copied" : quant_dtype_info(layer->choice.params.dtype)->name;
}

static int longer(int width, enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const int own = info ? (int)strlen(info->name) : 0;
    return own > width ? own : width;
}

static int dtype_width(const struct quant_drift_job *job)
{
    int width = longer((int)strlen("copied"), job->spec.dtype);
    for (size_t i = 0; i < job->nrules; i++)
        width = longer(width, job->rules[i].spec.dtype);
    return width;
}

static void print_heading(const struct drift_report *report, const struct quant_drift_layer *layer)
{
    static const char *const activations[] = {
        [QUANT_ACTIVATIONS_FLOAT] = "",
        [QUANT_ACTIVATIONS_PER_TOKEN] = ", activations to int8 per token",
        [QUANT_ACTIVATIONS_PER_TENSOR] = ", activations to uint8 per tensor",
    };
    const struct quant_drift_job *job = report->job;
    printf("%zu layer%s%s%s%s; %" PRIu64 " %ssample%s", job->nlayers, job->nlayers == 1 ? "" : "s",
           job->spec.like ? " like " : "", job->spec.like ? job->spec.like : "",
           activations[job->activations], layer->nsamples, job->input.path ? "" : "random ",
           layer->nsamples == 1 ? "" : "s");
    if (!job->input.path)
        printf(", seed %" PRIu64, job->seed);
    printf("\n  %-*s  %10s  %*s  %9s  %7s  %8s  %6s  %6s\n", label_width(report), "layer", "shape",
           dtype_width(report->job), "dtype", "weight_db", "sqnr_db", "cosine", "off", "on");
}

static void fill_figure(char cell[CELL], double value, int digits)
{
    if (isnan(value))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%.*g", digits, value);
}

static void fill_count(char cell[CELL], const struct quant_drift_layer *layer, uint64_t count)
{
    if (layer->has_relu)
        snprintf(cell, CELL, "%" PRIu64, count);
    else
        snprintf(cell, CELL, "-");
}

void drift_print_text(struct drift_report *report, size_t i, const struct quant_drift_layer *layer)
{
    enum { SHAPE, DTYPE, WEIGHTS, SQNR, COSINE, OFF, ON, NCELLS };
    char cells[NCELLS][CELL];
    char *label = printable(report->labels[i]);
    if (!report->has_begun)
        print_heading(report, layer);
    report->has_begun = true;
    snprintf(cells[SHAPE], CELL, "%" PRIu64 ",%" PRIu64, layer->shape.dims[0],
             layer->shape.dims[1]);
    snprintf(cells[DTYPE], CELL, "%s", dtype_word(layer));
    fill_figure(cells[WEIGHTS], layer->weights.sqnr_db, 5);
    fill_figure(cells[SQNR], layer->outputs.sqnr_db, 5);
    fill_figure(cells[COSINE], layer->outputs.cosine, 6);
    fill_count(cells[OFF], layer, layer->switched_off);
    fill_count(cells[ON], layer, layer->switched_on);
    printf("  ");
    text_print(stdout, label ? label : "?", label_width(report));
    printf("  %10s  %*s  %9s  %7s  %8s  %6s  %6s\n", cells[SHAPE], dtype_width(report->job),
           cells[DTYPE], cells[WEIGHTS], cells[SQNR], cells[COSINE], cells[OFF], cells[ON]);
    free(label);
}
