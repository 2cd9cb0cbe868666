// SPDX-License-Identifier: GPL-2.0
/*
 * The console of a machine, as a tty.
 *
 * Output goes into a ring, and a work item moves it from there to the tty while
 * somebody has it open: a vCPU only stores its byte and never meets the tty
 * layer. One work item per console is the only producer of the tty's flip
 * buffer, as that wants it. Input goes straight to the serial port's FIFO.
 *
 * A console lives until its last terminal is closed, which may be long after
 * its machine is gone; con->vm is then NULL and nothing works but closing.
 */
#include "console.h"
#include "uart.h"
#include "../compat.h"
#include "../vm.h"
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_flip.h>
#include <linux/tty_port.h>
#include <linux/workqueue.h>

#define NR_CONSOLES	64
#define RING_SIZE	65536U		/* power of two */
#define CHUNK		512U		/* moved with interrupts off */
#define BURST		16384U		/* moved before others get their turn */
#define RETRY_MS	20		/* the tty's buffer was full */

/* Field tags: I immutable after create, L under lock. */
struct kage_console {
	struct tty_port port;		/* its own locks and lifetime */
	struct rcu_head rcu;
	unsigned int index;		/* I */
	spinlock_t lock;		/* any context; outside uart->lock */
	struct kage_vm *vm;		/* L NULL once destroyed */
	bool open;			/* L somebody has the terminal open */
	bool throttled;			/* L and does not read now */
	bool want_room;			/* L a writer found the FIFO full */
	bool wake;			/* L tell it that there is room */
	u32 head, tail;			/* L ring positions, free-running */
	u8 *ring;			/* L */
	struct delayed_work work;
};

static struct tty_driver *driver;
static DEFINE_IDA(indexes);

/* Who may be opened; serialises opening with being destroyed. */
static DEFINE_MUTEX(table_lock);
static struct kage_console *table[NR_CONSOLES];	/* under table_lock */

static struct kage_console *port_console(struct tty_port *port)
{
	return container_of(port, struct kage_console, port);
}

/* After the machine is gone nothing may be queued any more. */
static void queue_locked(struct kage_console *con, unsigned long delay)
{
	lockdep_assert_held(&con->lock);
	if (con->vm)
		queue_delayed_work(system_unbound_wq, &con->work, delay);
}

static bool may_move_locked(const struct kage_console *con)
{
	return con->open && !con->throttled && con->head != con->tail;
}

/*
 * Move one chunk to the tty. Return: 1 if there is more to move, 0 if not,
 * -EAGAIN if the tty's buffer is full.
 */
static int move_chunk(struct kage_console *con)
{
	unsigned long flags;
	size_t n, done;
	int ret = 0;

	spin_lock_irqsave(&con->lock, flags);
	if (may_move_locked(con)) {
		u32 at = con->tail % RING_SIZE;

		n = min3(con->head - con->tail, RING_SIZE - at, CHUNK);
		done = tty_insert_flip_string(&con->port, con->ring + at, n);
		con->tail += done;
		ret = done < n ? -EAGAIN : may_move_locked(con);
	}
	spin_unlock_irqrestore(&con->lock, flags);
	return ret;
}

static bool take_wake(struct kage_console *con)
{
	unsigned long flags;
	bool wake;

	spin_lock_irqsave(&con->lock, flags);
	wake = con->wake;
	con->wake = false;
	spin_unlock_irqrestore(&con->lock, flags);
	return wake;
}

static void handle_work(struct work_struct *work)
{
	struct kage_console *con =
		container_of(to_delayed_work(work), struct kage_console, work);
	unsigned int moved = 0;
	unsigned long flags;
	int ret;

	if (take_wake(con))
		tty_port_tty_wakeup(&con->port);

	do {
		ret = move_chunk(con);
		moved += CHUNK;
	} while (ret > 0 && moved < BURST);
	tty_flip_buffer_push(&con->port);

	if (!ret)
		return;
	spin_lock_irqsave(&con->lock, flags);
	queue_locked(con, ret > 0 ? 0 : msecs_to_jiffies(RETRY_MS));
	spin_unlock_irqrestore(&con->lock, flags);
}

void kage_console_put(struct kage_console *con, u8 byte)
{
	unsigned long flags;

	if (!con)
		return;
	spin_lock_irqsave(&con->lock, flags);
	con->ring[con->head % RING_SIZE] = byte;
	con->head++;
	if (con->head - con->tail > RING_SIZE)
		con->tail = con->head - RING_SIZE;
	if (may_move_locked(con))
		queue_locked(con, 0);
	spin_unlock_irqrestore(&con->lock, flags);
}

