/*
 * Reads of devices whose bytes have no end: see device.h.
 *
 * A step's worth is answered at once. More is saved and given by a step for each round of the server's event loop, in turns where
 * several wait, so that neither a short read nor any other call waits for somebody's gigabyte. One that is asked to end (a signal
 * of its program) is answered with what it has got. Meanwhile the server is no more urgent than programs are: this is work of
 * theirs, and takes turns with them.
 */
#include "abi/priority.h"
#include "user/lib/device.h"
#include "user/lib/waiting.h"

#define READERS_MAX 1024u /* that want more than a step, at a time; the others get less than they wanted */

static void expired(struct server_timer *timer);

static struct waiting_list readers = {.most = READERS_MAX};
static struct server_timer turn = {.expired = expired};

/* What the next piece of a step is written by: the request, or of a saved one the reply. */
static status_t give(struct request *request, handle_t reply, uint64_t at, const void *bytes, uint64_t length)
{
	return request ? request_write(request, at, bytes, length) : reply_write_bytes(reply, at, bytes, length);
}

/* Gives those of `length` bytes that a step has room for, from `*done` on, which counts them. */
static status_t step(const struct device *device, struct request *request, handle_t reply, uint64_t *done, uint64_t length)
{
	uint64_t end = length - *done > DEVICE_STEP_BYTES ? *done + DEVICE_STEP_BYTES : length;
	while (*done < end) {
		uint64_t part = end - *done;
		const void *bytes = device->next(&part);
		if (!bytes)
			return ERR_BAD_STATE;
		status_t status = give(request, reply, *done, bytes, part);
		if (status)
			return status;
		*done += part;
	}
	return ERR_OK;
}

static void set_priority(uint32_t priority)
{
	status_t status = sys_thread_set_priority(HANDLE_SELF_THREAD, priority);
	(void)status; /* it is what it was: nothing is wrong but the turns */
}

static void expired(struct server_timer *timer)
{
	struct waiting *first = readers.first;
	if (!first) {
		set_priority(PRIORITY_SERVICES);
		return;
	}
	const struct device_open *open = first->object;
	struct server *server = timer->context;
	status_t status = step(device_of(open), NULL, first->reply, &first->done, first->length);
	if (status || first->done == first->length)
		waiting_answer(&readers, first->done ? ERR_OK : status, first->done);
	else
		waiting_rotate(&readers);
	server_timer_set(server, timer, server_timer_now());
}

status_t device_read_endless(struct request *request, const struct device *device, uint64_t length)
{
	uint64_t done = 0;
	if (length > DEVICE_STEP_BYTES) {
		status_t status = waiting_add(&readers, request, length, 0);
		if (!status) {
			turn.context = request->server;
			set_priority(PRIORITY_PROGRAMS);
			server_timer_set(request->server, &turn, server_timer_now());
			return ERR_OK;
		}
		if (status != ERR_FULL)
			return status;
	}
	status_t status = step(device, request, HANDLE_NONE, &done, length);
	request->answer.word[0] = done;
	return done ? ERR_OK : status;
}

void device_read_drop(const struct device_open *open)
{
	waiting_drop(&readers, open);
}
