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

# float in float, as everywhere else: not on the x87, and not in double, as gcc has it on s390.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^i[3-6]86$")
    add_compile_options(-msse2 -mfpmath=sse)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^s390" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fexcess-precision=fast)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
                    -Wmissing-prototypes -Wundef -Wvla)
if(QUANT_WERROR)
    add_compile_options(-Werror)
endif()

# ---- Hardening ----------------------------------------------------------------------------------
# What Debian's own packages are built with, and the checks of sizes that glibc can do at run time.
# Sanitizers have checks of their own, and do not see through these.

if(QUANT_HARDEN AND NOT QUANT_SANITIZE)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES C)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
    add_compile_options(-fstack-protector-strong -fstack-clash-protection)
    # Without optimization it does nothing, and the headers of glibc warn about that.
    add_compile_options("$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
    add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)
endif()

# ---- Sanitizers ---------------------------------------------------------------------------------

if(QUANT_SANITIZE STREQUAL "thread")
    set(sanitizers -fsanitize=thread)
elseif(QUANT_SANITIZE STREQUAL "memory")
    set(sanitizers -fsanitize=memory -fsanitize-memory-track-origins)
elseif(QUANT_SANITIZE)
    # float-cast-overflow is not in `undefined`, and float to integer is what this project does.
    set(sanitizers -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all)
endif()
if(QUANT_SANITIZE)
    add_compile_options(${sanitizers} -fno-omit-frame-pointer)
    add_link_options(${sanitizers})
endif()

if(QUANT_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "fuzzing needs clang: cmake --preset fuzz")
    endif()
    # Counts what is covered. Only the fuzz targets have libFuzzer's main.
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()
