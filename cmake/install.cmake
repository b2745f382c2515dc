# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, and how other projects find it: pkg-config's `quant`, CMake's
# `quant::quant` (shared) and `quant::quant_static`. The tree can be moved after installing.

include(CMakePackageConfigHelpers)

install(TARGETS quant_program)
install(TARGETS quant_static quant_shared EXPORT quantTargets)
install(FILES include/quant/quant.h include/quant/groups.h include/quant/file.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quant)
install(FILES data/sidecar.schema.json data/calibration.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/quant)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/quant)
install(EXPORT quantTargets NAMESPACE quant:: DESTINATION ${package_dir})
configure_package_config_file(cmake/quantConfig.cmake.in quantConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(quantConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quantConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/quantConfigVersion.cmake
        DESTINATION ${package_dir})

file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
configure_file(cmake/quant.pc.in quant.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quant.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
