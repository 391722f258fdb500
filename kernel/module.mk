# The kernel: every kernel/**/*.c and *.S, what it needs of common/, and inside it root, the one program that it starts.
#
# kernel.elf is a static position-independent executable whose only relocations are R_X86_64_RELATIVE, because the loader slides
# it and knows no others. Segments: text RX, read-only data R, data RW, each with pages of its own (kernel.ld). It is linked
# twice: the second time with the table of functions and lines that tools/symbols makes of the first link. That table is the
# last of the read-only data, so that no code moves between the links.

KERNEL_ROOT := $(B)/user/root.elf

# Kernel code runs with interrupts off on one stack and keeps out of the x87 and vector registers, which are the program's.
# Frame pointers are there for backtraces. Memory that is read as another type is normal here (tables, saved state, messages).
KERNEL_CFLAGS := $(CSTD) $(WARNINGS) $(REPRODUCIBLE) -Ikernel -I. -O2 -g -ffreestanding -fpie -mcmodel=small -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables -fcf-protection=none -fvisibility=hidden
KERNEL_LDFLAGS := -m elf_x86_64 -static -pie --no-dynamic-linker -z text -z norelro -z noexecstack -z max-page-size=4096 \
	--build-id=none --fatal-warnings --orphan-handling=error -T kernel/kernel.ld

KERNEL_SOURCES := $(sort $(shell find kernel -name '*.c' -o -name '*.S'))
KERNEL_OBJECTS := $(KERNEL_SOURCES:kernel/%=$(B)/kernel/%.o) $(patsubst %,$(B)/kernel/common/%.c.o,chacha elf font screen)

$(B)/kernel/%.c.o: kernel/%.c kernel/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

# Calls nothing, so that no backtrace goes through it.
$(B)/kernel/syscall/handover.c.o: KERNEL_CFLAGS += -fomit-frame-pointer

$(B)/kernel/%.S.o: kernel/%.S kernel/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/kernel/common/%.c.o: common/%.c kernel/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

# Files that stand in an object as they are.
$(B)/kernel/root_image.S.o: KERNEL_CFLAGS += -DROOT_IMAGE='"$(KERNEL_ROOT)"'
$(B)/kernel/root_image.S.o: $(KERNEL_ROOT)
$(B)/kernel/core/font_image.S.o: $(B)/payload/font.psf

$(B)/kernel/build_id: FORCE
	$(call text_file,$@,$(BUILD_ID))
$(B)/kernel/core/build.c.o: KERNEL_CFLAGS += -DBUILD_ID='"$(BUILD_ID)"'
$(B)/kernel/core/build.c.o: $(B)/kernel/build_id

$(B)/kernel/kernel.pass1: $(KERNEL_OBJECTS) kernel/kernel.ld kernel/module.mk
	$(LD) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS)

$(B)/kernel/symbols.S: $(B)/kernel/kernel.pass1 $(B)/tools/symbols
	$(B)/tools/symbols $< >$@

$(B)/kernel/symbols.o: $(B)/kernel/symbols.S
	$(CC) -c -o $@ $<

$(B)/kernel/kernel.elf: $(B)/kernel/kernel.pass1 $(B)/kernel/symbols.o
	$(LD) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS) $(B)/kernel/symbols.o

# A kernel that tests the machine layer: the layers up to mm/ with tests/machine/ above them. tests/boot/machine_test.sh boots it.
MACHINE_TEST_OBJECTS := $(filter $(addprefix $(B)/kernel/,lib/% arch/% core/% mm/% common/%),$(KERNEL_OBJECTS)) \
	$(patsubst %,$(B)/%.o,$(wildcard tests/machine/*.c tests/machine/*.S))

$(B)/tests/machine/%.o: tests/machine/% kernel/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(KERNEL_CFLAGS) -Itests/machine -MMD -MP -c -o $@ $<

$(B)/tests/machine.elf: $(MACHINE_TEST_OBJECTS) kernel/kernel.ld kernel/module.mk
	$(LD) $(KERNEL_LDFLAGS) -o $@ $(MACHINE_TEST_OBJECTS)

.PHONY: kernel
kernel: $(B)/kernel/kernel.elf
