/* Native calls, done by the host's. Those that user/linux does not make are not here. */
#include "tests/host/linux/hosted.h"

#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <string.h>

#define HOST_FUTEX_WAIT (0u | 128u)
#define HOST_FUTEX_WAKE (1u | 128u)

status_t hosted_status(int64_t result)
{
	if (result >= 0)
		return ERR_OK;
	switch (-result) {
	case ENOENT: return ERR_NOT_FOUND;
	case EEXIST: return ERR_EXISTS;
	case ENOTDIR: return ERR_NOT_DIRECTORY;
	case EISDIR: return ERR_IS_DIRECTORY;
	case EROFS:
	case EACCES: return ERR_READ_ONLY;
	case ENAMETOOLONG: return ERR_NAME_TOO_LONG;
	case ELOOP: return ERR_LINK_LOOP;
	case ENOTTY: return ERR_NOT_TERMINAL;
	case ESPIPE: return ERR_NOT_SEEKABLE;
	case EFAULT: return ERR_BAD_ADDRESS;
	case EAGAIN: return ERR_WOULD_BLOCK;
	case ENOMEM: return ERR_NO_MEMORY;
	case EBADF: return ERR_DENIED;
	case EINVAL: return ERR_BAD_ARGUMENT;
	}
	return ERR_IO;
}

handle_t hosted_add(struct hosted_handle what)
{
	for (uint32_t i = 1; i < HANDLES_MAX; i++) {
		struct hosted_handle *slot = &hosted.handles[i];
		if (slot->type)
			continue;
		what.generation = (uint16_t)((slot->generation + 1) % 0xfff ? slot->generation + 1 : 1);
		*slot = what;
		return i | (uint32_t)what.generation << HANDLE_INDEX_BITS;
	}
	hosted_die("no handles left");
}

struct hosted_handle *hosted_find(handle_t handle, uint32_t type)
{
	uint32_t index = handle & ((1u << HANDLE_INDEX_BITS) - 1);
	if (index >= HANDLES_MAX || hosted.handles[index].generation != handle >> HANDLE_INDEX_BITS ||
	        !hosted.handles[index].type)
		return NULL;
	struct hosted_handle *found = &hosted.handles[index];
	return type == OBJECT_NONE || found->type == type ? found : NULL;
}

static uint32_t protection(uint64_t flags)
{
	return (flags & MAP_READ ? HOST_PROT_READ : 0) | (flags & MAP_WRITE ? HOST_PROT_WRITE : 0) |
	        (flags & MAP_EXECUTE ? HOST_PROT_EXEC : 0);
}

static bool whole_pages(uint64_t address, uint64_t length)
{
	return length && !((address | length) & 4095) && address < USER_TOP && length <= USER_TOP - address;
}

static status_t vmem_map(uint64_t word[MESSAGE_WORDS])
{
	uint64_t address = word[0], length = word[1], flags = word[2], offset = word[4];
	if (!whole_pages(address, length) || (offset & 4095))
		return ERR_BAD_ARGUMENT;
	if ((flags & MAP_WRITE) && (flags & MAP_EXECUTE))
		return ERR_BAD_ARGUMENT;
	uint64_t host = HOST_MAP_NORESERVE | (flags & MAP_FIXED ? HOST_MAP_FIXED : 0) |
	        (flags & MAP_FIXED_EMPTY ? HOST_MAP_FIXED_NOREPLACE : 0);
	int fd = -1;
	if (word[3]) {
		struct hosted_handle *frame = hosted_find((handle_t)word[3], OBJECT_FRAME);
		if (!frame)
			return ERR_BAD_HANDLE;
		uint32_t needed = (flags & MAP_READ ? RIGHT_READ : 0) | (flags & MAP_WRITE ? RIGHT_WRITE : 0) |
		        (flags & MAP_EXECUTE ? RIGHT_EXECUTE : 0);
		if (needed & ~frame->rights)
			return ERR_NO_RIGHT;
		fd = frame->fd;
		host |= HOST_MAP_SHARED;
	} else
		host |= HOST_MAP_ANONYMOUS | (flags & MAP_SHARE ? HOST_MAP_SHARED : HOST_MAP_PRIVATE);
	int64_t result = HOST6(__NR_mmap, address, length, protection(flags), host, fd, offset);
	if (result < 0 && result > -4096)
		return hosted_status(result);
	word[0] = (uint64_t)result;
	return ERR_OK;
}

