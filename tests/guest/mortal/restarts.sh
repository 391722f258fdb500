# Runs in the guest: has servers end in the middle of a call, and checks that the next instance of each serves. Each line that
# waits does so until what it needs is back; if that never comes, the run's time is up.
failed=0
holds() { # NAME STATUS
	if [ "$2" = 0 ]; then
		echo "ok restarts: $1"
	else
		echo "not ok restarts: $1: status $2"
		failed=1
	fi
}

exec 3</etc/services
read -r line <&3; holds 'a file is read before anything ends' $?

{ read -r line; } </die-vfs; [ $? != 0 ]; holds 'the call in which vfs ends is answered by its next life: there is no such file' $?
[ -e /etc/motd ]; holds 'vfs comes back with the initfs' $?
[ -e /dev/power ] && [ -e /dev/console ]; holds 'and with the mounts of services' $?
{ read -r line; } </die-vfs; [ -e /etc/motd ]; holds 'it may end again' $?
read -r line <&3; holds 'what was open stays open without vfs' $?

{ read -r line; } </die-initfsd; [ $? != 0 ]; holds 'the call in which initfsd ends fails' $?
[ -e /etc/motd ]; holds 'a call waits until initfsd is back' $?
read -r line </etc/motd; holds 'files are read from the next instance' $?
while read -r line <&3; do :; done; exec 3<&-; holds 'a file that was open in the old one comes to an end' 0

{ read -r -t 1000 line; } </dev/console &
waiter=$!
read -r -t 1 line </dev/console
{ echo die-console; } >/dev/console; holds 'the call in which the console ends is answered by its next life' $?
{ echo the console lives; } >/dev/console; holds 'a call waits until the console is back' $?
kill -0 $waiter; holds 'who waits for something typed goes on waiting' $?
kill $waiter
exit $failed
