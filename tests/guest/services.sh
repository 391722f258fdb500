# init's services by the command `service`; runs in the guest by `sh -c`.

service list | grep -q '^tmpfs	runs$'; holds services_are_listed $?
[ "$(service list | wc -l)" = "$(grep -c '^[a-z]' /etc/services)" ]; holds all_services_are_listed $?
service status rngd | grep -q '^started 1 time; it is started again when it ends$'; holds a_service_tells_of_itself $?
old=$(service status rngd | sed -n 's/^process \([0-9]*\),.*/\1/p'); [ "$old" -gt 0 ]; holds a_service_has_a_process $?
service restart rngd; holds a_service_is_restarted $?
new=$(service status rngd | sed -n 's/^process \([0-9]*\),.*/\1/p'); [ "$new" -gt 0 ] && [ "$new" != "$old" ]; holds a_restart_makes_another_process $?
[ "$(head -c 100 /dev/urandom | wc -c)" = 100 ]; holds a_restarted_service_answers $?
service stop rngd; holds a_service_is_stopped $?
service status rngd | grep -q '^rngd is stopped$'; holds a_stopped_service_is_told_as_such $?
sleep 0.4; service status rngd | grep -q '^rngd is stopped$'; holds a_stopped_service_stays_so $?
[ "$(service stop rngd 2>&1)" = 'service: cannot stop rngd: it does not run' ]; holds it_is_stopped_once $?
head -c 100 /dev/urandom >/tmp/bytes & service start rngd; holds a_stopped_service_is_started $?
wait; [ "$(wc -c </tmp/bytes)" = 100 ]; holds who_called_meanwhile_is_answered $?
[ "$(service start rngd 2>&1)" = 'service: cannot start rngd: it runs already' ]; holds it_is_started_once $?
echo kept >/tmp/kept; service stop tmpfs && service start tmpfs && [ "$(cat /tmp/kept)" = kept ]; holds files_outlive_a_stop_of_tmpfs $?
[ "$(service status nobody 2>&1)" = 'service: there is no service nobody' ]; holds an_unknown_service_is_an_error $?
service restart 0123456789012345678901234567890123456789 2>/dev/null; [ $? = 1 ]; holds a_long_name_is_an_error $?
service restart '' 2>/dev/null; [ $? = 1 ]; holds no_name_is_an_error $?
service 2>/dev/null; [ $? = 2 ]; holds nothing_to_do_is_explained $?
exit $failed
