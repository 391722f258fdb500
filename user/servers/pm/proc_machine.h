/* The files of /proc about the machine, in the forms of Linux's proc(5). */
#pragma once

#include "user/servers/pm/proc_text.h"
#include "user/servers/pm/table.h"

void proc_machine_meminfo(struct proc_text *text, const struct process *unused);
void proc_machine_objects(struct proc_text *text, const struct process *unused);
void proc_machine_uptime(struct proc_text *text, const struct process *unused);
void proc_machine_stat(struct proc_text *text, const struct process *unused);
void proc_machine_loadavg(struct proc_text *text, const struct process *unused);
void proc_machine_version(struct proc_text *text, const struct process *unused);
void proc_machine_cpuinfo(struct proc_text *text, const struct process *unused);

/* The answer of operation `machine`. */
void proc_machine_tell(uint64_t word[static MESSAGE_WORDS]);
