#include "object/log.h"

#include "core/log.h"
#include "core/panic.h"
#include "object/group.h"
#include "object/printer.h"
#include "sched/sched.h"

struct object log_object;
struct watch_list log_watchers;
static struct process *claimer; /* compared only */

/* Lines come from anywhere, under any lock, so what follows from them is done when the CPU leaves the kernel. */
static void tell_watchers(void)
{
	printer_wake();
	watch_signal(&log_watchers);
}

void log_object_init(void)
{
	if (object_init(&log_object, OBJECT_LOG, group_root))
		panic("the first group cannot be charged for the log");
	sched_set_deferred(tell_watchers);
	log_set_listener(sched_defer);
}

uint32_t log_claim(struct process *process, uint64_t *out_cursor)
{
	if (claimer && claimer != process)
		return ERR_EXISTS;
	if (!log_claim_console(out_cursor)) {
		(void)log_print_step();
		return ERR_WOULD_BLOCK;
	}
	claimer = process;
	return ERR_OK;
}

void log_release_claim(struct process *process)
{
	if (claimer != process)
		return;
	claimer = 0;
	log_release_console();
	printer_wake();
}
