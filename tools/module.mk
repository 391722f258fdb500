# Programs that run on the build machine: tools/NAME.c becomes build/tools/NAME, and the files of tools/NAME/ together become
# build/tools/NAME too. program_rules.awk says how a file names what it is made of.

TOOL_COMPILE := $(HOSTCC) $(CSTD) -O2 -g $(WARNINGS) $(REPRODUCIBLE) -D_GNU_SOURCE -I.
TOOL_LINK := $(HOSTCC)

TOOL_SOURCES := $(wildcard tools/*.c)
TOOL_FOLDERS := $(patsubst tools/%/,%,$(sort $(dir $(wildcard tools/*/*.c))))
TOOLS := $(TOOL_SOURCES:tools/%.c=$(B)/tools/%) $(TOOL_FOLDERS:%=$(B)/tools/%)

ifneq ($(TOOL_SOURCES),)
$(B)/tools/rules.mk: tools/program_rules.awk tools/module.mk $(TOOL_SOURCES)
	@mkdir -p $(@D)
	@awk -v output=$(B)/tools -v compile=TOOL_COMPILE -v link=TOOL_LINK -v rules='tools/module.mk Makefile' -f tools/program_rules.awk $(TOOL_SOURCES) >$@
-include $(B)/tools/rules.mk
endif

$(B)/tools/objects/%.o: tools/%.c tools/module.mk Makefile
	@mkdir -p $(@D)
	$(TOOL_COMPILE) -MMD -MP -c -o $@ $<

define tool_folder
$(B)/tools/$1: $(patsubst tools/%.c,$(B)/tools/objects/%.o,$(wildcard tools/$1/*.c))
	$$(TOOL_LINK) -o $$@ $$^
endef
$(foreach folder,$(TOOL_FOLDERS),$(eval $(call tool_folder,$(folder))))

ALL += $(TOOLS)
