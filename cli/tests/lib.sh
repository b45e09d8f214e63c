# Shared by the tests of the program: sourced, not run. MESHPROOF is the program.
# shellcheck shell=bash
: "${MESHPROOF:?the program under test}"
folder=$(mktemp -d)
failures=0

bad() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

finish() {
    ((failures == 0)) || { echo "$failures failed" && exit 1; }
    echo "all as expected"
    exit 0
}

# skip REASON: nothing to run against; ctest shows it as skipped.
skip() {
    echo "skipped: $1"
    exit 77
}

# real_program NAME: the path of bao, vault or kubectl from the cache of scripts/real-servers, or nothing.
real_program() {
    local cache=${MESHPROOF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/meshproof}
    find "$cache/servers" -maxdepth 2 -type f -name "$1" 2>/dev/null | head -1
}

# serve PRODUCT: starts `meshproof serve` on free ports and waits until it says where; sets serve_pid and the clients' variables.
serve() {
    mkdir -p "$folder/serve"
    : >"$folder/serve/out" # it is there before tail looks for it
    "$MESHPROOF" serve --product "$1" --vault-port 0 --kube-port 0 --dir "$folder/serve/files" >"$folder/serve/out" 2>"$folder/serve/err" &
    serve_pid=$!
    # The line comes when both ports answer; the read ends with it, or with the program.
    local line
    while read -r line; do
        [[ $line != "serving until"* ]] || break
    done < <(tail -n +1 -f --pid="$serve_pid" "$folder/serve/out")
    eval "$(grep '^export ' "$folder/serve/out")" || { cat "$folder/serve/err" && exit 1; }
    [[ -n ${VAULT_ADDR:-} ]] || { cat "$folder/serve/err" && exit 1; }
}

cleanup() {
    if [[ -n ${serve_pid:-} ]]; then
        kill -TERM "$serve_pid" 2>/dev/null
        wait "$serve_pid" 2>/dev/null
    fi
    rm -rf "$folder"
}
trap cleanup EXIT
