# SPDX-License-Identifier: MIT
# Compiler flags, the same for every file here: none needs flags of its own, since functions for a
# certain instruction set carry target attributes.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)

# POSIX and GNU interfaces, which -std=c17 hides otherwise.
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)

# Never a*b+c in one rounding. gcc and clang fuse it where a function's target has FMA, and then the
# bytes would depend on compiler and processor; here the source alone says what is rounded when.
add_compile_options(-ffp-contract=off)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
                    -Wmissing-prototypes -Wundef -Wvla)
if(QUANT_WERROR)
    add_compile_options(-Werror)
endif()

if(QUANT_SANITIZE)
    # float-cast-overflow is not in `undefined`, and float to integer is what this project does.
    set(sanitizers -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all)
    add_compile_options(${sanitizers} -fno-omit-frame-pointer)
    add_link_options(${sanitizers})
endif()
