/*
 * Makes servers mortal: linked into Hearth's own programs in place of a few functions (--wrap), it ends the process in the
 * middle of its work when a client wants it. Only the first instance of each obeys, so that the next one can be seen to serve.
 *
 *   a path /die-NAME        is opened: vfs or initfsd ends, whoever reads that path with that NAME
 *   the text "die-console"  is written: the console ends
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/grants.h"
#include "user/lib/server.h"

/* What the boot starts first: root, initfsd, vfs, init and the services, which are counted when this is built. */
#define FIRST_LIVES (4 + MORTAL_SERVICES)
#define DEATH 9 /* the status */

status_t __real_reply_read_bytes(handle_t reply, uint64_t offset, void *to, uint64_t length);
status_t __wrap_reply_read_bytes(handle_t reply, uint64_t offset, void *to, uint64_t length);
status_t __real_request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out);
status_t __wrap_request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out);
const void *__real_request_carried(const struct request *request, uint64_t offset, uint64_t length);
const void *__wrap_request_carried(const struct request *request, uint64_t offset, uint64_t length);

/* A call that is served again, by a server that is the same process still, was obeyed. */
static void die(void)
{
	if (server_serves_again())
		return;
	const struct start_block *block = grants_block();
	if (block && block->process_number <= FIRST_LIVES)
		exit(DEATH);
}

status_t __wrap_reply_read_bytes(handle_t reply, uint64_t offset, void *to, uint64_t length)
{
	static const char word[] = "die-console";
	status_t status = __real_reply_read_bytes(reply, offset, to, length);
	if (!status && length >= sizeof word - 1 && !memcmp(to, word, sizeof word - 1))
		die();
	return status;
}

status_t __wrap_request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out)
{
	status_t status = __real_request_read_path(request, offset, length, out);
	if (!status && !strcmp(out, "/die-" MORTAL_NAME))
		die();
	return status;
}

/* A path that vfs looks at where the message has it. */
const void *__wrap_request_carried(const struct request *request, uint64_t offset, uint64_t length)
{
	static const char name[] = "/die-" MORTAL_NAME;
	const void *carried = __real_request_carried(request, offset, length);
	if (carried && length == sizeof name - 1 && !memcmp(carried, name, length))
		die();
	return carried;
}
