// SPDX-License-Identifier: MIT
// simdjson's on-demand parser: the sum of an array of numbers, as doubles.
#include <simdjson.h>

#include "contender.h"

static simdjson::padded_string text;
static simdjson::ondemand::parser parser;
static volatile double kept;

static bool prepare(const struct bench_task *task)
{
    return task->path && !simdjson::padded_string::load(task->path).get(text);
}

static void run(const struct bench_task *, unsigned)
{
    double sum = 0;
    simdjson::ondemand::document document = parser.iterate(text);
    for (double x : document.get_array())
        sum += x;
    kept = sum;
}

extern "C" const struct bench_contender bench_simdjson = {"simdjson", false, prepare, run};
