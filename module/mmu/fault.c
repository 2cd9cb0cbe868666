// SPDX-License-Identifier: GPL-2.0
/*
 * What a page fault of a guest means, and what is done about it: a true fault
 * goes to the guest, a hidden one fills the shadow, a store to a page table or
 * an access to a device is executed.
 */
#include "fault.h"
#include "../vm.h"
#include "../vcpu.h"
#include "../emul/emul.h"
#include "../vmx/event.h"
#include "burst.h"
#include "fill.h"
#include "gwalk.h"
#include "prefetch.h"
#include "route.h"
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <linux/cache.h>

/* Unshadowing for the same store again and again makes no progress. */
#define MAX_RETRIES	16
/* Hidden faults that changed nothing, in a row, before the guest gets one. */
#define MAX_SPURIOUS	8
/* Entries between two of a row: interrupts, and what it takes to fill anew. */
#define NEAR		32

enum verdict {
	VERDICT_FILLED,		/* the shadow lets the access through now */
	VERDICT_AGAIN,		/* reserves short or tables changed: retry */
	VERDICT_GUEST,		/* the guest's own fault */
	VERDICT_STORE,		/* execute: a page table, or CR0.WP is clear */
	VERDICT_DEVICE,		/* execute: no RAM there */
	VERDICT_SPURIOUS,	/* the shadow allowed it already */
};

static bool gpte_read(void *ctx, gpa_t gpa, u64 *gpte)
{
	const u64 *host = kage_mem_host(ctx, gpa, sizeof(*gpte), false);

	if (!host)
		return false;
	*gpte = READ_ONCE(*host);
	return true;
}

/*
 * Only A and D bits are set this way. They widen what a shadow entry may
 * grant and never narrow it, so no entry has to follow.
 */
static bool gpte_set(void *ctx, gpa_t gpa, u64 old, u64 val)
{
	u64 *host = kage_mem_host(ctx, gpa, sizeof(*host), true);

	return host && cmpxchg(host, old, val) == old;
}

static bool walk_guest(struct kage_vcpu *vcpu, struct kage_gwalk *walk,
		       gva_t gva, u32 access)
{
	/*
	 * A supervisor access at CPL 3 is implicit: AC does not excuse it. At
	 * lower levels the implicit ones cannot be told from the others.
	 */
	const struct kage_paging mode = {
		.wp = vcpu->cr0 & X86_CR0_WP,
		.nxe = vcpu->efer & EFER_NX,
		.smep = vcpu->cr4 & X86_CR4_SMEP,
		.smap = vcpu->cr4 & X86_CR4_SMAP,
		.ac = (vcpu->cr4 & X86_CR4_SMAP) &&
		      (kage_vcpu_rflags(vcpu) & X86_EFLAGS_AC) &&
		      kage_vcpu_cpl(vcpu) < 3,
		.gbpages = true,
		.maxphyaddr = KAGE_MAXPHYADDR,
	};
	const struct kage_gwalk_mem mem = {
		.read = gpte_read,
		.set = gpte_set,
		.ctx = vcpu->vm,
	};

	return kage_gwalk(walk, &mode, &mem, vcpu->cr3, gva, access);
}

/* A supervisor store that only a clear CR0.WP allows, to a user's page. */
static bool needs_wp_clear(const struct kage_vcpu *vcpu,
			   const struct kage_gwalk *walk, u32 access)
{
	int level;

	if ((vcpu->cr0 & X86_CR0_WP) || !(access & KAGE_PF_W))
		return false;
	for (level = KAGE_ROOT_LEVEL; level >= walk->level; level--)
		if ((walk->gpte[level] & (KAGE_PTE_W | KAGE_PTE_U)) ==
		    KAGE_PTE_U)
			return true;
	return false;
}

/* The child that belongs under an entry which is not there yet. */
static struct kage_shadow *make_child(struct kage_vm *vm,
				      struct kage_shadow *sp,
				      unsigned int index, u64 gpte)
{
	bool direct = sp->role.direct ||
		      kage_gpte_is_leaf(gpte, sp->role.level);
	gfn_t gfn = direct ? kage_shadow_gfn(sp, index, gpte) :
			     kage_gpte_gfn(gpte, 1);

	return kage_shadow_get(vm, gfn, kage_shadow_role(sp, gpte, direct));
}