void kage_console_drained(struct kage_console *con)
{
	unsigned long flags;

	if (!con)
		return;
	spin_lock_irqsave(&con->lock, flags);
	if (con->want_room) {
		con->want_room = false;
		con->wake = true;
		queue_locked(con, 0);
	}
	spin_unlock_irqrestore(&con->lock, flags);
}

/*
 * The port: what its first open and its last close do.
 */

static int port_activate(struct tty_port *port, struct tty_struct *tty)
{
	struct kage_console *con = port_console(port);
	unsigned long flags;
	int ret = -EIO;

	spin_lock_irqsave(&con->lock, flags);
	if (con->vm) {
		con->open = true;
		con->throttled = false;
		queue_locked(con, 0);
		ret = 0;
	}
	spin_unlock_irqrestore(&con->lock, flags);
	return ret;
}

static void port_shutdown(struct tty_port *port)
{
	struct kage_console *con = port_console(port);
	unsigned long flags;

	spin_lock_irqsave(&con->lock, flags);
	con->open = false;
	con->want_room = false;
	spin_unlock_irqrestore(&con->lock, flags);
}

/* The index is free only now: a hung-up tty keeps its place in the driver. */
static void port_destruct(struct tty_port *port)
{
	struct kage_console *con = port_console(port);

	ida_free(&indexes, con->index);
	kvfree(con->ring);
	/* kage_console_index() may still look at it. */
	kfree_rcu(con, rcu);
}

static const struct tty_port_operations port_ops = {
	.activate = port_activate,
	.shutdown = port_shutdown,
	.destruct = port_destruct,
};

/*
 * The terminal.
 */

static int handle_install(struct tty_driver *drv, struct tty_struct *tty)
{
	struct kage_console *con;
	int ret;

	mutex_lock(&table_lock);
	con = table[tty->index];
	if (con)
		tty_port_get(&con->port);
	mutex_unlock(&table_lock);
	if (!con)
		return -ENODEV;

	tty->driver_data = con;
	ret = tty_port_install(&con->port, drv, tty);
	if (ret)
		tty_port_put(&con->port);
	return ret;
}

static void handle_cleanup(struct tty_struct *tty)
{
	struct kage_console *con = tty->driver_data;

	tty_port_put(&con->port);
}

static int handle_open(struct tty_struct *tty, struct file *file)
{
	struct kage_console *con = tty->driver_data;

	return tty_port_open(&con->port, tty, file);
}

static void handle_close(struct tty_struct *tty, struct file *file)
{
	struct kage_console *con = tty->driver_data;

	tty_port_close(&con->port, tty, file);
}

static void handle_hangup(struct tty_struct *tty)
{
	struct kage_console *con = tty->driver_data;

	tty_port_hangup(&con->port);
}

static KAGE_TTY_WRITE_RET handle_write(struct tty_struct *tty, const u8 *buf,
				       KAGE_TTY_WRITE_LEN count)
{
	struct kage_console *con = tty->driver_data;
	KAGE_TTY_WRITE_RET ret = -EIO;
	unsigned long flags;

	spin_lock_irqsave(&con->lock, flags);
	if (con->vm) {
		ret = kage_uart_receive(con->vm, buf, count);
		if ((KAGE_TTY_WRITE_LEN)ret < count)
			con->want_room = true;
	}
	spin_unlock_irqrestore(&con->lock, flags);
	return ret;
}

static unsigned int handle_write_room(struct tty_struct *tty)
{
	struct kage_console *con = tty->driver_data;
	unsigned int room = 0;
	unsigned long flags;

	spin_lock_irqsave(&con->lock, flags);
	if (con->vm) {
		room = kage_uart_room(con->vm);
		if (!room)
			con->want_room = true;
	}
	spin_unlock_irqrestore(&con->lock, flags);
	return room;
}

static void handle_throttle(struct tty_struct *tty)
{
	struct kage_console *con = tty->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&con->lock, flags);
	con->throttled = true;
	spin_unlock_irqrestore(&con->lock, flags);
}

static void handle_unthrottle(struct tty_struct *tty)
{
	struct kage_console *con = tty->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&con->lock, flags);
	con->throttled = false;
	if (may_move_locked(con))
		queue_locked(con, 0);
	spin_unlock_irqrestore(&con->lock, flags);
}

