/*
 * dev: the folder of devices. Those that need no hardware are its own: null takes everything and has nothing, zero has zeros, full is
 * always full. Terminals are the console server's.
 */
#include "abi/manifest.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"

HEARTH_MANIFEST("name dev\n"
                "import log\n"
                "import console optional\n"
                "export dev\n"
                "restart always\n");

static status_t read_nothing(struct request *request, uint64_t length)
{
	(void)request;
	(void)length;
	return ERR_OK;
}

static status_t write_away(struct request *request, uint64_t length)
{
	request->answer.word[0] = length;
	return ERR_OK;
}

static const void *next_zeros(uint64_t *length)
{
	static const char zeros[65536];
	*length = *length < sizeof zeros ? *length : sizeof zeros;
	return zeros;
}

static status_t write_to_full(struct request *request, uint64_t length)
{
	(void)request;
	return length ? ERR_DISK_FULL : ERR_OK;
}

/* Those behind the first OWN are the console's, and absent without it. */
#define OWN 3u

static struct device devices[] = {
        {.name = "null", .mode = 0666, .number = DEVICE_NUMBER(1, 3), .read = read_nothing, .write = write_away},
        {.name = "zero", .mode = 0666, .number = DEVICE_NUMBER(1, 5), .next = next_zeros, .write = write_away},
        {.name = "full", .mode = 0666, .number = DEVICE_NUMBER(1, 7), .next = next_zeros, .write = write_to_full},
        {.name = "tty"},
        {.name = "ptmx"},
        {.name = "pts", .is_directory = true},
};

static const struct server_operation operations[] = {DEVICE_ROWS};

static struct server server = {
        .name = "dev",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = 65536,
        .client_objects = 1024,
        .close_object = device_close,
};

int main(void)
{
	size_t count = grant_find("console") ? sizeof devices / sizeof *devices : OWN;
	for (size_t i = OWN; i < count; i++)
		devices[i].server = grant_find("console");
	device_begin(devices, count);
	status_t status = server_begin(&server, grant_find("export.dev"));
	if (!status)
		status = server_run(&server);
	log_error("cannot receive: %s", error_text(status));
	return 1;
}
