/*
 * signalbox.h - the system calls that Signalbox has and Linux has not.
 *
 * Their numbers begin at 1000; all others are Linux's, and the C library calls
 * them.  Each is described as in a manual page: what it does, what it returns,
 * and its errors.  As with Linux's calls the result is -1 with the error in
 * errno; here it is named in front of the error.
 *
 * A call belongs to the lab that unlocks it.  Before that it fails with ENOSYS,
 * as all of them do on Linux: so a program can ask, and do without.
 *
 *	lab 2	input_poll_event, scancode_*	events of keyboard and mouse
 *	lab 4	mpipe_*				message pipes: a bus with names
 *	lab 5	mailbox_*			every process has a mailbox
 *		port_*, channel_create, handle_restrict
 *						messages that carry rights
 *	lab 6	shm_create, shm_map		memory, shared by handle
 *	lab 8	netdrv_*			a network driver as a program
 *
 * A handle is a file descriptor with rights.  The rights belong to the
 * descriptor and not to what is behind it: two descriptors of one port may
 * permit different things.  They can be taken away, and never be given back.
 * close(2), dup(2) and poll(2) work on handles.
 *
 * EFAULT, for a pointer that is none, can come from every call that takes one;
 * then nothing is lost: no event, no message, no handle.
 */
#ifndef SIGNALBOX_H
#define SIGNALBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	SB_INPUT_POLL_EVENT = 1000,
	SB_SCANCODE_SUBSCRIBE = 1001,
	SB_SCANCODE_READ = 1002,
	SB_SCANCODE_UNSUBSCRIBE = 1003,
	SB_MPIPE_CREATE = 1010,
	SB_MPIPE_LOOKUP = 1011,
	SB_MPIPE_WRITE = 1012,
	SB_MPIPE_READ = 1013,
	SB_MPIPE_DESTROY = 1014,
	SB_MAILBOX_SEND = 1020,
	SB_MAILBOX_RECV = 1021,
	SB_PORT_CREATE = 1022,
	SB_PORT_SEND = 1023,
	SB_PORT_RECV = 1024,
	SB_HANDLE_RESTRICT = 1025,
	SB_CHANNEL_CREATE = 1026,
	SB_SHM_CREATE = 1030,
	SB_SHM_MAP = 1031,
	SB_NETDRV_REGISTER = 1040,
	SB_NETDRV_SEND = 1041,
	SB_NETDRV_UNREGISTER = 1042,
};

/* ---- lab 2: keyboard and mouse ---- */

/*
 * An event, and what it says in data:
 *
 *	type			data[0]		data[1]		data[2]
 *	SB_KEY_DOWN		key		character or 0	modifiers
 *	SB_KEY_UP		key		0		modifiers
 *	SB_MOUSE_MOVE		to the right	down		buttons held
 *	SB_MOUSE_BUTTON		0 left, 1	1 pressed, 0	buttons held
 *				right, 2 middle	released
 *
 * Keys have the numbers of Linux's input events: A is 30, Esc is 1.  Characters
 * are ASCII.  Modifiers and buttons (1 left, 2 right, 4 middle) are those after
 * the event; SB_REPEATED is set when the key was down already.
 */
struct sb_event {
	uint32_t type;
	int32_t data[3];
	uint64_t time_ns; /* CLOCK_MONOTONIC, nanoseconds */
};

enum {
	SB_KEY_DOWN = 1,
	SB_KEY_UP = 2,
	SB_MOUSE_MOVE = 3,
	SB_MOUSE_BUTTON = 4,
};

enum {
	SB_SHIFT = 0x1,
	SB_CTRL = 0x2,
	SB_ALT = 0x4,
	SB_CAPS = 0x8, /* Caps Lock is on */
	SB_REPEATED = 0x100,
};

/*
 * input_poll_event - takes the oldest event that nobody has taken yet
 *
 * Never waits.  Events are kept until somebody takes them, up to 256; those
 * that come when so many wait are lost.  All programs share the queue.
 *
 * Returns 1 and the event in *out, or 0 when there is none.
 * EFAULT: out is bad; the event is still there for the next call.
 *
 * The same events can be read from /dev/input, a struct sb_event each: read(2)
 * waits for one, unless O_NONBLOCK is set, and poll(2) works.
 */
static inline int input_poll_event(struct sb_event *out)
{
	return syscall(SB_INPUT_POLL_EVENT, out);
}

/*
 * scancode_subscribe - asks for the keyboard's bytes as they come
 *
 * From now on each byte that the keyboard sends (set 1) is kept for this
 * process too, in a ring of 128.  When the ring is full, new bytes are lost.
 * The subscription belongs to the process, all its threads, until it ends or
 * calls scancode_unsubscribe(); fork(2) does not hand it on, execve(2) keeps
 * it.
 *
 * Returns 0.  EBUSY: it has subscribed already.  ENOMEM.
 */
