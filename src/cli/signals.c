/* SPDX-License-Identifier: MIT */
/* The only global state of this program: a signal handler takes no context. */
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* The signals that end a program by default and are not its own fault. */
static const int handled[] = {SIGINT,  SIGTERM, SIGHUP,  SIGPIPE, SIGXFSZ,   SIGQUIT,
                              SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF};

enum { HANDLED = sizeof handled / sizeof handled[0] };

static volatile sig_atomic_t caught;
static int wake_pipe[2] = {-1, -1};

/* The byte wakes a read that waits for a pipe, even if the signal arrives just before it waits. */
static void note_signal(int number)
{
    const int saved = errno;
    if (caught == 0)
        caught = number;
    const ssize_t written = write(wake_pipe[1], "", 1);
    (void)written; /* a full pipe wakes it as well */
    errno = saved;
}

static bool open_wake_pipe(void)
{
    return pipe2(wake_pipe, O_NONBLOCK | O_CLOEXEC) == 0;
}

static void install(void)
{
    struct sigaction action = {.sa_handler = note_signal}; /* without SA_RESTART: EINTR is wanted */
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < HANDLED; i++)
        sigaddset(&action.sa_mask, handled[i]);
    for (size_t i = 0; i < HANDLED; i++) {
        struct sigaction before;
        if (sigaction(handled[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(handled[i], &action, NULL);
    }
}

bool signals_start(struct quant_cancel *cancel)
{
    const bool is_first = wake_pipe[0] < 0;
    if (is_first && !open_wake_pipe())
        return false;
    if (is_first)
        install();
    cancel->flag = &caught;
    cancel->wake_fd = wake_pipe[0];
    return true;
}

struct quant_cancel signals_cancel(void)
{
    struct quant_cancel cancel = {.flag = NULL, .wake_fd = -1};
    (void)signals_start(&cancel); /* without it the work cannot be stopped, but can be done */
    return cancel;
}

bool signals_raised(void)
{
    return caught != 0;
}

void signals_finish(void)
{
    if (caught == 0)
        return;
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(caught, &action, NULL);
    raise(caught);
}
