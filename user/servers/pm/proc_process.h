/* The files of a process, in the forms of Linux's proc(5). */
#pragma once

#include "user/servers/pm/proc_text.h"
#include "user/servers/pm/table.h"

/* The threads of a process by their numbers, from the newest on; the first of them, which has its process's number here, is not told. */
bool proc_process_next_thread(const struct process *process, uint32_t after, uint32_t *out);

void proc_process_stat(struct proc_text *text, const struct process *process);
void proc_process_status(struct proc_text *text, const struct process *process);
void proc_process_statm(struct proc_text *text, const struct process *process);
void proc_process_cmdline(struct proc_text *text, const struct process *process);
void proc_process_limits(struct proc_text *text, const struct process *process);
void proc_process_comm(struct proc_text *text, const struct process *process);
