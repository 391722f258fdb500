/* Protocol process from the starter's side: see process.h. */
#include "user/lib/process.h"

#include "user/lib/fs_call.h"
#include "user/lib/spawn.h"

#define ADOPT_RIGHTS (RIGHT_MANAGE | RIGHT_INSPECT | RIGHT_WAIT | RIGHT_SIGNAL)

status_t process_domain(handle_t pm, uint64_t deadline, handle_t *out_domain)
{
	struct message message = {.label = PROCESS_domain};
	fs_call_begin(deadline);
	return fs_call_run(pm, &message, out_domain);
}

/* The arguments as pm wants them, and the path behind; lengths are put into words 1 and 2 of the message. */
static void pack(char *text, struct message *message, const char *const *arguments, const char *path)
{
	uint64_t length = 0, path_length = strlen(path);
	for (; arguments && *arguments && length < PROCESS_ARGUMENTS_MAX; arguments++) {
		uint64_t size = strlen(*arguments) + 1;
		if (size > PROCESS_ARGUMENTS_MAX - length)
			size = PROCESS_ARGUMENTS_MAX - length;
		memcpy(text + length, *arguments, size);
		length += size;
	}
	if (path_length >= PROCESS_PATH_MAX)
		path_length = 0;
	memcpy(text + length, path, path_length);
	message->word[1] = length;
	message->word[2] = path_length;
}

status_t process_adopt(
        handle_t domain, handle_t process, uint32_t flags, const char *const *arguments, const char *path, uint64_t deadline)
{
	char text[PROCESS_ARGUMENTS_MAX + PROCESS_PATH_MAX];
	struct message message = {.label = PROCESS_adopt, .word = {flags}};
	struct message_extras *send = fs_call_begin(deadline);
	pack(text, &message, arguments, path);
	fs_call_set_buffer(&send->readable, text, message.word[1] + message.word[2]);
	extras_add_handle(send, process, ADOPT_RIGHTS, 0);
	return fs_call_run(domain, &message, NULL);
}

status_t process_signal(handle_t pm, uint32_t select, uint32_t id, uint32_t signal, uint64_t deadline)
{
	struct message message = {.label = PROCESS_signal, .word = {select, id, signal}};
	fs_call_begin(deadline);
	return fs_call_run(pm, &message, NULL);
}

status_t process_get(handle_t pm, uint32_t process, uint64_t deadline, struct process_place *out)
{
	struct message message = {.label = PROCESS_get, .word = {process}};
	fs_call_begin(deadline);
	status_t status = fs_call_run(pm, &message, NULL);
	if (!status)
		*out = (struct process_place){.parent = (uint32_t)message.word[1],
		        .group = (uint32_t)message.word[2],
		        .session = (uint32_t)message.word[3],
		        .terminal = (uint32_t)message.word[4],
		        .state = (uint32_t)message.word[5]};
	return status;
}

status_t process_adopt_spawned(const struct spawn *spawn, handle_t process, void *context)
{
	const struct process_adoption *adoption = context;
	return process_adopt(
	        adoption->domain, process, PROCESS_ADOPT_LEADER, spawn->arguments, spawn->path, adoption->deadline);
}
