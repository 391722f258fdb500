/*
 * The files about the machine. Its numbers come from the kernel by a handle that can ask and nothing else.
 *
 * The load averages are those of the share of time in which a processor was busy, not of the length of queues, which nobody counts:
 * one that is always busy has the load 1. They are brought up to date when they are read, so that an idle machine is not woken
 * for them; the decay over the time since the last reading is exact.
 */
#include "user/servers/pm/proc_machine.h"

#include <cpuid.h>
#include <math.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/grants.h"

#define PAGE_SIZE 4096ull
#define NS_PER_TICK 10000000ull
#define NS_PER_SECOND 1000000000ull

static struct machine_stats stats_now(void)
{
	struct machine_stats stats = {0};
	if (sys_machine_stats(grant_find("machine.inspect"), &stats))
		memset(&stats, 0, sizeof stats);
	return stats;
}

/* A line for each kind of the kernel's objects, and how many of it there are: Hearth's own, for tests of what is left behind. */
void proc_machine_objects(struct proc_text *text, const struct process *unused)
{
	static const char *const names[OBJECT_TYPES] = {[OBJECT_PROCESS] = "process",
	        [OBJECT_THREAD] = "thread",
	        [OBJECT_VMEM] = "vmem",
	        [OBJECT_FRAME] = "frame",
	        [OBJECT_RECEIVER] = "receiver",
	        [OBJECT_SENDER] = "sender",
	        [OBJECT_REPLY] = "reply",
	        [OBJECT_NOTIFY] = "notify",
	        [OBJECT_TIMER] = "timer",
	        [OBJECT_IRQ] = "irq",
	        [OBJECT_IOPORT] = "ioport",
	        [OBJECT_GROUP] = "group",
	        [OBJECT_LOG] = "log",
	        [OBJECT_MACHINE] = "machine"};
	struct machine_stats stats = stats_now();
	(void)unused;
	for (unsigned type = OBJECT_PROCESS; type < OBJECT_TYPES; type++)
		proc_print(text, "%-10s %llu\n", names[type], (unsigned long long)stats.objects[type]);
}

static unsigned long processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (unsigned long)count : 1;
}

void proc_machine_meminfo(struct proc_text *text, const struct process *unused)
{
	(void)unused;
	struct machine_stats stats = stats_now();
	const struct {
		const char *name;
		uint64_t pages;
	} lines[] = {{"MemTotal:", stats.pages_total}, {"MemFree:", stats.pages_free}, {"MemAvailable:", stats.pages_free},
	        {"Buffers:", 0}, {"Cached:", 0}, {"SwapCached:", 0}, {"Active:", 0}, {"Inactive:", 0}, {"SwapTotal:", 0},
	        {"SwapFree:", 0}, {"Dirty:", 0}, {"Writeback:", 0}, {"AnonPages:", 0}, {"Mapped:", 0}, {"Shmem:", 0},
	        {"Slab:", stats.pages_kernel}, {"SReclaimable:", 0}, {"SUnreclaim:", stats.pages_kernel}};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		proc_print(text, "%-15s %8llu kB\n", lines[i].name, (unsigned long long)lines[i].pages * 4);
}

static void print_seconds(struct proc_text *text, uint64_t ns, const char *behind)
{
	proc_print(text, "%llu.%02llu%s", (unsigned long long)(ns / NS_PER_SECOND),
	        (unsigned long long)(ns % NS_PER_SECOND / NS_PER_TICK), behind);
}

void proc_machine_uptime(struct proc_text *text, const struct process *unused)
{
	(void)unused;
	print_seconds(text, deadline_now(), " ");
	print_seconds(text, stats_now().idle_ns, "\n");
}

/* Of all processors together; never less than nothing. */
static uint64_t busy_ns(const struct machine_stats *stats, uint64_t now)
{
	uint64_t all = now * processors();
	return stats->idle_ns < all ? all - stats->idle_ns : 0;
}

