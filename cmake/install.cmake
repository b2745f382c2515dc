# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, and how other projects find it: pkg-config's `quant`, CMake's
# `quant::quant` (the shared library, or the only one) and `quant::quant_static`.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/quant)

install(TARGETS quant_program)
# An export set for each library: only the static one needs cJSON, xxHash and zlib to be found.
foreach(library IN LISTS libraries)
    install(TARGETS ${library} EXPORT ${library}Targets)
    install(EXPORT ${library}Targets NAMESPACE quant:: DESTINATION ${package_dir})
endforeach()
install(DIRECTORY include/quant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES data/sidecar.schema.json data/calibration.schema.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/quant)

configure_package_config_file(cmake/quantConfig.cmake.in quantConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(quantConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quantConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/quantConfigVersion.cmake
        DESTINATION ${package_dir})

# quant.pc names absolute directories, which are known when it is installed: --prefix may have
# changed since the configuration.
set(pc_private .private) # what only the static library's users link
if(NOT "quant_shared" IN_LIST libraries)
    set(pc_private "")
endif()
configure_file(cmake/install_pc.cmake.in install_pc.cmake @ONLY)
install(SCRIPT ${CMAKE_CURRENT_BINARY_DIR}/install_pc.cmake)