/* Brings one entry of the path up to date; false if it cannot be now. */
static bool fill_entry(struct kage_vm *vm, struct kage_shadow *sp,
		       unsigned int index, const struct kage_gwalk *walk,
		       bool *changed)
{
	int level = sp->role.level;
	u64 old = sp->spt[index];
	u64 gpte = 0, now;

	if (!sp->role.direct) {
		gpte = walk->gpte[level];
		/* The walk ran before the table was tracked: look again. */
		if (!gpte_read(vm, walk->gpte_gpa[level], &now) || now != gpte)
			return false;
	}
	/* Before the entry itself, which its neighbours might displace. */
	if (level == 1 && !sp->role.direct && old == KAGE_SPTE_LAZY)
		kage_fill_near(vm, sp);
	kage_shadow_follow(vm, sp, index, gpte);
	if (!kage_spte_present(sp->spt[index]) && level > 1 &&
	    make_child(vm, sp, index, gpte)) {
		kage_shadow_follow(vm, sp, index, gpte);
		if (level == 2 && !sp->role.direct)
			kage_prefetch_tables(vm, sp, index);
	}
	*changed |= sp->spt[index] != old;
	return kage_spte_present(sp->spt[index]);
}

/* Fills the shadow from the root to the page that the walk found. */
static enum verdict fill_path(struct kage_vcpu *vcpu, gva_t gva,
			      const struct kage_gwalk *walk)
{
	struct kage_shadow *sp = vcpu->root;
	bool changed = false;
	unsigned int index;

	/* Given up meanwhile, or before it was loaded: another one is found. */
	if (!sp || !kage_shadow_live(sp)) {
		kage_vcpu_request(vcpu, KAGE_REQ_LOAD_ROOT);
		return VERDICT_AGAIN;
	}
	vcpu->vm->mmu.near = kage_pt_index(gva, 1);
	for (;;) {
		list_move_tail(&sp->lru, &vcpu->vm->mmu.live);
		index = kage_pt_index(gva, sp->role.level);
		if (!fill_entry(vcpu->vm, sp, index, walk, &changed))
			return VERDICT_AGAIN;
		if (kage_spte_is_leaf(sp->spt[index], sp->role.level))
			break;
		sp = kage_shadow_child(sp->spt[index]);
	}
	return changed ? VERDICT_FILLED : VERDICT_SPURIOUS;
}

/*
 * A root that is not loaded is being built, changed in bulk or reused for
 * something else: it is cheaper to read it again when it is loaded than to
 * follow each store.
 */
static bool release_idle(struct kage_vcpu *vcpu, gfn_t gfn)
{
	if (!kage_shadow_idle(vcpu->vm, gfn))
		return false;
	vcpu->stats[KAGE_STAT_UNSHADOWS]++;
	kage_shadow_unshadow(vcpu->vm, gfn);
	return true;
}

static enum verdict judge(struct kage_vcpu *vcpu, gva_t gva, u32 access,
			  struct kage_gwalk *walk)
{
	struct kage_vm *vm = vcpu->vm;
	struct kage_slot *slot;
	enum verdict verdict;
	bool released = false;
	gfn_t gfn;

	lockdep_assert_held(&vm->mmu.lock);
	if (!kage_shadow_reserve(vcpu))
		return VERDICT_AGAIN;
	if (!walk_guest(vcpu, walk, gva, access))
		return VERDICT_GUEST;
	gfn = walk->gpa >> KAGE_PAGE_SHIFT;
	slot = kage_mem_slot(vm, gfn);
	if (!slot)
		return VERDICT_DEVICE;
	if (access & KAGE_PF_W) {
		if (slot->flags & KAGE_MEM_F_READONLY)
			return VERDICT_DEVICE;
		if (needs_wp_clear(vcpu, walk, access))
			return VERDICT_STORE;
		if (kage_slot_tracked(slot, gfn)) {
			released = release_idle(vcpu, gfn);
			if (!released)
				return VERDICT_STORE;
		}
	}
	verdict = fill_path(vcpu, gva, walk);
	/* That may have filled in the entry already. */
	return released && verdict == VERDICT_SPURIOUS ? VERDICT_FILLED :
							 verdict;
}

/* Says in the stop reason which instruction could not be executed. */
static void kill_unknown(struct kage_vcpu *vcpu, gva_t gva, gpa_t gpa)
{
	u64 rip = kage_vcpu_rip(vcpu);
	u8 bytes[15];
	unsigned int n;

	n = kage_mmu_fetch(vcpu, rip, bytes, sizeof(bytes));
	kage_vcpu_kill(vcpu,
		       "instruction %*ph at %#llx, which accesses %#llx (guest-physical %#llx), is not one that kage executes",
		       n, bytes, rip, gva, gpa);
}

