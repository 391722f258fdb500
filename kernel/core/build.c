/* The only file that is compiled anew for each commit: the makefile gives it BUILD_ID. */
#include "core/build.h"

#ifndef BUILD_ID
#define BUILD_ID "unknown"
#endif

const char build_id[] = BUILD_ID;
