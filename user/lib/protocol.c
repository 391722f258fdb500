/* Asking for versions of protocols: see protocol.h. */
#include "user/lib/protocol.h"

#include "user/lib/fs_call.h"

status_t protocol_version(handle_t server, uint32_t number, uint64_t deadline, uint32_t *out_version)
{
	struct message message = {.label = PROTOCOL_version, .word = {number}};
	fs_call_begin(deadline);
	status_t status = fs_call_run(server, &message, NULL);
	if (!status)
		*out_version = (uint32_t)message.word[0];
	return status;
}