void proc_machine_stat(struct proc_text *text, const struct process *unused)
{
	(void)unused;
	struct machine_stats stats = stats_now();
	uint64_t now = deadline_now();
	unsigned long long busy = busy_ns(&stats, now) / NS_PER_TICK, idle = stats.idle_ns / NS_PER_TICK;
	unsigned long count = processors();
	proc_print(text, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\n", busy, idle);
	for (unsigned long i = 0; i < count; i++)
		proc_print(text, "cpu%lu %llu 0 0 %llu 0 0 0 0 0 0\n", i, busy / count, idle / count);
	proc_print(text, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %u\nprocs_running 1\nprocs_blocked 0\n",
	        (unsigned long long)stats.interrupts, (unsigned long long)stats.context_switches,
	        (unsigned long long)time(NULL) - now / NS_PER_SECOND, table_entered());
}

/* Brings the averages up to date. */
static const double *load_averages(const struct machine_stats *stats)
{
	static const double minutes[] = {1, 5, 15};
	uint64_t now = deadline_now(), busy = busy_ns(stats, now);
	if (now <= pm->load_now)
		return pm->load;
	double share = (double)(busy > pm->load_busy ? busy - pm->load_busy : 0) / (double)(now - pm->load_now);
	for (unsigned i = 0; i < 3; i++) {
		double kept = exp(-(double)(now - pm->load_now) / (minutes[i] * 60e9));
		pm->load[i] = pm->load[i] * kept + share * (1 - kept);
	}
	pm->load_now = now;
	pm->load_busy = busy;
	return pm->load;
}

void proc_machine_loadavg(struct proc_text *text, const struct process *unused)
{
	struct machine_stats stats = stats_now();
	const double *load = load_averages(&stats);
	(void)unused;
	proc_print(text, "%.2f %.2f %.2f 1/%u %u\n", load[0], load[1], load[2], table_living(), table_last_pid());
}

void proc_machine_tell(uint64_t word[static MESSAGE_WORDS])
{
	struct machine_stats stats = stats_now();
	const double *load = load_averages(&stats);
	word[0] = stats.pages_total * PAGE_SIZE;
	word[1] = stats.pages_free * PAGE_SIZE;
	word[2] = table_living();
	for (unsigned i = 0; i < 3; i++)
		word[3 + i] = (uint64_t)(load[i] * 65536);
}

void proc_machine_version(struct proc_text *text, const struct process *unused)
{
	struct utsname name;
	(void)unused;
	if (!uname(&name))
		proc_print(text, "%s version %s %s\n", name.sysname, name.release, name.version);
}

static void print_flags(struct proc_text *text, uint32_t edx, uint32_t ecx)
{
	static const char *const low[32] = {"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", NULL, "sep",
	        "mtrr", "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", NULL, "dts", "acpi", "mmx", "fxsr", "sse",
	        "sse2", "ss", "ht", "tm", "ia64", "pbe"};
	static const char *const high[32] = {"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2",
	        "ssse3", "cid", "sdbg", "fma", "cx16", "xtpr", "pdcm", NULL, "pcid", "dca", "sse4_1", "sse4_2", "x2apic",
	        "movbe", "popcnt", "tsc_deadline_timer", "aes", "xsave", NULL, "avx", "f16c", "rdrand", "hypervisor"};
	proc_print(text, "flags\t\t:");
	for (unsigned i = 0; i < 32; i++)
		if (edx >> i & 1 && low[i])
			proc_print(text, " %s", low[i]);
	for (unsigned i = 0; i < 32; i++)
		if (ecx >> i & 1 && high[i])
			proc_print(text, " %s", high[i]);
	proc_print(text, "\n");
}

/* Intel SDM volume 2, CPUID: leaves 0, 1 and 0x80000002 to 4. */
static void print_processor(struct proc_text *text, unsigned long number, uint64_t hz)
{
	uint32_t leaf[4] = {0}, vendor[4] = {0}, brand[13] = {0}, most = 0;
	__get_cpuid(0, &most, &vendor[0], &vendor[2], &vendor[1]);
	__get_cpuid(1, &leaf[0], &leaf[1], &leaf[2], &leaf[3]);
	for (uint32_t i = 0; i < 3; i++)
		__get_cpuid(0x80000002 + i, &brand[i * 4], &brand[i * 4 + 1], &brand[i * 4 + 2], &brand[i * 4 + 3]);
	uint32_t family = leaf[0] >> 8 & 0xf, model = leaf[0] >> 4 & 0xf;
	if (family == 6 || family == 15)
		model |= leaf[0] >> 12 & 0xf0;
	if (family == 15)
		family += leaf[0] >> 20 & 0xff;
	proc_print(text, "processor\t: %lu\nvendor_id\t: %.12s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n", number,
	        (const char *)vendor, family, model, (const char *)brand);
	proc_print(text, "stepping\t: %u\ncpu MHz\t\t: %llu.%03llu\n", leaf[0] & 0xf, (unsigned long long)hz / 1000000,
	        (unsigned long long)hz / 1000 % 1000);
	print_flags(text, leaf[3], leaf[2]);
	proc_print(text, "\n");
}

void proc_machine_cpuinfo(struct proc_text *text, const struct process *unused)
{
	(void)unused;
	uint64_t hz = stats_now().tsc_hz;
	for (unsigned long i = 0; i < processors(); i++)
		print_processor(text, i, hz);
}
