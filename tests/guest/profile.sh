# What /etc/profile defines.
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

result 'the motd is printed' "$(. /etc/profile)" "$(cat /etc/motd)"
. /etc/profile >/dev/null
result 'help prints what can be tried' "$(help)" "$(cat /etc/help)"
cd /etc
result 'cd changes the working directory' "$PWD" /etc
case $PS1 in
'\w'*) result 'the prompt begins with the working directory' a a ;;
*) result 'the prompt begins with the working directory' "$PS1" '\w…' ;;
esac
exit $failed
