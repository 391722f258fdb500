/* Handing bytes to who waits: see handing.h. Nothing here is put into the log by the compiler. */
#include "user/servers/streamd/handing.h"

#include "user/servers/streamd/streamd.h"
#include "user/servers/streamd/wait.h"

#define BARRIER() __asm__ volatile("" : : : "memory")

static struct handing done; /* by the life before; its reply counts only */

/* Whole words go out, so nothing stands behind the last byte that is not meant for the reader. */
static void send_bytes(const struct request *request, uint64_t length)
{
	uint64_t *words = control_block()->send_words, count = (length + 7) / 8, more = count * 8 - length;
	for (uint64_t i = 0; i < count; i++)
		words[i] = request->long_word[i];
	words[count - 1] = words[count - 1] << more * 8 >> more * 8;
	extras_begin()->word_count = (uint8_t)count;
}

bool handing_give(struct wait *reader, const struct request *request, uint64_t length)
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
	const struct message message = {.word = {length}};
	send_bytes(request, length);
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
