# What the measurements share; each sources it first. Their only argument is the number of runs, 5 unless told.
# LAZYRESTORE_BINARY: the binary to measure; without it, it is published to artifacts/bin.
set -euo pipefail
shopt -s inherit_errexit
runs=${1:-5}
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ -n ${LAZYRESTORE_BINARY:-} ]] || dotnet publish "$bench/../tools" -c Release -o "$bench/../artifacts/bin" -v quiet
tool=$(realpath "${LAZYRESTORE_BINARY:-$bench/../artifacts/bin/lazyrestore}")

work=$(mktemp -d "${TMPDIR:-/var/tmp}/lazyrestore-bench-XXXXXX")
started=()
trap cleanup EXIT
cd "$work"
mkdir series
for source in "$bench"/baseline/*.c; do gcc -O2 -pthread -o "$(basename "$source" .c)" "$source"; done

# A PID may have been given to somebody else since: what was started here has this folder as its own.
cleanup() {
    local pid
    for pid in "${started[@]}"; do
        if [[ $(readlink "/proc/$pid/cwd") == "$work" ]]; then kill -9 "$pid" 2>/dev/null || true; fi
    done
    cd /
    rm -rf "$work" "${memory:-$work}"
}

fail() { echo "$1" >&2; [[ ! -s log ]] || tail -n 20 log >&2; exit 1; }

# Waits until a command succeeds. The measurements take their times themselves, so this may be slow, and leaves the processors to them.
await() {
    local deadline=$((SECONDS + 120))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "gave up waiting for: $*"
        sleep 0.05
    done
}

# A process that can be dumped: no descriptor leads outside. Its PID is in $target.
launch() {
    perl -e 'use POSIX; POSIX::close($_) for 3..1023; exec @ARGV' "$@" </dev/null >out 2>&1 &
    target=$!
    started+=("$target")
    disown
}

# Dumps $target, and waits until the disk has the image: nothing is written while times are taken.
dump_to() { # image
    "$tool" dump "$target" -o "$1" >log 2>&1 || fail "the dump failed"
    sync -f "$1"
}

# Dumps a program that touches pages when the file "go" appears.
dump_touching() { # MiB, threads, touches, image
    rm -f go took ready
    launch ./touch "$1" "$2" "$3"
    await test -e ready
    dump_to "$4"
}

# Runs a restore of such a program, or the handler in C. Once it has touched its pages it waits; $seconds, $p50 and $p99 tell what it took.
begin_touching() { # command
    rm -f took
    touch go
    "$@" >log 2>&1 &
    server=$!
    started+=("$server")
    await test -e took
    read -r seconds p50 p99 <took
}

end_touching() {
    rm go
    wait "$server" || fail "exit status $?"
}

touching() { begin_touching "$@"; end_touching; }

warm() { ./warm "$1"; } # MiB

# A series of values has a name; its median goes into the table.
record() { # series, value
    [[ $2 ]] || fail "nothing to record as $1"
    echo "$2" >>"series/$1"
}

median() { sort -g "series/$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2 }'; }

calculate() { awk "BEGIN { print $1 }"; }

# The value of a field in a file of JSON lines; the last one.
field() { # file, name
    local value
    value=$(sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$1" | tail -n 1)
    [[ $value ]] || { cat "$1" >&2; fail "$1 has no $2"; }
    echo "$value"
}

line() { printf '%-70s %9s %9s %7s %8s %4s\n' "$@"; }

# A row of the table. The target is an upper limit: of what is measured here, or, with an x behind it, of its ratio to C.
row() { # what, here, C, target
    local ratio=- target=- met=- value=$2
    [[ $2 == - || $3 == - ]] || ratio=$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f", a / b }')
    [[ $4 != *x ]] || value=$ratio
    if [[ $4 != - ]]; then
        target="<= $4"
        met=$(awk -v value="$value" -v limit="${4%x}" 'BEGIN { print value <= limit ? "yes" : "no" }')
    fi
    line "$1" "$(rounded "$2")" "$(rounded "$3")" "$ratio" "$target" "$met"
}

rounded() { [[ $1 == - ]] && echo - || awk -v v="$1" 'BEGIN { printf v < 10 ? "%.2f" : v < 100 ? "%.1f" : "%.0f", v }'; }

head_of_table() {
    echo "Medians of $runs runs, here and in C in turn. Right before every run that takes memory, warm.c touches as much and gives it back,"
    echo "so that neither of them waits for the host of a virtual machine."
    line what here C ratio target met
}

[[ -n ${LAZYRESTORE_BENCH_PART:-} ]] || head_of_table
