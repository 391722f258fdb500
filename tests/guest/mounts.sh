# Mounts in a namespace of one's own, by busybox's programs: what is mounted there nobody else sees.
mount | grep -q ' on /tmp type tmpfs (rw'; holds mount_lists_what_is_mounted $?
[ "$(readlink /proc/mounts)" = self/mounts ]; holds mounts_are_each_process_s_own $?
grep -q '^[0-9]* 0 0:[0-9]* / / ro - initfs initfs ro$' /proc/self/mountinfo; holds mountinfo_has_the_root $?
mkdir -p /tmp/m/a /tmp/m/b
echo inside >/tmp/m/a/file
mount --bind /tmp/m/a /tmp/m/b 2>/dev/null; [ $? != 0 ] && [ ! -e /tmp/m/b/file ]; holds the_table_that_all_share_nobody_changes $?
umount /tmp 2>/dev/null; [ $? != 0 ] && [ -e /tmp/m/a/file ]; holds nor_takes_anything_away $?
unshare -m sh -c '
	mount --bind /tmp/m/a /tmp/m/b && [ "$(cat /tmp/m/b/file)" = inside ] &&
	echo more >/tmp/m/b/more && [ "$(cat /tmp/m/a/more)" = more ]'; holds a_directory_is_shown_at_another_name $?
[ -e /tmp/m/a/more ] && [ ! -e /tmp/m/b/more ]; holds and_nobody_else_sees_it $?
unshare -m sh -c '
	mount --bind /tmp/m/a /tmp/m/b && grep -q " /tmp/m/b " /proc/mounts && (cat /tmp/m/b/file >/dev/null) &&
	umount /tmp/m/b && [ ! -e /tmp/m/b/file ] && ! grep -q " /tmp/m/b " /proc/mounts'; holds children_have_it_until_it_is_unmounted $?
unshare -m sh -c 'echo one >/tmp/m/one; mount --bind /tmp/m/one /etc/motd && [ "$(cat /etc/motd)" = one ]'; holds a_file_is_shown_in_another_file_system $?
[ "$(head -1 /etc/motd)" != one ]; holds and_only_there $?
unshare -m sh -c 'mount -t proc proc /tmp/m/b && [ "$(cut -d" " -f1 /tmp/m/b/$$/stat)" = $$ ]'; holds proc_is_mounted_elsewhere $?
unshare -m sh -c '! mount -t ext4 /dev/null /tmp/m/b 2>/dev/null && ! umount /tmp/m/a 2>/dev/null && ! umount / 2>/dev/null &&
	! mount --bind /tmp/m/one /tmp/m/b 2>/dev/null && ! mount --bind /nowhere /tmp/m/b 2>/dev/null'; holds what_can_not_be_is_refused $?
unshare -m sh -c 'umount /proc && [ ! -e /proc/self ] && [ -d /tmp/m ]'; holds one_s_own_view_can_be_made_less $?
[ -e /proc/self ]; holds others_keep_theirs $?
rm -r /tmp/m
exit $failed
