/* The bytes of a file: see content.h. Windows are in content_window.c. */
#include "user/servers/tmpfs/content.h"

#include <string.h>

#include "user/lib/call.h"
#include "user/lib/state.h"
#include "user/servers/tmpfs/content_window.h"

static const char zeros[CONTENT_PAGE];
static char buffer[CONTENT_BUFFER];
static struct content_space *pool;

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t page_up(uint64_t bytes)
{
	return (bytes + CONTENT_PAGE - 1) & ~(CONTENT_PAGE - 1);
}

static uint64_t pages_of(uint64_t bytes)
{
	return page_up(bytes) / CONTENT_PAGE;
}

/* That the machine has no memory, or this server's group not, is to a client what a full disk is. */
static status_t as_full(status_t status)
{
	return status == ERR_QUOTA || status == ERR_NO_MEMORY || status == ERR_NO_HANDLES ? ERR_DISK_FULL : status;
}

void content_begin(struct content_space *of_all, uint64_t pages)
{
	pool = of_all;
	pool->max = pages;
}

uint64_t content_pool_free(void)
{
	return pool->used < pool->max ? pool->max - pool->used : 0;
}

/* How many pages more a volume can have. */
static uint64_t room_in(const struct content_space *space)
{
	uint64_t room = space->used < space->max ? space->max - space->used : 0;
	return least(room, content_pool_free());
}

/* Sets what the content is charged; whether there is room was asked before. */
static void charge(struct content *content, struct content_space *space, uint64_t pages)
{
	space->used += pages - content->charged;
	pool->used += pages - content->charged;
	content->charged = pages;
}

/* Charges what it has now. */
static void charge_again(struct content *content, struct content_space *space)
{
	uint64_t pages = pages_of(content->size), length, resident;
	uint32_t flags;
	if (content->sparse && !content->reserved && !sys_frame_info(content->frame, &length, &resident, &flags))
		pages = resident;
	charge(content, space, pages);
}

void content_tell_end(const struct content *content)
{
	if (!content->lent)
		return;
	status_t status = sys_frame_set_end(content->frame, content->size);
	(void)status; /* a frame of our own */
}

static void set_size(struct content *content, uint64_t size)
{
	content->size = size;
	content_tell_end(content);
}

/* Heap memory for at least `size` bytes, zeros behind the file's end. */
static status_t grow_small(struct content *content, uint64_t size)
{
	if (size <= content->capacity)
		return ERR_OK;
	uint64_t capacity = content->capacity ? content->capacity * 2 : 64;
	while (capacity < size)
		capacity *= 2;
	char *bytes = state_alloc(capacity);
	if (!bytes)
		return ERR_DISK_FULL;
	if (content->size)
		memcpy(bytes, content->bytes, content->size);
	state_free(content->bytes);
	content->bytes = bytes;
	content->capacity = capacity;
	return ERR_OK;
}

/* Gives the frame this length, in whole pages and at least one. */
static status_t set_length(struct content *content, uint64_t size)
{
	uint64_t length = most(page_up(size), CONTENT_PAGE);
	if (length == content->length)
		return ERR_OK;
	status_t status = sys_frame_resize(content->frame, length);
	if (status)
		return as_full(status);
	content->length = length;
	if (content->length > content->capacity)
		window_close(content);
	return ERR_OK;
}

/* What lay in the heap goes into a frame that is long enough for `size` bytes. */
static status_t make_frame(struct content *content, uint64_t size)
{
	if (content->frame)
		return ERR_OK;
	handle_t frame;
	uint64_t length = most(page_up(most(size, content->size)), CONTENT_PAGE), copied = 0;
	status_t status = sys_frame_create(length, 0, &frame);
	if (status)
		return as_full(status);
	if (content->size)
		status = sys_frame_write(frame, 0, content->bytes, content->size, &copied);
	if (status || copied < content->size) {
		sys_handle_close(frame);
		return ERR_DISK_FULL;
	}
	state_free(content->bytes);
	content->bytes = NULL;
	content->capacity = 0;
	content->frame = frame;
	content->length = length;
	return ERR_OK;
}

