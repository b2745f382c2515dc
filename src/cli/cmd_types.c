/* SPDX-License-Identifier: MIT */
/* `quant types`: lists the number types, with pi in each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/engine_rules.h"
#include "cli/message.h"
#include "cli/option_values.h"
#include "cli/options.h"

enum { COLUMNS = 9, ROWS = QUANT_DTYPE_COUNT + 1, CELL_ROOM = 32 };

typedef char cell[CELL_ROOM];

static const char *const headings[COLUMNS] = {"type",       "bits",  "min",          "max",  "step",
                                              "pi rounded", "error", "pi by absmax", "error"};

/* pi is PI_HIGH + PI_LOW to some 32 digits. The error of float64 shows only with both. */
static const double PI_HIGH = 0x1.921fb54442d18p+1;
static const double PI_LOW = 0x1.1a62633145c07p-53;

/* The last two columns quantize pi over [-RANGE, RANGE]. */
static const double RANGE = 4.0;

static double pi_error(double made)
{
    return (made - PI_HIGH) - PI_LOW;
}

/* Quantizes pi by absmax over [-RANGE, RANGE] and restores it; false if the type is unscaled. */
static bool quantize_pi(enum quant_dtype dtype, double *restored)
{
    const struct quant_spec spec = {.dtype = dtype, .has_clip = true, .clip = {-RANGE, RANGE}};
    struct quant_choice choice;
    if (quant_choose(&spec, NULL, &choice, NULL) != QUANT_OK)
        return false;
    const float pi = (float)PI_HIGH;
    int32_t room; /* for one element of any type */
    float back;
    quant_quantize(&choice.params, &pi, 1, &room);
    quant_dequantize(&choice.params, &room, 1, &back);
    *restored = (double)back;
    return true;
}

static void fill_row(cell *cells, enum quant_dtype dtype, const struct quant_dtype_info *info)
{
    const double made = quant_dtype_round(dtype, PI_HIGH);
    const int digits = info->bits > 32 ? 16 : 9;
    const char *ends = info->is_integer || info->max < 1e6 ? "%.0f" : "%.4g";
    snprintf(cells[0], CELL_ROOM, "%s", info->name);
    snprintf(cells[1], CELL_ROOM, "%u", info->bits);
    snprintf(cells[2], CELL_ROOM, ends, info->min);
    snprintf(cells[3], CELL_ROOM, ends, info->max);
    snprintf(cells[4], CELL_ROOM, "%.4g", info->epsilon);
    snprintf(cells[5], CELL_ROOM, "%.*g", digits, made);
    snprintf(cells[6], CELL_ROOM, "%.3g", pi_error(made));
    double restored;
    if (info->quantizes && quantize_pi(dtype, &restored)) {
        snprintf(cells[7], CELL_ROOM, "%.7g", restored);
        snprintf(cells[8], CELL_ROOM, "%.3g", pi_error(restored));
    }
}

static void print_table(cell (*table)[COLUMNS], size_t nrows)
{
    int widths[COLUMNS] = {0};
    for (size_t row = 0; row < nrows; row++)
        for (size_t column = 0; column < COLUMNS; column++)
            if ((int)strlen(table[row][column]) > widths[column])
                widths[column] = (int)strlen(table[row][column]);
    for (size_t row = 0; row < nrows; row++) {
        char line[COLUMNS * (CELL_ROOM + 2) + 1];
        int used = 0;
        for (size_t column = 0; column < COLUMNS; column++) {
            /* Names to the left, numbers to the right. */
            const int width = column == 0 ? -widths[column] : widths[column];
            used += snprintf(line + used, sizeof line - (size_t)used, "%s%*s",
                             column > 0 ? "  " : "", width, table[row][column]);
        }
        while (used > 0 && line[used - 1] == ' ')
            line[--used] = '\0';
        puts(line);
    }
}

struct types_options {
    const char *like;
};

static const struct option_row rows[] = {
    {.name = "like",
     .argument = "ENGINE",
     .help = "print the rules of ENGINE instead, as 'quantize --like ENGINE' follows them",
     .choice = choice_engine,
     .parse = value_word,
     .offset = offsetof(struct types_options, like),
     .is_common = true},
    {.name = NULL},
};

static void print_types(void)
{
    cell table[ROWS][COLUMNS];
    memset(table, 0, sizeof table);
    size_t nrows = 0;
    for (size_t column = 0; column < COLUMNS; column++)
        snprintf(table[0][column], CELL_ROOM, "%s", headings[column]);
    nrows++;
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)dtype);
        if (info && info->block_nelems == 0)
            fill_row(table[nrows++], (enum quant_dtype)dtype, info);
    }
    print_table(table, nrows);
    printf("\n"
           "step          distance from 1 to the next larger number\n"
           "pi rounded    the number nearest to pi\n"
           "pi by absmax  pi quantized over [-%g, %g] and restored, for types with a scale\n"
           "error         the number to its left minus pi\n",
           RANGE, RANGE);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct types_options options = {.like = NULL};
    int first;
    int status;
    if (!options_parse(self, argc, argv, &options, &first, &status))
        return status;
    if (first < argc)
        return message_usage(self->name, "unexpected argument '%s'", argv[first]);
    if (options.like)
        engine_rules_print(quant_profile_from_name(options.like));
    else
        print_types();
    return EXIT_DONE;
}

const struct command command_types = {
    .name = "types",
    .summary = "list the types with their range, step and approximation of pi; rules of engines",
    .usage = "types [--like ENGINE]",
    .options = rows,
    .computes = true,
    .run = run,
};
