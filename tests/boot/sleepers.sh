# Runs in the guest: what many processes that sleep take of memory by what `free` says, and that it comes back. The first of them are for the
# servers, which make room for so many once and keep it.
#
# SLEEPERS, MUSL_KIB, BUSYBOX_KIB: how many, and what one of each kind may take.
used() { free -k | while read -r name total used rest; do [ "$name" != Mem: ] || echo "$used"; done; }

processes() { (set -- /proc/[0-9]*; echo $#); }

many() { # COMMAND...: SLEEPERS of it
	local i=0
	while [ $i -lt $SLEEPERS ]; do
		"$@" &
		i=$((i + 1))
	done
	sleep 0.5
}

away() { # all of them end; waits until no more than $1 KiB are used, for so long
	local i=0
	kill $(jobs -p)
	wait
	while [ $(used) -gt $1 ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
}

measure() { # NAME KIB COMMAND...
	local name=$1 limit=$2 before during after alive each others
	shift 2
	before=$(used)
	others=$(processes)
	many "$@"
	during=$(used)
	alive=$(($(processes) - others))
	away $((before + SLACK))
	after=$(used)
	each=$(((during - before + SLEEPERS - 1) / SLEEPERS))
	echo "# $name: $before KiB, with $alive of them $during, behind them $after: $each KiB each"
	[ $alive = $SLEEPERS ] && [ $each -gt 0 ] && [ $each -le $limit ] && echo "ok $name.is_small" || echo "not ok $name.is_small: $each KiB"
	[ $after -le $((before + SLACK)) ] && echo "ok $name.gives_it_back" || echo "not ok $name.gives_it_back: $((after - before)) KiB are missing"
}

SLACK=512
many /tests/sleeper
away $(($(used) / 2))
measure musl $MUSL_KIB /tests/sleeper
measure busybox $BUSYBOX_KIB busybox sleep 10000
exit 0