static status_t vmem_protect(const uint64_t word[MESSAGE_WORDS])
{
	if (!whole_pages(word[0], word[1]))
		return ERR_BAD_ARGUMENT;
	if ((word[2] & MAP_WRITE) && (word[2] & MAP_EXECUTE))
		return ERR_BAD_ARGUMENT;
	int64_t result = HOST3(__NR_mprotect, word[0], word[1], protection(word[2]));
	return result == -ENOMEM ? ERR_BAD_ADDRESS : result ? ERR_NO_RIGHT : ERR_OK;
}

/* The next hexadecimal number of the text, behind which `at` is left. */
static uint64_t take_hex(const char **at)
{
	uint64_t value = 0;
	for (;; (*at)++) {
		char c = **at;
		if (c >= '0' && c <= '9')
			value = value * 16 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (uint64_t)(c - 'a') + 10;
		else
			return value;
	}
}

/* A line of the host's list: "start-end rwxp ...". */
static void parse_mapping(const char *at, uint64_t out[MESSAGE_WORDS])
{
	out[0] = take_hex(&at);
	at++;
	out[1] = take_hex(&at);
	out[2] = (at[1] == 'r' ? MAP_READ : 0) | (at[2] == 'w' ? MAP_WRITE : 0) | (at[3] == 'x' ? MAP_EXECUTE : 0) |
	        (at[4] == 's' ? MAP_SHARE : 0);
	out[3] = 0;
}

static status_t vmem_walk(uint64_t word[MESSAGE_WORDS])
{
	char line[512], c;
	uint64_t length = 0, wanted = word[0], found[MESSAGE_WORDS];
	status_t status = ERR_NOT_FOUND;
	int64_t fd = HOST3(__NR_open, "/proc/self/maps", 0, 0);
	while (status && fd >= 0 && HOST3(__NR_read, fd, &c, 1) == 1) {
		if (c != '\n') {
			line[length] = c;
			length += length < sizeof line - 1;
			continue;
		}
		line[length] = 0;
		length = 0;
		parse_mapping(line, found);
		if (found[1] <= wanted)
			continue;
		memcpy(word, found, sizeof found[0] * 4);
		status = ERR_OK;
	}
	if (fd >= 0)
		HOST1(__NR_close, fd);
	return status;
}

static status_t frame_read(handle_t handle, uint64_t word[MESSAGE_WORDS])
{
	struct hosted_handle *frame = hosted_find(handle, OBJECT_FRAME);
	if (!frame)
		return ERR_BAD_HANDLE;
	if (!(frame->rights & RIGHT_READ))
		return ERR_NO_RIGHT;
	int64_t result = HOST4(__NR_pread64, frame->fd, word[1], word[2], word[0]);
	if (result < 0)
		return hosted_status(result);
	word[0] = (uint64_t)result;
	return ERR_OK;
}

static status_t thread_create(uint64_t word[MESSAGE_WORDS])
{
	hosted_lock();
	uint32_t index = 1;
	while (index < THREADS_MAX && hosted.threads[index].control_block)
		index++;
	if (index < THREADS_MAX)
		hosted.threads[index].control_block = (void *)HOST6(__NR_mmap, 0, 4096, 3, 0x22, -1, 0);
	hosted_unlock();
	if (index == THREADS_MAX)
		return ERR_QUOTA;
	struct hosted_thread *thread = &hosted.threads[index];
	thread->signal_stack = (uint64_t)HOST6(__NR_mmap, 0, 256 * 1024, 3, 0x4022, -1, 0);
	thread->control_block->self = (uint64_t)thread->control_block;
	thread->control_block->thread_number = 7 + index;
	thread->control_block->process_number = 7;
	word[0] = hosted_add((struct hosted_handle){.type = OBJECT_THREAD, .rights = RIGHTS_ALL, .thread = index});
	word[1] = (uint64_t)thread->control_block;
	word[2] = 7 + index;
	return ERR_OK;
}

