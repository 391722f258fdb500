/* One stub for each operation of protocol process. */
#include "user/linux/pm.h"

#include <string.h>

#include "user/linux/errors.h"

int64_t pm_to_linux(status_t status, int none)
{
	switch (status) {
	case ERR_NOT_FOUND: return -none;
	case ERR_NO_RIGHT: return -EPERM;
	case ERR_BAD_STATE: return -EACCES;
	case ERR_FULL:
	case ERR_QUOTA:
	case ERR_NO_MEMORY:
	case ERR_NO_HANDLES: return -EAGAIN;
	case ERR_NOT_SUPPORTED: return -ENOSYS;
	}
	return errors_to_linux(status);
}

static status_t call(handle_t pm, struct message *message)
{
	if (!pm)
		return ERR_NOT_SUPPORTED;
	status_t status = sys_channel_call(pm, message);
	return status ? status : message->label;
}

static status_t call_x(handle_t pm, struct message *message)
{
	status_t status = sys_channel_call_x(pm, message);
	return status ? status : message->label;
}

status_t pm_fork(handle_t pm, uint32_t flags, uint64_t entry, uint64_t stack, uint64_t fs, uint64_t gs, handle_t process,
        handle_t thread, uint32_t *out_number)
{
	struct message message = {PROCESS_fork, 0, {flags, entry, stack, 0, fs, gs}};
	struct message_extras *send = extras_begin();
	extras_add_handle(send, process, RIGHTS_ALL, !(flags & PROCESS_FORK_SHARED));
	extras_add_handle(send, thread, RIGHTS_ALL, 1);
	status_t status = call_x(pm, &message);
	if (!status)
		*out_number = (uint32_t)message.word[0];
	return status;
}

status_t pm_exec(handle_t pm, const char *arguments, uint64_t arguments_size, uint64_t path_size, uint32_t children_flags,
        const char name[PROCESS_NAME_SIZE])
{
	struct message message = {PROCESS_exec, 0, {arguments_size, path_size, children_flags}};
	memcpy(&message.word[3], name, PROCESS_NAME_SIZE - 1);
	if (!pm)
		return ERR_NOT_SUPPORTED;
	extras_begin()->readable = (struct message_buffer){(uintptr_t)arguments, arguments_size + path_size};
	return call_x(pm, &message);
}

status_t pm_wait(handle_t pm, uint32_t select, uint32_t id, uint32_t options, struct pm_end *out)
{
	struct message message = {PROCESS_wait, 0, {select, id, options}};
	status_t status = call(pm, &message);
	if (!status)
		*out = (struct pm_end){(uint32_t)message.word[0], (uint32_t)message.word[1], (uint32_t)message.word[2],
		        message.word[3], message.word[4]};
	return status;
}

status_t pm_signal(handle_t pm, uint32_t select, uint32_t id, uint32_t signal, uint64_t value, uint32_t flags)
{
	struct message message = {PROCESS_signal, 0, {select, id, signal, value, flags}};
	return call(pm, &message);
}

status_t pm_signal_info(handle_t pm, uint32_t signal, uint32_t *out_pid, uint32_t *out_flags, uint64_t *out_value)
{
	struct message message = {PROCESS_signal_info, 0, {signal}};
	status_t status = call(pm, &message);
	if (status)
		return status;
	*out_pid = (uint32_t)message.word[0];
	*out_flags = (uint32_t)message.word[1];
	*out_value = message.word[2];
	return ERR_OK;
}

status_t pm_stopped(handle_t pm, uint32_t signal, uint32_t flags)
{
	struct message message = {PROCESS_stopped, 0, {signal, flags}};
	return call(pm, &message);
}

status_t pm_get(handle_t pm, uint32_t number, struct pm_process *out)
{
	struct message message = {PROCESS_get, 0, {number}};
	status_t status = call(pm, &message);
	if (!status)
		*out = (struct pm_process){(uint32_t)message.word[0], (uint32_t)message.word[1], (uint32_t)message.word[2],
		        (uint32_t)message.word[3], (uint32_t)message.word[4], (uint32_t)message.word[5]};
	return status;
}

status_t pm_set_group(handle_t pm, uint32_t number, uint32_t group)
{
	struct message message = {PROCESS_set_group, 0, {number, group}};
	return call(pm, &message);
}

status_t pm_set_session(handle_t pm, uint32_t *out_session)
{
	struct message message = {PROCESS_set_session, 0, {0}};
	status_t status = call(pm, &message);
	if (!status)
		*out_session = (uint32_t)message.word[0];
	return status;
}

status_t pm_set_terminal(handle_t pm, uint32_t number)
{
	struct message message = {PROCESS_set_terminal, 0, {number}};
	return call(pm, &message);
}

status_t pm_get_limit(handle_t pm, uint32_t number, uint32_t resource, uint64_t *out_soft, uint64_t *out_hard)
{
	struct message message = {PROCESS_get_limit, 0, {number, resource}};
	status_t status = call(pm, &message);
	if (status)
		return status;
	*out_soft = message.word[0];
	*out_hard = message.word[1];
	return ERR_OK;
}

status_t pm_set_limit(handle_t pm, uint32_t number, uint32_t resource, uint64_t soft, uint64_t hard)
{
	struct message message = {PROCESS_set_limit, 0, {number, resource, soft, hard}};
	return call(pm, &message);
}

status_t pm_times(handle_t pm, uint64_t *out_own, uint64_t *out_children)
{
	struct message message = {PROCESS_times, 0, {0}};
	status_t status = call(pm, &message);
	if (status)
		return status;
	*out_own = message.word[0];
	*out_children = message.word[1];
	return ERR_OK;
}

status_t pm_machine(handle_t pm, uint64_t out[static MESSAGE_WORDS])
{
	struct message message = {PROCESS_machine, 0, {0}};
	status_t status = call(pm, &message);
	if (!status)
		memcpy(out, message.word, sizeof message.word);
	return status;
}

status_t pm_set_children(handle_t pm, uint32_t flags)
{
	struct message message = {PROCESS_set_children, 0, {flags}};
	return call(pm, &message);
}

status_t pm_tell_signals(handle_t pm, const uint64_t sets[static 4])
{
	struct message message = {PROCESS_tell_signals, 0, {sets[0], sets[1], sets[2], sets[3]}};
	return call(pm, &message);
}

status_t pm_set_name(handle_t pm, const char name[16])
{
	struct message message = {PROCESS_set_name, 0, {0}};
	memcpy(message.word, name, 16);
	return call(pm, &message);
}

status_t pm_report(handle_t pm, const char *lines, uint64_t length)
{
	struct message message = {PROCESS_report, 0, {length}};
	if (!pm)
		return ERR_NOT_SUPPORTED;
	extras_begin()->readable = (struct message_buffer){(uintptr_t)lines, length};
	status_t status = sys_channel_call_x(pm, &message);
	return status ? status : message.label;
}
