// SPDX-License-Identifier: GPL-2.0
/*
 * The write hook: shadow entries follow what is stored to guest RAM from outside
 * the guest.
 */
#include "mem.h"
#include "../vm.h"
#include "shadow.h"
#include <linux/minmax.h>

/* A full barrier is between the stores and this. */
static void follow(struct kage_vm *vm, gpa_t gpa, size_t len)
{
	size_t n;

	for (; len; gpa += n, len -= n) {
		gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;
		struct kage_slot *slot = kage_mem_slot(vm, gfn);

		n = min_t(size_t, len,
			  KAGE_PAGE_SIZE - (gpa & ~KAGE_PAGE_MASK));
		if (slot && kage_slot_tracked(slot, gfn))
			kage_mmu_resync(vm, gpa, n);
	}
}

void kage_mem_written(struct kage_vm *vm, gpa_t gpa, size_t len)
{
	/*
	 * Pairs with the barrier in shadow.c's track_gfn(): either that one
	 * reads what was just stored, or the tracked bit is seen here.
	 */
	smp_mb();
	follow(vm, gpa, len);
}

void kage_mem_settle(struct kage_vm *vm, struct kage_mem_late *late)
{
	unsigned int i;

	if (!late->nr)
		return;
	/* As in kage_mem_written(). */
	smp_mb();
	for (i = 0; i < late->nr; i++)
		follow(vm, late->piece[i].gpa, late->piece[i].len);
	late->nr = 0;
}

void kage_mem_put_off(struct kage_vm *vm, struct kage_mem_late *late,
		      gpa_t gpa, size_t len)
{
	unsigned int last = late->nr - 1;

	if (late->nr &&
	    late->piece[last].gpa + late->piece[last].len == gpa) {
		late->piece[last].len += len;
		return;
	}
	if (late->nr == KAGE_MEM_LATE)
		kage_mem_settle(vm, late);
	late->piece[late->nr].gpa = gpa;
	late->piece[late->nr++].len = len;
}