static status_t thread_start(handle_t handle, const uint64_t word[MESSAGE_WORDS])
{
	struct hosted_handle *found = hosted_find(handle, OBJECT_THREAD);
	if (!found)
		return ERR_BAD_HANDLE;
	struct hosted_thread *thread = &hosted.threads[found->thread];
	thread->entry = word[0];
	thread->stack = word[1];
	thread->argument = word[2];
	thread->fs_base = word[3];
	thread->gs_base = word[4];
	return hosted_thread_run(thread) > 0 ? ERR_OK : ERR_NO_MEMORY;
}

/* Runs on the signal stack, which is leaked with the control block. */
static void thread_exit(const uint64_t word[MESSAGE_WORDS])
{
	if (word[2])
		HOST2(__NR_munmap, word[1], word[2]);
	if (word[0]) {
		*(uint32_t *)word[0] = 0;
		HOST3(__NR_futex, word[0], HOST_FUTEX_WAKE, 1);
	}
	struct hosted_thread *thread = hosted_thread_self();
	thread->host_id = 0;
	__atomic_store_n(&thread->control_block, NULL, __ATOMIC_SEQ_CST);
	for (;;)
		HOST1(__NR_exit, 0);
}

/* What is left until a deadline of ours, as a duration of the host's; false if nothing is. */
static bool time_left(uint64_t deadline, uint64_t time[2])
{
	uint64_t now = hosted_now();
	if (deadline <= now)
		return false;
	time[0] = (deadline - now) / 1000000000;
	time[1] = (deadline - now) % 1000000000;
	return true;
}

static status_t futex_wait(const uint64_t word[MESSAGE_WORDS])
{
	uint64_t time[2] = {0, 0}, deadline = word[2];
	for (;;) {
		if (deadline != DEADLINE_NEVER && !time_left(deadline, time))
			time[0] = time[1] = 0; /* the value is still compared */
		int64_t result = HOST4(
		        __NR_futex, word[0], HOST_FUTEX_WAIT, (uint32_t)word[1], deadline == DEADLINE_NEVER ? NULL : time);
		if (result == -EAGAIN)
			return ERR_CHANGED;
		if (result != -ETIMEDOUT)
			return hosted_status(result);
		if (!time_left(deadline, time))
			return ERR_TIMED_OUT;
	}
}

static status_t futex_wake(uint64_t word[MESSAGE_WORDS])
{
	int64_t result = HOST3(__NR_futex, word[0], HOST_FUTEX_WAKE, word[1]);
	if (result < 0)
		return hosted_status(result);
	word[0] = (uint64_t)result;
	return ERR_OK;
}

static status_t notify_create(uint64_t word[MESSAGE_WORDS])
{
	for (uint32_t i = 0; i < NOTIFIES_MAX; i++) {
		if (!__atomic_exchange_n(&hosted.notify_used[i], true, __ATOMIC_SEQ_CST)) {
			word[0] = hosted_add((struct hosted_handle){.type = OBJECT_NOTIFY, .rights = RIGHTS_ALL, .notify = i});
			return ERR_OK;
		}
	}
	return ERR_QUOTA;
}

/* Looks every millisecond, because nobody here can be waiting in several places at once. */
static status_t notify_wait(const struct hosted_handle *notify, uint64_t word[MESSAGE_WORDS])
{
	uint64_t *bits = &hosted.notify_bits[notify->notify], mask = word[0], deadline = word[1];
	for (;;) {
		hosted_watch_poll();
		uint64_t taken = __atomic_fetch_and(bits, ~mask, __ATOMIC_SEQ_CST) & mask;
		if (taken) {
			word[0] = taken;
			return ERR_OK;
		}
		if (deadline != DEADLINE_NEVER && hosted_now() >= deadline)
			return ERR_TIMED_OUT;
		uint64_t pause[2] = {0, 1000000};
		HOST2(__NR_nanosleep, pause, NULL);
	}
}

static status_t handle_close(handle_t handle)
{
	struct hosted_handle *found = hosted_find(handle, OBJECT_NONE);
	if (!found)
		return ERR_BAD_HANDLE;
	if ((found->type == OBJECT_FRAME || found->type == OBJECT_SENDER) && found->fd > 2)
		HOST1(__NR_close, found->fd);
	found->type = OBJECT_NONE;
	return ERR_OK;
}