/* The same again, and the guest has not come far since the last time. */
static bool no_progress(struct kage_vcpu *vcpu, u64 what, unsigned int max)
{
	u64 rip = kage_vcpu_rip(vcpu), now = vcpu->stats[KAGE_STAT_ENTRIES];

	if (vcpu->retry_rip != rip || vcpu->retry_gfn != what ||
	    now - vcpu->retry_entries > NEAR) {
		vcpu->retry_rip = rip;
		vcpu->retry_gfn = what;
		vcpu->retry_count = 0;
	}
	vcpu->retry_entries = now;
	return ++vcpu->retry_count > max;
}

/* Gives the table up, so that the guest can run the store itself. */
static void unshadow(struct kage_vcpu *vcpu, gva_t gva, gpa_t gpa)
{
	gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;
	unsigned long flags;

	if (no_progress(vcpu, gfn, MAX_RETRIES)) {
		kill_unknown(vcpu, gva, gpa);
		return;
	}
	vcpu->stats[KAGE_STAT_UNSHADOWS]++;
	spin_lock_irqsave(&vcpu->vm->mmu.lock, flags);
	kage_shadow_unshadow(vcpu->vm, gfn);
	spin_unlock_irqrestore(&vcpu->vm->mmu.lock, flags);
}

static void execute(struct kage_vcpu *vcpu, gva_t gva, gpa_t gpa, u32 access,
		    bool store)
{
	/*
	 * An event whose delivery faulted waits to be delivered again: there
	 * is no instruction to execute.
	 */
	if (kage_event_vectoring(vcpu)) {
		if (store)
			unshadow(vcpu, gva, gpa);
		else
			kage_vcpu_kill(vcpu,
				       "an event was delivered through device memory at %#llx",
				       gpa);
		return;
	}
	if (kage_emul_run(vcpu, gva, gpa, access & KAGE_PF_W) !=
	    KAGE_EMUL_UNKNOWN)
		return;
	if (store)
		unshadow(vcpu, gva, gpa);
	else
		kill_unknown(vcpu, gva, gpa);
}

static void spurious(struct kage_vcpu *vcpu, gva_t gva, u32 access)
{
	vcpu->stats[KAGE_STAT_PF_SPURIOUS]++;
	kage_vcpu_request(vcpu, KAGE_REQ_TLB_FLUSH);
	/*
	 * The shadow lets it through and the processor still refuses: a check
	 * that the walk cannot see (an implicit supervisor access with AC
	 * set). The guest's handler is the one to judge.
	 */
	if (!no_progress(vcpu, gva, MAX_SPURIOUS))
		return;
	/* If it comes again after that, it is looked at as this one was. */
	vcpu->retry_count = 0;
	kage_event_inject_pf(vcpu, gva, access | KAGE_PF_P);
}

void kage_mmu_fault(struct kage_vcpu *vcpu, gva_t gva, u32 pfec)
{
	u32 access = pfec & (KAGE_PF_W | KAGE_PF_U | KAGE_PF_I);
	struct kage_gwalk walk;
	enum verdict verdict;
	unsigned long flags;

	spin_lock_irqsave(&vcpu->vm->mmu.lock, flags);
	verdict = judge(vcpu, gva, access, &walk);
	if (verdict != VERDICT_STORE && verdict != VERDICT_AGAIN)
		kage_burst_end(vcpu);
	spin_unlock_irqrestore(&vcpu->vm->mmu.lock, flags);

	switch (verdict) {
	case VERDICT_FILLED:
		vcpu->stats[KAGE_STAT_PF_HIDDEN]++;
		break;
	case VERDICT_AGAIN:
		break;
	case VERDICT_GUEST:
		vcpu->stats[KAGE_STAT_PF_GUEST]++;
		kage_route_note(vcpu, walk.pfec);
		kage_event_inject_pf(vcpu, gva, walk.pfec);
		break;
	case VERDICT_STORE:
		vcpu->stats[KAGE_STAT_PF_STORE]++;
		execute(vcpu, gva, walk.gpa, access, true);
		break;
	case VERDICT_DEVICE:
		vcpu->stats[KAGE_STAT_PF_MMIO]++;
		execute(vcpu, gva, walk.gpa, access, false);
		break;
	case VERDICT_SPURIOUS:
		spurious(vcpu, gva, access);
		break;
	}
}

