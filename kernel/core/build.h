/* What this kernel was built from. */
#pragma once

extern const char build_id[];
