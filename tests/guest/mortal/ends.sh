# Runs in the guest while init ends at point after point of its work (points.c), pm with it, and once vfs: what runs goes on, what was
# asked for comes about, and children are waited for.
fail() {
	echo "not ok ends: $*"
	exit 1
}

sleep 1000 &
sleeper=$!
exec 3</etc/services
n=1
while [ $n -le 80 ]; do
	service status "arm $n" 2>/dev/null && fail "point $n: there is a service of that name"
	service restart rngd || fail "point $n: rngd is not restarted"
	[ "$(head -c 100 /dev/urandom | wc -c)" = 100 ] || fail "point $n: rngd does not answer"
	[ $((n % 5)) != 0 ] || service restart pm || fail "point $n: pm is not restarted"
	(exit 3)
	[ $? = 3 ] || fail "point $n: a child ends in another way"
	n=$((n + 2))
done
{ read -r line; } </die-vfs && fail "vfs lives"
until [ -e /dev/power ] && [ -e /etc/motd ]; do :; done
service status 'arm 9' 2>/dev/null
service restart rngd && [ "$(head -c 9 /dev/random | wc -c)" = 9 ] || fail "rngd is not restarted behind the end of vfs"
read -r line <&3 || fail "a file that was open is lost"
kill $sleeper || fail "the child that sleeps is lost"
wait $sleeper
[ $? = 143 ] || fail "the child that slept ends in another way"
service list | grep -q '^tmpfs	runs$' || fail "the services are lost"
[ "$(service status tmpfs | grep -c '^started 1 time')" = 1 ] || fail "tmpfs was started again with init"
echo "ok ends"
exit 7
