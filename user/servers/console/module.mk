console_CFLAGS := $(STATE_CFLAGS)

# The console server carries the font that the kernel writes with.
$(B)/user/servers/console/font_image.o: $(B)/payload/font.psf
