# The bench's Linux programs, which run on Linux too, and an initfs that carries them.
BENCH_OUT := $(B)/tests/bench
BENCH_SOURCES := $(filter-out tests/bench/tiny.c,$(sort $(wildcard tests/bench/*.c)))

$(BENCH_OUT)/bench: $(BENCH_SOURCES) tests/bench/measure.h tests/bench/module.mk
	@mkdir -p $(@D)
	$(MUSL_CC) $(CSTD) -O2 -g $(WARNINGS) $(REPRODUCIBLE) -D_GNU_SOURCE -I. -static -o $@ $(BENCH_SOURCES)

$(BENCH_OUT)/bench-tiny: tests/bench/tiny.c tests/bench/module.mk
	@mkdir -p $(@D)
	$(CC) $(CSTD) -O2 -ffreestanding -fno-stack-protector $(WARNINGS) $(REPRODUCIBLE) -static -nostdlib \
		-Wl,-z,noseparate-code,--build-id=none -o $@ $<

BENCH_PROGRAMS := $(BENCH_OUT)/bench $(BENCH_OUT)/bench-tiny
ALL += $(BENCH_PROGRAMS)

BENCH_STAGE := $(B)/tests/bench/initfs
$(B)/bench.tar.zst: $(B)/tools/initfs_pack $(B)/initfs.tar $(BENCH_PROGRAMS) scripts/stage
	scripts/stage $(BENCH_STAGE) initfs $(INITFS_LICENSES) $(INITFS_FILES) bin/bench=$(BENCH_OUT)/bench bin/bench-tiny=$(BENCH_OUT)/bench-tiny
	$(B)/tools/initfs_pack $(@:.zst=) $(BENCH_STAGE)
	zstd -q -f -19 -T1 --check -o $@ $(@:.zst=)
ALL += $(B)/bench.tar.zst
