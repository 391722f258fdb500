/*
 * Native calls from inside the image: the stubs of user/lib/call.h with linux_native (entry.S) in the place of the `syscall`
 * instruction, so that the program's vector state survives. Every file here that makes native calls gets them from this header.
 */
#pragma once

#define CALL_INSTRUCTION "call linux_native"
#include "user/lib/call.h"
