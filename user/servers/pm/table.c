/* Processes, what they were started by, and domains: see table.h. */
#include "user/servers/pm/table.h"

#include "user/servers/pm/budget.h"
#include "user/servers/pm/limits.h"
#include "user/servers/pm/order.h"

struct pm *pm;

void table_begin(struct pm *root)
{
	pm = root;
	if (pm->domains.ring.next)
		return;
	pm->processes.durable = pm->groups.durable = state_is_open();
	list_begin(&pm->domains);
	list_begin(&pm->late);
	list_begin(&pm->jobs);
}

struct process *table_process(uint32_t pid)
{
	return table_find(&pm->processes, pid);
}

uint32_t table_count(void)
{
	return (uint32_t)pm->processes.count;
}

uint32_t table_living(void)
{
	return pm->living;
}

uint32_t table_last_pid(void)
{
	return pm->last_pid;
}

uint32_t table_entered(void)
{
	return pm->entered;
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
	if (pm->processes.count >= PM_PROCESSES || domain->processes >= PM_DOMAIN_PROCESSES)
		return ERR_FULL;
	if (table_process(pid))
		return ERR_EXISTS;
	struct process *process = state_alloc(sizeof *process);
	if (!process)
		return ERR_NO_MEMORY;
	process->pid = pid;
	process->domain = domain;
	begin_lists(process);
	if (!order_add(process)) {
		state_free(process);
		return ERR_NO_MEMORY;
	}
	if (!table_put(&pm->processes, pid, process)) {
		order_remove(process);
		state_free(process);
		return ERR_NO_MEMORY;
	}
	process->in_domain.process = process;
	list_append(&domain->members, &process->in_domain.link);
	domain->processes++;
	pm->living++;
	pm->entered++;
	pm->last_pid = pid;
	*out = process;
	return ERR_OK;
}

void process_died(struct process *process)
{
	if (process->handle)
		state_close(process->handle);
	process->handle = HANDLE_NONE;
	process->state = PROCESS_STATE_ZOMBIE;
	pm->living--;
}

void process_free(struct process *process)
{
	struct domain *domain = process->domain;
	if (process->state != PROCESS_STATE_ZOMBIE)
		process_died(process);
	list_remove(&process->in_domain.link);
	list_remove(&process->late);
	domain->processes--;
	table_remove(&pm->processes, process->pid);
	order_remove(process);
	image_drop(process->image);
	budget_leave(process);
	state_free(process);
	domain_unhold(domain);
}

struct image *image_new(const char *text, uint32_t arguments_length, uint32_t path_length)
{
	struct image *image = state_alloc(sizeof *image + arguments_length + path_length + 1);
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
		state_free(image);
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
	struct domain *domain = pm->domain_count < PM_DOMAINS ? state_alloc(sizeof *domain) : NULL;
	if (!domain)
		return NULL;
	pm->domain_count++;
	list_append(&pm->domains, &domain->link);
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
	pm->domain_count--;
	list_remove(&domain->link);
	state_free(domain);
}
