// SPDX-License-Identifier: GPL-2.0
/*
 * Learns the places where a guest changes CR3.
 */
#include "ahead.h"
#include "look.h"
#include <linux/slab.h>

struct kage_ahead_cache *kage_ahead_cache_alloc(void)
{
	return kzalloc(sizeof(struct kage_ahead_cache), GFP_KERNEL_ACCOUNT);
}

void kage_ahead_cache_free(struct kage_ahead_cache *cache)
{
	kfree(cache);
}

/* Where @rip is known, or the one that is to make room for it. */
static struct kage_ahead *find(struct kage_ahead_cache *cache, u64 rip)
{
	int i;

	for (i = 0; i < KAGE_AHEADS; i++)
		if (cache->ahead[i].rip == rip)
			return &cache->ahead[i];
	cache->next = (cache->next + 1) % KAGE_AHEADS;
	return &cache->ahead[cache->next];
}

/* False if there is no code, or not so much up to the end of the page. */
static bool place(struct kage_vcpu *vcpu, struct kage_ahead *ahead, u64 rip)
{
	u64 *sptep;

	/* Before the rest, so that what changes meanwhile is seen to. */
	ahead->epoch = READ_ONCE(vcpu->vm->mmu.epoch);
	ahead->code = kage_look_code(vcpu->root, rip,
				     KAGE_CR3_REACH + sizeof(u64), &sptep);
	if (!ahead->code)
		return false;
	ahead->code_sptep = sptep;
	ahead->code_spte = READ_ONCE(*sptep);
	ahead->top = kage_ahead_top(vcpu, rip);
	return true;
}

static void decode(struct kage_ahead *ahead, unsigned int reg)
{
	u64 bytes[KAGE_CR3_REACH / sizeof(u64)];
	int i;

	/* Once, so that what is compared is what is decoded. */
	for (i = 0; i < ARRAY_SIZE(bytes); i++)
		bytes[i] = READ_ONCE(((const u64 *)ahead->code)[i]);
	if (!kage_cr3_decode((const u8 *)bytes, reg, &ahead->change))
		ahead->change.len = 0;
}

const struct kage_cr3_change *kage_ahead_learn(struct kage_vcpu *vcpu, u64 rip,
					       unsigned int reg)
{
	struct kage_ahead *ahead = find(vcpu->aheads, rip);
	bool known = ahead->rip == rip && ahead->change.reg == reg;

	ahead->rip = 0;
	/* In the page of the instruction before, which was just executed. */
	if (!(rip & ~KAGE_PAGE_MASK) || !place(vcpu, ahead, rip))
		return NULL;
	if (!known || !kage_ahead_same(ahead))
		decode(ahead, reg);
	ahead->rip = rip;
	return ahead->change.len ? &ahead->change : NULL;
}
