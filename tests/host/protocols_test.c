/*
 * Labels of protocols: no two operations have the same one, within a protocol and across them, because one server may speak several.
 * Two of the same do not compile here, as cases of one switch.
 *
 * sources: common/path.c
 */
#include <stddef.h>

#include "abi/proto/fs.h"
#include "abi/proto/process.h"
#include "abi/proto/random.h"
#include "abi/proto/service.h"
#include "abi/proto/stream.h"
#include "tests/host/check.h"

#define NAMED(label, name, ...) \
	case label: \
		return #name;
#define FS_OP NAMED
#define PROCESS_OP NAMED
#define RANDOM_OP NAMED
#define SERVICE_OP NAMED
#define STREAM_OP NAMED

static const char *name_of(unsigned label)
{
	switch (label) {
#include "abi/proto/fs.def"
#include "abi/proto/process.def"
#include "abi/proto/random.def"
#include "abi/proto/service.def"
#include "abi/proto/stream.def"
	}
	return NULL;
}

int main(void)
{
	check_begin("protocols.every_label_names_one_operation");
	CHECK(name_of(FS_read) && name_of(PROCESS_fork) && name_of(RANDOM_fill) && name_of(STREAM_pipe));
	check_begin("protocols.labels_fit_into_a_message");
	for (unsigned label = 0x10000; label < 0x20000; label++)
		CHECK(!name_of(label));
	return check_result();
}
