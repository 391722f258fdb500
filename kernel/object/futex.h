/*
 * Futexes: threads that wait at a word until somebody wakes that word. A word is known by its address in an address space, or,
 * for those that share memory, by the frame behind it and the offset there (FUTEX_SHARED): the same for all who have it mapped.
 *
 * The first to wait at a word hangs in the tree of its address space or frame, the others in a list behind it, so that finding one
 * takes the same bounded time however many words are waited at. Who waits at a shared word holds a reference to the frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;
struct vmem;
struct frame;

/* A word; with a frame, the key is the offset in it. */
struct futex_word {
	struct vmem *vmem;
	struct frame *frame;
	uint64_t key;
};

/* The shared word behind an address; false: nothing is mapped there. It is good until the address is mapped anew. */
bool futex_find_shared(struct vmem *vmem, uint64_t address, struct futex_word *out);

/* The current thread waits, until the deadline of its task. */
void futex_wait(struct thread *thread, const struct futex_word *word);

/* Wakes the one that has waited longest; false: nobody waits there. */
bool futex_wake_one(const struct futex_word *word);

/* A thread that was taken leaves. */
void futex_leave(struct thread *thread);
