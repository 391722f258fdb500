# user/linux: one flat image of position-independent text and constants. linux.elf has the symbols and line tables of linux.bin.

LINUX_CFLAGS := $(CSTD) $(WARNINGS) $(REPRODUCIBLE) -I. -O2 -g -ffreestanding -fPIE -fvisibility=hidden -mgeneral-regs-only \
	-mno-red-zone -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-omit-frame-pointer
# Tables that a compiler makes out of a switch over strings hold addresses.
LINUX_CFLAGS_gcc := -fno-tree-switch-conversion
# The linker script is the judge: it refuses writable data and relocations.
LINUX_LDFLAGS := -pie --no-dynamic-linker -z text -z noexecstack --build-id=none --hash-style=sysv --fatal-warnings

LINUX_SOURCES := $(sort $(wildcard user/linux/*.c)) user/linux/entry.S user/linux/access.S common/calendar.c common/chacha.c \
	common/elf.c common/elf_symbols.c common/path.c
linux_objects = $(patsubst %,$(B)/linux$(1)/%.o,$(basename $(LINUX_SOURCES)))

$(B)/linux/%.o: %.c user/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(LINUX_CFLAGS) $(LINUX_CFLAGS_gcc) -MMD -MP -c -o $@ $<

$(B)/linux/%.o: %.S user/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(LINUX_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/linux-clang/%.o: %.c user/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(CLANG) $(LINUX_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/linux-clang/%.o: %.S user/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(CLANG) $(LINUX_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/user/linux.elf: $(call linux_objects) user/linux/linux.lds user/linux/module.mk
	@mkdir -p $(@D)
	$(LD) $(LINUX_LDFLAGS) -T user/linux/linux.lds -o $@ $(filter %.o,$^)

$(B)/user/linux-clang.elf: $(call linux_objects,-clang) user/linux/linux.lds user/linux/module.mk
	@mkdir -p $(@D)
	$(LD) $(LINUX_LDFLAGS) -T user/linux/linux.lds -o $@ $(filter %.o,$^)

$(B)/user/linux%.bin: $(B)/user/linux%.elf
	$(OBJCOPY) -O binary -j .image $< $@

$(B)/user/linux.bin: $(B)/user/linux.elf
	$(OBJCOPY) -O binary -j .image $< $@

# Its functions and lines, for reports of crashes inside of it (user/linux/report.c): the ELF file without the image itself.
$(B)/user/linux.symbols: $(B)/user/linux.elf $(B)/tools/symbols
	$(B)/tools/symbols --lines $< >$@.lines
	$(OBJCOPY) --strip-debug --add-section .lines=$@.lines $< $@.new
	$(OBJCOPY) --only-keep-debug $@.new $@
	rm $@.new $@.lines
INITFS_FILES += lib/linux.symbols=$(B)/user/linux.symbols
ALL += $(B)/user/linux.symbols

# clang's is for tests/host/linux_image_test.sh alone; to build the system clang is not needed.
ALL += $(B)/user/linux.bin

include tests/host/linux/module.mk
include tests/guest/linux/module.mk
