#pragma once
#include "user/lib/call.h"
static inline MUST_CHECK status_t sys_process_signal(handle_t process, uint64_t bits)
{
	SYS_WORDS(bits);
	return call_words(0x101a, process, word);
}
