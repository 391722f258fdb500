/* Parents and children: see family.h. */
#include "user/servers/pm/family.h"

#include "abi/exception.h"
#include "user/servers/pm/budget.h"
#include "user/servers/pm/group.h"
#include "user/servers/pm/limits.h"
#include "user/servers/pm/signals.h"
#include "user/servers/pm/wait.h"

#define STATUS_CODE 0xffu

static struct process *starter_of(struct process *process)
{
	return &process->domain->starter;
}

void family_add(struct process *parent, struct process *process)
{
	process->parent = parent;
	list_append(&parent->children, &process->sibling);
	parent->child_count++;
}

static void leave_parent(struct process *process)
{
	list_remove(&process->sibling);
	process->parent->child_count--;
	if (list_linked(&process->in_ended))
		process->parent->ended_count--;
	list_remove(&process->in_ended);
	list_remove(&process->in_changed);
	process->event = 0;
}

void family_inherit(struct process *process, const struct process *parent)
{
	limits_copy(process, parent);
	budget_share(process, parent);
	memcpy(process->name, parent->name, sizeof process->name);
	process->image = image_share(parent->image);
	process->children_flags = parent->children_flags;
}

void family_forget(struct process *process)
{
	group_leave(process);
	leave_parent(process);
	process_free(process);
}

void family_reap(struct process *zombie)
{
	zombie->parent->children_cpu_ns += zombie->cpu_ns + zombie->children_cpu_ns;
	family_forget(zombie);
}

/* Its children get the starter for a parent, and stay what they are; the ended ones are nobody's any more. */
static void leave_children(struct process *process)
{
	struct process *starter = starter_of(process);
	struct list_link *link;
	while ((link = list_first(&process->children))) {
		struct process *child = LIST_OF(link, struct process, sibling);
		if (child->state == PROCESS_STATE_ZOMBIE) {
			family_forget(child);
			continue;
		}
		leave_parent(child);
		family_add(starter, child);
		if (group_update_anchor(child) && child->group->stopped)
			signals_hang_up(child->group);
	}
}

uint32_t family_fault_signal(uint32_t vector)
{
	switch (vector) {
	case VECTOR_DIVIDE:
	case VECTOR_FPU:
	case VECTOR_SIMD: return SIGNAL_FPE;
	case VECTOR_DEBUG:
	case VECTOR_BREAKPOINT: return SIGNAL_TRAP;
	case VECTOR_INVALID_OPCODE: return SIGNAL_ILL;
	case VECTOR_ALIGNMENT: return SIGNAL_BUS;
	}
	return SIGNAL_SEGV;
}

static void decode_status(struct process *process, uint32_t status)
{
	process->how = PROCESS_HOW_SIGNALED;
	if (status > PROCESS_STATUS_SIGNAL && status <= PROCESS_STATUS_SIGNAL + PROCESS_SIGNALS) {
		process->code = status - PROCESS_STATUS_SIGNAL;
	} else if (status >= PROCESS_STATUS_KILLED) {
		process->code = SIGNAL_KILL;
	} else if (status >= PROCESS_STATUS_FAULT) {
		process->code = family_fault_signal(status - PROCESS_STATUS_FAULT);
	} else {
		process->how = PROCESS_HOW_EXITED;
		process->code = status & STATUS_CODE;
	}
}

void family_tell_parent(struct process *process, uint32_t how, uint32_t code)
{
	struct process *parent = process->parent;
	uint32_t unwanted = PROCESS_CHILDREN_SILENT;
	uint32_t pid = process->pid; /* the process may go by being waited for */
	if (how == PROCESS_HOW_STOPPED || how == PROCESS_HOW_CONTINUED)
		unwanted |= PROCESS_CHILDREN_NO_STOPS;
	wait_look_again(parent);
	if (!(parent->children_flags & unwanted))
		signals_send_child(parent, pid, how, code);
}

void family_ended(struct process *process, uint32_t status, uint64_t cpu_ns)
{
	struct process *parent = process->parent;
	wait_drop_all(process);
	signals_drop_held(process);
	if (process->group->session->leader == process)
		group_end_session(process->group->session);
	leave_children(process);
	process_died(process);
	if (group_update_anchor(process) && process->group->stopped)
		signals_hang_up(process->group);
	process->cpu_ns = cpu_ns;
	decode_status(process, status);
	list_remove(&process->in_changed);
	process->event = 0;
	if (parent == starter_of(process)) {
		family_reap(process);
		return;
	}
	uint32_t how = process->how, code = process->code;
	if (parent->children_flags & PROCESS_CHILDREN_FORGET) {
		uint32_t pid = process->pid;
		family_forget(process);
		wait_look_again(parent);
		if (!(parent->children_flags & PROCESS_CHILDREN_SILENT))
			signals_send_child(parent, pid, how, code);
		return;
	}
	list_append(&parent->ended, &process->in_ended);
	parent->ended_count++;
	family_tell_parent(process, how, code);
}
