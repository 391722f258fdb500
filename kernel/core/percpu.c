/* One block for each CPU; entry code of the boot CPU begins with the first. */
#include "core/percpu.h"

struct cpu cpus[CPUS_MAX] __attribute__((aligned(64)));
