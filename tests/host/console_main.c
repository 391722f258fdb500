/* The console server as a part of a test: what is shown on the console itself is taken, and nothing is typed there. */
#include "console_main.h"

#include "user/lib/grants.h"
#include "user/lib/server.h"
#include "user/servers/console/files.h"
#include "user/servers/console/kept.h"

static _Thread_local struct server server;

static size_t space(struct terminal *terminal)
{
	(void)terminal;
	return 4096;
}

static void put(struct terminal *terminal, const char *bytes, size_t length, bool post)
{
	(void)terminal, (void)bytes, (void)length, (void)post;
}

static const struct terminal_sink sink = {.space = space, .put = put};

static void resume(struct server *unused)
{
	(void)unused;
	kept_resume();
}

static const struct server_state state = {.version = 1, .size = sizeof(struct kept), .check = kept_check, .resume = resume};

int console_main(void)
{
	files_begin(&server, &state);
	if (server_begin(&server, grant_find("export.console")))
		return 1;
	kept_bind(&server, &sink);
	return server_run(&server) != 0;
}
