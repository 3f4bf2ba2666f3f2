# odegrad_flags: how every file of the project is compiled, libraries, tool, tests and benchmarks alike.
add_library(odegrad_flags INTERFACE)
target_compile_options(odegrad_flags INTERFACE
  -Wall -Wextra -Wpedantic
  -fno-math-errno -fno-trapping-math # sqrt and comparisons in loops over lanes become vector code; no bits change
  -ffp-contract=off # the bits of a result must not depend on which products the compiler cares to fuse
  -fvisibility=hidden)
if(ODEGRAD_WERROR)
  target_compile_options(odegrad_flags INTERFACE -Werror)
endif()

# Threads may have little stack (64 KiB: tests/test_depth.c), so what is large is allocated. Sanitizers and builds
# without optimisation have frames several times as large.
set(optimised $<BOOL:$<CONFIG:Release,RelWithDebInfo,MinSizeRel>>)
if(ODEGRAD_SANITIZE OR ODEGRAD_LIBFUZZER)
  set(optimised 0)
endif()
set(ODEGRAD_FRAMES $<${optimised}:-Wframe-larger-than=9216>)
set(ODEGRAD_KERNEL_FRAMES $<${optimised}:-Wframe-larger-than=20480>) # panels of dense products, which call nothing

if(ODEGRAD_SANITIZE)
  # -g1: functions and lines, which is all that a report names; gcc takes a third less time than with -g
  target_compile_options(odegrad_flags INTERFACE -fsanitize=${ODEGRAD_SANITIZE} -O1 -g1 -fno-omit-frame-pointer)
  target_link_options(odegrad_flags INTERFACE -fsanitize=${ODEGRAD_SANITIZE})
  if(ODEGRAD_SANITIZE MATCHES "undefined")
    target_compile_options(odegrad_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(ODEGRAD_LIBFUZZER)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ODEGRAD_LIBFUZZER needs clang: configure with -DCMAKE_C_COMPILER=clang")
  endif()
  target_compile_options(odegrad_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Instruction sets that src/kernels/*_isa.c are compiled for; the library picks one at run time.
set(ODEGRAD_ISAS base)
set(ODEGRAD_FLAGS_base "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8
   AND NOT ODEGRAD_LIBFUZZER) # whose targets read texts and need no kernels but one
  list(APPEND ODEGRAD_ISAS avx2 avx512)
  set(ODEGRAD_FLAGS_avx2 -mavx2 -mfma)
  set(ODEGRAD_FLAGS_avx512 -mavx2 -mfma -mavx512f -mavx512dq -mavx512vl -mprefer-vector-width=512)
  target_compile_definitions(odegrad_flags INTERFACE OG_HAVE_X86_ISAS)
endif()
