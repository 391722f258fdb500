/*
 * The files of a process. Times are those that the kernel counts, all of them as user time, in hundredths of a second, because
 * Hearth does not tell a process's time in its servers from its own. A process that waits for a server's answer is told as sleeping, S,
 * the one that asks for this too. What Linux has and Hearth has not is 0.
 */
#include "user/servers/pm/proc_process.h"

#define PAGE_SIZE 4096u
#define NS_PER_TICK 10000000ull
#define NS_PER_SECOND 1000000000ull

/* Of one that has no handle any more, nothing but zeros. */
static struct process_stats stats_of(const struct process *process)
{
	struct process_stats stats = {0};
	if (!process->handle || sys_process_stats(process->handle, &stats)) {
		memset(&stats, 0, sizeof stats);
		stats.cpu_ns = process->cpu_ns;
	}
	return stats;
}

/* The oldest that is there is taken for the first one. */
bool proc_process_next_thread(const struct process *process, uint32_t after, uint32_t *out)
{
	struct thread_walked thread, older;
	bool is = process->handle && !sys_thread_walk(process->handle, after, &thread) &&
	        !sys_thread_walk(process->handle, thread.number, &older);
	if (is)
		*out = thread.number;
	return is;
}

/* Of the process, and of one thread what is its own. False: that has ended. */
static bool stats_about(const struct proc_text *text, const struct process *process, struct process_stats *out)
{
	struct thread_walked thread;
	*out = stats_of(process);
	if (!text->thread)
		return true;
	if (!process->handle || sys_thread_walk(process->handle, text->thread + 1, &thread) || thread.number != text->thread)
		return false;
	out->cpu_ns = thread.cpu_ns;
	out->ready_threads = thread.state == THREAD_READY;
	return true;
}

static uint32_t number_of(const struct proc_text *text, const struct process *process)
{
	return text->thread ? text->thread : process->pid;
}

static char state_letter(const struct process *process, const struct process_stats *stats)
{
	switch (process->state) {
	case PROCESS_STATE_ZOMBIE: return 'Z';
	case PROCESS_STATE_STOPPED: return 'T';
	}
	return stats->ready_threads ? 'R' : 'S';
}

static const char *state_name(const struct process *process, const struct process_stats *stats)
{
	switch (process->state) {
	case PROCESS_STATE_ZOMBIE: return "zombie";
	case PROCESS_STATE_STOPPED: return "stopped";
	}
	return stats->ready_threads ? "running" : "sleeping";
}

/* The 52 fields of proc(5), from the third on. */
void proc_process_stat(struct proc_text *text, const struct process *process)
{
	struct process_stats stats;
	const struct session *session = process->group->session;
	if (!stats_about(text, process, &stats))
		return;
	uint64_t status = process->how == PROCESS_HOW_SIGNALED ? process->code : (uint64_t)process->code << 8;
	proc_print(text, "%u (%s) %c %u %u %u %u -1 0", number_of(text, process), process->name, state_letter(process, &stats),
	        process->parent->pid, process->group->id, session->id, session->terminal);
	proc_print(text, " 0 0 0 0 %llu 0 %llu 0", (unsigned long long)(stats.cpu_ns / NS_PER_TICK),
	        (unsigned long long)(process->children_cpu_ns / NS_PER_TICK));
	proc_print(text, " 20 0 %u 0 %llu %llu %llu %llu", stats.threads,
	        (unsigned long long)(process->started_ns / NS_PER_TICK), (unsigned long long)stats.mapped_bytes,
	        (unsigned long long)stats.resident_pages, (unsigned long long)process->limits[5].soft);
	proc_print(text, " 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 %llu\n",
	        process->state == PROCESS_STATE_ZOMBIE ? (unsigned long long)status : 0ull);
}

/* As it told them last: a process does whenever it opens its own. */
static void print_signals(struct proc_text *text, const struct process *process)
{
	static const char *const names[] = {"SigPnd", "SigBlk", "SigIgn", "SigCgt"};
	for (unsigned i = 0; process->has_told_signals && i < sizeof names / sizeof *names; i++)
		proc_print(text, "%s:\t%016llx\n", names[i], (unsigned long long)process->told_signals[i]);
}

void proc_process_status(struct proc_text *text, const struct process *process)
{
	struct process_stats stats;
	if (!stats_about(text, process, &stats))
		return;
	proc_print(text, "Name:\t%s\nState:\t%c (%s)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", process->name,
	        state_letter(process, &stats), state_name(process, &stats), process->pid, number_of(text, process),
	        process->parent->pid);
	proc_print(text, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\n");
	proc_print(text, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", process->pid, number_of(text, process),
	        process->group->id, process->group->session->id);
	if (process->state == PROCESS_STATE_ZOMBIE) {
		proc_print(text, "Threads:\t0\n");
		return;
	}
	print_signals(text, process);
	proc_print(text, "VmSize:\t%8llu kB\nVmRSS:\t%8llu kB\nVmPTE:\t%8llu kB\nThreads:\t%u\n",
	        (unsigned long long)stats.mapped_bytes / 1024, (unsigned long long)stats.resident_pages * (PAGE_SIZE / 1024),
	        (unsigned long long)stats.table_pages * (PAGE_SIZE / 1024), stats.threads);
}

void proc_process_statm(struct proc_text *text, const struct process *process)
{
	struct process_stats stats = stats_of(process);
	proc_print(text, "%llu %llu 0 0 0 %llu 0\n", (unsigned long long)stats.mapped_bytes / PAGE_SIZE,
	        (unsigned long long)stats.resident_pages, (unsigned long long)stats.mapped_bytes / PAGE_SIZE);
}

void proc_process_cmdline(struct proc_text *text, const struct process *process)
{
	if (process->image && process->state != PROCESS_STATE_ZOMBIE)
		proc_append(text, process->image->text, process->image->arguments_length);
}

void proc_process_comm(struct proc_text *text, const struct process *process)
{
	proc_print(text, "%s\n", process->name);
}

/* In the order of Linux's numbers, as protocol process has them. */
void proc_process_limits(struct proc_text *text, const struct process *process)
{
	static const char *const names[PROCESS_LIMITS][2] = {{"Max cpu time", "seconds"}, {"Max file size", "bytes"},
	        {"Max data size", "bytes"}, {"Max stack size", "bytes"}, {"Max core file size", "bytes"},
	        {"Max resident set", "bytes"}, {"Max processes", "processes"}, {"Max open files", "files"},
	        {"Max locked memory", "bytes"}, {"Max address space", "bytes"}, {"Max file locks", "locks"},
	        {"Max pending signals", "signals"}, {"Max msgqueue size", "bytes"}, {"Max nice priority", ""},
	        {"Max realtime priority", ""}, {"Max realtime timeout", "us"}};
	proc_print(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < PROCESS_LIMITS; i++) {
		const uint64_t values[2] = {process->limits[i].soft, process->limits[i].hard};
		proc_print(text, "%-25s ", names[i][0]);
		for (unsigned k = 0; k < 2; k++) {
			if (values[k] == PROCESS_LIMIT_NONE)
				proc_print(text, "%-20s ", "unlimited");
			else
				proc_print(text, "%-20llu ", (unsigned long long)values[k]);
		}
		proc_print(text, "%-10s\n", names[i][1]);
	}
}
