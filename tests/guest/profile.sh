# What /etc/profile defines, tried without processes: a printf of the test's own takes what the functions print.
result()
{
	if [ "$2" = "$3" ]; then
		echo "ok profile: $1"
	else
		echo "not ok profile: $1: \"$2\" and not \"$3\""
		failed=1
	fi
}
failed=0

file_text()
{
	text=
	while IFS= read -r l || [ -n "$l" ]; do text="$text$l|"; done <"$1"
}

taken=
printf()
{
	taken="$taken$2|"
}

. /etc/profile
file_text /etc/motd
result 'the motd is printed' "$taken" "$text"

taken=
show /etc/services
file_text /etc/services
result 'show prints a file' "$taken" "$text"

taken=
show initfs:///etc/services
result 'show prints a file by the name of its file system' "$taken" "$text"

taken=
help
file_text /etc/help
result 'help prints what can be tried' "$taken" "$text"

taken=
list /etc
case "|$taken" in
*'|motd|'*) result 'list names what is in a directory' a a ;;
*) result 'list names what is in a directory' "$taken" '…|motd|…' ;;
esac

taken=
list /nowhere # complains
result 'list of nothing names nothing' "$taken" ''

cd /etc
result 'cd changes the working directory' "$PWD" /etc
case $PS1 in
'\w'*) result 'the prompt begins with the working directory' a a ;;
*) result 'the prompt begins with the working directory' "$PS1" '\w…' ;;
esac
exit $failed
