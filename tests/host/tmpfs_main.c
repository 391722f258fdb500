/* tmpfs as a part of a test: its main under another name. */
#include "tmpfs_main.h"

#define main tmpfs_main
#include "user/servers/tmpfs/main.c"
