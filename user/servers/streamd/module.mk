streamd_CFLAGS := $(STATE_CFLAGS)

# These run with every byte; what they change of the state they name by state_keep(), or order as streamd.h says.
$(foreach name,flow handing wait,$(B)/user/servers/streamd/$(name).o): streamd_CFLAGS :=
