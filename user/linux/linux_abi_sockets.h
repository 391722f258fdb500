/* linux_abi.h: sockets, and lists of epoll. */
#pragma once

#include <stdint.h>

/* sockets */
#define LINUX_AF_UNIX 1
#define LINUX_SOL_SOCKET 1
#define LINUX_SCM_RIGHTS 1
#define LINUX_SCM_CREDENTIALS 2
#define LINUX_SO_REUSEADDR 2
#define LINUX_SO_TYPE 3
#define LINUX_SO_ERROR 4
#define LINUX_SO_SNDBUF 7
#define LINUX_SO_RCVBUF 8
#define LINUX_SO_KEEPALIVE 9
#define LINUX_SO_PASSCRED 16
#define LINUX_SO_PEERCRED 17
#define LINUX_SO_ACCEPTCONN 30
#define LINUX_SO_PROTOCOL 38
#define LINUX_SO_DOMAIN 39
#define LINUX_MSG_OOB 0x1u
#define LINUX_MSG_PEEK 0x2u
#define LINUX_MSG_CTRUNC 0x8u
#define LINUX_MSG_TRUNC 0x20u
#define LINUX_MSG_DONTWAIT 0x40u
#define LINUX_MSG_WAITALL 0x100u
#define LINUX_MSG_NOSIGNAL 0x4000u
#define LINUX_MSG_CMSG_CLOEXEC 0x40000000u

struct linux_sockaddr_un {
	uint16_t family;
	char path[108];
};

struct linux_msghdr {
	uint64_t name;
	uint32_t name_length, reserved0;
	uint64_t parts, count;
	uint64_t control, control_length;
	uint32_t flags, reserved1;
};
_Static_assert(sizeof(struct linux_msghdr) == 56, "Linux's struct msghdr");

struct linux_cmsghdr {
	uint64_t length;
	int32_t level, type;
};

struct linux_ucred {
	int32_t process, user, group;
};

/* epoll; the events have poll's numbers */
#define LINUX_EPOLL_CTL_ADD 1
#define LINUX_EPOLL_CTL_DEL 2
#define LINUX_EPOLL_CTL_MOD 3
#define LINUX_EPOLLIN 0x1u
#define LINUX_EPOLLPRI 0x2u
#define LINUX_EPOLLOUT 0x4u
#define LINUX_EPOLLERR 0x8u
#define LINUX_EPOLLHUP 0x10u
#define LINUX_EPOLLRDNORM 0x40u
#define LINUX_EPOLLWRNORM 0x100u
#define LINUX_EPOLLRDHUP 0x2000u
#define LINUX_EPOLLWAKEUP 0x20000000u
#define LINUX_EPOLLONESHOT 0x40000000u
#define LINUX_EPOLLET 0x80000000u
#define LINUX_EPOLL_FLAGS (LINUX_EPOLLWAKEUP | LINUX_EPOLLONESHOT | LINUX_EPOLLET)

struct linux_epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));
