# initfsd is linked into root's ELF file. It needs one header of libzstd, without the rest of the build machine's.

INITFSD_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard user/servers/initfsd/*.c))
INITFSD_LIBS := /usr/lib/x86_64-linux-gnu/libzstd.a

initfsd_CFLAGS := -I$(B)/include

$(B)/include/zstd.h:
	@mkdir -p $(@D)
	ln -sf /usr/include/zstd.h $@

$(INITFSD_OBJECTS): user/servers/initfsd/module.mk | $(B)/include/zstd.h
