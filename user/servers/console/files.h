/*
 * The terminals as files (protocol fs). The root of what the server exports is the console itself; below it are
 *
 *   /tty      the terminal of the caller's session
 *   /ptmx     makes a pseudo terminal and opens its master
 *   /pts      the terminals of those, by number
 */
#pragma once

#include "user/servers/console/terminal.h"

/* Numbers of files; those of pseudo terminals follow theirs. */
enum { FILE_CONSOLE = 1, FILE_TTY, FILE_PTMX, FILE_PTS };

/* Fills the server; server_begin is the caller's. */
void files_begin(struct server *server, const struct server_state *state);
