# libvecq: a shared and a static library, their headers, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Releases before 1.0 may change the ABI with their minor version, so the SONAME holds both numbers.
add_library(vecq SHARED $<TARGET_OBJECTS:vecq_core>)
target_link_libraries(vecq PUBLIC Threads::Threads)
target_include_directories(vecq INTERFACE
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
set_target_properties(vecq PROPERTIES
    LINKER_LANGUAGE CXX
    VERSION "${PROJECT_VERSION}"
    SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
if(NOT APPLE)
    # Exports the entries of vecq.h, and hides what the compiler or libstdc++ made visible.
    set(exports "${CMAKE_CURRENT_SOURCE_DIR}/cmake/libvecq.map")
    target_link_options(vecq PRIVATE "-Wl,--version-script=${exports}")
    set_target_properties(vecq PROPERTIES LINK_DEPENDS "${exports}")
endif()
set_target_properties(vecq_core PROPERTIES OUTPUT_NAME vecq EXPORT_NAME vecq_static)

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/vecq")
install(TARGETS vecq vecq_core EXPORT vecq)
install(FILES include/vecq.h include/vecq.hpp TYPE INCLUDE)
install(EXPORT vecq NAMESPACE vecq:: FILE vecq-targets.cmake DESTINATION "${package}")
configure_package_config_file(cmake/vecq-config.cmake.in
    "${CMAKE_CURRENT_BINARY_DIR}/vecq-config.cmake" INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/vecq-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/vecq-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/vecq-config-version.cmake"
    DESTINATION "${package}")
file(RELATIVE_PATH PREFIX_FROM_PC
    "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file(cmake/vecq.pc.in "${CMAKE_CURRENT_BINARY_DIR}/vecq.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/vecq.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
