# What the library is linked to, and the tool, which writes its results by cJSON. scripts/deps.sh installs it all on Debian.
find_package(OpenMP COMPONENTS C)
if(NOT OpenMP_C_FOUND)
  message(FATAL_ERROR "the C compiler knows no OpenMP: gcc does (Debian's package gcc); clang does with libomp-dev")
endif()
find_package(PkgConfig)
if(NOT PkgConfig_FOUND)
  message(FATAL_ERROR "pkg-config was not found: install it (Debian's package pkg-config, or scripts/deps.sh build)")
endif()

# Module `module`, which odegrad cannot do without and Debian has in `package`, as PkgConfig::PREFIX.
function(odegrad_require prefix module package)
  pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL ${module})
  if(NOT ${prefix}_FOUND)
    message(FATAL_ERROR "${module} was not found: install Debian's package ${package} (scripts/deps.sh build installs all "
                        "that is missing), or name the folder of its .pc file in PKG_CONFIG_PATH")
  endif()
endfunction()
odegrad_require(NLOPT nlopt libnlopt-dev)
odegrad_require(CJSON libcjson libcjson-dev)

# An NLopt that is a static library (where programs are to be linked with -static) may have C++ in it, of which its .pc file says nothing.
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::NLOPT m)
check_c_source_compiles("#include <nlopt.h>
int main(void) { double x, f; return nlopt_optimize(nlopt_create(NLOPT_LD_SLSQP, 1), &x, &f); }" NLOPT_LINKS_ALONE)
unset(CMAKE_REQUIRED_LIBRARIES)
set(nlopt_runtime "")
if(NOT NLOPT_LINKS_ALONE)
  set(nlopt_runtime stdc++)
endif()

option(ODEGRAD_CAIRO "Use cairo, for plots, where it is found" ON)
option(ODEGRAD_SLEEF "Use SLEEF, for elementary functions in vectors, where it is found" ON)
option(ODEGRAD_KLU "Use SuiteSparse's KLU, for sparse systems whose rows are exchanged, where it is found" ON)
set(CAIRO_FOUND FALSE)
if(ODEGRAD_CAIRO)
  pkg_check_modules(CAIRO IMPORTED_TARGET cairo)
endif()
if(ODEGRAD_CAIRO AND NOT CAIRO_FOUND)
  message(STATUS "cairo was not found: odegrad is built without plots, and --plot will say so. "
                 "Install libcairo2-dev (or run scripts/deps.sh build) and configure again to have them.")
endif()

# SLEEF's names are those of an instruction set: they are called from kernels compiled for x86 only.
set(SLEEF_FOUND FALSE)
if(ODEGRAD_SLEEF AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  pkg_check_modules(SLEEF IMPORTED_TARGET sleef)
  if(NOT SLEEF_FOUND)
    message(STATUS "SLEEF was not found: elementary functions (exp, tanh, ...) are the C library's, one number at a time. "
                   "Install libsleef-dev (or run scripts/deps.sh build) and configure again to have them in vectors.")
  endif()
endif()

# SuiteSparse of Debian 12 has no .pc files.
set(KLU_FOUND FALSE)
if(ODEGRAD_KLU)
  find_path(KLU_INCLUDE_DIR klu.h PATH_SUFFIXES suitesparse)
  find_library(KLU_LIBRARY klu)
  if(KLU_INCLUDE_DIR AND KLU_LIBRARY)
    set(KLU_FOUND TRUE)
  else()
    message(STATUS "KLU was not found: odegrad is built without --linear-solver klu, which will say so. "
                   "Install libsuitesparse-dev and configure again to have it.")
  endif()
endif()
