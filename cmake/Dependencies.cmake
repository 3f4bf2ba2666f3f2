# What the library is linked to. scripts/deps.sh installs it all on Debian.
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NLOPT REQUIRED IMPORTED_TARGET nlopt)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(CAIRO IMPORTED_TARGET cairo)
if(NOT CAIRO_FOUND)
  message(STATUS "cairo was not found: odegrad is built without plots, and --plot will say so. "
                 "Install libcairo2-dev (or run scripts/deps.sh build) and configure again to have them.")
endif()

# SLEEF's names are those of an instruction set: they are called from kernels compiled for x86 only.
set(SLEEF_FOUND FALSE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  pkg_check_modules(SLEEF IMPORTED_TARGET sleef)
  if(NOT SLEEF_FOUND)
    message(STATUS "SLEEF was not found: elementary functions (exp, tanh, ...) are the C library's, one number at a time. "
                   "Install libsleef-dev (or run scripts/deps.sh build) and configure again to have them in vectors.")
  endif()
endif()
