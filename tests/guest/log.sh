# The machine's log, read by programs: /dev/kmsg and syslog(2); runs in the guest by `sh -c`.

dmesg >/tmp/dmesg; holds dmesg_reads_the_log $?
grep -q 'root info: started initfsd in' /tmp/dmesg; holds the_log_is_there_from_the_boot_on $?
[ "$(dmesg -s 4096 | wc -c)" -le 4096 ]; holds no_more_than_was_asked_for $?
[ "$(dmesg -s 4096 | tail -n 1)" = "$(dmesg | tail -n 1)" ]; holds the_last_lines_are_those_that_fit $?
dmesg -c 2>/dev/null >/dev/null; [ $? != 0 ] || dmesg | grep -q 'started initfsd'; holds nobody_clears_the_log $?
dd if=/dev/kmsg bs=1024 count=1 2>/dev/null | grep -qE '^[0-9],[0-9]+,[0-9]+,-;.'; holds a_read_gives_a_record $?
[ "$(dd if=/dev/kmsg bs=1024 count=3 2>/dev/null | wc -l)" = 3 ]; holds each_read_gives_the_next $?
{ echo x >/dev/kmsg; } 2>/dev/null; [ $? != 0 ]; holds nobody_writes_it_by_that_name $?
cat /dev/kmsg >/tmp/followed & service restart timed; sleep 0.5; kill $!; wait $! 2>/dev/null
tail -n 3 /tmp/followed | grep -q ';init: started timed in'; holds new_lines_are_followed $?
service restart logd; dmesg | grep -q 'started logd in'; holds a_new_logd_has_the_whole_log $?
(dd if=/dev/kmsg bs=8 count=1 2>&1 >/dev/null) | grep -q 'Invalid argument'; holds a_record_is_not_cut $?
exit $failed