/* Writes zeros; only into pages that are not zeros already, so that holes stay holes. */
static status_t write_zeros(struct content *content, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t part = least(end - start, CONTENT_PAGE - start % CONTENT_PAGE), copied = 0;
		status_t status = sys_frame_read(content->frame, start, buffer, part, &copied);
		if (!status && memcmp(buffer, zeros, copied))
			status = sys_frame_write(content->frame, start, zeros, part, &copied);
		if (status)
			return as_full(status);
		start += part;
	}
	return ERR_OK;
}

/* What clients have written behind the end does not become part of the file. */
static status_t clean_tail(struct content *content, uint64_t size)
{
	uint64_t end = least(page_up(size), content->length);
	return content->frame && size % CONTENT_PAGE ? write_zeros(content, size, end) : ERR_OK;
}

STATE_QUIET status_t content_read(
        struct content *content, uint64_t position, uint64_t length, const char **out_bytes, uint64_t *out_length)
{
	*out_length = 0;
	if (position >= content->size)
		return ERR_OK;
	length = least(length, content->size - position);
	if (content->frame && !content->bytes && !content->sparse)
		window_open(content);
	if (content->bytes && !content->sparse) {
		*out_bytes = content->bytes + position;
		*out_length = length;
		return ERR_OK;
	}
	*out_bytes = buffer;
	return sys_frame_read(content->frame, position, buffer, least(length, sizeof buffer), out_length);
}

static status_t prepare_small(struct content *content, struct content_space *space, uint64_t end)
{
	status_t status = ERR_OK;
	if (!content->charged && end) {
		if (!room_in(space))
			return ERR_DISK_FULL;
		charge(content, space, 1);
	}
	status = grow_small(content, end);
	if (status)
		charge_again(content, space);
	return status;
}

/* How many of `length` bytes at `position` the volume has pages for; the worst is assumed of a file with holes. */
static uint64_t fit(const struct content *content, const struct content_space *space, uint64_t position, uint64_t length)
{
	uint64_t room = room_in(space);
	if (content->sparse && !content->reserved) {
		uint64_t first = position / CONTENT_PAGE;
		return least(length, (first + room) * CONTENT_PAGE > position ? (first + room) * CONTENT_PAGE - position : 0);
	}
	uint64_t limit = (most(content->charged, pages_of(content->size)) + room) * CONTENT_PAGE;
	return limit > position ? least(length, limit - position) : 0;
}

static status_t prepare_frame(struct content *content, struct content_space *space, uint64_t position, uint64_t *length)
{
	status_t status = make_frame(content, content->size);
	if (!status && position > content->size) {
		if (content->shared)
			status = clean_tail(content, content->size);
		if (position / CONTENT_PAGE > pages_of(content->size))
			content->sparse = true;
	}
	if (status)
		return status;
	*length = fit(content, space, position, *length);
	if (!*length)
		return ERR_DISK_FULL;
	return position + *length > content->length ? set_length(content, position + *length) : ERR_OK;
}

status_t content_prepare(struct content *content, struct content_space *space, uint64_t position, uint64_t length,
        char **out_bytes, uint64_t *out_length)
{
	if (position >= CONTENT_MAX)
		return ERR_FILE_TOO_LARGE;
	length = least(length, CONTENT_MAX - position);
	status_t status;
	if (!content->frame && position + length <= CONTENT_SMALL)
		status = prepare_small(content, space, position + length);
	else
		status = prepare_frame(content, space, position, &length);
	if (status)
		return status;
	if (content->frame && !content->bytes)
		window_open(content);
	*out_bytes = content->bytes ? content->bytes + position : NULL;
	*out_length = length;
	return ERR_OK;
}

status_t content_write(struct content *content, uint64_t position, const char *bytes, uint64_t length, uint64_t *out_written)
{
	if (content->frame)
		return as_full(sys_frame_write(content->frame, position, bytes, length, out_written));
	memcpy(content->bytes + position, bytes, length);
	*out_written = length;
	return ERR_OK;
}

