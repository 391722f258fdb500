/* Processes that end with init. */
#include "user/root/adopted.h"

#include <stdbool.h>
#include <stddef.h>

#include "abi/proto/supervisor.h"

static handle_t adopted[SUPERVISOR_PROCESSES];
static size_t adopted_count;

/* 0: it has ended. */
static uint32_t number_of(handle_t process)
{
	struct process_info info;
	return !sys_process_info(process, &info) && info.state != PROCESS_ENDED ? info.number : 0;
}

/* Forgets those that have ended. */
static void sweep(void)
{
	size_t kept = 0;
	for (size_t i = 0; i < adopted_count; i++) {
		if (number_of(adopted[i]))
			adopted[kept++] = adopted[i];
		else
			sys_handle_close(adopted[i]);
	}
	adopted_count = kept;
}

/* One that was started again in its own process is here already. */
static bool is_adopted(handle_t process)
{
	uint32_t number = number_of(process);
	for (size_t i = 0; i < adopted_count; i++)
		if (number && number_of(adopted[i]) == number)
			return true;
	return false;
}

status_t adopted_add(handle_t process)
{
	uint32_t type, rights;
	uint64_t object;
	status_t status = sys_handle_info(process, &type, &rights, &object);
	if (!status && type != OBJECT_PROCESS)
		status = ERR_WRONG_TYPE;
	if (!status && !(rights & RIGHT_MANAGE))
		status = ERR_NO_RIGHT;
	sweep();
	if (!status && is_adopted(process)) {
		sys_handle_close(process);
		return ERR_OK;
	}
	if (!status && adopted_count == SUPERVISOR_PROCESSES)
		status = ERR_FULL;
	if (status)
		sys_handle_close(process);
	else
		adopted[adopted_count++] = process;
	return status;
}

void adopted_end_all(void)
{
	for (size_t i = 0; i < adopted_count; i++) {
		status_t killed = sys_process_kill(adopted[i], PROCESS_STATUS_KILLED);
		(void)killed; /* it may have ended already */
		sys_handle_close(adopted[i]);
	}
	adopted_count = 0;
}