int kage_mmu_translate(struct kage_vcpu *vcpu, gva_t gva, u32 pfec,
		       gpa_t *gpa, u32 *err)
{
	struct kage_gwalk walk;

	if (!walk_guest(vcpu, &walk, gva, pfec)) {
		*err = walk.pfec;
		return -EFAULT;
	}
	*gpa = walk.gpa;
	return 0;
}

unsigned int kage_mmu_fetch(struct kage_vcpu *vcpu, gva_t gva, u8 *bytes,
			    unsigned int len)
{
	u32 access = KAGE_PF_I, err;
	unsigned int done = 0;
	gpa_t gpa;

	if (kage_vcpu_cpl(vcpu) == 3)
		access |= KAGE_PF_U;
	while (done < len) {
		unsigned int n = min_t(u64, len - done, KAGE_PAGE_SIZE -
				       ((gva + done) & ~KAGE_PAGE_MASK));

		if (kage_mmu_translate(vcpu, gva + done, access, &gpa, &err) ||
		    kage_mem_read(vcpu->vm, gpa, bytes + done, n))
			break;
		done += n;
	}
	return done;
}

static void put(void *host, u64 val, unsigned int len)
{
	switch (len) {
	case 1:
		WRITE_ONCE(*(u8 *)host, val);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)host, val);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)host, val);
		break;
	case 8:
		WRITE_ONCE(*(u64 *)host, val);
		break;
	default:
		memcpy(host, &val, len);
	}
}

static bool put_locked(void *host, u64 old, u64 val, unsigned int len)
{
	/*
	 * Across cache lines the host's own processor would trap, where it
	 * detects such accesses. Exclusive among emulated stores must do.
	 */
	if ((unsigned long)host % L1_CACHE_BYTES + len > L1_CACHE_BYTES) {
		if (memcmp(host, &old, len))
			return false;
		put(host, val, len);
		return true;
	}
	switch (len) {
	case 1:
		return cmpxchg((u8 *)host, (u8)old, (u8)val) == (u8)old;
	case 2:
		return cmpxchg((u16 *)host, (u16)old, (u16)val) == (u16)old;
	case 4:
		return cmpxchg((u32 *)host, (u32)old, (u32)val) == (u32)old;
	default:
		return cmpxchg((u64 *)host, old, val) == old;
	}
}

/*
 * One step for the guest's table and its shadows: whoever takes the lock sees
 * both old or both new. The guest flushes what it takes away, as it must on
 * any processor.
 */
static int change(struct kage_vcpu *vcpu, gpa_t gpa, u64 val, unsigned int len,
		  const u64 *old)
{
	gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;
	struct kage_vm *vm = vcpu->vm;
	struct kage_slot *slot = kage_mem_slot(vm, gfn);
	void *host = kage_mem_host(vm, gpa, len, true);
	unsigned int off = gpa & ~KAGE_PAGE_MASK;
	unsigned long flags;
	bool done = true;
	u64 before, *entry;
	bool tracked;

	if (!host || !slot)
		return -EFAULT;
	spin_lock_irqsave(&vm->mmu.lock, flags);
	tracked = kage_slot_tracked(slot, gfn);
	if (tracked)
		kage_shadow_expect(vm, gfn, off / 8, (off + len - 1) / 8);
	entry = PTR_ALIGN_DOWN(host, sizeof(u64));
	before = READ_ONCE(*entry);
	if (old)
		done = put_locked(host, *old, val, len);
	else
		put(host, val, len);
	if (tracked)
		kage_shadow_reread(vm, gfn, off / 8, (off + len - 1) / 8);
	if (tracked && done)
		kage_burst_note(vcpu, gfn, kage_vcpu_rip(vcpu), before,
				READ_ONCE(*entry), NULL);
	spin_unlock_irqrestore(&vm->mmu.lock, flags);
	return done;
}

int kage_mmu_store(struct kage_vcpu *vcpu, gpa_t gpa, u64 val,
		   unsigned int len)
{
	int ret = change(vcpu, gpa, val, len, NULL);

	return ret < 0 ? ret : 0;
}

int kage_mmu_cmpxchg(struct kage_vcpu *vcpu, gpa_t gpa, u64 old, u64 val,
		     unsigned int len)
{
	return change(vcpu, gpa, val, len, &old);
}
