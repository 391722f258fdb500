/* How a program has its own Linux calls told (user/linux/trace.h): a prctl of Hearth's, whose number is none of Linux's. */
#pragma once

#define PR_HEARTH_TRACE 0x48545243 /* "HTRC" */

/* Its argument: a descriptor that lines are written to, and: */
#define TRACE_CHILDREN 0x10000u /* what it forks, too */
#define TRACE_STRINGS_SHIFT 32u /* from there on: so many bytes of a string are shown, 0 to 512 */
#define TRACE_STRINGS_USUAL 32u
