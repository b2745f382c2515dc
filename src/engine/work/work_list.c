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

/* Small items from `first` on that follow one another. */
struct stretch {
    const struct quant_work_list *list;
    uint64_t first;
};

static bool work_on_small(void *context, unsigned place, uint64_t part)
{
    const struct stretch *stretch = context;
    stretch->list->work(stretch->list->context, place, stretch->first + part, NULL);
    return true; /* deliver sees errors, in order */
}

static bool deliver_small(void *context, unsigned place, uint64_t part)
{
    const struct stretch *stretch = context;
    return stretch->list->deliver(stretch->list->context, place, stretch->first + part);
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
    for (uint64_t i = 0; i < n; i++) {
        list->work(list->context, 0, first + i, NULL);
        if (!list->deliver(list->context, 0, first + i))
            return false;
    }
    return true;
}

bool quant_work_list_run(const struct quant_work_list *list)
{
    for (uint64_t i = 0; i < list->n;) {
        const uint64_t n = count_small(list, i);
        if (n > 0 && !run_small(list, i, n))
            return false;
        i += n;
        if (i >= list->n)
            break;
        list->work(list->context, 0, i, list->pool);
        if (!list->deliver(list->context, 0, i))
            return false;
        i++;
    }
    return true;
}
