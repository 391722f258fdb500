/* How processes come into pm's care, and become other programs: operations domain, adopt, fork and exec. */
#pragma once

#include "user/servers/pm/table.h"

MUST_CHECK status_t births_domain(struct request *request);
MUST_CHECK status_t births_adopt(struct request *request, struct domain *domain);
MUST_CHECK status_t births_fork(struct request *request, struct process *parent);
MUST_CHECK status_t births_exec(struct request *request, struct process *process);
