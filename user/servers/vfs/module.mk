vfs_CFLAGS := $(STATE_CFLAGS)

# This runs with every call that names a path, and changes nothing.
$(B)/user/servers/vfs/names.o: vfs_CFLAGS :=
