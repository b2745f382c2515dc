/* SPDX-License-Identifier: MIT */
/* A line for each file, and a table of the tensors of a container. Names, types and the words of a
 * sidecar are strangers' text: all of it is masked. */
#include <quant/profiles.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/byte_amount.h"
#include "cli/inspect_report.h"
#include "cli/inspect_statistics.h"
#include "cli/masked_text.h"
#include "cli/message.h"
#include "cli/option_values.h"
#include "cli/text_columns.h"

/* The widths are those of the first rows; later ones can only make them larger. So memory
 * does not grow with the number of tensors. */
enum { MOST_ROWS = 4096, LONGEST_NAME = 64, LONGEST_SHAPE = 24 };

enum column { COLUMN_NAME, COLUMN_TYPE, COLUMN_SHAPE, COLUMN_SIZE, COLUMNS };

struct inspect_row {
    char *cells[COLUMNS]; /* owned */
    char *note;           /* owned */
};

/* ---- Words ---- */

void inspect_shape(char text[static INSPECT_SHAPE], const struct quant_shape *shape)
{
    size_t used = (size_t)snprintf(text, INSPECT_SHAPE, shape->ndim == 0 ? "scalar" : "");
    for (int i = 0; i < shape->ndim && used < INSPECT_SHAPE; i++)
        used += (size_t)snprintf(text + used, INSPECT_SHAPE - used, "%s%" PRIu64, i > 0 ? "x" : "",
                                 shape->dims[i]);
    if (used >= INSPECT_SHAPE)
        snprintf(text + INSPECT_SHAPE - 4, 4, "...");
}

static void describe_scales(char text[static INSPECT_NOTE], const struct quant_recorded *recorded)
{
    const struct quant_params *params = &recorded->params;
    size_t used = 0;
    if (recorded->axis < 0) {
        used = (size_t)snprintf(text, INSPECT_NOTE, "scale %.9g", (double)params->scale);
        if (params->zero_point != 0 || params->scheme == QUANT_ZERO_POINT)
            snprintf(text + used, INSPECT_NOTE - used, ", zero point %" PRId32, params->zero_point);
        return;
    }
    used =
        (size_t)snprintf(text, INSPECT_NOTE, "%" PRIu64 " scale%s (axis %d", recorded->scale_count,
                         recorded->scale_count == 1 ? "" : "s", recorded->axis);
    if (recorded->block_rows > 0)
        used = (size_t)snprintf(text, INSPECT_NOTE,
                                "%" PRIu64 " scale%s (blocks of %" PRIu64 " x %" PRIu64,
                                recorded->scale_count, recorded->scale_count == 1 ? "" : "s",
                                recorded->block_rows, recorded->block_size);
    else if (recorded->block_size > 0)
        used += (size_t)snprintf(text + used, INSPECT_NOTE - used, ", blocks of %" PRIu64,
                                 recorded->block_size);
    snprintf(text + used, INSPECT_NOTE - used, ")");
}

void inspect_describe(char text[static INSPECT_NOTE], const struct quant_recorded *recorded)
{
    const struct quant_params *params = &recorded->params;
    const char *dtype = quant_dtype_info(params->dtype)->name;
    char scales[INSPECT_NOTE];
    if (recorded->scale_count == 0) {
        snprintf(text, INSPECT_NOTE, "%s, unscaled", dtype);
        return;
    }
    describe_scales(scales, recorded);
    snprintf(text, INSPECT_NOTE, "%s %s, %.200s%s%s", choice_scheme(params->scheme), dtype, scales,
             recorded->method[0] ? ", " : "", recorded->method);
    if (recorded->has_argument) {
        const size_t used = strlen(text);
        snprintf(text + used, INSPECT_NOTE - used, ":%g", recorded->argument);
    }
    if (params->profile) {
        const size_t used = strlen(text);
        snprintf(text + used, INSPECT_NOTE - used, ", like %s%s", params->profile->name,
                 params->exact ? " (exact)" : "");
    }
    message_mask(text);
}

