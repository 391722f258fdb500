# The shell in Hearth: its own commands on the files of the initfs. Runs in the guest by `sh -c`, without starting a program;
# what the shell says about the failures that are provoked here goes to stderr.

[ $((6 * 7)) = 42 ]; holds arithmetic $?
[ -c /dev/console ] && [ -e /dev/power ]; holds all_is_mounted_before_a_command_runs $?
i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; [ $i = 1000 ]; holds loops $?
f() { local x=$1; [ $x = 0 ] || f $((x - 1)); }; f 50; holds functions_call_themselves $?
case $PWD in /*) true ;; *) false ;; esac; holds the_working_directory_is_absolute $?
cd /etc && [ "$PWD" = /etc ] && [ -f motd ]; holds cd_to_a_folder $?
cd .. && [ "$PWD" = / ]; holds cd_to_the_folder_above $?
cd /../../.. && [ "$PWD" = / ]; holds nothing_is_above_the_root $?
cd /nowhere; [ $? != 0 ] && [ "$PWD" = / ]; holds cd_to_nowhere_fails $?
cd /etc/motd; [ $? != 0 ]; holds cd_to_a_file_fails $?
[ -d /etc ] && [ ! -f /etc ] && [ -f /etc/motd ] && [ ! -d /etc/motd ]; holds files_and_folders_differ $?
[ -e /etc/nothing ]; [ $? = 1 ]; holds what_is_not_there_does_not_exist $?
[ -x /bin/busybox ] && [ ! -x /etc/motd ]; holds programs_are_executable $?
[ -h /bin/sh ]; holds a_link_is_one $?
[ -s /etc/motd ]; holds a_file_has_a_size $?

n=0; while read -r line; do n=$((n + 1)); done </etc/motd; [ $n -gt 2 ]; holds a_file_is_read_by_lines $?
read -r first </etc/services; [ "${first#\#}" != "$first" ]; holds a_line_is_read $?
exec 3</etc/services; read -r a <&3; read -r b <&3; exec 3<&-; [ "$a" != "$b" ]; holds an_open_file_goes_on_where_it_was $?
read -r x <&3; [ $? != 0 ]; holds a_closed_descriptor_is_refused $?
exec 4</etc/motd 5<&4; read -r a <&4; read -r b <&5; [ "$a" != "$b" ]; holds a_duplicate_shares_its_place $?
exec 4<&- 5<&-
{ read -r x; } </etc/none; [ $? != 0 ]; holds a_missing_file_is_refused $?
{ echo x; } >/etc/motd; [ $? != 0 ]; holds the_initfs_can_not_be_written $?
{ echo x; } >/etc/new; [ $? != 0 ]; holds the_initfs_takes_no_new_file $?
case $( { echo x >/etc/new; } 2>&1 ) in *[Rr]ead-only*) true ;; *) false ;; esac; holds it_says_that_it_can_not_be_written $?
case $( { echo x >/etc/no/new; } 2>&1 ) in *nonexistent*) true ;; *) false ;; esac; holds a_folder_that_is_missing_is_said_to_be $?

set -- /etc/m*; [ "$1" = /etc/motd ] && [ "$2" = /etc/mounts ] && [ $# = 2 ]; holds names_are_matched $?
set -- /*; [ $# -ge 3 ]; holds the_root_is_listed $?
set -- /etc/.*; [ "$1" = /etc/. ] && [ "$2" = /etc/.. ] && [ $# = 2 ]; holds a_folder_lists_itself_and_the_one_above $?
set -- /nowhere/*; [ "$1" = '/nowhere/*' ]; holds no_match_stays_as_it_is $?
read -r x </scheme/initfs/etc/services && [ "$x" = "$first" ]; holds a_scheme_has_a_path $?
read -r x <initfs:///etc/services && [ "$x" = "$first" ]; holds a_uri_is_a_path $?
read -r x </etc/../etc/./services && [ "$x" = "$first" ]; holds dots_are_walked $?
read -r x <//etc///services && [ "$x" = "$first" ]; holds slashes_are_merged $?
{ read -r x </etc/motd/; }; [ $? != 0 ]; holds a_file_is_no_folder $?

trap 'trapped=1' USR1; holds a_handler_can_be_set $?
x=abcdef; [ "${x#abc}" = def ] && [ "${x%def}" = abc ] && [ ${#x} = 6 ]; holds parameters_are_cut $?
read -r x; [ $? = 1 ]; holds input_is_empty $?
umask 022; holds umask_is_kept $?
nonsense_command; [ $? = 127 ]; holds a_missing_command_is_127 $?
exit $failed
