/* SPDX-License-Identifier: MIT */
/* The table of kernel sets, fastest first, and the choice of one. kernels.h says how to add one. */
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "kernels/kernels.h"

static const struct quant_kernels *const table[] = {
#if defined(__x86_64__)
    &quant_kernels_avx512,
    &quant_kernels_avx2,
#elif defined(__AARCH64EL__)
    &quant_kernels_neon,
#endif
    &quant_kernels_scalar,
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

static _Atomic(const struct quant_kernels *) current;

const struct quant_kernels *quant_kernels_at(size_t i)
{
    return i < TABLE_LENGTH ? table[i] : NULL;
}

/* No lock is needed: two threads that call this first at the same time choose the same row. */
const struct quant_kernels *quant_kernels(void)
{
    const struct quant_kernels *chosen = atomic_load_explicit(&current, memory_order_acquire);
    for (size_t i = 0; !chosen; i++)
        if (table[i]->supported()) /* always true for the last row, scalar */
            chosen = table[i];
    atomic_store_explicit(&current, chosen, memory_order_release);
    return chosen;
}

const struct quant_isa_info *quant_isa_at(size_t i)
{
    return i < TABLE_LENGTH ? &table[i]->info : NULL;
}

const char *quant_isa_current(void)
{
    return quant_kernels()->name;
}

enum quant_status quant_isa_select(const char *name, struct quant_error *error)
{
    if (!name)
        return quant_error_set(error, QUANT_INVALID, "the name of an instruction set is needed");
    for (size_t i = 0; i < TABLE_LENGTH; i++) {
        if (strcmp(table[i]->name, name) != 0)
            continue;
        if (!table[i]->supported())
            return quant_error_set(error, QUANT_INVALID,
                                   "this machine cannot run the instruction set '%s'", name);
        atomic_store_explicit(&current, table[i], memory_order_release);
        return QUANT_OK;
    }
    return quant_error_set(error, QUANT_INVALID, "there is no instruction set '%s'", name);
}
