# What the build takes from the system: all of it Debian packages (scripts/packages-build.txt).
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS url)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(benchmark REQUIRED)

find_path(MESHPROOF_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
find_path(MESHPROOF_JSON_INCLUDE nlohmann/json.hpp REQUIRED)
find_path(MESHPROOF_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
