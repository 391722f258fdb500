# initfs.tar.zst: the first file system. It carries the files of this folder as they are, what modules named in INITFS_FILES
# (pairs path-in-image=file), Debian's busybox and bash, descriptions of terminals for the latter, and under share/doc the licenses of everything in the image that is not ours.

# Debian packages whose files go into the image are unpacked under build/payload/, never installed.
PAYLOAD := $(B)/payload

$(PAYLOAD)/%/.unpacked: scripts/payload scripts/lib.sh
	scripts/payload $* $(@D)

$(PAYLOAD)/busybox: $(PAYLOAD)/busybox-static/.unpacked
	cp $(<D)/bin/busybox $@
	touch $@
$(PAYLOAD)/bash: $(PAYLOAD)/bash-static/.unpacked
	cp $(<D)/bin/bash-static $@
	touch $@
# Where programs that Debian built look for them: /lib/terminfo.
TERMINALS := d/dumb a/ansi l/linux s/screen t/tmux v/vt100 v/vt102 v/vt220 x/xterm x/xterm-256color
$(TERMINALS:%=$(PAYLOAD)/terminfo/%): $(PAYLOAD)/ncurses-base/.unpacked
	@mkdir -p $(@D)
	cp $(<D)/$(@:$(PAYLOAD)/%=lib/%) $@
	touch $@
$(PAYLOAD)/font.psf: $(PAYLOAD)/console-setup-linux/.unpacked
	gzip -dc $(<D)/usr/share/consolefonts/Uni2-Terminus16.psf.gz >$@

# Whose licenses: unpacked packages (the font's license is in the folder of keyboard-configuration), and installed ones that programs in the image were linked from.
UNPACKED_PACKAGES := busybox-static bash-static ncurses-base console-setup-linux keyboard-configuration
LICENSE_PACKAGES := busybox-static bash-static ncurses-base console-setup-linux musl-dev libzstd-dev gnu-efi libc6
INITFS_LICENSES := $(B)/initfs.licenses

$(INITFS_LICENSES)/.done: $(UNPACKED_PACKAGES:%=$(PAYLOAD)/%/.unpacked) scripts/licenses LICENSE
	scripts/licenses $(INITFS_LICENSES) $(PAYLOAD) $(LICENSE_PACKAGES)
	touch $@

INITFS_FILES += bin/busybox=$(PAYLOAD)/busybox bin/bash=$(PAYLOAD)/bash \
	$(foreach terminal,$(TERMINALS),lib/terminfo/$(terminal)=$(PAYLOAD)/terminfo/$(terminal))
INITFS_STATIC := $(shell find initfs -type f ! -name module.mk ! -name README.md)
INITFS_BUILT := $(foreach pair,$(INITFS_FILES),$(word 2,$(subst =, ,$(pair))))
INITFS_STAGE := $(B)/initfs.stage

$(B)/initfs.contents: FORCE
	$(call text_file,$@,$(SOURCE_DATE_EPOCH) $(INITFS_FILES) $(INITFS_STATIC))

$(B)/initfs.tar: $(B)/tools/initfs_pack $(B)/initfs.contents $(INITFS_LICENSES)/.done $(INITFS_STATIC) $(INITFS_BUILT) scripts/stage
	scripts/stage $(INITFS_STAGE) initfs $(INITFS_LICENSES) $(INITFS_FILES)
	$(B)/tools/initfs_pack $@ $(INITFS_STAGE)
$(B)/initfs.tar.zst: $(B)/initfs.tar
	zstd -q -f -19 -T1 --check -o $@ $<

ifneq ($(wildcard tools/initfs_pack.c),)
ALL += $(B)/initfs.tar.zst
endif
