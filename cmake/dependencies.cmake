# SPDX-License-Identifier: MIT
# What the library links. A missing one is named with the package that Debian and Ubuntu have it in.

find_package(PkgConfig)
if(NOT PKG_CONFIG_FOUND)
    message(FATAL_ERROR "pkg-config is missing; on Debian and Ubuntu: apt-get install pkg-config, "
                        "or script/bootstrap for all that is needed")
endif()

function(quant_require prefix module package)
    pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${prefix}_FOUND)
        message(FATAL_ERROR
            "the library '${module}' is missing; on Debian and Ubuntu: apt-get install ${package}, "
            "or script/bootstrap for all that is needed")
    endif()
endfunction()

quant_require(CJSON libcjson libcjson-dev)
quant_require(XXHASH libxxhash libxxhash-dev)
quant_require(ZLIB zlib zlib1g-dev)

# On x86-64, xxHash may choose the widest vectors that the processor has: twice as fast.
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::XXHASH)
check_c_source_compiles("
    #include <xxh_x86dispatch.h>
    int main(void) { return (int)XXH3_64bits_update(XXH3_createState(), \"\", 0); }"
    QUANT_XXHASH_DISPATCHES)
unset(CMAKE_REQUIRED_LIBRARIES)
if(QUANT_BUILD_TESTS)
    quant_require(CMOCKA cmocka libcmocka-dev)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

set(QUANT_DEPENDENCIES PkgConfig::CJSON PkgConfig::XXHASH PkgConfig::ZLIB Threads::Threads m)
