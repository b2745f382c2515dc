/* SPDX-License-Identifier: MIT */
/*
 * Parses the input as the command line of the command that its first byte chooses: arguments end at
 * a newline or a NUL. Nothing is opened: only the options are read, and checked against each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <locale.h>

#include "cli/calibrate_options.h"
#include "cli/command.h"
#include "cli/dequant_options.h"
#include "cli/drift_rows.h"
#include "cli/options.h"
#include "cli/quantize_rows.h"
#include "fuzz.h"

/* The program itself, which main.c has. */
const struct command command_root = {.summary = "", .usage = ""};

/* Once. The help goes to standard output. */
static void begin(void)
{
    static bool has_begun;
    if (has_begun)
        return;
    has_begun = true;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    FUZZ_CHECK(freopen("/dev/null", "w", stdout));
}

/* ---- Messages ---- */

/* One line, or two for a usage error, that a terminal can show. */
static char message[16384];
static size_t message_length;

ssize_t __wrap_writev(int fd, const struct iovec *pieces, int n);

ssize_t __wrap_writev(int fd, const struct iovec *pieces, int n)
{
    size_t total = 0;
    (void)fd;
    for (int i = 0; i < n; i++) {
        FUZZ_CHECK(message_length + pieces[i].iov_len < sizeof message);
        memcpy(message + message_length, pieces[i].iov_base, pieces[i].iov_len);
        message_length += pieces[i].iov_len;
        total += pieces[i].iov_len;
    }
    return (ssize_t)total;
}

static void check_message(const struct command *command, int status)
{
    static const char begin[] = "quant: ";
    size_t lines = 0;
    for (size_t i = 0; i < message_length; i++) {
        const unsigned char byte = (unsigned char)message[i];
        FUZZ_CHECK(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
        lines += byte == '\n';
    }
    if (status != EXIT_USAGE) {
        FUZZ_CHECK(message_length == 0);
        return;
    }
    (void)command;
    FUZZ_CHECK(message_length > sizeof begin && memcmp(message, begin, sizeof begin - 1) == 0);
    FUZZ_CHECK(lines == 2 && message[message_length - 1] == '\n');
}

/* ---- Commands ---- */

/* Some commands have their options in a structure that is known here; those of the others are
 * parsed into zeros. */
union values {
    struct quantize_options quantize;
    struct dequant_options dequant;
    struct calibrate_options calibrate;
    struct drift_options drift;
    max_align_t others[512];
};

static void set_defaults(const struct command *command, union values *values)
{
    static const struct quantize_options initial = QUANTIZE_OPTIONS_INIT;
    memset(values, 0, sizeof *values);
    /* The structures of compare, drift and inspect begin with the same one. */
    if (command == &command_quantize || command == &command_drift || command == &command_compare ||
        command == &command_inspect)
        values->quantize = initial;
    if (command == &command_quantize || command == &command_drift)
        values->quantize.scheme = NOT_GIVEN;
}

/* What the command does before it opens a file. */
static int check(const struct command *command, union values *values, char *const *inputs, size_t n)
{
    if (command == &command_quantize)
        return quantize_rows_check(command, &values->quantize, inputs, n);
    if (command == &command_dequant)
        return dequant_options_check(command, &values->dequant, inputs, n);
    if (command == &command_calibrate)
        return calibrate_options_check(command, &values->calibrate, inputs, n);
    if (command == &command_drift)
        return drift_rows_check(command, &values->drift, inputs, n);
    return EXIT_DONE;
}

static void release(const struct command *command, union values *values)
{
    if (command == &command_dequant) {
        report_options_release(&values->dequant.report);
        selection_options_release(&values->dequant.selection);
    } else if (command == &command_verify) {
        /* Its selection is found by its row. */
        for (const struct option_row *row = command->options; row->name; row++)
            if (strcmp(row->name, "include") == 0)
                selection_options_release(
                    (struct selection_options *)((char *)values + row->offset));
    } else if (command->options && command != &command_types) {
        if (command == &command_drift)
            word_list_release(&values->drift.tensors);
        quantize_options_release(&values->quantize);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ARGUMENTS = 64, COMMANDS = 9 };
    static union values values;
    char *argv[ARGUMENTS + 2];
    int argc = 1;
    struct fuzz_bytes bytes = {data, size};
    begin();
    const struct command *command = command_at(fuzz_below(&bytes, COMMANDS));
    if (!command || command == &command_help)
        return 0;
    char *text = malloc(bytes.left + 1);
    FUZZ_CHECK(text);
    memcpy(text, bytes.at, bytes.left);
    text[bytes.left] = '\0';
    argv[0] = (char *)(size_t)command->name;
    for (size_t i = 0; i < bytes.left && argc <= ARGUMENTS; i += strlen(text + i) + 1) {
        text[i + strcspn(text + i, "\n")] = '\0';
        argv[argc++] = text + i;
    }
    argv[argc] = NULL;

    int first = -1;
    int status = EXIT_DONE;
    message_length = 0;
    set_defaults(command, &values);
    if (options_parse(command, argc, argv, &values, &first, &status)) {
        FUZZ_CHECK(first >= 1 && first <= argc);
        status = check(command, &values, argv + first, (size_t)(argc - first));
    }
    FUZZ_CHECK(status == EXIT_DONE || status == EXIT_USAGE);
    check_message(command, status);
    release(command, &values);
    free(text);
    return 0;
}
