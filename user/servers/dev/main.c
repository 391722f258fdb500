/* dev: the devices that need no hardware. null takes everything and has nothing, zero has zeros, full is always full. */
#include "abi/manifest.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"

HEARTH_MANIFEST("name dev\n"
                "import log\n"
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

/* Answers with less than a large buffer takes, so that nobody waits long for others' zeros. */
static status_t read_zeros(struct request *request, uint64_t length)
{
	static const char zeros[65536];
	uint64_t bytes = length < sizeof zeros ? length : sizeof zeros;
	request->answer.word[0] = bytes;
	return request_write(request, 0, zeros, bytes);
}

static status_t write_to_full(struct request *request, uint64_t length)
{
	(void)request;
	return length ? ERR_DISK_FULL : ERR_OK;
}

static const struct device devices[] = {
        {"null", 0666, DEVICE_NUMBER(1, 3), read_nothing, write_away},
        {"zero", 0666, DEVICE_NUMBER(1, 5), read_zeros, write_away},
        {"full", 0666, DEVICE_NUMBER(1, 7), read_zeros, write_to_full},
};

static struct server server = {
        .name = "dev",
        .operations = device_operations,
        .operation_count = DEVICE_OPERATIONS,
        .objects = 65536,
        .client_objects = 1024,
        .close_object = device_close,
};

int main(void)
{
	device_begin(devices, sizeof devices / sizeof *devices);
	status_t status = server_begin(&server, grant_find("export.dev"));
	if (!status)
		status = server_run(&server);
	log_error("cannot receive: %s", error_text(status));
	return 1;
}