void content_commit(struct content *content, struct content_space *space, uint64_t position, uint64_t length)
{
	uint64_t end = position + length;
	if (length && end > content->size)
		set_size(content, end);
	if (content->sparse || pages_of(content->size) != content->charged)
		charge_again(content, space);
	if (content->frame && !length && content->length > most(page_up(content->size), CONTENT_PAGE)) {
		status_t status = set_length(content, content->size);
		(void)status; /* it stays longer than need be, which nobody sees but by a mapping */
	}
}

/* To nothing: where no client can have a mapping, everything goes. */
static status_t truncate_all(struct content *content, struct content_space *space)
{
	if (!content->shared && !content->lent) {
		content_free(content, space);
		return ERR_OK;
	}
	status_t status = set_length(content, 0);
	if (!status)
		status = write_zeros(content, 0, CONTENT_PAGE);
	if (status)
		return status;
	set_size(content, 0);
	content->sparse = content->reserved = false;
	charge(content, space, 0);
	return ERR_OK;
}

static status_t shrink(struct content *content, struct content_space *space, uint64_t size)
{
	if (!size)
		return truncate_all(content, space);
	if (!content->frame) {
		memset(content->bytes + size, 0, content->size - size);
	} else {
		status_t status = set_length(content, size);
		if (!status)
			status = clean_tail(content, size);
		if (status)
			return status;
	}
	set_size(content, size);
	charge_again(content, space);
	return ERR_OK;
}

status_t content_truncate(struct content *content, struct content_space *space, uint64_t size)
{
	if (size > CONTENT_MAX)
		return ERR_FILE_TOO_LARGE;
	if (size < content->size)
		return shrink(content, space, size);
	if (size == content->size)
		return ERR_OK;
	status_t status;
	if (!content->frame && size <= CONTENT_SMALL) {
		status = prepare_small(content, space, size);
	} else {
		status = make_frame(content, content->size);
		if (!status && content->shared)
			status = clean_tail(content, content->size);
		if (!status)
			status = set_length(content, size);
		if (!status && pages_of(size) > pages_of(content->size))
			content->sparse = true;
	}
	if (status)
		return status;
	set_size(content, size);
	charge_again(content, space);
	return ERR_OK;
}

status_t content_zero(struct content *content, struct content_space *space, uint64_t start, uint64_t length)
{
	if (start >= content->size)
		return ERR_OK;
	uint64_t end = start + least(length, content->size - start), size = content->size;
	if (!content->frame) {
		memset(content->bytes + start, 0, end - start);
		return ERR_OK;
	}
	/* A hole that reaches to the end is made by letting the file end there for a moment. */
	if (end == size && page_up(start) < page_up(size)) {
		status_t status = set_length(content, page_up(start));
		if (!status)
			status = write_zeros(content, start, content->length);
		if (!status)
			status = set_length(content, size);
		content->sparse = true;
		charge_again(content, space);
		return status;
	}
	return write_zeros(content, start, end);
}

status_t content_reserve(struct content *content, struct content_space *space, uint64_t start, uint64_t length)
{
	uint64_t end = start + length, wanted = pages_of(most(end, content->size));
	if (end > CONTENT_MAX)
		return ERR_FILE_TOO_LARGE;
	return wanted > content->charged && wanted - content->charged > room_in(space) ? ERR_DISK_FULL : ERR_OK;
}

status_t content_map(struct content *content, struct content_space *space, bool writable, handle_t *out_frame)
{
	status_t status = make_frame(content, content->size);
	if (status)
		return status;
	content->shared = content->shared || writable;
	charge_again(content, space);
	*out_frame = content->frame;
	return ERR_OK;
}

status_t content_lend(struct content *content, handle_t *out_frame)
{
	if (!content->frame)
		return ERR_NOT_SUPPORTED;
	content->lent = true;
	content_tell_end(content);
	*out_frame = content->frame;
	return ERR_OK;
}

uint64_t content_pages(struct content *content, struct content_space *space)
{
	if (content->sparse)
		charge_again(content, space);
	return content->charged;
}

void content_free(struct content *content, struct content_space *space)
{
	charge(content, space, 0);
	if (content->frame) {
		window_close(content);
		state_close(content->frame);
	} else {
		state_free(content->bytes);
	}
	*content = (struct content){0};
}
