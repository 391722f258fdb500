/* The files of a process, in the forms of Linux's proc(5). */
#pragma once

#include "user/servers/pm/proc_text.h"
#include "user/servers/pm/table.h"

void proc_process_stat(struct proc_text *text, const struct process *process);
void proc_process_status(struct proc_text *text, const struct process *process);
void proc_process_statm(struct proc_text *text, const struct process *process);
void proc_process_cmdline(struct proc_text *text, const struct process *process);
void proc_process_limits(struct proc_text *text, const struct process *process);
void proc_process_comm(struct proc_text *text, const struct process *process);
