/* Windows: see content_window.h. */
#include "user/servers/tmpfs/content_window.h"

#include <stddef.h>

#include "user/lib/call.h"

#define WINDOW_MIN 65536ull

static struct content *oldest, *newest;
static uint32_t count;

static void unlink_window(struct content *content)
{
	*(content->older ? &content->older->newer : &oldest) = content->newer;
	*(content->newer ? &content->newer->older : &newest) = content->older;
	content->older = content->newer = NULL;
	count--;
}

static void link_window(struct content *content)
{
	content->older = newest;
	content->newer = NULL;
	*(newest ? &newest->newer : &oldest) = content;
	newest = content;
	count++;
}

void window_close(struct content *content)
{
	if (!content->bytes)
		return;
	status_t status = sys_vmem_unmap(HANDLE_SELF_VMEM, (uintptr_t)content->bytes, content->capacity);
	(void)status; /* a mapping of our own, whole */
	unlink_window(content);
	content->bytes = NULL;
	content->capacity = 0;
}

void window_open(struct content *content)
{
	uint64_t capacity = WINDOW_MIN, address = 0;
	while (capacity < content->length)
		capacity *= 2;
	if (capacity > CONTENT_WINDOW_MAX)
		return;
	if (count == CONTENT_WINDOWS)
		window_close(oldest);
	if (sys_frame_resize(content->frame, capacity))
		return;
	status_t mapped =
	        sys_vmem_map(HANDLE_SELF_VMEM, 0, capacity, MAP_READ | MAP_WRITE | MAP_NO_INHERIT, content->frame, 0, &address);
	status_t status = sys_frame_resize(content->frame, content->length);
	if (status)
		content->length = capacity;
	if (mapped)
		return;
	content->bytes = (char *)(uintptr_t)address;
	content->capacity = capacity;
	link_window(content);
}
