# bench/ is a project of its own that can also be a part of this one. Nothing of it is built but by
# `cmake --build build --target bench`.
set(bench_programs "")
if(EXISTS ${PROJECT_SOURCE_DIR}/bench/CMakeLists.txt AND NOT ODEGRAD_SANITIZE AND NOT ODEGRAD_LIBFUZZER)
  add_subdirectory(bench EXCLUDE_FROM_ALL)
  get_property(bench_programs DIRECTORY bench PROPERTY BUILDSYSTEM_TARGETS)
endif()
add_custom_target(bench)
if(bench_programs)
  add_dependencies(bench ${bench_programs})
endif()
