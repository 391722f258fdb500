# root: the kernel's image carries build/user/root.elf. It contains initfsd, and the image of user/linux.

INITFSD_SOURCES := $(wildcard user/servers/initfsd/*.c)
ROOT_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard user/root/*.c) $(INITFSD_SOURCES)) $(B)/user/root/entry.o

$(B)/user/root/entry.o: $(B)/user/linux.bin

$(B)/user/root.elf.debug: $(ROOT_OBJECTS) $(USER_LIB)
	@mkdir -p $(@D)
	$(call user_link,-Wl,-e,_root_start $(ROOT_LIBS))

ifneq ($(wildcard user/linux/module.mk),)
ifneq ($(INITFSD_SOURCES),)
ALL += $(B)/user/root.elf
endif
endif
