/* Labels and structures of protocol service (service.def). */
#pragma once

#include <stdint.h>

enum {
#define SERVICE_OP(label, name, ...) SERVICE_##name = (label),
#include "abi/proto/service.def"
#undef SERVICE_OP
};

#define SERVICE_NAME_SIZE 24   /* with its NUL */
#define SERVICE_ENDING_SIZE 48 /* likewise */

enum {
	SERVICE_RUNS = 1,
	SERVICE_WAITS,   /* has ended, or could not be started, and will be started again */
	SERVICE_ENDED,   /* has ended, and is not one to be started again */
	SERVICE_STOPPED, /* by `stop` */
	SERVICE_REFUSED  /* what it needs is not there; the log says what */
};

#define SERVICE_FLAG_RESTARTS 0x1u /* it is started again when it ends */
#define SERVICE_FLAG_STATE 0x2u    /* it has state, and loses nothing by that */

struct service_info {
	char name[SERVICE_NAME_SIZE];
	uint32_t state;                   /* SERVICE_RUNS... */
	uint32_t process;                 /* its number, 0 if it does not run */
	uint32_t starts;                  /* how often it was started, this time included */
	uint32_t flags;                   /* SERVICE_FLAG_* */
	uint64_t since;                   /* ns since boot that it was started, if it runs */
	char ending[SERVICE_ENDING_SIZE]; /* how it ended the last time; empty: it has not yet */
};
