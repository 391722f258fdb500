# Runs in a guest whose clock was set to 2001-02-03 04:05:06 UTC; where time is read and set.
failed=0
holds() { # NAME STATUS
	if [ "$2" = 0 ]; then
		echo "ok clock: $1"
	else
		echo "not ok clock: $1: status $2"
		failed=1
	fi
}
near() { [ "$1" -ge "$2" ] && [ "$1" -le $(($2 + 600)) ]; } # the machine was started a while ago

near "$(date +%s)" 981173106; holds 'the time is the one that the machine began with' $?
hwclock -u -r | grep -q '^Sat Feb  3 04:.* 2001 '; holds 'the clock of the machine shows it' $?
echo >/tmp/old; near "$(stat -c %Y /tmp/old)" 981173106; holds 'files have it' $?
date -u -s '2024-02-29 23:59:50' >/tmp/said; holds 'it can be set' $?
near "$(date +%s)" 1709251190; holds 'and is that for a program' $?
near "$(bash -c 'echo $EPOCHSECONDS')" 1709251190; holds 'and for a shell' $?
near "$(bash -c 'trap : USR1; (echo $EPOCHSECONDS); :')" 1709251190; holds 'and for a copy of one' $?
sleep 3 &
(sleep 1; date -u -s '2030-01-01 00:00:00' >/tmp/said)
wait; near "$(date +%s)" 1893456000; holds 'who sleeps is not moved' $?
bash -c 'a=$EPOCHSECONDS; (date -u -s "2024-02-29 23:59:50" >/dev/null); [ $EPOCHSECONDS -lt $a ]'; holds 'who runs sees it change' $?
echo >/tmp/new; near "$(stat -c %Y /tmp/new)" 1709251190; holds 'files have the new one' $?
hwclock -u -r | grep -q '^Sat Feb  3 04:.* 2001 '; holds 'the clock of the machine is left alone' $?
hwclock -u -w; hwclock -u -r | grep -q -e '^Thu Feb 29 23:59:.* 2024 ' -e '^Fri Mar  1 00:0.* 2024 '; holds 'it can be set too' $?
date -u -s '2010-01-01 00:00:00' >/tmp/said; hwclock -u -s
near "$(date +%s)" 1709251190; holds 'and the time by it' $?
grep -q "^btime $(($(date +%s) - $(cut -d. -f1 /proc/uptime)))" /proc/stat ||
	grep -q "^btime $(($(date +%s) - $(cut -d. -f1 /proc/uptime) - 1))" /proc/stat; holds 'the time of the start moves along' $?
date -s 'nonsense' 2>/dev/null; [ $? != 0 ]; holds 'nonsense is refused' $?
(echo x >/dev/rtc0) 2>/dev/null; [ $? != 0 ]; holds 'the clock has no bytes' $?
exit $failed
