/*
 * pty.c - pseudo-terminals: /dev/ptmx, and /dev/pts.
 *
 * A terminal at whose other end is a program instead of a device: a terminal
 * emulator, a network login, a test.  Who opens /dev/ptmx gets the other end of
 * a new one, the master; its number N is asked for by TIOCGPTN, and the
 * terminal is /dev/pts/N.
 *
 *	program <- read - the terminal's ring <- tty_input() <- write - master
 *	program - write -> tty_output() -> ring `sent` -------> read -> master
 *
 * Either end waits when the ring on its way is full.  When the master is closed
 * the terminal hangs up; when nobody has the terminal open any more, the master
 * reads -EIO, after what was sent before.
 *
 * The master as a file is in pty_master.c; here is how the two ends come and
 * go.
 *
 * ptys_lock, a mutex, guards the table, and who has which end open.  Everything
 * else is guarded by the terminal's lock.
 *
 * Source: Linux, pty(7), ptmx(4).
 */
#include "pty.h"
#include "device.h"
#include "errno.h"
#include "fs.h"
#include "heap.h"
#include "init.h"
#include "stat.h"
#include "string.h"
#include "text.h"

#define MAX_PTYS 64
#define TTY_GROUP 5 /* "tty" in /etc/group */

static struct core_mutex ptys_lock;
static struct pty *ptys[MAX_PTYS]; /* needs ptys_lock */
static struct inode *pts;          /* /dev/pts, a reference */

static struct pty *pty_of(const struct tty *tty)
{
	return container_of(tty, struct pty, tty);
}

/* ---- the terminal's device ---- */

static void wake_master(struct pty *pty)
{
	waitq_wake(&pty->master_readers, WAKE_ALL);
	poll_notify(&pty->master_pollhead);
}

static size_t pty_room(const struct tty *tty)
{
	const struct pty *pty = pty_of(tty);

	return SENT_RING - (pty->sent_count - pty->taken);
}

/* There is room: the terminal has asked. */
static void pty_send(struct tty *tty, const char *bytes, size_t len)
{
	struct pty *pty = pty_of(tty);

	while (len-- > 0)
		pty->sent[pty->sent_count++ % SENT_RING] = *bytes++;
	wake_master(pty);
}

static void pty_input_taken(struct tty *tty)
{
	struct pty *pty = pty_of(tty);

	waitq_wake(&pty->master_writers, WAKE_ALL);
	poll_notify(&pty->master_pollhead);
}

static void pty_free(struct pty *pty)
{
	tty_destroy(&pty->tty);
	kfree(pty);
}

static bool only_master(const struct pty *pty)
{
	return __atomic_load_n(&pty->tty.files, __ATOMIC_RELAXED) == 1;
}

/* Needs ptys_lock. */
static void file_closed(struct pty *pty)
{
	unsigned int files =
		__atomic_sub_fetch(&pty->tty.files, 1, __ATOMIC_RELAXED);

	if (files == 0) {
		pty_free(pty);
	} else if (files == 1 && pty->has_master) {
		spin_lock(&pty->tty.lock);
		pty->left = only_master(pty); /* still? */
		wake_master(pty);
		spin_unlock(&pty->tty.lock);
	}
}

/* Counted before this: of two who open and close, one sees the other. */
static void pty_file_opened(struct tty *tty)
{
	spin_lock(&tty->lock);
	pty_of(tty)->left = false;
	spin_unlock(&tty->lock);
}

static void pty_file_closed(struct tty *tty)
{
	core_mutex_lock(&ptys_lock);
	file_closed(pty_of(tty));
	core_mutex_unlock(&ptys_lock);
}

static const struct tty_device pty_device = {
	.send = pty_send,
	.room = pty_room,
	.input_taken = pty_input_taken,
	.file_opened = pty_file_opened,
	.file_closed = pty_file_closed,
};

static void name_of(int number, char *name, size_t size)
{
	snprintf(name, size, "%d", number);
}

/* Root may have put something else in its place. */
static void name_remove(struct pty *pty)
{
	struct inode *node, *removed = NULL;
	char name[8];

	name_of(pty->number, name, sizeof(name));
	core_mutex_lock(&fs_lock);
	node = pty->node;
	pty->node = NULL;
	if (node && dir_find(pts, name, strlen(name)) == node)
		removed = dir_remove(pts, name, strlen(name));
	core_mutex_unlock(&fs_lock);
	inode_put(removed);
	inode_put(node);
}