static void print_masked(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    masked_print(stdout, text);
    fputs(after, stdout);
}

/* ---- A file ---- */

static void print_path(const char *path)
{
    print_masked("", strcmp(path, "-") == 0 ? "standard input" : path, ": ");
}

/* "4 tensors: 2 mapped, 2 copied" */
static void print_roles(const struct quant_inspect_result *file)
{
    const char *between = ": ";
    printf("%zu tensor%s", file->ntensors, file->ntensors == 1 ? "" : "s");
    for (int role = 0; role <= QUANT_ROLE_UNKNOWN; role++) {
        if (file->roles[role] == 0)
            continue;
        printf("%s%zu %s", between, file->roles[role],
               role == QUANT_ROLE_ZERO_POINTS ? "zero points"
                                              : quant_role_name((enum quant_role)role));
        between = ", ";
    }
}

static void print_container(const char *path, const struct quant_inspect_result *file)
{
    char amount[AMOUNT_ROOM];
    print_path(path);
    printf("%s, %s, ", file->format, amount_of_bytes(amount, (double)file->nbytes));
    print_roles(file);
    putchar('\n');
}

static void print_remarks(const struct quant_inspect_result *file)
{
    if (file->fault.status != QUANT_OK)
        print_masked("  fault: ", file->fault.text, "");
    if (file->nfaults > 1)
        printf(" (and %zu more)", file->nfaults - 1);
    if (file->fault.status != QUANT_OK)
        putchar('\n');
    if (file->remark.status != QUANT_OK)
        print_masked("  remark: ", file->remark.text, "\n");
}

static void print_source(const struct quant_recorded *recorded)
{
    printf("  from ");
    if (recorded->source_path[0] != '\0')
        print_masked("'", recorded->source_path, "' (");
    else
        printf("a stream (");
    print_masked("", recorded->source_format, ", ");
    printf("%s), checksum %016" PRIx64 "\n", quant_dtype_info(recorded->source_dtype)->name,
           recorded->xxh3_64);
}

static void print_recorded(const struct quant_recorded *recorded)
{
    char note[INSPECT_NOTE];
    inspect_describe(note, recorded);
    printf("  %s\n", note);
    if (recorded->has_range)
        printf("  range %.6g .. %.6g\n", recorded->range[0], recorded->range[1]);
    print_source(recorded);
}

static void print_single(const char *path, const struct quant_inspect_result *file)
{
    const struct quant_inspected *tensor = &file->tensor;
    const struct quant_dtype_info *info = quant_dtype_info(tensor->dtype);
    char shape[INSPECT_SHAPE];
    char amount[AMOUNT_ROOM];
    inspect_shape(shape, &tensor->shape);
    print_path(path);
    printf("%s, ", file->format);
    print_masked("", tensor->type, "");
    if (info && strcmp(info->name, tensor->type) != 0)
        printf(" (%s)", info->name);
    printf(", %s%s, %s, %s\n", shape,
           tensor->order == QUANT_ORDER_FORTRAN ? " in Fortran order" : "",
           amount_of_bytes(amount, (double)tensor->nbytes), quant_role_name(tensor->role));
    if (tensor->role == QUANT_ROLE_QUANTIZED)
        print_recorded(&tensor->recorded);
}

/* ---- Tensors of a container ---- */

static void fill_note(char note[static INSPECT_NOTE], const struct quant_inspected *tensor)
{
    if (tensor->role == QUANT_ROLE_QUANTIZED) {
        char mapping[INSPECT_NOTE];
        inspect_describe(mapping, &tensor->recorded);
        const struct quant_dtype_info *from = quant_dtype_info(tensor->recorded.source_dtype);
        if (from)
            snprintf(note, INSPECT_NOTE, "%.400s, from %s, %016" PRIx64, mapping, from->name,
                     tensor->recorded.xxh3_64);
        else
            snprintf(note, INSPECT_NOTE, "%.400s", mapping);
    } else if (tensor->owner) {
        snprintf(note, INSPECT_NOTE, "%s of %.400s",
                 tensor->role == QUANT_ROLE_ZERO_POINTS ? "zero points"
                                                        : quant_role_name(tensor->role),
                 tensor->owner);
    } else if (tensor->role == QUANT_ROLE_UNKNOWN) {
        snprintf(note, INSPECT_NOTE, "not in the sidecar");
    } else {
        snprintf(note, INSPECT_NOTE, "%s", quant_role_name(tensor->role));
    }
    if (tensor->fault.status != QUANT_OK)
        snprintf(note + strlen(note), INSPECT_NOTE - strlen(note), "; contradicts its sidecar");
    message_mask(note);
}

