# FIFOs in Hearth: what opening one waits for, and what goes through. Runs in the guest by `sh -c`.
cd /tmp && mkdir fifos && cd fifos || exit 1
f=./f

mkfifo $f; [ -p $f ]; holds a_fifo_is_a_file_of_its_kind $?
echo one >$f & read -r x <$f; [ "$x" = one ]; holds a_line_goes_through $?
wait
(sleep 1; echo late >$f) & read -r x <$f; [ "$x" = late ]; holds a_reader_waits_for_a_writer $?
wait
(sleep 1; cat $f >got) & echo two >$f; wait; [ "$(cat got)" = two ]; holds a_writer_waits_for_a_reader $?
(echo a; echo b) >$f & [ "$(cat $f)" = "$(printf 'a\nb')" ]; holds the_end_of_file_comes_with_the_last_writer $?
wait
seq 1 50000 >$f & [ "$(sha256sum <$f)" = "$(seq 1 50000 | sha256sum)" ]; holds much_goes_through_in_order $?
wait
exec 3<>$f; echo self >&3; read -r x <&3; exec 3>&-; [ "$x" = self ]; holds one_with_both_sides_waits_for_nobody $?
exec 3<>$f; echo first >$f; echo second >$f; read -r x <&3; read -r y <&3; exec 3>&-
[ "$x$y" = firstsecond ]; holds writers_come_and_go $?
yes >$f 2>/dev/null & head -n 1 $f >got; wait $!; [ $? -gt 1 ] || [ "$(cat got)" = y ]; holds a_writer_without_readers_ends $?
: >$f & cat $f >got; [ ! -s got ]; holds a_writer_who_says_nothing_is_an_end_of_file $?
wait
sh -c "exec 3>$f" & writer=$!; sleep 1; kill $writer; wait $writer; [ $? = 143 ]; holds a_signal_ends_the_wait_of_a_writer $?
sh -c "exec 3<$f" & reader=$!; sleep 1; kill $reader; wait $reader; [ $? = 143 ]; holds and_that_of_a_reader $?
bash -c "trap 'echo caught; exit 9' USR1; read -r x <$f" >got & reader=$!; sleep 1; kill -USR1 $reader; sleep 1; echo go >$f &
wait $reader; [ "$(cat got)" = caught ]; holds a_trap_runs_of_who_waits_to_open $?
kill %1 2>/dev/null; kill $! 2>/dev/null; wait
mkfifo g; cat <g >got & exec 4>g; rm g; echo kept >&4; exec 4>&-; wait; [ "$(cat got)" = kept ]; holds a_fifo_without_a_name_goes_on $?
mkfifo a b; (while read -r n; do echo $((n + 1)); done <a >b) & exec 5>a 6<b
n=0; i=0; while [ $i -lt 200 ]; do echo $n >&5; read -r n <&6; i=$((i + 1)); done; exec 5>&- 6<&-; wait; [ "$n" = 200 ]; holds two_fifos_make_a_conversation $?
ln f h; echo linked >h & read -r x <f; [ "$x" = linked ]; holds another_name_is_the_same_fifo $?
wait
mv f k; echo moved >k & read -r x <k; [ "$x" = moved ]; holds so_is_a_new_name $?
wait
tail -f k >got & tailer=$!; echo 1 >k; sleep 1; kill $tailer; wait; [ "$(cat got)" = 1 ]; holds a_program_that_follows_gets_it $?
cd /; rm -r /tmp/fifos
exit $failed
