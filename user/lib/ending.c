/* Endings in words. */
#include "user/lib/ending.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "user/lib/call.h"

#define TRIES_AT_ONCE 50u
#define TRIES 2000u

bool ending_text(handle_t process, char text[static ENDING_TEXT_MAX])
{
	struct process_info info;
	if (sys_process_info(process, &info) || info.state != PROCESS_ENDED)
		return false;
	if (info.status == PROCESS_STATUS_KILLED)
		snprintf(text, ENDING_TEXT_MAX, "was killed");
	else if (info.status > PROCESS_STATUS_SIGNAL)
		snprintf(text, ENDING_TEXT_MAX, "was ended by signal %u", info.status - PROCESS_STATUS_SIGNAL);
	else if (info.status >= PROCESS_STATUS_FAULT && info.status < PROCESS_STATUS_KILLED)
		snprintf(text, ENDING_TEXT_MAX, "ended by exception %u", info.status - PROCESS_STATUS_FAULT);
	else
		snprintf(text, ENDING_TEXT_MAX, "ended with status %u", info.status);
	return true;
}

void ending_wait_for_replacement(handle_t process)
{
	struct process_info info;
	for (unsigned i = 0; i < TRIES && !sys_process_info(process, &info) && info.state == PROCESS_ENDED; i++) {
		if (i < TRIES_AT_ONCE)
			sched_yield();
		else
			usleep(1000);
	}
}