static status_t handle_duplicate(uint64_t word[MESSAGE_WORDS])
{
	struct hosted_handle *found = hosted_find((handle_t)word[0], OBJECT_NONE);
	if (!found)
		return ERR_BAD_HANDLE;
	struct hosted_handle copy = *found;
	copy.rights &= (uint32_t)word[1];
	if (copy.type == OBJECT_FRAME || copy.type == OBJECT_SENDER)
		copy.fd = (int)HOST1(__NR_dup, found->fd);
	word[0] = hosted_add(copy);
	return ERR_OK;
}

static status_t log_write(handle_t log, const uint64_t word[MESSAGE_WORDS])
{
	if (!hosted_find(log, OBJECT_LOG))
		return ERR_BAD_HANDLE;
	if (word[1] > LOG_LINE_MAX)
		return ERR_TOO_LARGE;
	static const char *const levels[] = {"error: ", "warning: ", "info: ", "debug: "};
	const char *level = levels[word[2] & 3];
	struct {
		uint64_t base, length;
	} parts[] = {{(uint64_t) "log ", 4}, {(uint64_t)level, strlen(level)}, {word[0], word[1]}, {(uint64_t) "\n", 1}};
	HOST3(__NR_writev, 2, parts, 4);
	return ERR_OK;
}

static uint64_t channel_call(handle_t handle, uint32_t label, uint64_t word[MESSAGE_WORDS])
{
	struct hosted_handle *sender = hosted_find(handle, OBJECT_SENDER);
	if (!sender)
		return ERR_BAD_HANDLE;
	bool extras = false;
	uint32_t answer = hosted_serve(sender, label & ~LABEL_SHORT, word, &extras);
	return CALL_REGISTER(ERR_OK, answer, extras ? RECEIVED_EXTRAS : 0);
}

static status_t do_call(uint32_t number, handle_t handle, uint64_t word[MESSAGE_WORDS])
{
	struct hosted_handle *found;
	switch (number) {
	case SYS_process_exit: /* a signal's end as a shell tells it */
		HOST1(__NR_exit_group, word[0] > PROCESS_STATUS_SIGNAL ? 128 + (word[0] & 0x7f) : word[0]);
		return ERR_OK;
	case SYS_process_set_foreign: hosted.foreign_entry = word[0]; return ERR_OK;
	case SYS_process_info: word[5] = hosted.native_calls * 1000; return ERR_OK;
	case SYS_thread_info: word[1] = hosted.native_calls * 1000; return ERR_OK;
	case SYS_thread_create: return thread_create(word);
	case SYS_thread_start: return thread_start(handle, word);
	case SYS_thread_exit: thread_exit(word); return ERR_OK;
	case SYS_thread_yield: HOST0(__NR_sched_yield); return ERR_OK;
	case SYS_vmem_map: return vmem_map(word);
	case SYS_vmem_unmap:
		return whole_pages(word[0], word[1]) ? hosted_status(HOST2(__NR_munmap, word[0], word[1])) : ERR_BAD_ARGUMENT;
	case SYS_vmem_protect: return vmem_protect(word);
	case SYS_vmem_walk: return vmem_walk(word);
	case SYS_frame_read: return frame_read(handle, word);
	case SYS_notify_create: return notify_create(word);
	case SYS_notify_wait:
		found = hosted_find(handle, OBJECT_NOTIFY);
		return found ? notify_wait(found, word) : ERR_BAD_HANDLE;
	case SYS_futex_wait: return futex_wait(word);
	case SYS_futex_wake: return futex_wake(word);
	case SYS_log_write: return log_write(handle, word);
	case SYS_handle_close: return handle_close((handle_t)word[0]);
	case SYS_handle_duplicate: return handle_duplicate(word);
	}
	return ERR_BAD_CALL;
}

uint64_t hosted_native(uint64_t rax, uint64_t word[MESSAGE_WORDS])
{
	uint32_t number = (uint32_t)(rax & 0xffff), label = (uint32_t)(rax >> 16 & 0xffff);
	handle_t handle = (handle_t)(rax >> 32);
	__atomic_fetch_add(&hosted.native_calls, 1, __ATOMIC_RELAXED);
	struct message_extras *send = &hosted_thread_self()->control_block->send;
	if (number == SYS_channel_call) /* what is left there from another call does not count */
		memset(send, 0, sizeof *send);
	if (number == SYS_channel_call || number == SYS_channel_call_x)
		return channel_call(handle, label, word);
	return do_call(number, handle, word);
}
