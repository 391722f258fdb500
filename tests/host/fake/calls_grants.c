/* The kernel for tests of programs: in place of user/lib/grants.c and log.c, what processes are granted and what they log. */
#include "fake/calls_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/lib/grants.h"
#include "user/lib/log.h"

void fake_grant(struct fake_process *to, const char *name, handle_t handle)
{
	pthread_mutex_lock(&fake_lock);
	uint32_t slot = fake_slot(fake_self(), handle);
	struct start_grant *grant = &to->block->grants[to->block->grant_count++];
	if (!slot)
		abort();
	snprintf(grant->name, sizeof grant->name, "%s", name);
	grant->handle = fake_install(to, fake_copy(fake_current->handles[slot], RIGHTS_ALL));
	pthread_mutex_unlock(&fake_lock);
}

void fake_set_argument(struct fake_process *process, const char *argument)
{
	char *text = (char *)process->block + process->block->arguments;
	process->block->argument_count = 2;
	snprintf(text, 4096, "%s%c%s", process->name, 0, argument);
}

const struct start_block *grants_block(void)
{
	return fake_self()->block;
}

handle_t grant_find(const char *name)
{
	for (uint32_t i = 0; i < fake_current->block->grant_count; i++)
		if (!strcmp(fake_current->block->grants[i].name, name))
			return fake_current->block->grants[i].handle;
	return HANDLE_NONE;
}

/* The log. */

static void log_at(const char *format, va_list arguments)
{
	pthread_mutex_lock(&fake_lock);
	size_t used = strlen(fake_self()->log);
	vsnprintf(fake_current->log + used, sizeof fake_current->log - used - 1, format, arguments);
	strcat(fake_current->log, "\n");
	pthread_mutex_unlock(&fake_lock);
}

#define LOG_FUNCTION(name) \
	void name(const char *format, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, format); \
		log_at(format, arguments); \
		va_end(arguments); \
	}

LOG_FUNCTION(log_error)
LOG_FUNCTION(log_warning)
LOG_FUNCTION(log_info)
LOG_FUNCTION(log_debug)

const char *error_text(uint32_t status)
{
	static _Thread_local char text[32];
	snprintf(text, sizeof text, "error %u", status);
	return text;
}

const char *fake_log(const struct fake_process *process)
{
	return process->log;
}
