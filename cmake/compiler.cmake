# The language, the warnings and the sanitizers, for every target alike.
option(MESHPROOF_SANITIZE "Build with ASan and UBSan" OFF)
option(MESHPROOF_TSAN "Build with ThreadSanitizer, which excludes the other sanitizers" OFF)
option(MESHPROOF_WERROR "Treat warnings as errors" ON)
option(MESHPROOF_UNIT_TESTS "Build the GoogleTest programs" ON)
option(MESHPROOF_UNITY "Compile eight files of a library or a program at once: half of the time, a third where nothing is optimised" OFF)
option(MESHPROOF_TIDY "Run clang-tidy beside every compilation" OFF)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR
    "meshproof: gcc ${CMAKE_CXX_COMPILER_VERSION} miscompiles co_await (double frees in 23 of 39 cases tried with "
    "gcc 12, without a warning). Use clang-19 (apt-get install clang-19; cmake --preset release) or gcc 14.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # no -DNDEBUG: assertions stay on

# Out of range of a container is an end at once, in every build.
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wunused-result
  -Wimplicit-fallthrough -Wcast-qual)
if(MESHPROOF_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Lets ccache share precompiled headers and what is built with them.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()

# One copy of Asio's and Beast's function bodies, in core/base/asio.cpp and core/http/beast.cpp.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ALL_NO_LIB MESHPROOF_VERSION="${PROJECT_VERSION}")

if(MESHPROOF_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
  if(NOT MESHPROOF_FUZZ)
    # A third of the object code, and a fifth of its compilation; what remains of them is the fuzz preset's (decision 0009).
    add_compile_options(-fno-sanitize=null,alignment)
  endif()
  # ASan cannot see into coroutine frames that Asio keeps for reuse.
  add_compile_definitions(BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
endif()

if(MESHPROOF_TSAN)
  if(MESHPROOF_SANITIZE)
    message(FATAL_ERROR "meshproof: MESHPROOF_TSAN and MESHPROOF_SANITIZE exclude each other: choose the preset dev or tsan")
  endif()
  # Without optimisation a scenario over threads takes minutes.
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -g1 -O1)
  add_link_options(-fsanitize=thread)
endif()

find_program(MESHPROOF_LLD ld.lld-19)
if(MESHPROOF_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=${MESHPROOF_LLD})
endif()

# The programs of an optimised build allocate by tcmalloc where it is there (docs/performance.md). By the name of what runs:
# the package that has a name for linkers as well brings five more.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT MESHPROOF_SANITIZE AND NOT MESHPROOF_TSAN)
  find_library(MESHPROOF_TCMALLOC NAMES tcmalloc_minimal libtcmalloc_minimal.so.4)
endif()

find_program(MESHPROOF_CCACHE ccache)
if(MESHPROOF_CCACHE)
  # Sloppiness: what ccache needs to be told before it caches anything that uses a precompiled header. Depend: what is
  # taken for the same after preprocessing may come from other lines, and expectations are known by their lines.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 CCACHE_PCH_EXTSUM=1 "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" ${MESHPROOF_CCACHE})
endif()

if(MESHPROOF_TIDY)
  find_program(MESHPROOF_CLANG_TIDY clang-tidy-19 REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${MESHPROOF_CLANG_TIDY} --quiet)
endif()
