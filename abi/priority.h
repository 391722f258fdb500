/* How urgent threads are, 0 (least) to 31: who is more urgent runs, and who is as urgent takes turns. */
#pragma once

#define PRIORITY_SERVICES 16u /* what every process begins with */
#define PRIORITY_PROGRAMS 15u /* the ceiling of the group that they are in */
