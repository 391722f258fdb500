# Runs in the guest: what pm keeps and /proc shows, as busybox's programs and its shell see it.
state() { # PID: its letter, when it has become WANTED
	i=0
	while [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" != "$2" ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
	[ $i -lt 50 ]
}

sleep 100 &
child=$!
ps -o pid,ppid,comm | grep -q "^ *$child *$$ *sleep"; holds ps_shows_a_child_and_its_parent $?
[ "$(tr '\0' ' ' </proc/$child/cmdline)" = 'sleep 100 ' ]; holds cmdline_has_its_arguments $?
[ "$(readlink /proc/$child/exe)" = /bin/busybox ]; holds exe_leads_to_its_program $?
kill -STOP $child; state $child T; holds STOP_stops_it $?
kill -CONT $child; state $child S; holds CONT_has_it_go_on $?
kill $child; wait $child; [ $? = 143 ]; holds wait_tells_the_signal_that_ended_it $?
[ ! -e /proc/$child ]; holds it_is_gone_when_it_was_waited_for $?
kill -0 $child 2>/dev/null; [ $? = 1 ]; holds and_can_not_be_signalled $?

top -bn1 | grep -q 'top -bn1'; holds top_shows_itself $?
top -Hbn1 | grep -q 'top -Hbn1'; holds top_shows_threads $?
ps -T | grep -q 'ps -T'; holds so_does_ps $?
free | grep -q '^Mem: *[1-9]'; holds free_tells_the_memory $?
uptime | grep -q 'load average: [0-9]'; holds uptime_tells_the_load $?
pidof busybox >/dev/null; holds pidof_finds_a_program $?
kill -9 1 2>/dev/null; [ $? = 1 ]; holds root_is_out_of_reach $?
for pid in 2 3 4 5 6 7 8; do ! kill -9 $pid 2>/dev/null || break; done; [ $pid = 8 ]; holds and_so_are_the_services $?

orphan=$(sh -c 'sleep 100 >/dev/null & echo $!')
parent=$(cut -d' ' -f4 /proc/$orphan/stat)
[ "$parent" = "$(cut -d' ' -f4 /proc/$$/stat)" ]; holds an_orphan_goes_to_the_one_who_started_the_first $?
kill -9 $orphan
i=0; while [ -e /proc/$orphan ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
[ $i -lt 50 ]; holds and_leaves_nothing_when_it_ends $?

set -- /proc/[0-9]*; before=$# # the shell looks by itself: programs would count one another, or not
i=0; while [ $i -lt 150 ]; do sleep 1000 & i=$((i + 1)); done
set -- /proc/[0-9]*; [ $# = $((before + 150)) ]; holds many_live_at_a_time $?
killall sleep; wait; set -- /proc/[0-9]*; [ $# = $before ]; holds and_all_of_them_end $?
(ulimit -u 5; for i in 1 2 3 4 5 6; do sleep 1 & done) 2>/dev/null; [ $? != 0 ]; holds a_limit_of_processes_holds $?

(ulimit -n 20; exec 19</dev/null && ! (exec 20</dev/null) 2>/dev/null); holds a_limit_of_descriptors_holds $?
(ulimit -n 20; sh -c '! (exec 30</dev/null) 2>/dev/null && exec 15</dev/null'); holds and_goes_through_exec $?
(ulimit -n 20; grep -q '^Max open files  *20  *20 ' /proc/self/limits); holds limits_tells_it $?
(ulimit -v 50000; ! dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null); holds a_limit_of_memory_holds $?
dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null; holds and_without_it_there_is_enough $?

printf '#!/bin/sh\ncat /proc/$$/comm' >/tmp/a-script; chmod +x /tmp/a-script
[ "$(/tmp/a-script)" = a-script ]; holds a_script_has_its_own_name $?
(while :; do :; done) &
child=$!; state $child R; holds what_uses_the_processor_runs $?
kill $child; wait $child
exit $failed
