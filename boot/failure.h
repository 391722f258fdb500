/* How a step of the loader says that it failed: a number for the firmware, a sentence for the person. */
#pragma once

#include <stdint.h>

enum failure_code {
	FAILURE_NONE,
#define FAILURE(number, name) FAILED_##name = (number),
#include "failures.def"
#undef FAILURE
};

#define FAILURE_STATUS(code) (0xc000000000000000ull | (uint64_t)(code)) /* as an EFI_STATUS */

struct failure {
	enum failure_code code;
	char text[400]; /* what was tried, on what, why it failed, what to do */
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fills it in and answers false, so that a step can end with `return failure_set(...)`. */
#define failure_set(failure, number, ...) \
	((failure)->code = (enum failure_code)(number), text_format((failure)->text, sizeof(failure)->text, __VA_ARGS__), false)
