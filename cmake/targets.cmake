# meshproof_library, meshproof_program and meshproof_test: the only ways in which targets are made here.

# The shared precompiled header: the standard library, awaitables, expected, fmt and JSON.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "// built once for every target\n")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(meshproof_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_include_directories(meshproof_pch PRIVATE ${CMAKE_SOURCE_DIR})
target_precompile_headers(meshproof_pch PRIVATE <cmake/pch.hpp>)
target_link_libraries(meshproof_pch PUBLIC fmt::fmt Threads::Threads)
set_target_properties(meshproof_pch PROPERTIES CXX_CLANG_TIDY "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # The compiled header is of this checkout only: not from ccache.
  set_target_properties(meshproof_pch PROPERTIES CXX_COMPILER_LAUNCHER "")
endif()

# What ccache takes for the precompiled header: its text, with that of all it includes. The compiled one has the
# checkout's path in it, and would be another in each clone.
if(MESHPROOF_CCACHE AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # CMake's own has the header beside it, by a path that ccache does not make relative.
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Xclang -include-pch -Xclang <PCH_FILE>)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -E -P -x c++-header ${CMAKE_SOURCE_DIR}/cmake/pch.hpp
    OUTPUT_VARIABLE pch_text COMMAND_ERROR_IS_FATAL ANY)
  string(SHA256 pch_sum "${pch_text}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CMakeFiles/meshproof_pch.dir/cmake_pch.hxx.pch.sum CONTENT "${pch_sum}\n")
  unset(pch_text)
endif()

set(MESHPROOF_UNLISTED FATAL_ERROR CACHE STRING
  "What a source file in no list means: FATAL_ERROR, or WARNING in a tree where several people add files at once")

# Every .cpp in the folder must be in the list, or configure stops with its name. DEEP: its rooms' files are in the list too.
function(meshproof_check_listed)
  cmake_parse_arguments(ARG "DEEP" "" "" ${ARGN})
  if(ARG_DEEP)
    file(GLOB_RECURSE found RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *.cpp)
    list(FILTER found EXCLUDE REGEX "/fuzz/")
  else()
    file(GLOB found RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *.cpp tests/*.cpp)
  endif()
  foreach(file IN LISTS found)
    if(NOT file IN_LIST ARG_UNPARSED_ARGUMENTS)
      message(${MESHPROOF_UNLISTED} "meshproof: ${CMAKE_CURRENT_SOURCE_DIR}/${file} is in no list of this folder's CMakeLists.txt")
    endif()
  endforeach()
endfunction()

function(meshproof_options target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_precompile_headers(${target} REUSE_FROM meshproof_pch)
endfunction()

# meshproof_batches(OUT NAME a.cpp…): OUT is what is compiled for these sources of this folder: eight at once where the
# build asks for it. Not CMake's own unity build: its files name the checkout's path, so that no clone would find in
# ccache what another one compiled.
function(meshproof_batches out name)
  set(sources ${ARGN})
  list(LENGTH sources left)
  if(NOT MESHPROOF_UNITY OR left LESS 2)
    set(${out} ${sources} PARENT_SCOPE)
    return()
  endif()
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(batches "")
  set(text "")
  set(in_batch 0)
  foreach(source IN LISTS sources)
    string(APPEND text "#include \"${folder}/${source}\"\n")
    math(EXPR left "${left} - 1")
    math(EXPR in_batch "${in_batch} + 1")
    if(in_batch EQUAL 8 OR left EQUAL 0)
      list(LENGTH batches number)
      set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}_${number}.cpp)
      file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
      list(APPEND batches ${file})
      set(text "")
      set(in_batch 0)
    endif()
  endforeach()
  set(${out} ${batches} PARENT_SCOPE)
endfunction()

# One file's parameter against another's function, where both are compiled at once.
function(meshproof_together target)
  if(MESHPROOF_UNITY)
    target_compile_options(${target} PRIVATE -Wno-shadow)
  endif()
endfunction()

# What asks and waits, and computes little itself: only what is short is inlined, which halves its compilation where
# something is optimised (eight files of checks: 28 to 14 s of CPU time).
function(meshproof_cold target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:SHELL:-O1 -mllvm -inline-threshold=20>")
  endif()
endfunction()

# Of a template's function that several objects have, the linker takes the first one's: the optimised, not what a cold
# object made of it. Whole, since an archive's objects come only after those that ask for them.
function(meshproof_optimised_first target)
  set(optimised core_base core_time core_crypto core_http core_kube core_vault core_spiffe core_run core_mesh core_world
    fakes_chaos fakes_sim fakes_kube fakes_vault fakes_world)
  if(MESHPROOF_LLD AND CMAKE_BUILD_TYPE STREQUAL "Release")
    list(TRANSFORM optimised REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE archives)
    target_link_options(${target} PRIVATE LINKER:--whole-archive ${archives} LINKER:--no-whole-archive)
  endif()
endfunction()

# meshproof_library(NAME SOURCES a.cpp… LINK lib… [COLD] [APART b.cpp…]): a static library that sees only what it links.
# COLD: as meshproof_cold says. APART: files that are compiled by themselves always, since they have functions of one
# name or need what the others do not.
function(meshproof_library name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;LINK;APART" ${ARGN})
  meshproof_batches(compiled ${name} ${ARG_SOURCES})
  add_library(${name} STATIC ${compiled} ${ARG_APART})
  meshproof_options(${name})
  meshproof_together(${name})
  if(ARG_COLD)
    meshproof_cold(${name})
  endif()
  target_link_libraries(${name} PUBLIC fmt::fmt Threads::Threads ${ARG_LINK})
endfunction()

# meshproof_program(NAME SOURCES a.cpp… LINK lib… [COLD]): a program, put at the top of the build folder.
function(meshproof_program name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;LINK" ${ARGN})
  meshproof_batches(compiled ${name} ${ARG_SOURCES})
  add_executable(${name} ${compiled})
  meshproof_options(${name})
  meshproof_together(${name})
  if(ARG_COLD)
    meshproof_cold(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  if(MESHPROOF_TCMALLOC)
    target_link_libraries(${name} PRIVATE ${MESHPROOF_TCMALLOC})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# meshproof_test(NAME SOURCES tests/a_test.cpp… LINK lib… [LABELS unit] [TIMEOUT s] [OPTIMISED] [APART b.cpp…]): a
# GoogleTest program, run whole by ctest. OPTIMISED: too long for sanitizers, so it is the release build's test, whatever
# that has of unit tests. APART: as for a library.
function(meshproof_test name)
  cmake_parse_arguments(ARG "OPTIMISED" "TIMEOUT" "SOURCES;LINK;LABELS;APART" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT MESHPROOF_UNIT_TESTS AND NOT ARG_OPTIMISED)
    return()
  endif()
  meshproof_batches(compiled ${name} ${ARG_SOURCES})
  add_executable(${name} ${compiled} ${ARG_APART})
  meshproof_options(${name})
  meshproof_together(${name})
  meshproof_cold(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main)
  if(ARG_OPTIMISED AND MESHPROOF_SANITIZE)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  # The long ones begin first: CTest has no times of its own in a new build folder.
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT})
endfunction()
