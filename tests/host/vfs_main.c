/* vfs as a part of a test: its main under another name. */
#include "vfs_main.h"

#define main vfs_main
#include "user/servers/vfs/vfs.c"
