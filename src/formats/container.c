/* SPDX-License-Identifier: MIT */
/* Types of one format in the words of another. */
#include "formats/container.h"

#include <string.h>

/* NULL: it has no word that other formats know. */
static const char *word_of(const struct quant_stored_type *type)
{
    const struct quant_dtype_info *info = quant_dtype_info(type->dtype);
    return info ? info->name : type->common;
}

const struct quant_stored_type *quant_container_type_called(const struct quant_container *container,
                                                            const char *word)
{
    const struct quant_stored_type *row = container->type_at(0);
    for (size_t i = 1; row && !(word_of(row) && strcmp(word_of(row), word) == 0); i++)
        row = container->type_at(i);
    return row;
}

const struct quant_stored_type *quant_container_type_like(const struct quant_container *container,
                                                          const struct quant_stored_type *type)
{
    const char *word = word_of(type);
    return word ? quant_container_type_called(container, word) : NULL;
}
