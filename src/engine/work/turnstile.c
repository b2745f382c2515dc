/* SPDX-License-Identifier: MIT */
/* A thread that waits first spins, since turns are short, and then sleeps. */
#include "engine/work/turnstile.h"

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wait_for_turn(struct quant_turnstile *turnstile, uint64_t part)
{
    enum { SPINS = 2000 };
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&turnstile->turn, memory_order_acquire) == part)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&turnstile->mutex);
    turnstile->sleepers++;
    while (atomic_load_explicit(&turnstile->turn, memory_order_acquire) != part)
        pthread_cond_wait(&turnstile->turned, &turnstile->mutex);
    turnstile->sleepers--;
    pthread_mutex_unlock(&turnstile->mutex);
}

/* The mutex around the change keeps a thread from going to sleep just after it was made. */
static void pass_turn(struct quant_turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->mutex);
    atomic_fetch_add_explicit(&turnstile->turn, 1, memory_order_release);
    if (turnstile->sleepers > 0)
        pthread_cond_broadcast(&turnstile->turned);
    pthread_mutex_unlock(&turnstile->mutex);
}

/* A part that failed still passes its turn on, or later parts would wait for ever. */
static void do_part(struct quant_turnstile *turnstile, unsigned worker, uint64_t part)
{
    const struct quant_pass *pass = turnstile->pass;
    bool ok = pass->work(pass->context, worker, part);
    wait_for_turn(turnstile, part);
    if (atomic_load(&turnstile->failed))
        ok = false; /* an earlier part: nothing is delivered after it */
    else if (ok)
        ok = pass->deliver(pass->context, worker, part);
    if (!ok)
        atomic_store(&turnstile->failed, true);
    pass_turn(turnstile);
    if (ok && pass->finish && !pass->finish(pass->context, worker, part))
        atomic_store(&turnstile->failed, true);
}

void quant_turnstile_init(struct quant_turnstile *turnstile, const struct quant_pass *pass)
{
    *turnstile = (struct quant_turnstile){
        .pass = pass, .mutex = PTHREAD_MUTEX_INITIALIZER, .turned = PTHREAD_COND_INITIALIZER};
}

void quant_turnstile_work(struct quant_turnstile *turnstile, unsigned worker)
{
    while (!atomic_load(&turnstile->failed)) {
        const uint64_t part = atomic_fetch_add(&turnstile->next, 1);
        if (part >= turnstile->pass->n)
            break;
        do_part(turnstile, worker, part);
    }
}

bool quant_turnstile_end(struct quant_turnstile *turnstile)
{
    pthread_cond_destroy(&turnstile->turned);
    pthread_mutex_destroy(&turnstile->mutex);
    return !atomic_load(&turnstile->failed);
}
