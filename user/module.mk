# Native programs: how a folder becomes a file of the initfs.
#
#   user/servers/NAME/, user/drivers/CLASS/NAME/   the *.c and *.S of each are a program, in the initfs as /sbin/NAME
#   user/bin/NAME/                                 likewise, as /bin/NAME: what people and scripts start
#   user/lib/*.c                                   libhearth.a, which every one of them is linked with
#
# A folder with a need of its own (another library, a part made in another way) has a module.mk beside its sources, which adds
# to NAME_LIBS, NAME_CFLAGS or NAME_NEEDS. All are static-PIE programs on Debian's musl, and the file in the initfs is the one
# beside it named .debug without its debug sections, which a small table of its lines stands for.

MUSL_LIB := /usr/lib/x86_64-linux-musl

USER_CFLAGS := $(CSTD) $(WARNINGS) $(REPRODUCIBLE) -I. -O2 -g -fPIE -fno-omit-frame-pointer -fstack-protector-strong \
	-fcf-protection=none -ffunction-sections -fdata-sections

# For a server with state, as NAME_CFLAGS: each store calls a function of user/lib/state_stores.c first. STATE_CFLAGS_cc is gcc's way
# of leaving loads, stacks and globals alone; scripts/check builds with clang's.
STATE_CFLAGS_cc := --param asan-instrument-reads=0 --param asan-stack=0 --param asan-globals=0 \
	--param asan-instrumentation-with-call-threshold=0
STATE_CFLAGS_clang := -mllvm -asan-instrument-reads=0 -mllvm -asan-stack=0 -mllvm -asan-globals=0 \
	-mllvm -asan-instrumentation-with-call-threshold=0
STATE_CFLAGS = -include user/lib/state_stores.h -fsanitize=kernel-address $(STATE_CFLAGS_cc)

# rcrt1.o relocates the program by itself. Segments do not share pages, so that each has its own rights.
USER_LDFLAGS := -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text,-z,separate-code,-z,max-page-size=4096 \
	-Wl,-z,noexecstack,--gc-sections,--build-id=none,--fatal-warnings
USER_CRT_BEGIN := $(MUSL_LIB)/rcrt1.o $(MUSL_LIB)/crti.o
USER_CRT_END := $(MUSL_LIB)/crtn.o

# In a rule whose target is a .debug file: links the objects among its prerequisites. $(1): libraries, further flags.
user_link = $(MUSL_CC) $(USER_LDFLAGS) -o $@ $(USER_CRT_BEGIN) $(filter %.o,$^) $(filter %.a,$^) $(1) $(USER_CRT_END)

$(B)/user/%.o: user/%.c user/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $($(notdir $(patsubst %/,%,$(dir $<)))_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/user/%.o: user/%.S user/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) -Wa,--noexecstack -MMD -MP -c -o $@ $<

# $(1): folders; the objects of their sources.
user_objects = $(patsubst %,$(B)/%.o,$(basename $(sort $(foreach folder,$(1),$(wildcard $(folder)/*.c $(folder)/*.S)))))

# The library, with those parts of common/ that programs share with loader and kernel.
USER_LIB := $(B)/user/libhearth.a
USER_LIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard user/lib/*.c)) $(patsubst common/%.c,$(B)/user/common/%.o,$(wildcard common/*.c))

$(B)/user/common/%.o: common/%.c user/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(USER_LIB): $(USER_LIB_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	ar crD $@ $^

# initfsd is not a program: it is a part of root.
USER_PROGRAMS := $(filter-out user/servers/initfsd,$(patsubst %/,%,$(sort $(dir $(wildcard user/servers/*/*.c user/drivers/*/*/*.c user/bin/*/*.c)))))

include $(wildcard user/linux/module.mk user/root/module.mk user/servers/*/module.mk user/drivers/*/*/module.mk user/bin/*/module.mk)

# $(1): folder, $(2): NAME, $(3): the folder of the initfs.
define USER_PROGRAM
$(call user_objects,$(1)): $(wildcard $(1)/module.mk)
$(B)/user/initfs/$(3)/$(2).debug: $(call user_objects,$(1)) $(USER_LIB) $($(2)_NEEDS) user/module.mk $(wildcard $(1)/module.mk)
	@mkdir -p $$(@D)
	$$(call user_link,$$($(2)_LIBS))

INITFS_FILES += $(3)/$(2)=$(B)/user/initfs/$(3)/$(2)
ALL += $(B)/user/initfs/$(3)/$(2)
endef

$(foreach folder,$(USER_PROGRAMS),$(eval $(call USER_PROGRAM,$(folder),$(notdir $(folder)),$(if $(filter user/bin/%,$(folder)),bin,sbin))))

# Its functions stay in the symbol table, its lines in a table of their own: common/elf_symbols.h.
$(B)/user/%.lines: $(B)/user/%.debug $(B)/tools/symbols
	$(B)/tools/symbols --lines $< >$@
$(B)/user/%: $(B)/user/%.debug $(B)/user/%.lines
	$(OBJCOPY) --strip-debug --add-section .lines=$(B)/user/$*.lines $< $@
