/*
 * What the files of the kernel for tests of programs (calls.h) share: its objects, its handle tables, and the one lock, which is
 * held wherever one of these functions is called.
 */
#pragma once

#include <pthread.h>
#include <setjmp.h>

#include "abi/control_block.h"
#include "abi/start.h"
#include "fake/calls.h"
#include "user/lib/call.h"

#define HANDLES 8192
#define PAGE 4096ull

struct channel;

/* Senders with one stamp: the close message goes out when the count falls to zero, and the stamp is free once that was received. */
struct stamp {
	struct channel *channel;
	uint64_t value;
	unsigned senders; /* 0: the close message was not received yet */
	struct stamp *next;
};

struct call {
	struct message message;
	struct message_extras extras; /* addresses are the caller's */
	uint64_t words[MESSAGE_LONG_WORDS];
	struct capability *handles[MESSAGE_HANDLES];
	handle_t received_handles[MESSAGE_HANDLES]; /* their names where it was received */
	uint64_t stamp, serial;
	uint32_t caller;
	bool answered;
	bool is_event;           /* nobody waits for an answer */
	struct channel *channel; /* that it came by last */
	status_t error;
	struct message answer;
	unsigned answer_handle_count;
	unsigned answer_word_count;
	uint64_t answer_words[MESSAGE_LONG_WORDS];
	struct capability *answer_handles[MESSAGE_HANDLES];
	struct call *next;
};

struct channel {
	struct call *first;
	struct stamp *stamps;
	struct notify *bound;
	unsigned receivers; /* handles; without any, nothing is queued and calls answer PEER_CLOSED */
};

struct notify {
	uint64_t bits;
};

struct frame {
	int file;
	uint64_t length;
	bool *filled;
	bool limited; /* `end` was set */
	uint64_t end;
};

/* An entry of a handle table. Objects are never freed while the test runs; what leaks in them is the test's own. */
struct capability {
	enum object_type type;
	uint32_t rights;
	union {
		struct channel *channel;
		struct stamp *stamp;
		struct call *call;
		struct notify *notify;
		struct frame *frame;
		struct fake_process *process; /* of a process and of its only thread */
	};
};

struct fake_process {
	const char *name;
	int (*start)(void);
	pthread_t thread;
	bool running, stopping, waiting;
	int result;
	uint32_t number;
	struct capability *handles[HANDLES];
	uint32_t generation[HANDLES];
	size_t handle_count, handle_limit;
	struct start_block *block;
	char log[65536];
	struct call *received; /* HANDLE_SELF_REPLY */
	handle_t received_by;  /* the receiver */
	uint32_t place;        /* the slot that waits for what it saves, 0: none; control.reply_place names it */
	unsigned ends;         /* in the middle of its work (calls_life.c) */
	sigjmp_buf begin;
	void *memory; /* where it was mapped */
	uint64_t memory_size;
	struct control_block control;
	/* As an object (calls_child.c). */
	uint32_t state, status; /* PROCESS_* of abi/syscalls.h */
	uint64_t bits, cpu_ns;
	unsigned confinements; /* groups that it was put into, and what the last may have */
	uint64_t may_have[3];
	unsigned more_threads; /* than one */
	struct capability *exception;
	struct fake_process *next;
};

extern pthread_mutex_t fake_lock;
extern pthread_cond_t fake_changed;
extern struct fake_process *fake_processes;
extern size_t fake_pages_left;
extern size_t fake_queued; /* messages that no server has received yet */
extern _Thread_local struct fake_process *fake_current;

void *fake_must(void *memory);
uint32_t fake_free_slot(struct fake_process *process); /* with a new name; 0: none */
handle_t fake_install(struct fake_process *process, struct capability *capability);
handle_t fake_name(const struct fake_process *process, uint32_t slot);
uint32_t fake_slot(const struct fake_process *process, handle_t handle);
struct capability *fake_capability(enum object_type type, uint32_t rights);
struct capability *fake_copy(const struct capability *from, uint32_t rights);
status_t fake_close(struct fake_process *process, handle_t handle);
status_t fake_look_up(handle_t handle, enum object_type type, uint32_t rights, struct capability **out);
bool fake_wait_until(uint64_t deadline);
void fake_answer_call(struct call *call, status_t error);
void fake_append(struct channel *channel, struct call *call);
void fake_end_channel(struct channel *channel);
status_t fake_channel_call(handle_t handle, struct message *message, bool extras);
status_t fake_reply_send(handle_t handle, struct message *message, bool extras);
status_t fake_reply_copy_across(handle_t handle, uint64_t *word);
status_t fake_reply_copy(handle_t handle, bool to_caller, uint64_t *word);
status_t fake_forward(handle_t handle, const struct message *message);
status_t fake_forward_recv(handle_t handle, struct message *message);
status_t fake_mint(handle_t handle, uint64_t *word);
status_t fake_channel_create(uint64_t *word);
status_t fake_channel_bind(handle_t handle, const uint64_t *word);
status_t fake_reply_save(uint64_t *word);
status_t fake_reply_reserve(uint64_t *word);
bool fake_names_received(handle_t handle);
handle_t fake_save_received(void);
status_t fake_receiver_call(uint32_t number, handle_t handle, struct message *message);
status_t fake_notify_create(uint64_t *word);
status_t fake_notify_call(uint32_t number, handle_t handle, uint64_t *word);
status_t fake_frame_create(uint64_t *word);
int fake_protection(uint64_t flags);
status_t fake_map(uint64_t *word);
status_t fake_frame_call(uint32_t number, handle_t handle, uint64_t *word);
struct call *fake_begin_call(struct capability *sender, const struct message *message, const struct message_extras *extras);
status_t fake_take_answer(struct call *call, struct message *message);
void fake_drop_capability(struct capability *capability);

/* The calls on processes, once there is one (calls_child.c), and those of processes that begin again (calls_life.c). */
extern status_t (*fake_more_calls)(uint32_t number, handle_t handle, uint64_t *word);
extern status_t (*fake_life_calls)(uint32_t number, handle_t handle, struct message *message);

void *fake_run(void *process);
void fake_tell_call(struct call *call, struct message *message);
status_t fake_find_reply(handle_t handle, struct call **out);
