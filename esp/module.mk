# The EFI system partition: the files of this folder as they are, the loader, the kernel, the first file system. Images of it
# are made by scripts/esp (for one run) and scripts/image (build/hearth.img).

LOADER := $(B)/boot/BOOTX64.EFI
KERNEL := $(B)/kernel/kernel.elf
INITFS := $(B)/initfs.tar.zst

# What a machine needs to be booted; tests and checks need more.
.PHONY: system
system: $(LOADER) $(KERNEL) $(INITFS) $(B)/tools/guest
ALL += system
