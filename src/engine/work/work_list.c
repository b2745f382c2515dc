/* SPDX-License-Identifier: MIT */
/* Stretches of small items on several threads, and large ones between them. */
#include "engine/work/work_list.h"

/* Items that are done and wait for an earlier one. Each has buffers of at most a MiB. */
enum { WAITING = 8 };

unsigned quant_work_list_places(const struct quant_work_list *list)
{
    const unsigned threads = quant_pool_threads(list->pool);
    return threads > 1 ? threads + WAITING : 1;
}

/* seen: elements of the item that are in the progress already. */
static bool deliver(const struct quant_work_list *list, unsigned place, uint64_t i, uint64_t seen)
{
    if (!list->deliver(list->context, place, i))
        return false;
    quant_progress_add(list->progress, list->nelems(list->context, i) - seen);
    return true;
}

/* Small items from `first` on that follow one another. */
struct stretch {
    const struct quant_work_list *list;
    uint64_t first;
};

static bool work_on_small(void *context, unsigned place, uint64_t part)
{
    const struct stretch *stretch = context;
    struct quant_progress unseen = {.call = NULL};
    stretch->list->work(stretch->list->context, place, stretch->first + part, NULL, &unseen);
    return true; /* deliver sees errors, in order */
}

static bool deliver_small(void *context, unsigned place, uint64_t part)
{
    const struct stretch *stretch = context;
    return deliver(stretch->list, place, stretch->first + part, 0);
}

static uint64_t count_small(const struct quant_work_list *list, uint64_t first)
{
    uint64_t n = 0;
    while (first + n < list->n && list->nelems(list->context, first + n) <= QUANT_SMALL_ITEM)
        n++;
    return n;
}

static bool run_small(const struct quant_work_list *list, uint64_t first, uint64_t n)
{
    const unsigned threads = quant_pool_threads(list->pool);
    struct stretch stretch = {list, first};
    const struct quant_pass pass = {
        .n = n,
        .threads = threads,
        .places = quant_work_list_places(list),
        .context = &stretch,
        .work = work_on_small,
        .deliver = deliver_small,
    };
    if (threads > 1 && n > 1)
        return quant_pool_run(list->pool, &pass);
    for (uint64_t i = 0; i < n; i++)
        if (!work_on_small(&stretch, 0, i) || !deliver_small(&stretch, 0, i))
            return false;
    return true;
}

static bool run_large(const struct quant_work_list *list, uint64_t i)
{
    struct quant_progress_item item = {list->progress, list->nelems(list->context, i), 0};
    struct quant_progress progress = {.call = quant_progress_relay, .context = &item};
    list->work(list->context, 0, i, list->pool, &progress);
    return deliver(list, 0, i, item.seen);
}

bool quant_work_list_run(const struct quant_work_list *list)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < list->n; i++)
        total += list->nelems(list->context, i);
    quant_progress_begin_pass(list->progress, total, 0);
    for (uint64_t i = 0; i < list->n;) {
        const uint64_t n = count_small(list, i);
        if (n > 0 && !run_small(list, i, n))
            return false;
        i += n;
        if (i < list->n && !run_large(list, i++))
            return false;
    }
    return true;
}
