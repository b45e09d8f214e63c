# shellcheck shell=bash disable=SC2154
# Servers as processes: free ports, starting, recognising, waiting and ending; sourced by scripts/real-servers.
#
# A server NAME lives in $run/servers/NAME: pid, url, log and its data. The caller defines `launch NAME`, which calls
# `spawn`, and conditions such as `healthy NAME`; it also has the functions `say` and `fail`.

readonly patience=60 # seconds that a server may take to become ready; five are usual on two idle cores

declare -A picked_ports=()

# pick_port VARIABLE: a loopback port on which nothing listens. They are taken from below the ephemeral range (32768
# on Linux), so that no outgoing connection gets one between here and the server's bind.
pick_port() {
    local picked
    while picked=$((20000 + RANDOM % 10000)); do
        [[ -v picked_ports[$picked] ]] && continue
        { : <>"/dev/tcp/127.0.0.1/$picked"; } 2>/dev/null && continue
        picked_ports[$picked]=1
        printf -v "$1" %s "$picked"
        return
    done
}

# spawn NAME COMMAND...: the server outlives this shell and its terminal, holds none of the caller's files open (who
# reads our output through a pipe would wait for the server), and sees no setting of the caller's such as VAULT_ADDR.
spawn() {
    local dir=$run/servers/$1 fd
    shift
    (
        cd "$dir" || exit
        for fd in "/proc/$BASHPID/fd"/*; do
            fd=${fd##*/}
            ((fd <= 2)) || eval "exec $fd>&-"
        done
        exec setsid env -i HOME="$dir" PATH="$PATH" "$@"
    ) </dev/null >"$dir/log" 2>&1 &
    local pid=$!
    echo "$pid" >"$dir/pid"
    # Until its exec the process still looks like this script, and `alive` would not know it.
    while [[ /proc/$pid/exe -ef /proc/$$/exe ]]; do sleep 0.01; done
}

# alive NAME: its recorded process exists and is ours. The pid may have been given to a stranger since, but only our
# servers have a path below $run in their command line; a zombie has no command line.
alive() {
    local pid
    { read -r pid <"$run/servers/$1/pid"; } 2>/dev/null && grep -qaF -- "$run/" "/proc/$pid/cmdline" 2>/dev/null
}

# await NAME CONDITION: waits until CONDITION NAME holds. A server that lost its port to somebody else is started again.
await() {
    local name=$1 condition=$2 log=$run/servers/$1/log races=0 deadline=$((SECONDS + patience)) why
    until "$condition" "$name"; do
        if alive "$name"; then
            ((SECONDS < deadline)) && sleep 0.1 && continue
            why="$name was not ready in $patience s"
        elif grep -q 'address already in use' "$log" && ((++races < 3)); then
            launch "$name"
            continue
        else
            why="$name ended by itself"
        fi
        cp "$log" "$cache/log/$name.log"
        say "the last lines of $cache/log/$name.log:"
        tail -n 15 "$log" >&2
        fail "$why"
    done
}

# end_all NAME...: asks all of them to end, waits, kills those that do not, and returns when none is left.
end_all() {
    local deadline=$((SECONDS + 8)) name signal=TERM
    while :; do
        local left=()
        for name; do alive "$name" && left+=("$name"); done
        ((${#left[@]})) || return 0
        if [[ $signal ]]; then
            for name in "${left[@]}"; do kill "-$signal" "$(<"$run/servers/$name/pid")" 2>/dev/null || true; done
            signal=
        elif ((SECONDS >= deadline)); then
            signal=KILL
        fi
        sleep 0.1
    done
}
