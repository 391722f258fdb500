# The image of scripts/conformance: busybox's tests of itself, from Debian's source package, which is only unpacked here.
CONFORMANCE := $(B)/conformance
CONFORMANCE_STAGE := $(CONFORMANCE)/stage

$(PAYLOAD)/busybox-source/.unpacked: scripts/source scripts/lib.sh
	@mkdir -p $(PAYLOAD)
	scripts/source busybox $(@D)

$(CONFORMANCE_STAGE)/.done: $(PAYLOAD)/busybox-source/.unpacked $(PAYLOAD)/busybox tests/conformance/lay_out tests/conformance/run $(B)/initfs.tar
	tests/conformance/lay_out $(PAYLOAD)/busybox-source $(PAYLOAD)/busybox $(CONFORMANCE_STAGE) '$(MUSL_CC)' \
		$(INITFS_LICENSES) $(INITFS_FILES)
	touch $@

$(B)/conformance.tar.zst: $(CONFORMANCE_STAGE)/.done $(B)/tools/initfs_pack
	$(B)/tools/initfs_pack $(@:.zst=) $(CONFORMANCE_STAGE)
	zstd -q -f -3 -T1 --check -o $@ $(@:.zst=)
