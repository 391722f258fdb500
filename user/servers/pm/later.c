/* Calls that are answered later: see later.h. */
#include "user/servers/pm/later.h"

status_t later_save(struct request *request, handle_t *out_reply, void (*interrupted)(void *context), void *context)
{
	(void)interrupted;
	(void)context;
	return request_save(request, out_reply);
}

void later_drop(handle_t reply)
{
	sys_handle_close(reply);
}
