/* What a predecessor of pm left: whether it is sound, and what is to be done before it can be used. */
#pragma once

#include "user/servers/pm/table.h"

bool check_state(struct server *server);
void resume_state(struct server *server);