static inline int scancode_subscribe(void)
{
	return syscall(SB_SCANCODE_SUBSCRIBE);
}

/*
 * scancode_read - takes bytes that the keyboard has sent, oldest first
 *
 * Never waits, and returns at most 128 bytes at once.
 *
 * Returns how many there are in buf, 0 when there are none.  EINVAL: the
 * process has not subscribed.  EFAULT: buf is bad; no byte is lost.
 */
static inline ssize_t scancode_read(uint8_t *buf, size_t len)
{
	return syscall(SB_SCANCODE_READ, buf, len);
}

/*
 * scancode_unsubscribe - ends the subscription; bytes that wait are lost
 *
 * Returns 0.  EINVAL: the process has not subscribed.
 */
static inline int scancode_unsubscribe(void)
{
	return syscall(SB_SCANCODE_UNSUBSCRIBE);
}

/* ---- lab 4: message pipes ----
 *
 * A message pipe has a name and a number, and belongs to the whole system: each
 * process that knows the name may use it, also when its maker has ended.
 * Messages come out whole, and in the order in which they went in.
 */

/* flags of mpipe_create: a full pipe loses its oldest message, and the writer
 * does not wait. */
#define MPIPE_DISCARD_OLDEST 1

/*
 * A pipe for at most max_msgs messages of at most msg_size bytes.
 *
 * Returns its number.  EEXIST: the name is taken.  EINVAL: a size of 0, or
 * unknown flags.  ENAMETOOLONG.  ENOMEM.
 */
static inline int mpipe_create(const char *name, size_t msg_size,
			       size_t max_msgs, int flags)
{
	return syscall(SB_MPIPE_CREATE, name, msg_size, max_msgs, flags);
}

/* Returns the number of the pipe with this name.  ENOENT: there is none. */
static inline int mpipe_lookup(const char *name)
{
	return syscall(SB_MPIPE_LOOKUP, name);
}

/*
 * One message.  Waits while the pipe is full, unless it discards.
 *
 * Returns 0.  EMSGSIZE: longer than msg_size.  EIDRM: the pipe was destroyed
 * meanwhile.  ENOENT: no such pipe.
 */
static inline int mpipe_write(int id, const void *buf, size_t len)
{
	return syscall(SB_MPIPE_WRITE, id, buf, len);
}

/*
 * The oldest message.  Waits while the pipe is empty.  *len is the size of the
 * buffer, and then that of the message.
 *
 * Returns 0.  EMSGSIZE: the buffer is too small, and the message stays.  EIDRM,
 * ENOENT: as mpipe_write().
 */
static inline int mpipe_read(int id, void *buf, size_t *len)
{
	return syscall(SB_MPIPE_READ, id, buf, len);
}

/* The pipe, its name and its messages are gone; who waits gets EIDRM.  Returns
 * 0.  ENOENT: no such pipe. */
static inline int mpipe_destroy(int id)
{
	return syscall(SB_MPIPE_DESTROY, id);
}

/* ---- lab 5: mailboxes ----
 *
 * Every process has one.  It holds 10 messages of up to 2,048 bytes.
 */

#define MAILBOX_DEPTH 10
#define MAILBOX_MESSAGE_MAX 2048

/*
 * A message for a process.  It never waits.
 *
 * Returns 0.  EAGAIN: the mailbox is full.  ESRCH: no such process.  EMSGSIZE:
 * too long.
 */
static inline int mailbox_send(pid_t pid, const void *buf, size_t len)
{
	return syscall(SB_MAILBOX_SEND, pid, buf, len);
}

/*
 * The oldest message of our own mailbox, and in *sender (which may be NULL) who
 * sent it.  Waits while the mailbox is empty.
 *
 * Returns the length.  EMSGSIZE: longer than cap, and it stays.  EINTR.
 */
static inline ssize_t mailbox_recv(void *buf, size_t cap, pid_t *sender)
{
	return syscall(SB_MAILBOX_RECV, buf, cap, sender);
}

/* ---- lab 5: ports and channels ----
 *
 * A port is a queue of messages.  Who has a handle with SEND may put some in,
 * who has one with RECEIVE may take them out, and nobody else can find it: it
 * has no name.  A handle gets to another process by fork(2), or in a message.
 */

/* Rights. */
#define HANDLE_SEND 0x01
#define HANDLE_RECEIVE 0x02
#define HANDLE_MAP_READ 0x04
#define HANDLE_MAP_WRITE 0x08
#define HANDLE_TRANSFER 0x10 /* may move in a message */

#define SB_MESSAGE_HANDLES 8

/* flags of a message: fail with EAGAIN instead of waiting. */
#define SB_MESSAGE_NOWAIT 1

