# Debian's bash-static in Hearth: what it has beyond a POSIX shell. Runs in the guest.
# shell: bash

[[ $BASH_VERSION == 5.* && $BASH == /bin/bash ]]; holds bash_runs $?
a=(one two three); a+=(four); [[ ${#a[@]} == 4 && ${a[-1]} == four && "${!a[*]}" == '0 1 2 3' ]]; holds arrays $?
declare -A m=([x]=1 [y]=2); [[ ${m[y]} == 2 && ${#m[@]} == 2 ]]; holds associative_arrays $?
mapfile -t lines < <(printf '%s\n' a b c); [[ ${#lines[@]} == 3 && ${lines[2]} == c ]]; holds a_process_is_substituted_for_input $?
[[ $(cat <(echo a) <(echo b)) == $'a\nb' ]]; holds two_processes_are_substituted $?
echo text > >(cat >/tmp/bash_out); wait $!; [[ $(</tmp/bash_out) == text ]]; holds a_process_is_substituted_for_output $?
case <(:) in /dev/fd/*) true ;; *) false ;; esac; holds substituted_processes_are_descriptors_by_name $?
[[ $(cat <<<"here $((6 * 7))") == 'here 42' ]]; holds here_strings $?
[[ $(cat <<END
a $((1 + 1))
END
) == 'a 2' ]]; holds here_documents $?
big=$(cat <<END
$(seq 1 30000)
END
); [[ ${#big} == 168893 ]]; holds a_here_document_larger_than_a_pipe $?
[[ hearth-6.1 =~ ^([a-z]+)-([0-9.]+)$ && ${BASH_REMATCH[1]} == hearth && ${BASH_REMATCH[2]} == 6.1 ]]; holds regular_expressions $?
printf -v text '%05d|%-4s|%x|%q' 42 ab 255 'a b'; [[ $text == '00042|ab  |ff|a\ b' ]]; holds printf_into_a_variable $?
printf -v day '%(%Y)T' 0; [[ $day == 1970 ]]; holds printf_of_times $?
[[ $(echo {a..c}{1..2}) == 'a1 a2 b1 b2 c1 c2' ]]; holds braces_are_expanded $?
v=hearth; [[ ${v^} == Hearth && ${v/th/d} == heard && ${v:1:3} == ear && ${v@Q} == "'hearth'" ]]; holds parameters_are_changed $?
shopt -s extglob nullglob
files=(/etc/@(motd|mounts)); [[ ${#files[@]} == 2 ]]; holds patterns_of_files $?
set -o pipefail; false | true; [[ $? == 1 ]]; holds pipefail $?
false | true | (exit 3); [[ "${PIPESTATUS[*]}" == '1 0 3' ]]; holds statuses_of_a_pipeline $?
set +o pipefail
shopt -s lastpipe; echo last | read -r word; [[ $word == last ]]; holds the_last_of_a_pipeline_is_the_shell_itself $?

(exit 4) & (sleep 2; exit 5) & wait -n; [[ $? == 4 ]]; holds wait_takes_the_first_that_ends $?
wait -n; [[ $? == 5 ]]; holds then_the_next $?
wait -n; [[ $? == 127 ]]; holds then_there_is_none $?
sleep 20 & kill -TERM %1; wait %1; [[ $? == 143 ]]; holds jobs_have_numbers $?
read -r -t 0.2 word < <(sleep 3); [[ $? -gt 128 ]]; holds read_has_a_deadline $?
read -r -d : -n 10 word <<<'ab:cd'; [[ $word == ab ]]; holds read_ends_at_a_letter $?
got=; trap 'got+=usr1' USR1; kill -USR1 $BASHPID; kill -USR1 $$; [[ $got == usr1usr1 ]]; holds traps_of_signals $?
got=$(trap 'echo err' ERR; false; true); [[ $got == err ]]; holds traps_of_errors $?
got=$(trap 'echo bye' EXIT; echo hi); [[ $got == $'hi\nbye' ]]; holds traps_at_the_end $?
coproc cat; echo there >&"${COPROC[1]}"; read -r word <&"${COPROC[0]}"; [[ $word == there ]]; holds a_coprocess_answers $?
eval "exec ${COPROC[1]}>&-"; wait "$COPROC_PID"; holds a_coprocess_ends_with_its_input $?
exec {fd}<>/tmp/bash_rw; echo kept >&"$fd"; exec {fd}>&-; [[ $(</tmp/bash_rw) == kept ]]; holds a_descriptor_gets_a_number $?
[[ $(ulimit -n) -ge 256 && $(umask) == 00* ]]; holds limits_and_modes $?
[[ ~ == "$HOME" && ~root == /root ]]; holds homes_are_known $?
SECONDS=0; sleep 1; ((SECONDS >= 1)); holds seconds_are_counted $?
[[ -n $EPOCHSECONDS && $EPOCHREALTIME == *[.,]* && $RANDOM$RANDOM != $RANDOM$RANDOM ]]; holds time_and_chance $?
n=0; for ((i = 0; i < 20; i++)); do n=$((n + $(echo $i | cat))); done; [[ $n == 190 ]]; holds forty_processes_in_a_loop $?
f() { local -n ref=$1; ref=set; }; f result; [[ $result == set ]]; holds references_to_variables $?
rm -f /tmp/bash_*
exit $failed
