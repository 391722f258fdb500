/*
 * timed: keeps the time of day. It alone can write the time page, by which everybody reads it, and reach the clock in the PC's CMOS
 * memory. What is set is in that page, so a timed that comes in another's place finds it there.
 *
 * The loader has the time from the firmware, which knows the clock's zone if anybody does; the CMOS clock, taken as UTC, stands in
 * where the firmware knew nothing. It serves one device, /dev/rtc0 (protocol clock).
 */
#include "abi/manifest.h"
#include "abi/proto/clock.h"
#include "abi/time_page.h"
#include "user/lib/deadline.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/servers/timed/cmos.h"

HEARTH_MANIFEST("name timed\n"
                "import log\n"
                "import time.set\n"
                "import ioport 70 2\n"
                "export clock\n"
                "restart always\n");

#define NS_PER_SECOND 1000000000ull
#define CMOS_INDEX 0x70 /* bit 7 would hold NMIs back */
#define CMOS_DATA 0x71
#define PAGE 4096u

static struct time_page *page;

static void out_8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in_8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint8_t read_register(uint8_t index)
{
	out_8(CMOS_INDEX, index);
	return in_8(CMOS_DATA);
}

static void write_register(uint8_t index, uint8_t value)
{
	out_8(CMOS_INDEX, index);
	out_8(CMOS_DATA, value);
}

static const struct cmos cmos = {.read = read_register, .write = write_register};

/* One store: readers take this word by itself. */
static status_t set_now(uint64_t ns)
{
	uint64_t since_boot = deadline_now();
	if (ns < since_boot || ns - since_boot > INT64_MAX - since_boot)
		return ERR_BAD_ARGUMENT;
	__atomic_store_n(&page->wall_ns_at_boot, ns - since_boot, __ATOMIC_RELAXED);
	return ERR_OK;
}

static bool may_change(struct request *request)
{
	const struct device_open *open = request->object;
	return open->access & OPEN_WRITE;
}

static status_t handle_set(struct request *request)
{
	if (!may_change(request))
		return ERR_NO_RIGHT;
	status_t status = set_now(request->word[0]);
	if (!status)
		log_info("the time was set to %llu s after 1970", (unsigned long long)(request->word[0] / NS_PER_SECOND));
	return status;
}

static status_t handle_rtc_get(struct request *request)
{
	return cmos_read(&cmos, &request->answer.word[0]) ? ERR_OK : ERR_BAD_STATE;
}

static status_t handle_rtc_set(struct request *request)
{
	if (!may_change(request))
		return ERR_NO_RIGHT;
	return cmos_write(&cmos, request->word[0]) ? ERR_OK : ERR_BAD_ARGUMENT;
}

static const struct device devices[] = {{.name = "",
        .mode = 0600,
        .number = DEVICE_NUMBER(254, 0),
        .read = device_transfer_nothing,
        .write = device_transfer_nothing}};

static const struct server_operation operations[] = {
#define CLOCK_OP SERVER_ROW
#include "abi/proto/clock.def"
#undef CLOCK_OP
        DEVICE_ROWS,
};

static struct server server = {
        .name = "clock",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = 1024,
        .client_objects = 64,
        .close_object = device_close,
};

static status_t map_page(void)
{
	uint64_t address;
	status_t status = sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE, grant_find("time.set"), 0, &address);
	if (status)
		return status;
	page = (struct time_page *)address;
	return page->version == TIME_PAGE_VERSION ? ERR_OK : ERR_BAD_FORMAT;
}

static void begin_clock(void)
{
	uint64_t seconds;
	if (page->wall_ns_at_boot)
		return;
	if (!cmos_read(&cmos, &seconds) || set_now(seconds * NS_PER_SECOND))
		log_warning("neither the firmware nor the machine's clock knows what time it is");
	else
		log_info("the firmware did not tell the time; it is that of the machine's clock");
}

int main(void)
{
	status_t status = map_page();
	if (status) {
		log_error("cannot serve: the time page can not be written: %s", error_text(status));
		return 1;
	}
	begin_clock();
	device_begin(devices, sizeof devices / sizeof *devices);
	status = server_begin(&server, grant_find("export.clock"));
	if (!status)
		status = server_run(&server);
	log_error("cannot receive: %s", error_text(status));
	return 1;
}
