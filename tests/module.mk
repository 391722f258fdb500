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
FUZZ_COMPILE := $(CLANG) $(CSTD) -O1 -g $(WARNINGS) -Wno-missing-prototypes $(SANITIZE) -fsanitize=fuzzer-no-link -D_GNU_SOURCE -I. -Itests/fuzz
FUZZ_LINK := $(CLANG) $(SANITIZE) -fsanitize=fuzzer

HOST_TEST_SOURCES := $(wildcard tests/host/*_test.c)
FUZZ_SOURCES := $(wildcard tests/fuzz/*_fuzz.c)
HOST_TESTS := $(HOST_TEST_SOURCES:tests/host/%.c=$(B)/tests/host/%)
FUZZERS := $(FUZZ_SOURCES:tests/fuzz/%.c=$(B)/tests/fuzz/%)

$(B)/tests/rules.mk: tools/program_rules.awk $(HOST_TEST_SOURCES) $(FUZZ_SOURCES)
	@mkdir -p $(@D)
	@: >$@.new
	@$(if $(HOST_TEST_SOURCES),awk -v output=$(B)/tests/host -v compile=HOST_TEST_COMPILE -v link=HOST_TEST_LINK \
		-f tools/program_rules.awk $(HOST_TEST_SOURCES) >>$@.new)
	@$(if $(FUZZ_SOURCES),awk -v output=$(B)/tests/fuzz -v compile=FUZZ_COMPILE -v link=FUZZ_LINK \
		-f tools/program_rules.awk $(FUZZ_SOURCES) >>$@.new)
	@mv $@.new $@
-include $(B)/tests/rules.mk

.PHONY: host-tests fuzzers
host-tests: $(HOST_TESTS)
fuzzers: $(FUZZERS)

# The probe: a kernel that checks what the loader hands over (tests/boot/probe.c).
PROBE_COMPILE := $(CC) $(CSTD) $(WARNINGS) $(REPRODUCIBLE) -I. -O1 -g -ffreestanding -fpie -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns
PROBE_OBJECTS := $(B)/tests/boot/probe.o $(B)/tests/boot/probe_entry.o

$(B)/tests/boot/%.o: tests/boot/%.c
	@mkdir -p $(@D)
	$(PROBE_COMPILE) -MMD -MP -c -o $@ $<
$(B)/tests/boot/%.o: tests/boot/%.S
	@mkdir -p $(@D)
	$(PROBE_COMPILE) -c -o $@ $<
$(B)/tests/boot/probe.elf: $(PROBE_OBJECTS)
	$(LD) -m elf_x86_64 -pie --no-dynamic-linker -z text -z relro -z separate-code -z noexecstack --build-id=none \
		-Ttext-segment=0xffffffff80000000 -e probe_entry -o $@ $^
ALL += $(B)/tests/boot/probe.elf
