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
#include "user/lib/server.h"
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

static const struct server_operation operations[] = {
        {FS_read, "read", end_read, SERVER_OBJECT, 0, 0, 0},
        {FS_write, "write", end_write, SERVER_OBJECT, 0, 0, 0},
        {FS_watch, "watch", end_watch, SERVER_OBJECT, 0, 0, 0},
        {FS_fstat, "fstat", end_fstat, SERVER_OBJECT, 0, 0, sizeof(struct fs_stat)},
        {FS_available, "available", end_available, SERVER_OBJECT, 0, 0, 0},
        {FS_pread, "pread", end_not_seekable, SERVER_OBJECT, 0, 0, 0},
        {FS_pwrite, "pwrite", end_not_seekable, SERVER_OBJECT, 0, 0, 0},
        {FS_seek, "seek", end_not_seekable, SERVER_OBJECT, 0, 0, 0},
        {FS_sync, "sync", end_sync, SERVER_OBJECT, 0, 0, 0},
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
