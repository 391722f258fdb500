/*
 * The processes that init started. init alone knows what they are for, so without it they could not be kept in order: when it
 * ends they are ended too, and the next init starts them anew.
 */
#pragma once

#include "user/lib/call.h"

/* Takes the handle in any case. ERR_FULL if too many are running, ERR_WRONG_TYPE if it is no process. */
MUST_CHECK status_t adopted_add(handle_t process);

/* Ends all of them. */
void adopted_end_all(void);
