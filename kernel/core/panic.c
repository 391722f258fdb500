/*
 * Panics. The report is written once, into memory of its own, then given to the outputs and to the panic area; a panic while
 * panicking only says so and stops.
 */
#include "core/panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "arch/cpu.h"
#include "arch/paging.h"
#include "arch/timer.h"
#include "core/build.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/percpu.h"
#include "core/screen.h"
#include "core/symbols.h"
#include "lib/format.h"
#include "lib/string.h"

#define REPORT_MAX 16384u
#define LOG_TAIL 6000u

static char report[REPORT_MAX];
static size_t report_length;
static uint32_t panicking;

static struct panic_area *area;
static uint64_t area_length; /* of the text that fits */

static void add_v(const char *format, va_list arguments)
{
	report_length += format_text_v(report + report_length, sizeof report - report_length, format, arguments);
}

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_v(format, arguments);
	va_end(arguments);
}

static void add_frame(uint64_t address, void *argument)
{
	struct symbol symbol;

	(void)argument;
	if (!symbol_find(address - 1, &symbol))
		add("  at kernel+0x%lx\n", symbol_image_offset(address));
	else if (symbol.file)
		add("  at %s+0x%x (%s:%u)\n", symbol.function, symbol.offset + 1, symbol.file, symbol.line);
	else
		add("  at %s+0x%x\n", symbol.function, symbol.offset + 1);
}

static uint32_t checksum(const char *text, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += (uint8_t)text[i] * (uint32_t)(i + 1);
	return sum;
}

static void keep(void)
{
	if (!area)
		return;
	size_t length = report_length < area_length ? report_length : area_length;
	memcpy(area + 1, report, length);
	area->length = (uint32_t)length;
	area->checksum = checksum(report, length);
	area->magic = PANIC_MAGIC;
}

static void add_log_tail(void)
{
	uint64_t end = log_end(), cursor = end > LOG_TAIL ? end - LOG_TAIL : 0, lost;

	add("The log before it:\n");
	while (report_length + 2048 < sizeof report) {
		size_t length = log_copy(cursor, report + report_length, sizeof report - report_length - 1, &cursor, &lost);
		if (length == 0)
			break;
		report_length += length;
	}
}

void panic(const char *format, ...)
{
	va_list arguments;

	if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL)) {
		log_print_raw("panic: another one while the first was being reported\n", 54);
		cpu_stop();
	}
	cpu_stop_others();
	uint64_t microseconds = timer_now() / 1000;
	cpu_current()->lock_rank = RANK_NONE;
	add("panic: ");
	va_start(arguments, format);
	add_v(format, arguments);
	va_end(arguments);
	add("\nHearth %s, cpu%u, %lu.%06lu s after the start. The kernel went this way:\n", build_id, cpu_current()->arch.index,
	        microseconds / 1000000, microseconds % 1000000);
	cpu_backtrace(add_frame, 0);
	size_t printed = report_length;
	add_log_tail();
	keep();
	log_release_console();
	log_flush();
	log_print_raw("\n", 1);
	log_print_raw(report, printed);
	log_print_raw("The machine has stopped. The next start prints this report again.\n", 66);
	screen_output_finish();
	cpu_stop();
}

static void print_last(const char *text, size_t length)
{
	size_t start = 0;

	log_warning("the last start ended in a panic; its report:");
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n')
			continue;
		log_text(LOG_WARNING, "last-panic", text + start, i - start);
		start = i + 1;
	}
}

void panic_init(const struct bootinfo *boot)
{
	if (boot->panic.length <= sizeof *area)
		return;
	area = direct_map(paddr(boot->panic.start));
	area_length = boot->panic.length - sizeof *area;
	if (area->magic == PANIC_MAGIC && area->length <= area_length &&
	        area->checksum == checksum((const char *)(area + 1), area->length))
		print_last((const char *)(area + 1), area->length);
	memset(area, 0, sizeof *area);
}
