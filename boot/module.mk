# The loader: an EFI application made with gnu-efi's start code, relocation and linker script.
BOOT_SOURCES := $(sort $(wildcard boot/*.c boot/*.S)) common/calendar.c common/elf.c
BOOT_OBJECTS := $(patsubst %,$(B)/boot/objects/%.o,$(basename $(BOOT_SOURCES)))
BOOT_LIB := /usr/lib

# The firmware calls no function of ours between entry and return, so that only the red zone (interrupts use our stack) and the
# 16-bit wchar_t are special. No vector registers: nothing here would gain by them.
BOOT_CFLAGS := $(CSTD) $(WARNINGS) $(REPRODUCIBLE) -I. -Iboot -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 \
	-DGNU_EFI_USE_MS_ABI -ffreestanding -fshort-wchar -mno-red-zone -mgeneral-regs-only -Os -g -fpic -fvisibility=hidden \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-strict-aliasing

BOOT_SECTIONS := .text .sdata .data .rodata .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc

$(B)/boot/build_id: FORCE
	$(call text_file,$@,$(BUILD_ID))

$(B)/boot/objects/%.o: %.c boot/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(BOOT_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/boot/objects/%.o: %.S boot/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(BOOT_CFLAGS) -MMD -MP -c -o $@ $<

# Those that name the build.
$(B)/boot/objects/boot/main.o $(B)/boot/objects/boot/handoff.o: $(B)/boot/build_id
$(B)/boot/objects/boot/main.o $(B)/boot/objects/boot/handoff.o: BOOT_CFLAGS += -DLOADER_BUILD_ID='"$(BUILD_ID)"'

$(B)/boot/loader.so: $(BOOT_OBJECTS) boot/module.mk
	$(LD) -shared -Bsymbolic -nostdlib -znocombreloc -z noexecstack --fatal-warnings --build-id=none -e loader_start \
		-T $(BOOT_LIB)/elf_x86_64_efi.lds -o $@ $(BOOT_LIB)/crt0-efi-x86_64.o $(BOOT_OBJECTS) -L $(BOOT_LIB) --no-undefined -l:libgnuefi.a

$(B)/boot/BOOTX64.EFI: $(B)/boot/loader.so
	$(OBJCOPY) $(addprefix -j ,$(BOOT_SECTIONS)) --strip-debug --target=efi-app-x86_64 --subsystem=10 $< $@

ALL += $(B)/boot/BOOTX64.EFI

# A kernel that checks the handoff, for tests/boot/loader_test.sh. Linked as a kernel is: a static PIE with a base of its own.
PROBE_CFLAGS := $(CSTD) $(WARNINGS) $(REPRODUCIBLE) -I. -ffreestanding -O1 -g -fpie -fvisibility=hidden -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables

$(B)/tests/boot/%.o: tests/boot/%.c boot/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(PROBE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/boot/%.o: tests/boot/%.S boot/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(PROBE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/boot/probe.elf: $(B)/tests/boot/probe.o $(B)/tests/boot/probe_entry.o
	$(LD) -pie --no-dynamic-linker -nostdlib -z text -z noexecstack -z separate-code -z relro -z max-page-size=4096 \
		--build-id=none --fatal-warnings -Ttext-segment=0xffffffff80000000 -e probe_entry -o $@ $^
