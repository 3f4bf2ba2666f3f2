# Manual pages, one a verb, and completion for bash and zsh: a program makes them from the tool's own table of options.
# Builds that are not to be installed (sanitizers, fuzzing), and those for another machine, which cannot run it, do without.
if(NOT ODEGRAD_SANITIZE AND NOT ODEGRAD_LIBFUZZER AND NOT CMAKE_CROSSCOMPILING)
  file(GLOB manual_sources CONFIGURE_DEPENDS cli/manual/*.c)
  set(manual_folder ${PROJECT_BINARY_DIR}/manual)
  file(MAKE_DIRECTORY ${manual_folder}/man1 ${manual_folder}/completion)
  add_executable(odegrad_manual ${manual_sources})
  target_link_libraries(odegrad_manual PRIVATE odegrad_cli)
  set_target_properties(odegrad_manual PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${manual_folder})
  add_custom_command(OUTPUT ${manual_folder}/man1/odegrad.1
                     COMMAND odegrad_manual ${manual_folder} DEPENDS odegrad_manual COMMENT "Making manual pages and completion")
  add_custom_target(manual ALL DEPENDS ${manual_folder}/man1/odegrad.1)
  add_dependencies(product manual)

  install(DIRECTORY ${manual_folder}/man1/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${manual_folder}/completion/odegrad DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${manual_folder}/completion/_odegrad DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()
