# Packages of npm that nobody here wrote, in the cache outside the checkout: sourced by those that name some.
# shellcheck shell=bash

cache=$(realpath -m "${MESHPROOF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/meshproof}")

install() {
    [[ ! -d $home ]] || return 0
    local log=$cache/log/$name.log
    mkdir -p "$cache/log"
    rm -rf "$home.new"
    mkdir "$home.new"
    cp "$pins"/package*.json "$home.new"
    echo "fetching $what from npm ..." >&2
    # Whole or not at all: no script of theirs runs, and the folder gets its name when everything is in it.
    if npm ci --prefix "$home.new" --ignore-scripts --no-audit --no-fund >"$log" 2>&1; then
        mv -T "$home.new" "$home"
    else
        rm -rf "$home.new"
        echo "skipped: $what: they could not be had (log: $log)" >&2
        exit 3
    fi
}

# npm_packages NAME WHAT install|path: of those that scripts/NAME.d pins.
npm_packages() {
    name=$1 what=$2
    pins=$(dirname "$(realpath "$0")")/$name.d
    # Named after the pins: other pins make another folder.
    home=$cache/$name-$(sha256sum "$pins/package-lock.json" | head -c 12)
    case ${3-} in
    install) install ;;
    path) [[ -d $home ]] && echo "$home" || exit 3 ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
}
