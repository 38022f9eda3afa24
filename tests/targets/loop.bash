# A loop of builtins only. As bash cannot sleep by itself, it reads from a socket that nobody sends to.
directory=$1
declare -A table
for ((i = 0; i < 5000; i++)); do table[$i]=$((i * 7)); done
exec 9<>/dev/udp/127.0.0.1/9
trap 'signalled=yes' USR1
: > "$directory/ready"
beats=0
while [[ ! -e $directory/go ]]; do
    read -r -t 0.005 -u 9 unused
    ((beats++))
done
wrong=0
for ((i = 0; i < 5000; i++)); do [[ ${table[$i]} == $((i * 7)) ]] || ((wrong++)); done
[[ $signalled == "${2-}" ]] || ((wrong++))
# It can still start programs.
[[ $(echo "$(/bin/echo started)") == started ]] || ((wrong++))
if ((wrong)); then printf 'differs: %s\nfailed\n' "$wrong" > "$directory/log"; exit 1; fi
echo ok > "$directory/log"
