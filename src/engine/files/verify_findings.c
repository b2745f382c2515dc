/* SPDX-License-Identifier: MIT */
#include "engine/files/verify_findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/shape.h"

const char *quant_fault_kind_name(enum quant_fault_kind kind)
{
    switch (kind) {
    case QUANT_FAULT_FILE:
        return "file";
    case QUANT_FAULT_SIDECAR:
        return "sidecar";
    case QUANT_FAULT_DATA:
        return "data";
    case QUANT_FAULT_LAYOUT:
        return "layout";
    case QUANT_FAULT_SCALES:
        return "scales";
    case QUANT_FAULT_CHECKSUM:
        return "checksum";
    case QUANT_FAULT_ELEMENT:
        return "element";
    case QUANT_FAULT_AGAINST:
        return "against";
    case QUANT_FAULT_PADDING:
        return "padding";
    }
    return NULL;
}

const char *quant_likeness_name(enum quant_likeness likeness)
{
    switch (likeness) {
    case QUANT_NOT_COMPARED:
        return "not compared";
    case QUANT_SAME_BYTES:
        return "same bytes";
    case QUANT_SAME_VALUES:
        return "same values";
    case QUANT_OTHER_SCALES:
        return "other scales";
    case QUANT_DIFFERENT:
        return "different";
    }
    return NULL;
}

/* NULL: there is no room for more. */
static struct quant_fault *add(struct quant_findings *findings, enum quant_fault_kind kind)
{
    if (findings->n == QUANT_FAULTS_MOST)
        return NULL;
    struct quant_fault *fault = &findings->faults[findings->n++];
    fault->kind = kind;
    fault->has_element = false;
    fault->ndim = 0;
    return fault;
}

void quant_findings_add(struct quant_findings *findings, enum quant_fault_kind kind,
                        const struct quant_error *error)
{
    struct quant_fault *fault = add(findings, kind);
    if (fault)
        fault->error = *error;
}

void quant_findings_add_element(struct quant_findings *findings, enum quant_fault_kind kind,
                                const char *name, const struct quant_shape *shape,
                                enum quant_order order, uint64_t element, const char *format, ...)
{
    struct quant_fault *fault = add(findings, kind);
    if (!fault)
        return;
    char place[QUANT_SHAPE_TEXT];
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    fault->has_element = true;
    fault->element = element;
    fault->ndim = shape->ndim;
    quant_shape_unravel(shape, order, element, fault->index);
    quant_error_set(&fault->error, QUANT_CORRUPT, "'%.400s': element %llu, index %s, %s", name,
                    (unsigned long long)element, quant_index_text(shape, order, element, place),
                    what);
}

bool quant_findings_take(struct quant_findings *findings, enum quant_fault_kind kind,
                         enum quant_status *status, const struct quant_error *error)
{
    if (*status == QUANT_OK)
        return true;
    if (quant_is_fatal(*status))
        return false;
    quant_findings_add(findings, *status == QUANT_IO ? QUANT_FAULT_FILE : kind, error);
    *status = QUANT_OK;
    return false;
}

enum quant_status quant_findings_end(const struct quant_findings *findings,
                                     struct quant_verified *verified, struct quant_error *error)
{
    verified->nfaults = findings->n;
    verified->faults = findings->faults;
    if (findings->n == 0)
        return QUANT_OK;
    if (error)
        *error = findings->faults[0].error;
    return findings->faults[0].error.status;
}