static int width_of(const struct inspect_row *row, int column)
{
    const int width = text_width(row->cells[column]);
    const int most = column == COLUMN_NAME ? LONGEST_NAME : LONGEST_SHAPE;
    return width < most ? width : most;
}

static void print_rows(struct inspect_table *table)
{
    for (size_t i = 0; i < table->n; i++)
        for (int k = 0; k < COLUMNS; k++)
            if (width_of(&table->rows[i], k) > table->widths[k])
                table->widths[k] = width_of(&table->rows[i], k);
    for (size_t i = 0; i < table->n; i++) {
        struct inspect_row *row = &table->rows[i];
        for (int k = 0; k < COLUMN_SIZE; k++) {
            fputs("  ", stdout);
            text_print(stdout, row->cells[k], table->widths[k]);
        }
        printf("  %*s  %s\n", table->widths[COLUMN_SIZE], row->cells[COLUMN_SIZE], row->note);
        for (int k = 0; k < COLUMNS; k++)
            free(row->cells[k]);
        free(row->note);
        *row = (struct inspect_row){.note = NULL};
    }
    table->n = 0;
}

static bool fill_row(struct inspect_row *row, const char *name,
                     const struct quant_inspected *tensor)
{
    char text[INSPECT_NOTE];
    bool ok = true;
    inspect_shape(text, &tensor->shape);
    row->cells[COLUMN_SHAPE] = strdup(text);
    row->cells[COLUMN_NAME] = strdup(name);
    row->cells[COLUMN_TYPE] = strdup(tensor->type);
    row->cells[COLUMN_SIZE] = strdup(amount_of_bytes(text, (double)tensor->nbytes));
    fill_note(text, tensor);
    row->note = strdup(text);
    for (int k = 0; k < COLUMNS; k++) {
        ok = ok && row->cells[k];
        if (ok)
            message_mask(row->cells[k]);
    }
    return ok && row->note;
}

bool inspect_table_add(struct inspect_table *table, const char *path,
                       const struct quant_tensor_result *tensor)
{
    if (!table->has_heading)
        print_container(path, tensor->inspected->file);
    table->has_heading = true;
    if (!table->rows)
        table->rows = calloc(MOST_ROWS, sizeof *table->rows);
    if (!table->rows || !fill_row(&table->rows[table->n++], tensor->name, tensor->inspected))
        return false;
    if (table->n == MOST_ROWS || tensor->inspected->has_statistics)
        print_rows(table);
    if (tensor->inspected->has_statistics)
        inspect_print_statistics(tensor->inspected, 4, table->is_ascii);
    return true;
}

void inspect_table_end(struct inspect_table *table, const char *path,
                       const struct quant_inspect_result *file)
{
    if (file && !file->is_container)
        print_single(path, file);
    else if (file && !table->has_heading)
        print_container(path, file);
    print_rows(table);
    if (file && !file->is_container && file->tensor.has_statistics)
        inspect_print_statistics(&file->tensor, 2, table->is_ascii);
    if (file)
        print_remarks(file);
    memset(table->widths, 0, sizeof table->widths);
    table->has_heading = false;
}

void inspect_table_release(struct inspect_table *table)
{
    for (size_t i = 0; table->rows && i < MOST_ROWS; i++) {
        for (int k = 0; k < COLUMNS; k++)
            free(table->rows[i].cells[k]);
        free(table->rows[i].note);
    }
    free(table->rows);
    *table = (struct inspect_table){.rows = NULL};
}
