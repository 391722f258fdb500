/* pm as a part of a test: its main under another name. */
#include "pm_main.h"

#define main pm_main
#include "user/servers/pm/pm.c"
