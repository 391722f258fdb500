/* Processes, what they were started by, and domains: see table.h. */
#include "user/servers/pm/table.h"

#include <stdlib.h>

#include "user/lib/table.h"
#include "user/servers/pm/limits.h"
#include "user/servers/pm/order.h"

static struct table processes; /* by pid */
static uint32_t domains, living, last_pid, entered;

struct process *table_process(uint32_t pid)
{
	return table_find(&processes, pid);
}

uint32_t table_count(void)
{
	return (uint32_t)processes.count;
}

uint32_t table_living(void)
{
	return living;
}

uint32_t table_last_pid(void)
{
	return last_pid;
}

uint32_t table_entered(void)
{
	return entered;
}

static void begin_lists(struct process *process)
{
	list_begin(&process->children);
	list_begin(&process->ended);
	list_begin(&process->changed);
	list_begin(&process->waiters);
	list_begin(&process->held);
}

status_t process_new(struct domain *domain, uint32_t pid, struct process **out)
{
	if (processes.count >= PM_PROCESSES || domain->processes >= PM_DOMAIN_PROCESSES)
		return ERR_FULL;
	if (table_process(pid))
		return ERR_EXISTS;
	struct process *process = calloc(1, sizeof *process);
	if (!process)
		return ERR_NO_MEMORY;
	process->pid = pid;
	process->domain = domain;
	begin_lists(process);
	if (!order_add(process)) {
		free(process);
		return ERR_NO_MEMORY;
	}
	if (!table_put(&processes, pid, process)) {
		order_remove(process);
		free(process);
		return ERR_NO_MEMORY;
	}
	process->in_domain.process = process;
	list_append(&domain->members, &process->in_domain.link);
	domain->processes++;
	living++;
	entered++;
	last_pid = pid;
	*out = process;
	return ERR_OK;
}

void process_died(struct process *process)
{
	if (process->handle)
		sys_handle_close(process->handle);
	process->handle = HANDLE_NONE;
	process->state = PROCESS_STATE_ZOMBIE;
	living--;
}

void process_free(struct process *process)
{
	struct domain *domain = process->domain;
	if (process->state != PROCESS_STATE_ZOMBIE)
		process_died(process);
	list_remove(&process->in_domain.link);
	list_remove(&process->late);
	domain->processes--;
	table_remove(&processes, process->pid);
	order_remove(process);
	image_drop(process->image);
	free(process);
	domain_unhold(domain);
}

struct image *image_new(const char *text, uint32_t arguments_length, uint32_t path_length)
{
	struct image *image = malloc(sizeof *image + arguments_length + path_length + 1);
	if (!image)
		return NULL;
	*image = (struct image){1, arguments_length, path_length};
	memcpy(image->text, text, arguments_length + path_length);
	image->text[arguments_length + path_length] = 0;
	return image;
}

struct image *image_share(struct image *image)
{
	if (image)
		image->references++;
	return image;
}

void image_drop(struct image *image)
{
	if (image && !--image->references)
		free(image);
}

void process_set_name(struct process *process, const char *name, size_t length)
{
	if (length >= sizeof process->name)
		length = sizeof process->name - 1;
	memset(process->name, 0, sizeof process->name);
	for (size_t i = 0; i < length && name[i]; i++)
		process->name[i] = name[i];
}

struct domain *domain_new(void)
{
	struct domain *domain = domains < PM_DOMAINS ? calloc(1, sizeof *domain) : NULL;
	if (!domain)
		return NULL;
	domains++;
	domain->kind = OBJECT_OF_DOMAIN;
	domain->open = true;
	list_begin(&domain->members);
	begin_lists(&domain->starter);
	domain->starter.domain = domain;
	limits_begin(&domain->starter);
	return domain;
}

void domain_closed(struct domain *domain)
{
	domain->open = false;
	domain_unhold(domain);
}

void domain_unhold(struct domain *domain)
{
	if (domain->open || domain->processes || domain->jobs)
		return;
	domains--;
	free(domain);
}
