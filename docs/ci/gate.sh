#!/usr/bin/env bash
# What a pipeline does before a change goes out. Each step leaves a report; the gate judges them all at the end.
#   TARGET=target.yaml POLICY=gate.yaml docs/ci/gate.sh
# ACCOUNT=account.yaml  is looked into first
# CHANGE=change.yaml    of the account's servers, which is played before it is applied
# OUT=out               the reports
# BASELINE=DIR          the OUT of what is there already, for trends
# SUMMARY=FILE          gets the Markdown
# SCENARIOS= CHECKS=     themes, topics or ids instead of all
# LOADS=1 RATE=50 DURATION=30s LOAD_FLAGS=   the loads; trends want five
set -uo pipefail
: "${TARGET:?a target file}" "${POLICY:?a policy of the gate}"
meshproof=${MESHPROOF:-meshproof}
out=${OUT:-out}

# 0, 1, 3 and 5 leave a report, which the gate judges; after anything else there is none.
step() {
    "$meshproof" "$@"
    local status=$?
    case $status in 0 | 1 | 3 | 5) ;; *) exit "$status" ;; esac
}

summary=()
[[ -z ${SUMMARY:-} ]] || summary=(--summary "$SUMMARY")
looked=()
if [[ -n ${ACCOUNT:-} ]]; then
    step preflight --account "$ACCOUNT" --report "$out/preflight" "${summary[@]}"
    looked=("$out/preflight")
    if [[ -n ${CHANGE:-} ]]; then
        step preflight --account "$ACCOUNT" --plan "$CHANGE" --report "$out/plan" "${summary[@]}"
        looked+=("$out/plan")
    fi
fi
# shellcheck disable=SC2086 # several words
step run ${SCENARIOS:-} --target "$TARGET" --report "$out/run"
# shellcheck disable=SC2086
step conform ${CHECKS:-} --level must --target "$TARGET" --report "$out/conform"
for ((i = 1; i <= ${LOADS:-1}; i++)); do
    # shellcheck disable=SC2086 # several flags
    step load login-sign --rate "${RATE:-50}" --duration "${DURATION:-30s}" --target "$TARGET" --report "$out/load-$i" ${LOAD_FLAGS:-}
done

flags=(--policy "$POLICY" --report "$out/gate" "${summary[@]}")
[[ -z ${BASELINE:-} ]] || flags+=(--baseline "$BASELINE"/load-*)
exec "$meshproof" report gate "${looked[@]}" "$out"/run "$out"/conform "$out"/load-* "${flags[@]}"
