#include "fake/machine.h"

#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *fake_machine_memory(uint64_t length)
{
	void *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

void fake_machine_set_gs(void *base)
{
	syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}
