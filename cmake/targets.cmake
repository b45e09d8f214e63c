# meshproof_library, meshproof_program and meshproof_test: the only ways in which targets are made here.

# The shared precompiled header: the standard library, awaitables, expected, fmt and JSON.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "// built once for every target\n")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(meshproof_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_precompile_headers(meshproof_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
target_link_libraries(meshproof_pch PUBLIC fmt::fmt Threads::Threads)
set_target_properties(meshproof_pch PROPERTIES CXX_CLANG_TIDY "")

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

# Eight files at once, where the build asks for it.
function(meshproof_unity target)
  if(MESHPROOF_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    target_compile_options(${target} PRIVATE -Wno-shadow)  # one file's parameter against another's function
  endif()
endfunction()

# What asks and waits, and computes little itself: only what is short is inlined, which halves its compilation where
# something is optimised (eight files of checks: 28 to 14 s of CPU time).
function(meshproof_cold target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:SHELL:-O1 -mllvm -inline-threshold=20>")
  endif()
endfunction()

# meshproof_library(NAME SOURCES a.cpp… LINK lib… [COLD] [APART]): a static library that sees only what it links. COLD: as
# meshproof_cold says. APART: its files have functions of one name, so each is compiled by itself always.
function(meshproof_library name)
  cmake_parse_arguments(ARG "APART;COLD" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  meshproof_options(${name})
  if(ARG_COLD)
    meshproof_cold(${name})
  endif()
  if(NOT ARG_APART)
    meshproof_unity(${name})
  endif()
  target_link_libraries(${name} PUBLIC fmt::fmt Threads::Threads ${ARG_LINK})
endfunction()

# meshproof_program(NAME SOURCES a.cpp… LINK lib… [COLD]): a program, put at the top of the build folder.
function(meshproof_program name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  meshproof_options(${name})
  if(ARG_COLD)
    meshproof_cold(${name})
  endif()
  meshproof_unity(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# meshproof_test(NAME SOURCES tests/a_test.cpp… LINK lib… [LABELS unit] [TIMEOUT s] [OPTIMISED] [APART]): a GoogleTest
# program, run whole by ctest. OPTIMISED: too long for sanitizers, so it is the release build's test, whatever that has of
# unit tests. APART: as for a library.
function(meshproof_test name)
  cmake_parse_arguments(ARG "OPTIMISED;APART" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT MESHPROOF_UNIT_TESTS AND NOT ARG_OPTIMISED)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  meshproof_options(${name})
  meshproof_cold(${name})
  if(NOT ARG_APART)
    meshproof_unity(${name})
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main)
  if(ARG_OPTIMISED AND MESHPROOF_SANITIZE)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  # The long ones begin first: CTest has no times of its own in a new build folder.
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT})
endfunction()