void pty_master_closed(struct pty *pty)
{
	name_remove(pty);
	tty_hang_up(&pty->tty);
	core_mutex_lock(&ptys_lock);
	ptys[pty->number] = NULL;
	pty->has_master = false;
	file_closed(pty);
	core_mutex_unlock(&ptys_lock);
}

void pty_set_locked(struct pty *pty, bool locked)
{
	core_mutex_lock(&ptys_lock);
	pty->locked = locked;
	core_mutex_unlock(&ptys_lock);
}

/* ---- opening ---- */

static int name_make(struct pty *pty)
{
	struct inode *node = inode_create(S_IFCHR | 0620);
	char name[8];
	int error;

	if (!node)
		return -ENOMEM;
	node->gid = TTY_GROUP;
	node->rdev = pty->tty.number;
	name_of(pty->number, name, sizeof(name));
	core_mutex_lock(&fs_lock);
	if (dir_find(pts, name, strlen(name)))
		error = -EEXIST;
	else
		error = dir_add(pts, name, strlen(name), node);
	if (!error)
		pty->node = inode_get(node);
	core_mutex_unlock(&fs_lock);
	inode_put(node);
	return error;
}

static void pty_init(struct pty *pty, int number)
{
	tty_init(&pty->tty, "pty", DEVICE_NUMBER(PTS_MAJOR, number),
		 &pty_device);
	pty->number = number;
	pty->node = NULL;
	pty->tty.files = 1; /* the master's */
	pty->has_master = pty->locked = true;
	pty->left = false;
	waitq_init(&pty->master_readers, "pty master");
	waitq_init(&pty->master_writers, "pty master");
	pollhead_init(&pty->master_pollhead);
	pty->taken = pty->sent_count = 0;
}

/* Puts it into the table; its number, or -ENOSPC. */
static int number_take(struct pty *pty)
{
	int number = 0;

	core_mutex_lock(&ptys_lock);
	while (number < MAX_PTYS && ptys[number])
		number++;
	if (number < MAX_PTYS) {
		pty_init(pty, number);
		ptys[number] = pty;
	}
	core_mutex_unlock(&ptys_lock);
	return number < MAX_PTYS ? number : -ENOSPC;
}

static int ptmx_open(struct file *f, unsigned int minor, bool acquire)
{
	struct pty *pty = kmalloc(sizeof(*pty));
	int error;

	if (!pty)
		return -ENOMEM;
	error = number_take(pty);
	if (error < 0) {
		kfree(pty);
		return error;
	}
	f->ops = &pty_master_ops;
	f->object = pty;
	return name_make(pty); /* an error closes f */
}

/* With one more file; NULL: there is none, or nobody may open it yet. */
static struct pty *pty_find(unsigned int number)
{
	struct pty *pty;

	core_mutex_lock(&ptys_lock);
	pty = number < MAX_PTYS ? ptys[number] : NULL;
	if (pty && pty->locked)
		pty = NULL;
	if (pty)
		tty_count_file(&pty->tty);
	core_mutex_unlock(&ptys_lock);
	return pty;
}

static int pts_open(struct file *f, unsigned int minor, bool acquire)
{
	struct pty *pty = pty_find(minor);

	if (!pty)
		return -EIO;
	tty_attach(f, &pty->tty);
	if (acquire)
		tty_acquire(&pty->tty);
	return 0;
}

DEVICE(.name = "ptmx", .number = DEVICE_NUMBER(5, 2), .open = ptmx_open);
DEVICE(.number = DEVICE_NUMBER(PTS_MAJOR, 0), .more_minors = 255,
       .open = pts_open);

static void pty_start(void)
{
	struct inode *dev;

	core_mutex_init(&ptys_lock, "pseudo-terminals");
	core_mutex_lock(&fs_lock);
	dev = fs_directory(fs_root(), "dev", 0755);
	pts = inode_get(fs_directory(dev, "pts", 0755));
	core_mutex_unlock(&fs_lock);
}

INIT(INIT_FILES, pty_start);
