/*
 * Protocol supervisor: between init and the one that started it, root.
 *
 *   adopt     handle 0: a process, with RIGHT_MANAGE, RIGHT_INSPECT and RIGHT_WAIT. Should init end, root ends that process too
 *             before it starts init again, so that the new one finds ports, interrupts and names free. FULL when there are
 *             too many.
 *
 * In the other direction there is a notify, granted to init as "supervisor.notify".
 */
#pragma once

enum { SUPERVISOR_adopt = 0x0201 };

#define SUPERVISOR_PROCESSES 128 /* running ones that can be adopted at a time */

#define SUPERVISOR_VFS_RESTARTED 0x1u /* bit of the notify: vfs may have lost all mounts but "/"; init makes its own again */
