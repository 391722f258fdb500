/*
 * Native system calls from C: a typed stub for each call of abi/syscalls.def, by the nouns that they act on.
 *
 * Every stub answers ERR_OK or the transport's error and writes its out_ arguments only on ERR_OK.
 */
#pragma once

#include "user/lib/call_channel.h"
#include "user/lib/call_device.h"
#include "user/lib/call_event.h"
#include "user/lib/call_group.h"
#include "user/lib/call_handle.h"
#include "user/lib/call_memory.h"
#include "user/lib/call_process.h"
#include "user/lib/call_stub.h"
