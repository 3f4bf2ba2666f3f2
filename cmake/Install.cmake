# Installed files: header, both libraries, odegrad.pc, and the CMake package (odegrad::odegrad, odegrad::static).
include(CMakePackageConfigHelpers)
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/odegrad)

install(FILES include/odegrad.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS odegrad_shared EXPORT odegradTargets)
install(TARGETS odegrad_static EXPORT odegradStaticTargets)
install(EXPORT odegradTargets NAMESPACE odegrad:: DESTINATION ${package_directory})
install(EXPORT odegradStaticTargets NAMESPACE odegrad:: DESTINATION ${package_directory})

set(pc_modules nlopt)
if(CAIRO_FOUND)
  list(APPEND pc_modules cairo)
endif()
if(SLEEF_FOUND)
  list(APPEND pc_modules sleef)
endif()
configure_package_config_file(cmake/odegradConfig.cmake.in odegradConfig.cmake
                              INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(odegradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/odegradConfig.cmake ${PROJECT_BINARY_DIR}/odegradConfigVersion.cmake
        DESTINATION ${package_directory})

# Relative to the .pc file, so that an installed tree can be moved (and DESTDIR needs nothing special).
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pc_openmp ${OpenMP_C_FLAGS})
set(pc_dl "")
if(CMAKE_DL_LIBS)
  set(pc_dl " -l${CMAKE_DL_LIBS}")
endif()
set(pc_runtime "")
if(nlopt_runtime) # it must come behind NLopt, and pkg-config puts what is required behind everything else
  list(REMOVE_ITEM pc_modules nlopt)
  list(JOIN NLOPT_LDFLAGS " " pc_runtime)
  string(PREPEND pc_runtime " ")
  string(APPEND pc_runtime " -l${nlopt_runtime}")
endif()
set(pc_klu "")
if(KLU_FOUND)
  set(pc_klu " -lklu -lamd -lcolamd -lbtf -lsuitesparseconfig")
endif()
list(JOIN pc_modules ", " pc_modules)
configure_file(odegrad.pc.in odegrad.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/odegrad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
