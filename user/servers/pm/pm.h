/* What the parts of pm share. */
#pragma once

#include "user/lib/server.h"

extern struct server pm_server;
