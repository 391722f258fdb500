# root: the kernel's image carries build/user/root.elf. It contains initfsd, and the image of user/linux.

ROOT_OBJECTS := $(call user_objects,user/root user/servers/initfsd)

$(B)/user/root/entry.o: $(B)/user/linux.bin

$(B)/user/root.elf.debug: $(ROOT_OBJECTS) $(USER_LIB) user/module.mk user/root/module.mk user/servers/initfsd/module.mk
	@mkdir -p $(@D)
	$(call user_link,-e _root_start $(INITFSD_LIBS))

ifneq ($(wildcard user/linux/module.mk),)
ALL += $(B)/user/root.elf
endif
