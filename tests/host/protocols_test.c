/*
 * Labels of protocols: no two operations have the same one, within a protocol and across them, because one server may speak several.
 * Two of the same do not compile here, as cases of one switch.
 *
 * sources: common/path.c
 */
#include <stddef.h>
#include <string.h>

#include "abi/proto/clock.h"
#include "abi/proto/fs.h"
#include "abi/proto/log.h"
#include "abi/proto/name.h"
#include "abi/proto/power.h"
#include "abi/proto/process.h"
#include "abi/proto/protocols.h"
#include "abi/proto/random.h"
#include "abi/proto/service.h"
#include "abi/proto/stream.h"
#include "abi/proto/tty.h"
#include "tests/host/check.h"

#define NAMED(label, name, ...) \
	case label: \
		return #name;
#define CLOCK_OP NAMED
#define FS_OP NAMED
#define LOG_OP NAMED
#define NAME_OP NAMED
#define POWER_OP NAMED
#define PROCESS_OP NAMED
#define RANDOM_OP NAMED
#define SERVICE_OP NAMED
#define STREAM_OP NAMED
#define TTY_OP NAMED

static const char *name_of(unsigned label)
{
	switch (label) {
#include "abi/proto/clock.def"
#include "abi/proto/fs.def"
#include "abi/proto/log.def"
#include "abi/proto/name.def"
#include "abi/proto/power.def"
#include "abi/proto/process.def"
#include "abi/proto/random.def"
#include "abi/proto/service.def"
#include "abi/proto/stream.def"
#include "abi/proto/tty.def"
	}
	return NULL;
}

static const struct {
	unsigned label, protocol;
	const char *name; /* NULL: given up */
} recorded[] = {
#define RECORDED(label, protocol, name) {label, PROTOCOL_NUMBER_##protocol, #name},
#define GIVEN_UP(label) {label, PROTOCOL_OF(label), NULL},
#include "tests/host/protocol_labels.def"
};

int main(void)
{
	check_begin("protocols.every_label_names_one_operation");
	CHECK(name_of(FS_read) && name_of(PROCESS_fork) && name_of(RANDOM_fill) && name_of(STREAM_pipe));
	check_begin("protocols.labels_fit_into_a_message");
	for (unsigned label = 0x10000; label < 0x20000; label++)
		CHECK(!name_of(label));
	check_begin("protocols.no_label_means_something_else_than_it_once_did");
	for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
		const char *name = name_of(recorded[i].label);
		CHECK(recorded[i].name ? name && !strcmp(name, recorded[i].name) : !name);
		CHECK(PROTOCOL_OF(recorded[i].label) == recorded[i].protocol);
	}
	return check_result();
}
