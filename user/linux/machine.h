/* The machine's log and its end: syslog(2) by /dev/kmsg (protocol log), reboot(2) by /dev/power (protocol power). */
#pragma once

#include "user/linux/native.h"

int64_t machine_syslog(int type, uint64_t address, int length);
int64_t machine_reboot(uint32_t magic, uint32_t magic_2, uint32_t command, uint64_t text);
