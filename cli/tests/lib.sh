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

# foreign_programs PRODUCT: sets `program` (bao or vault) and `kubectl`, or skips the test.
foreign_programs() {
    case $1 in openbao) program=$(real_program bao) ;; *) program=$(real_program vault) ;; esac
    kubectl=$(real_program kubectl)
    [[ -n $program && -n $kubectl ]] || skip "bao, vault and kubectl cannot all be had here (scripts/real-servers install says why)"
    local tool
    for tool in curl jq openssl; do command -v "$tool" >/dev/null || skip "$tool is not there"; done
}

# python_with_clients: sets `python`, which has what scripts/python-clients pins, or skips the test.
python_with_clients() {
    python=$("$(dirname "$0")/../../scripts/python-clients" path) || skip "the Python clients cannot be had here (scripts/python-clients install says why)"
}

# gives CODE TEXT COMMAND...: the command exits with CODE, and TEXT is in what it says. All of it is left in $said.
gives() {
    local code=$1 text=$2 status
    shift 2
    said=$("$@" 2>&1 </dev/null)
    status=$?
    [[ $status == "$code" ]] || bad "$* exits $status, expected $code: $said"
    [[ $said == *"$text"* ]] || bad "$* says \"$said\", expected \"$text\""
}

# until_true SECONDS COMMAND...: asks again until the command succeeds; false if it does not in that time.
until_true() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
    done
}

# serve PRODUCT [FLAG...]: starts `meshproof serve` on free ports and waits until it says where; sets serve_pid and the clients' variables.
serve() {
    mkdir -p "$folder/serve"
    : >"$folder/serve/out" # it is there before tail looks for it
    "$MESHPROOF" serve --product "$1" "${@:2}" --dir "$folder/serve/files" >"$folder/serve/out" 2>"$folder/serve/err" &
    serve_pid=$!
    # The line comes when both ports answer; the read ends with it, or with the program.
    local line
    while read -r line; do
        [[ $line != "# serving until"* ]] || break
    done < <(tail -n +1 -f --pid="$serve_pid" "$folder/serve/out")
    eval "$(grep '^export ' "$folder/serve/out")" || { cat "$folder/serve/err" && exit 1; }
    [[ -n ${VAULT_ADDR:-} ]] || { cat "$folder/serve/err" && exit 1; }
}

# against PRODUCT fake|real [FLAG...]: as serve; for `real` a private real server, in memory, takes the fake Vault's place, and only the
# API server is a fake. So one script says of both what is right. Sets unseal_key too. Needs foreign_programs.
against() {
    serve "$1" "${@:3}"
    unseal_key=$(head -1 "$folder/serve/files/unseal-keys")
    [[ $2 == fake ]] || real_vault
}

real_vault() {
    local port line try
    for try in 1 2 3; do
        # Below the ephemeral range, so that no outgoing connection takes it; a port lost to somebody else ends the server.
        port=$((20000 + RANDOM % 10000))
        : >"$folder/real.log"
        env -u VAULT_ADDR -u VAULT_TOKEN -u VAULT_CACERT HOME="$folder" "$program" server -dev -dev-no-store-token \
            -dev-listen-address="127.0.0.1:$port" >"$folder/real.log" 2>&1 &
        real_pid=$!
        while read -r line; do
            [[ $line != "Root Token: "* ]] || break
        done < <(tail -n +1 -f --pid="$real_pid" "$folder/real.log")
        [[ $line != "Root Token: "* ]] || break
        ((try < 3)) && grep -q "address already in use" "$folder/real.log" || { cat "$folder/real.log" && exit 1; }
    done
    export VAULT_ADDR=http://127.0.0.1:$port VAULT_TOKEN=${line#Root Token: }
    unset VAULT_CACERT
    unseal_key=$(sed -n 's/^Unseal Key: //p' "$folder/real.log")
}

# end PID: ends a process that this test started.
end() {
    kill -TERM "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

cleanup() {
    local pid
    for pid in ${agent_pid:-} ${real_pid:-} ${serve_pid:-}; do end "$pid"; done
    rm -rf "$folder"
}
trap cleanup EXIT
