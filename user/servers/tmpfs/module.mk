tmpfs_CFLAGS := $(STATE_CFLAGS)

# These run with every call; what they change of the state they name by state_keep().
$(foreach name,clock directory names transfer walk,$(B)/user/servers/tmpfs/$(name).o): tmpfs_CFLAGS :=
