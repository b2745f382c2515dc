/* SPDX-License-Identifier: MIT */
/*
 * Memory between two unmapped pages: an access before or after it ends the program. Bytes around a
 * result inside it are filled with canaries.
 */
#ifndef QUANT_TESTS_SUPPORT_GUARDED_H
#define QUANT_TESTS_SUPPORT_GUARDED_H

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

struct guarded {
    unsigned char *begin; /* the first byte after an unmapped page */
    unsigned char *end;   /* an unmapped page begins here */
};

enum { GUARDED_CANARY = 0xA5, GUARDED_MARGIN = 128 };

static inline size_t guarded_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static inline struct guarded guarded_new(size_t nbytes)
{
    const size_t page = guarded_page();
    const size_t inner = (nbytes + page - 1) / page * page;
    unsigned char *all =
        mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(all != MAP_FAILED);
    assert_int_equal(mprotect(all + page, inner, PROT_READ | PROT_WRITE), 0);
    return (struct guarded){.begin = all + page, .end = all + page + inner};
}

static inline void guarded_free(struct guarded *guarded)
{
    const size_t page = guarded_page();
    munmap(guarded->begin - page, (size_t)(guarded->end - guarded->begin) + 2 * page);
}

/* Where to put nbytes: `offset` bytes after the first page; or, if offset is -1, so that they end
 * at the last page. */
static inline unsigned char *guarded_place(const struct guarded *guarded, long offset,
                                           size_t nbytes)
{
    unsigned char *place = offset < 0 ? guarded->end - nbytes : guarded->begin + offset;
    assert_true(place >= guarded->begin && place + nbytes <= guarded->end);
    return place;
}

/* The memory around nbytes at place that canaries fill, as far as there is any. */
static inline unsigned char *guarded_margin(const struct guarded *guarded, unsigned char *place,
                                            size_t nbytes, size_t *total)
{
    const size_t before = (size_t)(place - guarded->begin);
    const size_t after = (size_t)(guarded->end - place) - nbytes;
    const size_t left = before < GUARDED_MARGIN ? before : GUARDED_MARGIN;
    *total = left + nbytes + (after < GUARDED_MARGIN ? after : GUARDED_MARGIN);
    return place - left;
}

static inline void guarded_arm(const struct guarded *guarded, unsigned char *place, size_t nbytes)
{
    size_t total;
    unsigned char *margin = guarded_margin(guarded, place, nbytes, &total);
    memset(margin, GUARDED_CANARY, total);
}

static inline bool guarded_all_canaries(const unsigned char *bytes, size_t nbytes)
{
    return nbytes == 0 || (bytes[0] == GUARDED_CANARY && memcmp(bytes, bytes + 1, nbytes - 1) == 0);
}

/* Whether the bytes around nbytes at place are as guarded_arm left them. */
static inline bool guarded_intact(const struct guarded *guarded, unsigned char *place,
                                  size_t nbytes)
{
    size_t total;
    const unsigned char *margin = guarded_margin(guarded, place, nbytes, &total);
    const size_t before = (size_t)(place - margin);
    return guarded_all_canaries(margin, before) &&
           guarded_all_canaries(place + nbytes, total - before - nbytes);
}

#endif
