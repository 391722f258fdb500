# The native suite: a kernel whose root is a test program.
NATIVE := $(B)/tests/guest/native
# Results of a call that failed are used, since the test has failed anyway, and addresses that are wrong are meant to be. The
# other compiler does not know all of these warnings.
NATIVE_CFLAGS := $(CSTD) $(WARNINGS) -Wno-unknown-warning-option -Wno-maybe-uninitialized -Wno-array-bounds $(REPRODUCIBLE) -I. -O2 -g -ffreestanding -fno-pie -mno-red-zone -fno-stack-protector \
	-fno-omit-frame-pointer -fcf-protection=none -fno-asynchronous-unwind-tables
NATIVE_SOURCES := $(sort $(wildcard tests/guest/native/*.c tests/guest/native/*.S))
NATIVE_OBJECTS := $(NATIVE_SOURCES:tests/guest/native/%=$(NATIVE)/%.o)

$(NATIVE)/%.o: tests/guest/native/% tests/guest/native/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(NATIVE_CFLAGS) -MMD -MP -c -o $@ $<

$(NATIVE)/native.elf: $(NATIVE_OBJECTS) tests/guest/native/module.mk
	$(LD) -static -z separate-code -z noexecstack -z max-page-size=4096 --build-id=none -o $@ $(NATIVE_OBJECTS)

$(NATIVE)/root_image.o: kernel/root_image.S $(NATIVE)/native.elf
	$(CC) $(KERNEL_CFLAGS) -DROOT_IMAGE='"$(NATIVE)/native.elf"' -c -o $@ $<

$(NATIVE)/kernel.elf: $(filter-out %/root_image.S.o,$(KERNEL_OBJECTS)) $(NATIVE)/root_image.o $(B)/kernel/symbols.o
	$(LD) $(KERNEL_LDFLAGS) -o $@ $^

ALL += $(NATIVE)/kernel.elf
