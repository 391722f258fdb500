# chroot and the names of devices.
result()
{
	if [ "$2" = "$3" ]; then
		echo "ok roots: $1"
	else
		echo "not ok roots: $1: \"$2\" and not \"$3\""
		failed=1
	fi
}
failed=0
cd /tmp
rm -rf root
mkdir -p root/bin root/dir
cp /bin/busybox root/bin/
echo inside >root/etc
ln -s /etc root/link
ln -s ../../../etc root/dir/up

in_root() { chroot root /bin/busybox sh -c "$1" 2>&1; }
result 'a new root has what is below it, and nothing else' "$(in_root 'echo /*')" '/bin /dir /etc /link'
result 'names begin there' "$(in_root 'cat /etc')" inside
result '.. does not lead out' "$(in_root 'cat /../../etc; cd ..; cat ../etc; cat /dir/up')" "$(printf 'inside\ninside\ninside')"
result 'absolute links begin there' "$(in_root 'cat /link')" inside
result 'the working directory is the root' "$(in_root pwd)" /
result 'programs are found there' "$(in_root '/bin/busybox echo a; /bin/sh' | head -1)" a
result 'children have it too' "$(in_root '(cat /etc; exec /bin/busybox cat /etc)')" "$(printf 'inside\ninside')"
result 'the one outside has not' "$(cat /etc/motd | head -1)" "$(head -1 /etc/motd)"
result 'a root in a root' "$(in_root 'mkdir /deeper; cp -a /bin /deeper/; chroot /deeper /bin/busybox sh -c "echo /*"')" /bin
result 'where mounts are they stay' "$(chroot /scheme/.. /bin/busybox ls -d /dev/null)" /dev/null
result 'no directory, no root' "$(chroot root/etc /bin/true 2>&1)" "chroot: can't change root directory to 'root/etc': Not a directory"

# A process that has asked for many names of one file system asks that directly.
result 'and from a process that knows many names' "$(busybox sh -c 'for i in $(seq 40); do [ -e /tmp/root/etc ] && [ -e /var/none ]; done; exec chroot /tmp/root /bin/busybox cat /etc')" inside
result 'an open directory outside has no names' "$(cd /var; chroot /tmp/root /bin/busybox sh -c 'cat /etc; pwd')" "$(printf 'inside\n/')"

mknod disk b 8 17
mknod tape c 9 300
result 'the name of a device says which' "$(stat -c '%F %t %T' disk tape)" "$(printf 'block special file 8 11\ncharacter special file 9 12c')"
result 'a list shows it' "$(ls -l disk | cut -c1,42-46)" 'b'"$(ls -l disk | cut -c42-46)"
result 'nothing stands behind it' "$(cat disk 2>&1)" "cat: can't open 'disk': No such device or address"
result 'find tells its kind' "$(find . -maxdepth 1 -type b)" ./disk
# Numbers that could be taken for what tmpfs holds.
i=0
while [ $i -lt 256 ]; do
	mknod number c 0 $((256 + i)) && rm number
	i=$((i + 1))
done
result 'what a device is numbered is nothing but a number' "$(cat root/etc; mknod n c 1 3 && rm n && echo more >root/other && cat root/other)" "$(printf 'inside\nmore')"
rm -rf disk tape root
result 'it can be removed' "$(ls disk 2>/dev/null)" ''
exit $failed
