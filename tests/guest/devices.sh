# The devices that need no hardware, seen from the shell; runs in the guest by `sh -c`.

echo text >/dev/null; holds null_takes_everything $?
read -r x </dev/null; [ $? = 1 ] && [ -z "$x" ]; holds null_has_nothing $?
[ -c /dev/null ] && [ -c /dev/urandom ]; holds devices_are_devices $?
{ echo text >/dev/full; } 2>/dev/null; [ $? != 0 ]; holds full_takes_nothing $?
{ echo text >/dev/null/x; } 2>/dev/null; [ $? != 0 ]; holds a_device_is_no_directory $?
{ echo text >/dev/no-such-device; } 2>/dev/null; [ $? != 0 ]; holds no_device_is_made_by_opening_it $?
cd /dev; missing="full null zero"; for name in *; do missing=${missing%" $name"}; missing=${missing#"$name "}; done
[ "$missing" = zero ]; holds devices_are_listed $?
whole() { # DEVICE BYTES: whether one read gives as many
	[ "$(dd if="$1" bs="$2" count=1 2>/dev/null | wc -c)" = "$2" ]
}
whole /dev/zero 20000000; holds a_large_read_of_zeros_is_whole $?
whole /dev/zero 65537; holds so_is_one_of_a_byte_more_than_a_step $?
whole /dev/urandom 1048577; holds a_large_read_of_random_bytes_is_whole $?
dd if=/dev/urandom bs=1000000 count=1 2>/dev/null | gzip | [ "$(wc -c)" -gt 1000000 ]; holds and_random_all_through $?
whole /dev/urandom 4000000 & first=$!; whole /dev/zero 8000000 & second=$!; whole /dev/urandom 3000000 & third=$!
wait $first && wait $second && wait $third; holds reads_at_the_same_time_are_whole $?
dd if=/dev/urandom of=/dev/null bs=300M count=1 2>/dev/null & long=$!
whole /dev/urandom 10 && kill -0 $long; holds a_short_read_does_not_wait_for_a_long_one $?
kill $long; wait $long; [ $? = 143 ]; holds a_long_read_is_ended_by_a_signal $?
read -r -n 24 a </dev/urandom 2>/dev/null; read -r -n 24 b </dev/urandom 2>/dev/null; [ "$a" != "$b" ]; holds random_bytes_differ $?
exit $failed
