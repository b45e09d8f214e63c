# Set-up and build for scripts/run, scripts/test and scripts/bench: sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit

say() { echo "$*" >&2; }

fail() {
    say "$(basename "$0"): error: $1"
    [[ -z ${2:-} ]] || say "$(basename "$0"): hint: $2"
    exit "${3:-1}"
}

package_list() { grep -hv '^#' "$root/scripts/packages-build.txt"; }

# have_build_packages: on Debian as root, installs what is missing; elsewhere says what to install.
have_build_packages() {
    local missing=() package
    if ! command -v dpkg-query >/dev/null; then
        command -v clang++-19 >/dev/null && command -v cmake >/dev/null && command -v ninja >/dev/null && return
        fail "this system is not Debian, and clang++-19, cmake and ninja are not all there" \
            "install what these Debian packages hold: $(package_list | tr '\n' ' ')" 3
    fi
    for package in $(package_list); do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        fail "missing packages: ${missing[*]}" "sudo apt-get install --no-install-recommends ${missing[*]}" 3
    fi
    say "installing Debian packages: ${missing[*]}"
    {
        apt-get update &&
            DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
                "${missing[@]}"
    } >/tmp/meshproof-apt.log 2>&1 ||
        { tail -5 /tmp/meshproof-apt.log >&2 && fail "apt-get failed" "see /tmp/meshproof-apt.log" 3; }
}

# told_by_tens: of ninja's lines, one for each tenth of the work.
told_by_tens() {
    local line tenth last=0
    while IFS= read -r line; do
        [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
        tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
        ((tenth > last)) || continue
        last=$tenth
        echo "  ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} steps"
    done
}

# build PRESET [TARGET...]: configures where needed and builds. On a terminal ninja's own line says how far it is;
# elsewhere a line for each tenth of the work does, and the log has the rest. LOW=1: gives way to whatever else runs.
build() {
    local preset=$1 log ninja=(ninja)
    shift
    [[ -z ${LOW:-} ]] || ninja=(nice -n 19 ninja)
    log=build/$preset.log
    mkdir -p build
    # Always, for the second it costs: an older build folder would not hear of a changed preset.
    cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2 && fail "configure failed"; }
    if [[ -t 2 ]]; then
        say "building $preset"
        NINJA_STATUS="[%f/%t %es] " "${ninja[@]}" -C "build/$preset" "$@" >&2 || fail "the build failed"
    else
        say "building $preset (log: $log)"
        "${ninja[@]}" -C "build/$preset" "$@" 2>&1 | tee "$log" | told_by_tens >&2 ||
            { grep -A15 -E 'error|FAILED' "$log" | head -80 >&2; fail "the build failed"; }
    fi
}

# link_program PRESET: makes build/meshproof the program of this build.
link_program() {
    ln -sfn "$1/meshproof" build/meshproof
}
