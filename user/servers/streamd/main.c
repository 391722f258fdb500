/*
 * streamd: pipes and what else carries bytes between processes (protocol stream). See end.h for what it keeps, flow.h for how
 * bytes go.
 */
#include <stdlib.h>

#include "abi/manifest.h"
#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_fs.h"
#include "user/servers/streamd/alarm.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/event.h"
#include "user/servers/streamd/pipe.h"
#include "user/servers/streamd/socket.h"
#include "user/servers/streamd/streamd.h"
#include "user/servers/streamd/wait.h"

HEARTH_MANIFEST("name streamd\n"
                "import log\n"
                "export stream\n"
                "restart always\n"
                "state 512\n");

#define ENDS_MAX 16384u
#define ENDS_MAX_CLIENT 2048u

#define HAS(name, handle) FS_ROW(SERVER_SESSION, name, handle)

static const struct server_operation operations[] = {
        HAS(read, end_read),
        HAS(write, end_write),
        HAS(watch, end_watch),
        HAS(fstat, end_fstat),
        HAS(available, end_available),
        HAS(pread, end_not_seekable),
        HAS(pwrite, end_not_seekable),
        HAS(seek, end_not_seekable),
        HAS(sync, end_sync),
#define STREAM_OP SERVER_ROW
#include "abi/proto/stream.def"
#undef STREAM_OP
};

static const struct server_state state = {.version = 2,
        .size = sizeof(struct streamd),
        .check = state_check,
        .resume = state_resume,
        .has_done = handing_has_done};

struct streamd *streamd;

struct server streamd_server = {
        .name = "streamd",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = ENDS_MAX,
        .client_objects = ENDS_MAX_CLIENT,
        .close_object = end_close,
        .interrupted = wait_interrupted,
        .state = &state,
};

int main(void)
{
	handle_t receiver = grant_find("export.stream");
	status_t status = receiver ? server_begin(&streamd_server, receiver) : ERR_BAD_HANDLE;
	if (!status) {
		streamd = streamd_server.root;
		state_begin();
		status = server_run(&streamd_server);
	}
	log_error("streamd: cannot serve its receiver \"export.stream\": %s", error_text(status));
	return EXIT_FAILURE;
}
