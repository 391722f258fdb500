/* Calls on pm (abi/proto/process.def). A process that was granted none gets NOT_SUPPORTED. */
#pragma once

#include "abi/proto/process.h"
#include "user/linux/native.h"

/* `none`: the errno for NOT_FOUND. */
int64_t pm_to_linux(status_t status, int none);

struct pm_process {
	uint32_t number, parent, group, session, terminal, state;
};

struct pm_end {
	uint32_t number; /* 0: nobody's */
	uint32_t how, code;
	uint64_t own_ns, children_ns;
};

/* A child of which process_clone has given these two handles, which go to pm in any case. Entry 0: it goes on as it stands. */
MUST_CHECK status_t pm_fork(handle_t pm, uint32_t flags, uint64_t entry, uint64_t stack, uint64_t fs, uint64_t gs,
        handle_t process, handle_t thread, uint32_t *out_number);
MUST_CHECK status_t pm_exec(handle_t pm, const char *arguments, uint64_t arguments_size, uint64_t path_size,
        uint32_t children_flags, const char name[PROCESS_NAME_SIZE]);
/* Can be interrupted, while hold_off asks for that. */
MUST_CHECK status_t pm_wait(handle_t pm, uint32_t select, uint32_t id, uint32_t options, struct pm_end *out);
MUST_CHECK status_t pm_signal(handle_t pm, uint32_t select, uint32_t id, uint32_t signal, uint64_t value, uint32_t flags);
MUST_CHECK status_t pm_signal_info(handle_t pm, uint32_t signal, uint32_t *out_pid, uint32_t *out_flags, uint64_t *out_value);
MUST_CHECK status_t pm_stopped(handle_t pm, uint32_t signal, uint32_t flags);
MUST_CHECK status_t pm_get(handle_t pm, uint32_t number, struct pm_process *out);
MUST_CHECK status_t pm_set_group(handle_t pm, uint32_t number, uint32_t group);
MUST_CHECK status_t pm_set_session(handle_t pm, uint32_t *out_session);
MUST_CHECK status_t pm_set_terminal(handle_t pm, uint32_t number);
MUST_CHECK status_t pm_get_limit(handle_t pm, uint32_t number, uint32_t resource, uint64_t *out_soft, uint64_t *out_hard);
MUST_CHECK status_t pm_set_limit(handle_t pm, uint32_t number, uint32_t resource, uint64_t soft, uint64_t hard);
MUST_CHECK status_t pm_times(handle_t pm, uint64_t *out_own, uint64_t *out_children);
/* Words as the protocol says. */
MUST_CHECK status_t pm_machine(handle_t pm, uint64_t out[static MESSAGE_WORDS]);
MUST_CHECK status_t pm_set_children(handle_t pm, uint32_t flags);
/* Lines for the log, each ended by a newline. */
MUST_CHECK status_t pm_report(handle_t pm, const char *lines, uint64_t length);
/* Sets of bits: pending, blocked, ignored, caught. */
MUST_CHECK status_t pm_tell_signals(handle_t pm, const uint64_t sets[static 4]);
MUST_CHECK status_t pm_set_name(handle_t pm, const char name[16]);
