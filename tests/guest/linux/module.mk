# Programs that check Linux calls from the program's side, each linked statically with musl and with glibc.
GUEST_LINUX_SOURCES := $(sort $(wildcard tests/guest/linux/*.c))
GUEST_LINUX_NAMES := $(notdir $(GUEST_LINUX_SOURCES:.c=))
GUEST_LINUX_OUT := $(B)/tests/guest/linux
GUEST_LINUX_CFLAGS := $(CSTD) -O1 -g -Wall -Wextra -Werror $(REPRODUCIBLE) -D_GNU_SOURCE -I. -static -pthread
GUEST_LINUX_DEPENDS = -MMD -MP -MT $@ -MF $@.d

# With a table of lines, as Hearth's own programs have it.
$(GUEST_LINUX_OUT)/%-musl: tests/guest/linux/%.c tests/guest/linux/module.mk Makefile $(B)/tools/symbols
	@mkdir -p $(@D)
	$(MUSL_CC) $(GUEST_LINUX_CFLAGS) $(GUEST_LINUX_DEPENDS) -o $@ $< -lm
	$(B)/tools/symbols --lines $@ >$@.lines
	$(OBJCOPY) --add-section .lines=$@.lines $@

$(GUEST_LINUX_OUT)/%-glibc: tests/guest/linux/%.c tests/guest/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(GUEST_LINUX_CFLAGS) $(GUEST_LINUX_DEPENDS) -o $@ $< -lm

# Position-independent, as Hearth's own programs are.
$(GUEST_LINUX_OUT)/%-pie.o: tests/guest/linux/%.c tests/guest/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(MUSL_CC) $(filter-out -static,$(GUEST_LINUX_CFLAGS)) -fPIE -MMD -MP -c -o $@ $<
$(GUEST_LINUX_OUT)/calls-pie: $(GUEST_LINUX_OUT)/calls-pie.o
	$(user_link)

GUEST_LINUX_PROGRAMS := $(foreach name,$(GUEST_LINUX_NAMES),$(GUEST_LINUX_OUT)/$(name)-musl $(GUEST_LINUX_OUT)/$(name)-glibc) \
	$(GUEST_LINUX_OUT)/calls-pie
ALL += $(GUEST_LINUX_PROGRAMS)

# The files they read: the programs are given the folder's name.
GUEST_LINUX_FIXTURE := $(GUEST_LINUX_OUT)/fixture
$(GUEST_LINUX_FIXTURE)/.done: tests/guest/linux/module.mk
	@mkdir -p $(@D)/dir
	printf 'hello, world\n' >$(@D)/hello
	seq 20000 >$(@D)/numbers
	for name in a bb ccc a-name-that-is-long-enough-to-need-more-than-one-word; do echo $$name >$(@D)/dir/$$name; done
	touch $@
ALL += $(GUEST_LINUX_FIXTURE)/.done
