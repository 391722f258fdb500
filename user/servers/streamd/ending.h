/*
 * What ends takes as much work as others have put into it: the packets in a socket's queue, with the handles that go along and may be the
 * last ends of further sockets; the connections in a listener's backlog. So it is only put into a list by the message that ends it,
 * and taken apart in messages of their own, a bounded part in each, between which others have their turn. Nobody reaches it any more.
 */
#pragma once

#include <stdbool.h>

struct socket;
struct streamd;

/*
 * A socket that no client has an end of: those who wait and its peers are told at once that it is over. One whose ends are all in
 * queues that nobody reaches loses its own queue so, and ends when the last of them is gone.
 */
void ending_socket(struct socket *socket);

/* There is something in the lists (streamd.h). */
void ending_soon(void);

/* Of a life: whether the lists that a predecessor left are sound; and going on with them. */
bool ending_check(const struct streamd *root);
void ending_begin(void);
bool ending_resume(void); /* false: there was no memory for all */
