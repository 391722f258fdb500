/*
 * Ends by a crash in a known place: `crashes WAY`. What is on the log then, the scenario crash_leaves_a_report looks at; it finds the
 * lines by the words in the comments here.
 */
#include "test.h"

#include <stdlib.h>

#include "user/linux/state.h"

static volatile int depth, deepest = 1 << 30;

static __attribute__((noinline)) void fall(volatile int *where)
{
	*where = 7; /* here it falls */
	depth++;
}

static __attribute__((noinline)) void stumble(volatile int *where)
{
	depth++;
	fall(where); /* here it stumbles */
	depth--;
}

static __attribute__((noinline)) void jump(void (*volatile to)(void))
{
	depth++;
	to(); /* here it jumps */
	depth--;
}

static __attribute__((noinline)) int dive(int levels)
{
	volatile char room[256];
	room[0] = (char)levels;
	return levels == deepest ? 0 : dive(levels + 1) + room[0]; /* here it dives */
}

static __attribute__((noinline)) void give_up(void)
{
	depth++;
	abort(); /* here it gives up */
}

/* The image's state lies open to the program that it answers to. */
static __attribute__((noinline)) void confuse(void)
{
	process_self()->heap = (struct heap *)16;
	syscall(12, 0); /* brk */
	depth++;        /* here it has been confused */
}

/* The same, and its frame pointer leads to where nothing is. */
static __attribute__((noinline)) void mislead(void)
{
	long call = 12; /* brk */
	process_self()->heap = (struct heap *)16;
	__asm__ volatile("push %%rbp\n\tmov %1, %%rbp\n\tsyscall\n\tpop %%rbp"
	                 : "+a"(call)
	                 : "r"(USER_TOP - 64), "D"(0)
	                 : "rcx", "r11", "memory");
}

int main(int count, char **arguments)
{
	const char *way = count > 1 ? arguments[1] : "";
	if (!strcmp(way, "fall"))
		stumble((int *)(uintptr_t)depth);
	else if (!strcmp(way, "jump"))
		jump((void (*)(void))(uintptr_t)depth);
	else if (!strcmp(way, "dive"))
		return dive(0);
	else if (!strcmp(way, "give-up"))
		give_up();
	else if (!strcmp(way, "confuse"))
		confuse();
	else if (!strcmp(way, "mislead"))
		mislead();
	return 1;
}
