#!/usr/bin/env bash
# Before and after, measured in turns: A, B, A, B, … five times each, and judged by the trends of a policy. What else the
# machines do meets both sides alike then.
#   A="--target old.yaml" B="--target new.yaml" docs/ci/turns.sh
# A= B=                  flags of load; both have the same name in their target or account file, and ask for the same
# A_FIRST= B_FIRST=      commands that come before each turn, such as the change and its undoing
# POLICY=docs/ci/turns.yaml  OUT=out  SUMMARY=FILE
# TURNS=5 RATE=50 DURATION=30s LOAD_FLAGS=   of every load
set -uo pipefail
: "${A:?flags of load, such as --target old.yaml}" "${B:?flags of load, such as --target new.yaml}"
meshproof=${MESHPROOF:-meshproof}
out=${OUT:-out}

# turn SIDE NUMBER FIRST FLAGS: 0, 1, 3 and 5 leave a report, which the gate judges; after anything else there is none.
turn() {
    bash -c "$3" || { echo "before turn $2 of $1 this failed: $3" >&2 && exit 2; }
    # shellcheck disable=SC2086 # several flags
    "$meshproof" load login-sign --rate "${RATE:-50}" --duration "${DURATION:-30s}" --seed "$2" --report "$out/$1-$2" ${LOAD_FLAGS:-} $4
    local status=$?
    case $status in 0 | 1 | 3 | 5) ;; *) exit "$status" ;; esac
}

for ((i = 1; i <= ${TURNS:-5}; i++)); do
    turn a $i "${A_FIRST:-}" "$A"
    turn b $i "${B_FIRST:-}" "$B"
done

flags=(--policy "${POLICY:-$(dirname "$0")/turns.yaml}" --report "$out/gate" --baseline "$out"/a-*)
[[ -z ${SUMMARY:-} ]] || flags+=(--summary "$SUMMARY")
exec "$meshproof" report gate "$out"/b-* "${flags[@]}"
