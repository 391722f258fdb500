/* Handing bytes to who waits: see handing.h. Nothing here is put into the log by the compiler. */
#include "user/servers/streamd/handing.h"

#include "user/servers/streamd/streamd.h"
#include "user/servers/streamd/wait.h"

#define BARRIER() __asm__ volatile("" : : : "memory")

static struct handing done; /* by the life before; its reply counts only */

bool handing_give(struct wait *reader, const struct request *request, const void *bytes, uint64_t length)
{
	struct handing *handing = &streamd->handing;
	if (reader->previous || !wait_may_go_alone())
		return false;
	handing->reply = HANDLE_NONE;
	BARRIER();
	handing->wait = reader;
	handing->serial = request->serial;
	handing->done = length;
	BARRIER();
	handing->reply = reader->reply;
	BARRIER();
	struct message message = {.word = {length}};
	extras_set_words(extras_begin(), bytes, length);
	if (sys_reply_send_x(reader->reply, &message)) {
		*(volatile uint64_t *)&handing->serial = 0; /* the reader is gone, and so may be its reply */
		return false;
	}
	wait_leave(reader);
	return true;
}

void handing_begin(void)
{
	done.reply = HANDLE_NONE;
}

void handing_resume(void)
{
	struct handing *handing = &streamd->handing;
	struct wait *wait = handing->wait;
	if (!handing->reply)
		return;
	if (wait->queued && wait->reply == handing->reply) {
		if (server_has_handle(handing->reply, OBJECT_REPLY)) {
			*(volatile handle_t *)&handing->reply = HANDLE_NONE;
			return;
		}
		wait_remove(wait);
	}
	done = *handing;
}

bool handing_has_done(struct server *server, uint64_t serial, uint64_t *out_word)
{
	(void)server;
	*out_word = done.done;
	return done.reply && done.serial == serial;
}
