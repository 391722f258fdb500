#include "fake/kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/cpu.h"
#include "arch/paging.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "fake/machine.h"

struct cpu cpus[CPUS_MAX];

#define EXIT_PANIC 77

static const char *expected_panic;
static int failures;

void fake_kernel_start(uint64_t length)
{
	direct_map_base = (uint64_t)fake_machine_memory(length);
	memset(cpus, 0, sizeof cpus);
	cpus[0].arch.self = &cpus[0].arch;
	fake_machine_set_gs(&cpus[0]);
}

struct bootinfo fake_bootinfo(uint64_t at, const struct boot_memory *map, uint32_t count)
{
	struct bootinfo boot = {.magic = BOOTINFO_MAGIC, .version = BOOTINFO_VERSION, .size = sizeof boot};

	memcpy(direct_map(paddr(at)), map, count * sizeof *map);
	boot.memory_map = at;
	boot.memory_count = count;
	for (uint32_t i = 0; i < count; i++) {
		if (map[i].type != BOOT_MEMORY_DEVICE && map[i].type != BOOT_MEMORY_RESERVED)
			boot.direct_map_length = map[i].start + map[i].length;
	}
	return boot;
}

void panic(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (expected_panic && strstr(text, expected_panic))
		_exit(EXIT_PANIC);
	printf("not ok panic: %s\n", text);
	fflush(stdout);
	abort();
}

static int run(void (*code)(void))
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		failures = 0;
		code();
		fflush(stdout);
		_exit(failures != 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("fork");
		exit(1);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool panics(void (*code)(void), const char *words)
{
	expected_panic = words;
	int status = run(code);
	expected_panic = 0;
	return status == EXIT_PANIC;
}

void run_test(void (*test)(void))
{
	if (run(test))
		failures++;
}

int fake_status(void)
{
	return failures != 0;
}

__attribute__((weak)) void log_line(uint32_t level, const char *source, const char *format, ...) /* not of core/log.c */
{
	(void)level;
	(void)source;
	(void)format;
}

uint64_t cpu_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void check(bool ok, const char *what, const char *why)
{
	if (ok) {
		printf("ok %s\n", what);
		return;
	}
	printf("not ok %s: %s\n", what, why);
	failures++;
}
