/* SPDX-License-Identifier: GPL-2.0 */
/* Spinlocks of a program with one thread: that they pair is checked. A test
 * defines the two hooks, by which it lets others run meanwhile. */
#ifndef _KAGE_SHIM_LINUX_SPINLOCK_H
#define _KAGE_SHIM_LINUX_SPINLOCK_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <assert.h>

typedef struct {
	bool held;
} spinlock_t;

/* Just before a lock is taken, and just after it was let go. */
void kage_shim_lock(void);
void kage_shim_unlock(void);

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

static inline void spin_lock_irq(spinlock_t *lock)
{
	kage_shim_lock();
	assert(!lock->held);
	lock->held = true;
}

static inline bool spin_trylock(spinlock_t *lock)
{
	kage_shim_lock();
	assert(!lock->held);
	return lock->held = true;
}

static inline void spin_unlock_irq(spinlock_t *lock)
{
	assert(lock->held);
	lock->held = false;
	kage_shim_unlock();
}

#define spin_lock(lock)		spin_lock_irq(lock)
#define spin_unlock(lock)	spin_unlock_irq(lock)
#define spin_lock_irqsave(lock, flags) \
	((flags) = 0, spin_lock_irq(lock))
#define spin_unlock_irqrestore(lock, flags) \
	((void)(flags), spin_unlock_irq(lock))
#define lockdep_assert_held(lock)	assert((lock)->held)

#endif /* _KAGE_SHIM_LINUX_SPINLOCK_H */
