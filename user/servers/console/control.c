/* Protocol tty: each operation is the terminal's or job control's to do. */
#include "user/servers/console/control.h"

#include "user/servers/console/job.h"
#include "user/servers/console/pty.h"

static status_t terminal_of(const struct request *request, struct terminal **out)
{
	const struct terminal_file *file = request->object;

	*out = file->terminal;
	return file->terminal ? ERR_OK : ERR_NOT_TERMINAL;
}

static status_t handle_get_attributes(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	return status ? status : request_write(request, 0, &terminal->line.attributes, sizeof terminal->line.attributes);
}

static bool is_master(const struct request *request)
{
	return ((const struct terminal_file *)request->object)->master;
}

/* What a process in the background may do only if it says so. */
static status_t check_change(const struct request *request, const struct terminal *terminal, uint64_t flags)
{
	return flags & TTY_FORCED || is_master(request) ? ERR_OK : job_check_foreground(terminal, request->caller);
}

static status_t handle_set_attributes(struct request *request)
{
	struct terminal *terminal;
	struct tty_attributes attributes;
	status_t status = terminal_of(request, &terminal);

	if (!status && request->word[0] > TTY_SET_FLUSH)
		status = ERR_BAD_ARGUMENT;
	if (!status)
		status = check_change(request, terminal, request->word[1]);
	if (!status)
		status = request_read(request, 0, &attributes, sizeof attributes);
	if (!status)
		terminal_set_attributes(terminal, &attributes, request->word[0] == TTY_SET_FLUSH);
	return status;
}

static status_t handle_get_size(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	if (status)
		return status;
	request->answer.word[0] = terminal->rows;
	request->answer.word[1] = terminal->columns;
	return ERR_OK;
}

static status_t handle_set_size(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	if (!status && (request->word[0] > UINT16_MAX || request->word[1] > UINT16_MAX))
		status = ERR_BAD_ARGUMENT;
	if (!status)
		terminal_set_size(terminal, (uint32_t)request->word[0], (uint32_t)request->word[1]);
	return status;
}

static status_t handle_flush(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	if (!status && request->word[0] & TTY_FLUSH_INPUT)
		line_flush(&terminal->line);
	return status;
}

static status_t handle_take(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	if (!status)
		status = job_take(terminal, request->caller);
	if (!status)
		request->answer.word[0] = terminal->number;
	return status;
}

static status_t handle_leave(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	return status ? status : job_leave(terminal, request->caller);
}

static status_t handle_get_group(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	if (!status && !is_master(request))
		status = job_check_session(terminal, request->caller);
	if (status)
		return status;
	request->answer.word[0] = terminal->group;
	request->answer.word[1] = terminal->session;
	return ERR_OK;
}

static status_t handle_set_group(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	return status ? status
	              : job_set_group(terminal, request->caller, (uint32_t)request->word[0], request->word[1] & TTY_FORCED);
}

/* Of a master: which of /pts is its other side, and whether that may be opened. */
static status_t handle_pty(struct request *request)
{
	struct terminal *terminal;
	status_t status = terminal_of(request, &terminal);

	if (status || !is_master(request))
		return ERR_NOT_TERMINAL;
	if (request->word[0] != TTY_PTY_ASK)
		pty_of(terminal)->locked = request->word[0] == TTY_PTY_LOCK;
	request->answer.word[0] = pty_of(terminal)->index;
	return ERR_OK;
}

const struct server_operation control_operations[CONTROL_OPERATIONS] = {
#define TTY_OP SERVER_ROW
#include "abi/proto/tty.def"
#undef TTY_OP
};
