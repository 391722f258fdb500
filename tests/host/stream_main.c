/* streamd as a part of a test: its main under another name. */
#include "stream_main.h"

#define main stream_main
#include "user/servers/streamd/main.c"
