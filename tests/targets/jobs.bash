# A shell with jobs in process groups of their own: a pipeline, a sleeper, and one that ends with a status of its own.
set -m
cd "$1" || exit 2
(while :; do echo line; sleep 0.01; done) | (n=0; while read -r _; do n=$((n + 1)); echo "$n" >count.new; mv count.new count; done) &
sleep 1000 &
(trap 'exit 3' TERM; while :; do sleep 0.05; done) &
last=$!
until [[ -e count ]]; do sleep 0.01; done
echo $$ >ready.part
mv ready.part ready
until [[ -e go ]]; do sleep 0.02; done

before=$(<count)
until (($(<count) > before)); do sleep 0.02; done
kill "$last"
wait "$last"
[[ $? == 3 ]] || echo "differs: the status of the last job" >>log
kill %1 %2
wait
[[ -z $(jobs -r) ]] || echo "differs: jobs are left" >>log
grep -q differs log 2>/dev/null && echo failed >>log || echo ok >>log