static const struct tty_operations tty_ops = {
	.install = handle_install,
	.cleanup = handle_cleanup,
	.open = handle_open,
	.close = handle_close,
	.hangup = handle_hangup,
	.write = handle_write,
	.write_room = handle_write_room,
	.throttle = handle_throttle,
	.unthrottle = handle_unthrottle,
};

int kage_console_index(struct kage_vm *vm)
{
	struct kage_console *con;
	int ret = -ENOENT;

	/* Pairs with kage_console_destroy(): the object lasts the section. */
	rcu_read_lock();
	con = READ_ONCE(vm->console);
	if (con)
		ret = con->index;
	rcu_read_unlock();
	return ret;
}

static void publish(unsigned int index, struct kage_console *con)
{
	mutex_lock(&table_lock);
	table[index] = con;
	mutex_unlock(&table_lock);
}

static struct kage_console *alloc_console(struct kage_vm *vm)
{
	struct kage_console *con;
	int index = ida_alloc_max(&indexes, NR_CONSOLES - 1, GFP_KERNEL);

	if (index < 0)
		return ERR_PTR(index);
	con = kzalloc(sizeof(*con), GFP_KERNEL_ACCOUNT);
	if (!con)
		goto err_free_index;
	con->ring = kvmalloc(RING_SIZE, GFP_KERNEL_ACCOUNT);
	if (!con->ring)
		goto err_free;

	con->index = index;
	con->vm = vm;
	spin_lock_init(&con->lock);
	INIT_DELAYED_WORK(&con->work, handle_work);
	tty_port_init(&con->port);
	con->port.ops = &port_ops;
	return con;

err_free:
	kfree(con);
err_free_index:
	ida_free(&indexes, index);
	return ERR_PTR(-ENOMEM);
}

/*
 * The order matters: nobody new may find the console, then nothing may use the
 * machine through it, then those who have it open are sent away, and last the
 * work is ended, which nothing queues any more.
 */
static void retire(struct kage_console *con)
{
	unsigned long flags;
	struct tty_struct *tty;

	publish(con->index, NULL);
	/* Against port_activate(): who opened before is seen below. */
	mutex_lock(&con->port.mutex);
	spin_lock_irqsave(&con->lock, flags);
	con->vm = NULL;
	spin_unlock_irqrestore(&con->lock, flags);
	mutex_unlock(&con->port.mutex);

	tty = tty_port_tty_get(&con->port);
	if (tty) {
		tty_vhangup(tty);
		tty_kref_put(tty);
	}
	cancel_delayed_work_sync(&con->work);
	tty_port_put(&con->port);
}

int kage_console_create(struct kage_vm *vm)
{
	struct kage_console *con;
	struct device *dev;

	con = alloc_console(vm);
	if (IS_ERR(con))
		return PTR_ERR(con);
	vm->console = con;
	publish(con->index, con);

	dev = tty_register_device(driver, con->index, NULL);
	if (IS_ERR(dev)) {
		vm->console = NULL;
		retire(con);
		return PTR_ERR(dev);
	}
	return 0;
}

void kage_console_destroy(struct kage_vm *vm)
{
	struct kage_console *con = vm->console;

	if (!con)
		return;
	WRITE_ONCE(vm->console, NULL);
	tty_unregister_device(driver, con->index);
	retire(con);
}

static void set_termios(struct tty_driver *drv)
{
	drv->init_termios = tty_std_termios;
	drv->init_termios.c_iflag = 0;
	drv->init_termios.c_oflag = 0;
	drv->init_termios.c_lflag = 0;
	drv->init_termios.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
	drv->init_termios.c_ispeed = 115200;
	drv->init_termios.c_ospeed = 115200;
}

int kage_console_init(void)
{
	int ret;

	driver = tty_alloc_driver(NR_CONSOLES, TTY_DRIVER_REAL_RAW |
				  TTY_DRIVER_RESET_TERMIOS |
				  TTY_DRIVER_DYNAMIC_DEV);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	driver->driver_name = "kage";
	driver->name = "ttyKAGE";
	driver->type = TTY_DRIVER_TYPE_SERIAL;
	driver->subtype = SERIAL_TYPE_NORMAL;
	set_termios(driver);
	tty_set_operations(driver, &tty_ops);

	ret = tty_register_driver(driver);
	if (ret)
		tty_driver_kref_put(driver);
	return ret;
}

void kage_console_uninit(void)
{
	tty_unregister_driver(driver);
	tty_driver_kref_put(driver);
	ida_destroy(&indexes);
}
