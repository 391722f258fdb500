# Hearth's servers, mortal on request: see mortal.c. Each is linked like the one that it stands for, from the same objects.
MORTAL := $(B)/tests/guest/mortal
MORTAL_WRAP := -Wl,--wrap=reply_read_bytes,--wrap=request_read_path,--wrap=request_carried

$(MORTAL)/%.o: tests/guest/mortal/mortal.c initfs/etc/services tests/guest/mortal/module.mk user/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) -DMORTAL_SERVICES=$$(grep -c '^[a-z]' initfs/etc/services) -DMORTAL_NAME='"$*"' -MMD -MP -c -o $@ $<

$(MORTAL)/vfs: $(MORTAL)/vfs.o $(call user_objects,user/servers/vfs) $(USER_LIB)
	$(call user_link,$(MORTAL_WRAP))

$(MORTAL)/console: $(MORTAL)/console.o $(call user_objects,user/servers/console) $(USER_LIB)
	$(call user_link,$(MORTAL_WRAP))

# It starts again at once what has ended.
$(MORTAL)/root.elf: $(MORTAL)/initfsd.o $(MORTAL)/child.o $(filter-out %/root/child.o,$(ROOT_OBJECTS)) $(USER_LIB)
	$(call user_link,-e _root_start $(MORTAL_WRAP) $(INITFSD_LIBS))

$(MORTAL)/root_image.o: kernel/root_image.S $(MORTAL)/root.elf
	$(CC) $(KERNEL_CFLAGS) -DROOT_IMAGE='"$(MORTAL)/root.elf"' -c -o $@ $<

$(MORTAL)/kernel.elf: $(filter-out %/root_image.S.o,$(KERNEL_OBJECTS)) $(MORTAL)/root_image.o $(B)/kernel/symbols.o
	$(LD) $(KERNEL_LDFLAGS) -o $@ $^

# Servers with state that end at the point of their work which a client names (points.c), and an init that starts them again at once. What is
# wrapped may be all that a server needs of state_stores.o, and points name it weakly: -u has it linked all the same.
MORTAL_POINTS := -Wl,--wrap=__asan_store1_noabort,--wrap=__asan_store4_noabort,--wrap=__asan_store8_noabort \
	-Wl,--wrap=state_keep_words,--wrap=state_commit,--wrap=state_answered,--wrap=answer_give \
	-Wl,--wrap=request_read,--wrap=request_read_path,--wrap=request_carried,--wrap=request_save,--wrap=state_keep \
	-Wl,--wrap=request_forward -Wl,-u,state_stores_memcpy
MORTAL_POINTS_STREAMD := -Wl,--wrap=handing_give,--wrap=wait_leave

$(MORTAL)/points.o: tests/guest/mortal/points.c tests/guest/mortal/module.mk user/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(MORTAL)/example: $(MORTAL)/points.o $(call user_objects,user/servers/example) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS))

$(MORTAL)/init: $(MORTAL)/points.o $(MORTAL)/service.o $(filter-out %/service.o,$(call user_objects,user/servers/init)) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS))

$(MORTAL)/tmpfs: $(MORTAL)/points.o $(call user_objects,user/servers/tmpfs) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS))

$(MORTAL)/pm: $(MORTAL)/points.o $(call user_objects,user/servers/pm) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS))

$(MORTAL)/streamd: $(MORTAL)/points.o $(call user_objects,user/servers/streamd) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS) $(MORTAL_POINTS_STREAMD))

$(MORTAL)/console-points: $(MORTAL)/points.o $(call user_objects,user/servers/console) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS))

$(MORTAL)/vfs-points: $(MORTAL)/points.o $(call user_objects,user/servers/vfs) $(USER_LIB)
	$(call user_link,$(MORTAL_POINTS))

MORTAL_HASTE := -DBACKOFF_FIRST_NS=1000000ull -DBACKOFF_MOST_NS=1000000ull

$(MORTAL)/service.o: user/servers/init/service.c tests/guest/mortal/module.mk user/module.mk user/servers/init/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $(STATE_CFLAGS) $(MORTAL_HASTE) -MMD -MP -c -o $@ $<

$(MORTAL)/child.o: user/root/child.c tests/guest/mortal/module.mk user/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $(MORTAL_HASTE) -MMD -MP -c -o $@ $<

$(MORTAL)/hasty-init: $(MORTAL)/service.o $(filter-out %/service.o,$(call user_objects,user/servers/init)) $(USER_LIB)
	$(user_link)

$(MORTAL)/lines $(MORTAL)/kept $(MORTAL)/families $(MORTAL)/piped $(MORTAL)/named $(MORTAL)/terminals: $(MORTAL)/%: tests/guest/mortal/%.c tests/guest/mortal/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(GUEST_LINUX_CFLAGS) $(GUEST_LINUX_DEPENDS) -o $@ $<

-include $(wildcard $(MORTAL)/*.d)

MORTAL_PROGRAMS := $(MORTAL)/example $(MORTAL)/tmpfs $(MORTAL)/hasty-init $(MORTAL)/lines $(MORTAL)/kept $(MORTAL)/families $(MORTAL)/piped $(MORTAL)/terminals $(MORTAL)/console-points $(MORTAL)/streamd $(MORTAL)/named $(MORTAL)/vfs-points $(MORTAL)/vfs $(MORTAL)/pm $(MORTAL)/console $(MORTAL)/init $(MORTAL)/kernel.elf
ALL += $(MORTAL_PROGRAMS)
