# Tests that are programs of the build machine.
#
# tests/host/NAME_test.c   a program that prints "ok NAME" or "not ok NAME: why" for each test and exits 1 if one failed
# tests/host/NAME_test.sh  the same as a bash script, run from the root of the tree
# tests/fuzz/NAME_fuzz.c   a libFuzzer target: int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
#
# Both kinds of C programs name the sources that they test in a comment; tools/program_rules.awk has the words:
#   /* sources: common/elf.c */   /* includes: kernel */   /* libraries: -lzstd */
# They are built with the address and undefined-behaviour sanitizers, which end the program at the first finding.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

HOST_TEST_COMPILE := $(HOSTCC) $(CSTD) -O1 -g $(WARNINGS) $(SANITIZE) -D_GNU_SOURCE -I. -Itests/host
HOST_TEST_LINK := $(HOSTCC) $(SANITIZE)
# Where each store is to be known (user/module.mk), the address sanitizer has to stay away: both put a call before it.
HOST_TEST_STATE = -fno-sanitize=address $(STATE_CFLAGS) -fsanitize-recover=kernel-address
FUZZ_COMPILE := $(CLANG) $(CSTD) -O1 -g $(WARNINGS) -Wno-missing-prototypes $(SANITIZE) -fsanitize=fuzzer-no-link -D_GNU_SOURCE -I. -Itests/fuzz
FUZZ_LINK := $(CLANG) $(SANITIZE) -fsanitize=fuzzer

HOST_TEST_SOURCES := $(wildcard tests/host/*_test.c)
FUZZ_SOURCES := $(wildcard tests/fuzz/*_fuzz.c)
HOST_TESTS := $(HOST_TEST_SOURCES:tests/host/%.c=$(B)/tests/host/%)
FUZZERS := $(FUZZ_SOURCES:tests/fuzz/%.c=$(B)/tests/fuzz/%)

$(B)/tests/rules.mk: tools/program_rules.awk tests/module.mk $(HOST_TEST_SOURCES) $(FUZZ_SOURCES)
	@mkdir -p $(@D)
	@: >$@.new
	@$(if $(HOST_TEST_SOURCES),awk -v output=$(B)/tests/host -v compile=HOST_TEST_COMPILE -v link=HOST_TEST_LINK -v stores=HOST_TEST_STATE \
		-v rules='tests/module.mk Makefile' 		-f tools/program_rules.awk $(HOST_TEST_SOURCES) >>$@.new)
	@$(if $(FUZZ_SOURCES),awk -v output=$(B)/tests/fuzz -v compile=FUZZ_COMPILE -v link=FUZZ_LINK \
		-v rules='tests/module.mk Makefile' 		-f tools/program_rules.awk $(FUZZ_SOURCES) >>$@.new)
	@mv $@.new $@
-include $(B)/tests/rules.mk

.PHONY: host-tests fuzzers
host-tests: $(HOST_TESTS)
fuzzers: $(FUZZERS)

# What both compilers make of a server's stores to its state, for tests/host/stores_test.sh.
$(B)/tests/stores/gcc: private STATE_CFLAGS_cc := $(STATE_CFLAGS_cc)
$(B)/tests/stores/clang: private STATE_CFLAGS_cc := $(STATE_CFLAGS_clang)
$(B)/tests/stores/%: tests/host/stores/main.c tests/host/stores/stores.c user/lib/state_stores.c tests/host/stores/stores.h user/lib/state.h \
		user/lib/state_area.h user/lib/state_stores.h user/module.mk tests/module.mk
	@mkdir -p $@.objects
	$* $(USER_CFLAGS) -Itests/host -c -o $@.objects/main.o tests/host/stores/main.c
	$* $(USER_CFLAGS) -c -o $@.objects/functions.o user/lib/state_stores.c
	$* $(USER_CFLAGS) $(STATE_CFLAGS) -c -o $@.objects/stores.o tests/host/stores/stores.c
	$* -pie -o $@ $@.objects/main.o $@.objects/functions.o $@.objects/stores.o

# A kernel that checks what the loader hands over; boot/module.mk builds it.
ALL += $(B)/tests/boot/probe.elf

include tests/guest/native/module.mk tests/guest/mortal/module.mk tests/bench/module.mk

# What the boot scenarios boot besides the system.
.PHONY: boot-tests
boot-tests: system $(GUEST_LINUX_PROGRAMS) $(GUEST_LINUX_FIXTURE)/.done $(MORTAL_PROGRAMS)
