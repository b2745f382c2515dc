/* SPDX-License-Identifier: MIT */
/* Prints files as they come, and adds up what each disk would have to hold. */
#include "cli/dry_run.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/byte_amount.h"
#include "cli/dry_run_plan.h"
#include "cli/masked_text.h"
#include "cli/message.h"
#include "cli/report_json.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

/* A file system that outputs go to. An old file gives its room back once the new one is complete.
 */
struct dry_run_disk {
    struct quant_free_space space;
    uint64_t most; /* bytes at any time, beside what is there */
    int64_t now;
};

static int no_memory(const char *path)
{
    message_error("'%s': no memory to list it", path);
    return EXIT_FAILED;
}

static void print_bytes(FILE *out, bool is_known, uint64_t nbytes)
{
    if (is_known)
        fprintf(out, "%" PRIu64 " byte%s", nbytes, nbytes == 1 ? "" : "s");
    else
        fputs("size unknown before it is written", out);
}

/* ---- Disks ---- */

static uint64_t old_size(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1)
        return 0;
    return (uint64_t)status.st_blocks * 512;
}

static bool is_stream(const char *path)
{
    struct stat status;
    return strcmp(path, "-") == 0 || (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

/* false: no memory. */
static bool add_to_disk(struct dry_run *dry, const char *path, uint64_t nbytes)
{
    struct quant_free_space space;
    dry->nbytes += nbytes;
    if (nbytes == 0 || is_stream(path) || !quant_free_space_find(path, &space))
        return true;
    size_t i = 0;
    while (i < dry->ndisks && dry->disks[i].space.device != space.device)
        i++;
    if (i == dry->ndisks) {
        void *larger = realloc(dry->disks, (i + 1) * sizeof *dry->disks);
        if (!larger)
            return false;
        dry->disks = larger;
        dry->disks[dry->ndisks++] = (struct dry_run_disk){.space = space};
    }
    struct dry_run_disk *disk = &dry->disks[i];
    disk->now += nbytes < INT64_MAX / 2 ? (int64_t)nbytes : INT64_MAX / 2;
    if (disk->now > 0 && (uint64_t)disk->now > disk->most)
        disk->most = (uint64_t)disk->now;
    disk->now -= (int64_t)old_size(path);
    return true;
}

static bool fits(const struct dry_run *dry)
{
    for (size_t i = 0; i < dry->ndisks; i++)
        if (dry->disks[i].most > dry->disks[i].space.available)
            return false;
    return true;
}

/* ---- Tensors ---- */

static void end_lines(struct dry_run *dry)
{
    if (dry->lines)
        fclose(dry->lines);
    free(dry->tensors);
    free(dry->plan);
    dry->lines = NULL;
    dry->tensors = dry->plan = NULL;
}

/* The plan of the container, as long as all of its tensors have the same. */
static bool keep_plan(struct dry_run *dry, const struct quant_tensor_preview *preview)
{
    char *plan = NULL;
    size_t nbytes = 0;
    FILE *text = open_memstream(&plan, &nbytes);
    if (!text)
        return false;
    fprintf(text, "%s, ", quant_dtype_info(preview->dtype)->name);
    dry_run_print_plan(text, preview, false);
    if (fclose(text) != 0)
        return false;
    if (!dry->plan) {
        dry->plan = plan;
        return true;
    }
    if (strcmp(dry->plan, plan) != 0)
        dry->plan[0] = '\0';
    free(plan);
    return true;
}

static bool add_line(struct dry_run *dry, const struct quant_tensor_result *result)
{
    if (!dry->ways->verbose)
        return true;
    if (!dry->lines)
        dry->lines = open_memstream(&dry->tensors, &dry->tensors_nbytes);
    if (!dry->lines)
        return false;
    fputs("  ", dry->lines);
    masked_print(dry->lines, result->name);
    fputs(": ", dry->lines);
    dry_run_print_tensor(dry->lines, result->preview);
    fputs(": ", dry->lines);
    print_bytes(dry->lines, true, result->preview->nbytes);
    fputc('\n', dry->lines);
    return true;
}

static bool report_tensor(void *context, const struct quant_tensor_result *result)
{
    struct dry_run *dry = context;
    const struct quant_tensor_preview *preview = result->preview;
    const char *path = dry->targets->inputs[result->file];
    bool ok = true;
    if (!preview)
        return true; /* which is the file's failure too */
    if (dry->see)
        dry->see(dry->context, result->name, !preview->is_copied);
    if (dry->is_json)
        ok = dry_run_print_json(path, dry->targets->outputs[result->file], result->name, preview,
                                NULL, NULL);
    else
        ok = (preview->is_copied || keep_plan(dry, preview)) && add_line(dry, result);
    return ok || no_memory(path) == EXIT_DONE;
}

/* ---- Files ---- */

static void print_names(const char *path, const char *output)
{
    masked_print(stdout, strcmp(path, "-") == 0 ? "standard input" : path);
    fputs(" -> ", stdout);
    masked_print(stdout, strcmp(output, "-") == 0 ? "standard output" : output);
    fputs(": ", stdout);
}

static void print_container(struct dry_run *dry, const struct quant_file_preview *file)
{
    const size_t n = file->ntensors - file->ncopied;
    printf("%zu tensor%s%s%s, %zu copied: ", n, n == 1 ? "" : "s",
           dry->plan && dry->plan[0] ? " to " : "", dry->plan ? dry->plan : "", file->ncopied);
    print_bytes(stdout, file->has_size, file->nbytes);
    fputc('\n', stdout);
    if (dry->lines && fflush(dry->lines) == 0)
        fwrite(dry->tensors, 1, dry->tensors_nbytes, stdout);
}

static void print_single(const struct quant_file_preview *file, const char *scales)
{
    dry_run_print_tensor(stdout, &file->tensor);
    fputs(": ", stdout);
    print_bytes(stdout, file->has_size, file->nbytes);
    if (scales) {
        fputs(", and ", stdout);
        masked_print(stdout, scales);
        fputs(": ", stdout);
        print_bytes(stdout, true, file->scales_nbytes);
    }
    fputc('\n', stdout);
}

/* The file of scales of the i-th file; *scales is the caller's. false: no memory. */
static bool name_scales(const struct dry_run *dry, size_t i, char **scales)
{
    const char *sidecar = dry->targets->options->sidecar;
    char *own = sidecar ? NULL : targets_sidecar_name(dry->targets->outputs[i]);
    if (sidecar || own)
        *scales = quant_file_scales_name(sidecar ? sidecar : own);
    free(own);
    return *scales != NULL;
}

static bool print_file(struct dry_run *dry, const struct quant_file_result *result,
                       const char *scales)
{
    const struct quant_file_preview *file = result->preview;
    const char *path = dry->targets->inputs[result->file];
    const char *output = dry->targets->outputs[result->file];
    const bool is_container = file->ntensors > 0;
    if (dry->is_json && is_container)
        return dry_run_print_json_container(path, output, file);
    if (dry->is_json)
        return dry_run_print_json(path, output, NULL, &file->tensor, file, scales);
    print_names(path, output);
    if (is_container)
        print_container(dry, file);
    else
        print_single(file, scales);
    return true;
}

static int fail(struct dry_run *dry, const struct quant_file_result *result)
{
    const bool is_news = result->status != QUANT_CANCELLED && result->status != QUANT_CLOSED;
    dry->nfailed++;
    message_failure(result->status, result->error);
    if (dry->is_json && is_news)
        report_json_print_failure(stdout, dry->targets->inputs[result->file], NULL,
                                  result->error->text);
    return EXIT_FAILED;
}

/* An output of an earlier run. */
static int list_complete(struct dry_run *dry, size_t i)
{
    const char *path = dry->targets->inputs[i];
    dry->ncomplete++;
    if (dry->is_json)
        return dry_run_print_json_complete(path, dry->targets->outputs[i]) ? EXIT_DONE
                                                                           : no_memory(path);
    print_names(path, dry->targets->outputs[i]);
    printf("complete\n");
    return EXIT_DONE;
}

static int list(struct dry_run *dry, const struct quant_file_result *result)
{
    const struct quant_file_preview *file = result->preview;
    const size_t i = result->file;
    char *scales = NULL;
    dry->ndone++;
    dry->nunsized += !file->has_size;
    dry->ntensors += file->ntensors - file->ncopied;
    dry->ncopied += file->ncopied;
    dry->has_container = dry->has_container || file->ntensors > 0;
    bool ok = file->scales_nbytes == 0 || name_scales(dry, i, &scales);
    ok = ok && print_file(dry, result, scales) &&
         add_to_disk(dry, dry->targets->outputs[i], file->has_size ? file->nbytes : 0) &&
         (!scales || add_to_disk(dry, scales, file->scales_nbytes));
    free(scales);
    return ok ? EXIT_DONE : no_memory(dry->targets->inputs[i]);
}

static int report_file(void *context, const struct quant_file_result *result)
{
    struct dry_run *dry = context;
    if (result->preview && result->preview->ntensors == 0 && dry->see)
        dry->see(dry->context, dry->targets->inputs[result->file], true);
    const int status = result->is_complete ? list_complete(dry, result->file)
                       : result->preview   ? list(dry, result)
                                           : fail(dry, result);
    end_lines(dry);
    return streams_flush() ? status : EXIT_FAILED;
}

/* ---- The end ---- */

/* The disk that has too little room, or else the one with the least left. NULL: none is known. */
static const struct dry_run_disk *tightest(const struct dry_run *dry)
{
    const struct dry_run_disk *found = NULL;
    for (size_t i = 0; i < dry->ndisks; i++) {
        const struct dry_run_disk *disk = &dry->disks[i];
        if (!found || disk->most > disk->space.available ||
            (found->most <= found->space.available &&
             disk->space.available < found->space.available))
            found = disk;
    }
    return found;
}

static void print_total(const struct dry_run *dry)
{
    char amount[AMOUNT_ROOM];
    const struct dry_run_disk *disk = tightest(dry);
    printf("total: %zu file%s, ", dry->ndone, dry->ndone == 1 ? "" : "s");
    print_bytes(stdout, true, dry->nbytes);
    printf(", sidecars not counted");
    if (dry->nunsized > 0)
        printf(", nor %zu of unknown size", dry->nunsized);
    if (dry->ncomplete > 0)
        printf(", %zu complete", dry->ncomplete);
    if (!disk && dry->nbytes > 0)
        printf("; free space is not known");
    else if (disk)
        printf("; %s: %s available", fits(dry) ? "it fits" : "it does not fit",
               amount_of_bytes(amount, (double)disk->space.available));
    printf("\n");
}

static bool add_number(cJSON *object, const char *key, uint64_t number)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool print_json_total(const struct dry_run *dry)
{
    const struct dry_run_disk *disk = tightest(dry);
    cJSON *object = cJSON_CreateObject();
    cJSON *summary = object ? cJSON_AddObjectToObject(object, "summary") : NULL;
    bool ok = summary && add_number(summary, "files", dry->targets->n) &&
              add_number(summary, "failed", dry->nfailed) &&
              (dry->ncomplete == 0 || add_number(summary, "complete", dry->ncomplete));
    if (ok && dry->has_container)
        ok = add_number(summary, "tensors", dry->ntensors) &&
             add_number(summary, "copied", dry->ncopied);
    ok = ok && add_number(summary, "bytes", dry->nbytes) &&
         add_number(summary, "unknown", dry->nunsized) &&
         (disk ? add_number(summary, "available", disk->space.available)
               : cJSON_AddNullToObject(summary, "available") != NULL) &&
         (disk ? cJSON_AddBoolToObject(summary, "fits", fits(dry))
               : cJSON_AddNullToObject(summary, "fits")) != NULL;
    return report_json_print(stdout, object, ok);
}

static int end(struct dry_run *dry, int status)
{
    const struct dry_run_disk *disk = tightest(dry);
    if (signals_raised() || ferror(stdout))
        return status;
    if (!dry->is_json) {
        print_total(dry);
    } else if (!print_json_total(dry)) {
        message_error("no memory for the summary");
        status = EXIT_FAILED;
    }
    if (!streams_flush())
        status = EXIT_FAILED;
    if (fits(dry))
        return status;
    message_error("not enough space: %" PRIu64 " bytes are needed, %" PRIu64 " are available",
                  disk->most, disk->space.available);
    return EXIT_FAILED;
}

static enum quant_status run(void *context, const struct quant_control *control,
                             struct quant_error *error)
{
    const struct dry_run *dry = context;
    return dry->run(dry->context, control, error);
}

int dry_run_files(struct dry_run *dry, const struct batch_options *options)
{
    struct totals totals;
    const struct batch batch = {
        .n = dry->targets->n,
        .names = (const char *const *)dry->targets->inputs,
        .context = dry,
        .run = run,
        .tensor = report_tensor,
        .file = report_file,
        .prints = true,
        .only_prints = true,
        .totals = &totals,
    };
    const int kind = dry->report->kind;
    dry->is_json = kind > 0 && strcmp(report_kind_name((size_t)kind - 1), "json") == 0;
    return end(dry, batch_run(&batch, options));
}

void dry_run_release(struct dry_run *dry)
{
    end_lines(dry);
    free(dry->disks);
    dry->disks = NULL;
}
