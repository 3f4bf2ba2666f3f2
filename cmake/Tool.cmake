# The tool. All of it but main is an object library, which tests and cmake/Manual.cmake link as well.
file(GLOB cli_sources CONFIGURE_DEPENDS cli/*.c)
set(cli_main ${PROJECT_SOURCE_DIR}/cli/main.c)
list(REMOVE_ITEM cli_sources ${cli_main})
add_library(odegrad_cli OBJECT ${cli_sources})
target_include_directories(odegrad_cli PUBLIC cli)
target_compile_options(odegrad_cli PRIVATE ${ODEGRAD_FRAMES})
target_link_libraries(odegrad_cli PUBLIC odegrad_flags odegrad_static PkgConfig::CJSON)

add_executable(odegrad ${cli_main})
target_link_libraries(odegrad PRIVATE odegrad_cli)
install(TARGETS odegrad)

# What is installed, and no more: `make` builds this. Without a target, `cmake --build` builds the tests as well.
add_custom_target(product)
add_dependencies(product odegrad odegrad_shared odegrad_static)
