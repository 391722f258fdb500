/* Calls that are answered later: see later.h. */
#include "user/servers/pm/later.h"

status_t later_save(struct request *request, handle_t *out_reply, void (*interrupted)(void *context), void *context)
{
	status_t status = request_save(request, out_reply);
	if (!status)
		server_on_interrupt(request->server, *out_reply, interrupted, context);
	return status;
}

void later_drop(handle_t reply)
{
	reply_drop(reply);
}
