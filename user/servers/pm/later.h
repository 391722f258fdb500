/* Calls that are answered later: kept, and given up when their caller is asked to end them. */
#pragma once

#include "user/lib/server.h"

/* As request_save(); `interrupted` is called, at most once, when the caller is asked to end the call before it is answered. */
MUST_CHECK status_t later_save(struct request *request, handle_t *out_reply, void (*interrupted)(void *context), void *context);

/* Of a caller that has ended: nobody hears an answer. */
void later_drop(handle_t reply);
