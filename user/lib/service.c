/* Protocol service from the client's side: see service.h. */
#include "user/lib/service.h"

#include "user/lib/fs_call.h"

/* Texts of a server end with a NUL. */
static bool is_sound(const struct service_info *info)
{
	return memchr(info->name, 0, sizeof info->name) && memchr(info->ending, 0, sizeof info->ending);
}

status_t service_list(
        handle_t init, uint64_t first, struct service_info *list, uint64_t room, uint64_t deadline, uint64_t *out_count)
{
	struct message message = {.label = SERVICE_list, .word = {first}};
	struct message_extras *send = fs_call_begin(deadline);
	fs_call_set_buffer(&send->writable, list, room * sizeof *list);
	status_t status = fs_call_run(init, &message, NULL);
	if (status)
		return status;
	if (message.word[0] > room)
		return ERR_BAD_FORMAT;
	for (uint64_t i = 0; i < message.word[0]; i++)
		if (!is_sound(&list[i]))
			return ERR_BAD_FORMAT;
	*out_count = message.word[0];
	return ERR_OK;
}

static struct message_extras *begin_named(struct message *message, const char *name, uint64_t deadline)
{
	struct message_extras *send = fs_call_begin(deadline);
	message->word[0] = strlen(name);
	fs_call_set_readable(send, name, message->word[0], false);
	return send;
}

status_t service_status(handle_t init, const char *name, uint64_t deadline, struct service_info *out)
{
	struct message message = {.label = SERVICE_status};
	struct service_info info = {0};
	struct message_extras *send = begin_named(&message, name, deadline);
	fs_call_set_buffer(&send->writable, &info, sizeof info);
	status_t status = fs_call_run(init, &message, NULL);
	if (!status && !is_sound(&info))
		return ERR_BAD_FORMAT;
	if (!status)
		*out = info;
	return status;
}

status_t service_change(handle_t init, uint32_t operation, const char *name, uint64_t deadline)
{
	struct message message = {.label = operation};
	begin_named(&message, name, deadline);
	return fs_call_run(init, &message, NULL);
}
