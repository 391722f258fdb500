/*
 * Ends a server with state at a point of its work that a client names: linked into it in place of functions of the kit (--wrap). A client
 * writes "arm N", or asks for a file "/arm-N": from then on the server counts the points that it comes by, and ends at the N-th. A point
 * is before and behind each entry of the log, each commit, each answer, each saving of a call and handing it on, each handing of bytes in streamd, and each
 * time that an answer has left and the next message is there. A call that is
 * served again arms nothing, so that each life but the first goes on until it is armed anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "abi/start.h"
#include "user/lib/log.h"
#include "user/lib/server_internal.h"
#include "user/lib/state_area.h"

#define DEATH 9 /* the status */
#include "tests/points.h"

void point_end(void)
{
	_Exit(DEATH);
}

status_t __real_request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out);
status_t __wrap_request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out);
status_t __real_request_read(struct request *request, uint64_t offset, void *to, uint64_t length);
status_t __wrap_request_read(struct request *request, uint64_t offset, void *to, uint64_t length);

const void *__real_request_carried(const struct request *request, uint64_t offset, uint64_t length);
const void *__wrap_request_carried(const struct request *request, uint64_t offset, uint64_t length);

status_t __real_request_forward(struct request *request, handle_t sender, const uint64_t word[static MESSAGE_WORDS]);
status_t __wrap_request_forward(struct request *request, handle_t sender, const uint64_t word[static MESSAGE_WORDS]);

/* A service reads the clock, and cannot set it: said once a life, for who checks that it was tried. */
static __attribute__((constructor)) void try_to_set_the_clock(void)
{
	const struct start_block *block = (const struct start_block *)getauxval(AT_HEARTH_START);
	if (sys_vmem_protect(HANDLE_SELF_VMEM, block->time_page, 4096, MAP_READ | MAP_WRITE) == ERR_NO_RIGHT)
		log_info("its time page stays as it is");
}

status_t __wrap_request_forward(struct request *request, handle_t sender, const uint64_t word[static MESSAGE_WORDS])
{
	point();
	status_t status = __real_request_forward(request, sender, word);
	point();
	return status;
}

static void look(const struct request *request, const char *text)
{
	unsigned points;
	if ((sscanf(text, "arm %u", &points) == 1 || sscanf(text, "/arm-%u", &points) == 1) &&
	        !state_was_served(request->serial))
		points_left = points;
}

status_t __wrap_request_read(struct request *request, uint64_t offset, void *to, uint64_t length)
{
	char text[16] = "";
	status_t status = __real_request_read(request, offset, to, length);
	if (!status && length < sizeof text)
		memcpy(text, to, length);
	look(request, text);
	return status;
}

status_t __wrap_request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out)
{
	status_t status = __real_request_read_path(request, offset, length, out);
	if (!status)
		look(request, out);
	return status;
}

const void *__wrap_request_carried(const struct request *request, uint64_t offset, uint64_t length)
{
	char text[16] = "";
	const void *carried = __real_request_carried(request, offset, length);
	if (carried && length < sizeof text)
		memcpy(text, carried, length);
	look(request, text);
	return carried;
}
