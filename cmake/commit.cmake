# Which commit is built, as the function of cli/commit.hpp, in a C++ file that changes only when the commit does:
#   cmake -D SOURCE=FOLDER -D OUT=FILE -P commit.cmake
# Run by every build, since git moves on without a change of CMake's own files. Of an archive cmake/commit.txt tells it, where
# `git archive` put it (.gitattributes); of a clone git does, and whether files differ from it. Neither: it is not known.
cmake_minimum_required(VERSION 3.25)
set(commit "of no known commit")
file(READ ${SOURCE}/cmake/commit.txt told)
string(STRIP "${told}" told)
set(changed "")
# A folder of its own, not one within a clone of something else.
if(NOT told MATCHES "^[0-9a-f]+ [-0-9]+$" AND EXISTS ${SOURCE}/.git)
  set(git git --no-optional-locks -C ${SOURCE})
  execute_process(COMMAND ${git} log -1 "--format=%H %cs" OUTPUT_VARIABLE told ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${git} status --porcelain --untracked-files=no OUTPUT_VARIABLE changed ERROR_QUIET)
endif()
if(told MATCHES "^([0-9a-f]+) ([-0-9]+)$")
  string(SUBSTRING ${CMAKE_MATCH_1} 0 12 id)
  set(commit "commit ${id} of ${CMAKE_MATCH_2}")
  if(changed)
    string(APPEND commit ", with changes")
  endif()
endif()

set(text "// Made by cmake/commit.cmake.
#include \"cli/commit.hpp\"

namespace meshproof::cli {

std::string_view built_commit() {
    return \"${commit}\";
}

}  // namespace meshproof::cli
")
set(there "")
if(EXISTS ${OUT})
  file(READ ${OUT} there)
endif()
if(NOT there STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
