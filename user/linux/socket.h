/* Local sockets (AF_UNIX), by the server of protocol stream. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/proto/stream.h"
#include "user/linux/state.h"

int64_t socket_socket(int family, uint32_t type, int protocol);
int64_t socket_socketpair(int family, uint32_t type, int protocol, uint64_t pair);
int64_t socket_bind(int fd, uint64_t address, uint32_t length);
int64_t socket_listen(int fd, int backlog);
int64_t socket_connect(int fd, uint64_t address, uint32_t length);
int64_t socket_accept(int fd, uint64_t address, uint64_t length);
int64_t socket_accept4(int fd, uint64_t address, uint64_t length, uint32_t flags);
int64_t socket_shutdown(int fd, int how);
int64_t socket_getsockname(int fd, uint64_t address, uint64_t length);
int64_t socket_getpeername(int fd, uint64_t address, uint64_t length);
int64_t socket_getsockopt(int fd, int level, int option, uint64_t value, uint64_t length);
int64_t socket_setsockopt(int fd, int level, int option, uint64_t value, uint32_t length);

/* Sending and receiving: message.c. */
int64_t socket_sendto(int fd, uint64_t buffer, uint64_t length, uint32_t flags, uint64_t address, uint32_t address_length);
int64_t socket_recvfrom(int fd, uint64_t buffer, uint64_t length, uint32_t flags, uint64_t address, uint64_t address_length);
int64_t socket_sendmsg(int fd, uint64_t message, uint32_t flags);
int64_t socket_recvmsg(int fd, uint64_t message, uint32_t flags);
int64_t socket_sendmmsg(int fd, uint64_t vector, uint32_t count, uint32_t flags);
int64_t socket_recvmmsg(int fd, uint64_t vector, uint32_t count, uint32_t flags, uint64_t timeout);

/* For both: the open file of a socket, to be dropped; NULL with -EBADF or -ENOTSOCK in *out_error. */
struct open_file *socket_hold(int fd, int64_t *out_error);
int64_t socket_error(status_t status);

/*
 * A struct sockaddr_un of the program's as a name; *out_token is a handle for a name of a file system, the caller's to close,
 * else HANDLE_NONE.
 */
int64_t socket_read_name(uint64_t address, uint32_t length, struct stream_name *out, handle_t *out_token);
/* A name as a struct sockaddr_un; `length` is the address of the room for it, and gets what it takes. */
int64_t socket_write_name(const struct stream_name *name, uint64_t address, uint64_t length);
