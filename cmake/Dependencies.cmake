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
