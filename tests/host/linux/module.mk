# hosted: runs the image of user/linux under Linux (hosted.h). Linked high, so that programs with fixed addresses find theirs free.
HOSTED := $(B)/tests/host/linux/hosted
HOSTED_OBJECTS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/host/linux/*.c)))

$(B)/tests/host/linux/%.o: tests/host/linux/%.c tests/host/linux/module.mk Makefile
	@mkdir -p $(@D)
	$(HOSTCC) $(CSTD) -O1 -g $(WARNINGS) -I. -ffreestanding -fPIE -fno-stack-protector -mgeneral-regs-only -fcf-protection=none \
		-MMD -MP -c -o $@ $<

$(HOSTED): $(HOSTED_OBJECTS)
	$(HOSTCC) -static -nostdlib -no-pie -Wl,-Ttext-segment=0x600000000000,--build-id=none,--no-relax -o $@ $^

ALL += $(HOSTED)
