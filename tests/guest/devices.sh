# The devices that need no hardware, seen from the shell; runs in the guest by `sh -c`.

echo text >/dev/null; holds null_takes_everything $?
read -r x </dev/null; [ $? = 1 ] && [ -z "$x" ]; holds null_has_nothing $?
[ -c /dev/null ] && [ -c /dev/urandom ]; holds devices_are_devices $?
{ echo text >/dev/full; } 2>/dev/null; [ $? != 0 ]; holds full_takes_nothing $?
{ echo text >/dev/null/x; } 2>/dev/null; [ $? != 0 ]; holds a_device_is_no_directory $?
{ echo text >/dev/no-such-device; } 2>/dev/null; [ $? != 0 ]; holds no_device_is_made_by_opening_it $?
cd /dev; missing="full null zero"; for name in *; do missing=${missing%" $name"}; missing=${missing#"$name "}; done
[ "$missing" = zero ]; holds devices_are_listed $?
[ "$(dd if=/dev/zero bs=1M count=1 2>/dev/null | wc -c)" = 1048576 ]; holds a_large_read_of_zeros_is_whole $?
read -r -n 24 a </dev/urandom 2>/dev/null; read -r -n 24 b </dev/urandom 2>/dev/null; [ "$a" != "$b" ]; holds random_bytes_differ $?
exit $failed