struct sb_msg {
	void *data;
	size_t len;     /* receive: the buffer's size, then the message's */
	uint32_t prio;  /* higher comes first; equal ones in order */
	uint32_t flags; /* SB_MESSAGE_* */
	int fds[SB_MESSAGE_HANDLES];
	uint32_t nfds; /* receive: how many are wanted, then how many came */
	int64_t timeout_ns; /* how long to wait; negative: for ever */
	int32_t sender_pid; /* receive: filled in by the kernel */
};

_Static_assert(sizeof(struct sb_msg) == 80, "part of the ABI");

/*
 * A port for at most capacity messages.  flags: O_CLOEXEC, O_NONBLOCK.
 *
 * Returns a handle with all rights.  EINVAL, EMFILE, ENOMEM.
 */
static inline int port_create(size_t capacity, int flags)
{
	return syscall(SB_PORT_CREATE, capacity, flags);
}

/*
 * Sends a message, with the handles in msg->fds: these move, so that the sender
 * does not have them any more.  All or nothing: when the call fails, nothing
 * has moved.  Waits while the port is full.
 *
 * Returns 0.  EBADF: a descriptor is none.  EPERM: fd has no SEND, or a handle
 * has no TRANSFER.  EAGAIN: full, and shall not wait.  ETIMEDOUT.  EPIPE:
 * nobody can receive any more.  EMSGSIZE, EINTR.
 */
static inline int port_send(int fd, const struct sb_msg *msg)
{
	return syscall(SB_PORT_SEND, fd, msg);
}

/*
 * Receives the first message of the highest priority.  Handles that came with
 * it are in msg->fds, by the numbers that they have here.  Waits while the port
 * is empty.
 *
 * Returns 0.  EMSGSIZE: the buffer or msg->nfds is too small, and the message
 * stays.  EBADF.  EPERM: fd has no RECEIVE.  EAGAIN, ETIMEDOUT.  EMFILE: no
 * room for the handles, and it stays.  EPIPE: nobody can send any more.  EINTR.
 */
static inline int port_recv(int fd, struct sb_msg *msg)
{
	return syscall(SB_PORT_RECV, fd, msg);
}

/*
 * Another handle of the same object, with those of fd's rights that are also in
 * `rights`.  fd stays as it is: who wants to keep less closes it.
 *
 * Returns the new handle.  EBADF.  EINVAL: unknown rights.  EMFILE.
 */
static inline int handle_restrict(int fd, uint32_t rights)
{
	return syscall(SB_HANDLE_RESTRICT, fd, rights);
}

/*
 * Two ports back to back: what is sent into one handle is received from the
 * other.  For port_send() and port_recv().
 *
 * Returns 0, and the two in fds.  EINVAL, EMFILE, ENOMEM.
 */
static inline int channel_create(int fds[2], size_t capacity)
{
	return syscall(SB_CHANNEL_CREATE, fds, capacity);
}

/* ---- lab 6: shared memory by handle ---- */

/*
 * Memory of this size, zeroed; its pages are there when they are first touched.
 * It lives as long as a handle or a mapping of it.  flags: O_CLOEXEC.
 *
 * Returns a handle with MAP_READ, MAP_WRITE and TRANSFER.  EINVAL: a size of 0.
 * EMFILE, ENOMEM.
 */
static inline int shm_create(size_t size, int flags)
{
	return syscall(SB_SHM_CREATE, size, flags);
}

/*
 * Maps it at addr, which may be NULL: anywhere.  prot as in mmap(2).  munmap(2)
 * undoes it.
 *
 * Returns the address, or (void *)-1.  EBADF.  EACCES: the handle has no right
 * for prot.  EINVAL: addr is not at a page, or len too large.  ENOMEM.
 */
static inline void *shm_map(int fd, void *addr, size_t len, int prot)
{
	return (void *)syscall(SB_SHM_MAP, fd, addr, len, prot);
}

/* ---- lab 8: a network driver as a program ---- */

/* flags of netdrv_register: the card is asked once a tick, and interrupts with
 * its frames stay off. */
#define NETDRV_POLL 1

/*
 * From now on each frame that the card receives comes to this process, as a
 * message in its mailbox; those for which there is no room are counted and
 * dropped.
 *
 * Returns 0.  EBUSY: another process does it.  EPERM: for root only.  ENODEV:
 * there is no card.  EINVAL: unknown flags.
 */
static inline int netdrv_register(int flags)
{
	return syscall(SB_NETDRV_REGISTER, flags);
}

/*
 * Transmits a frame, from the Ethernet header on, without the checksum.
 *
 * Returns 0.  EPERM: not registered.  EMSGSIZE: shorter than 14 or longer than
 * 1,514 bytes.  EAGAIN: the card's four descriptors are in use.
 */
static inline int netdrv_send(const void *buf, size_t len)
{
	return syscall(SB_NETDRV_SEND, buf, len);
}

/* Gives the card back to the kernel.  Returns 0.  EPERM: not registered.  The
 * end of the process does it too. */
static inline int netdrv_unregister(void)
{
	return syscall(SB_NETDRV_UNREGISTER);
}

#endif
