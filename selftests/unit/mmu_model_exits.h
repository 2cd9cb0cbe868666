/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exits and entries of the MMU model: what vmx/ and emul/ do for mmu/, and what
 * other vCPUs and devices do meanwhile.
 */
#ifndef _KAGE_UNIT_MMU_MODEL_EXITS_H
#define _KAGE_UNIT_MMU_MODEL_EXITS_H

#include "mmu_model_hw.h"

#define MAX_TRIES	300

static struct kage_vcpu vcpu_mem[MAX_VCPUS];

/* What the vCPU that runs is doing. */
static struct {
	struct kage_vcpu *vcpu;
	struct access acc;
	u64 rip;
	bool vectoring;		/* an event is being delivered */
	unsigned int unknown;	/* times that the emulator shall give up */
	bool locked;
	bool done;		/* executed, or faulted in the guest */
	bool injected;
	unsigned int fast;	/* executed without a walk */
	u32 code;
} op;

static u64 nr_fast, nr_repeated;
static bool patched;		/* the instruction is no plain store */
static struct kage_vcpu *storing;	/* with the lock, and as if in the guest */

/* A device has stored, and calls the write hook when it gets to it. */
static struct store late[8];
static unsigned int nr_late;

static bool device_is_at_it(void)
{
	return nr_late || being_told;
}

u64 kage_vcpu_rip(struct kage_vcpu *vcpu)
{
	return op.rip;
}

u64 kage_vcpu_rflags(struct kage_vcpu *vcpu)
{
	return vcpu->start_rflags;
}

unsigned int kage_vcpu_code_size(struct kage_vcpu *vcpu)
{
	return 8;
}

/* Only what kage_store_fast() has executed ends here. */
void kage_vcpu_skip(struct kage_vcpu *vcpu, unsigned int len)
{
	if (len != 3)
		fail("an instruction of %u bytes is skipped", len);
	op.fast++;
	op.done = true;
}

unsigned int kage_vcpu_cpl(struct kage_vcpu *vcpu)
{
	return op.acc.kind & KAGE_PF_U ? 3 : 0;
}

bool kage_event_vectoring(struct kage_vcpu *vcpu)
{
	struct ref ref;

	if (!op.vectoring || !ref_walk(vcpu, op.acc.gva, op.acc.kind, &ref) ||
	    !host(ref.gfn << PAGE_SHIFT) || is_readonly(ref.gfn) ||
	    !op.unknown)
		return false;
	op.unknown--;
	return true;
}

void kage_event_inject_pf(struct kage_vcpu *vcpu, gva_t gva, u32 error)
{
	op.injected = true;
	op.done = true;
	op.code = error;
}

void kage_vcpu_request(struct kage_vcpu *vcpu, enum kage_req req)
{
	set_bit(req, &vcpu->requests);
}

/*
 * Roots that vCPUs load by themselves: found, and not in use yet. A vCPU does not
 * let itself be disturbed there.
 */
static struct lane {
	const struct kage_root_ref *ref;
	struct kage_shadow *sp;		/* NULL: none is being loaded */
} lanes[MAX_VCPUS];

static void lane_end(struct kage_vcpu *vcpu)
{
	struct lane *lane = &lanes[vcpu->id];

	if (!lane->sp)
		return;
	vcpu->root = lane->sp;
	hw_of(vcpu)->root = lane->ref->spt;
	lane->sp = NULL;
	hw_flush(vcpu);
	/* What a device stored a moment ago may come before this or after. */
	if (!device_is_at_it())
		guest_flushed(vcpu->id);
}

/* The vCPU sees a request, or an interrupt, and leaves the guest. */
static void leave(struct kage_vcpu *vcpu)
{
	lane_end(vcpu);
	vcpu->mode = KAGE_OUTSIDE_GUEST;
}

static void random_access(struct access *acc)
{
	static const u32 kinds[] = {
		0, KAGE_PF_W, KAGE_PF_W, KAGE_PF_W, KAGE_PF_I,
	};
	static const unsigned int lens[] = { 1, 2, 4, 8, 8, 8, 8 };

	acc->kind = kinds[pick(ARRAY_SIZE(kinds))];
	if (one_in(2))
		acc->kind |= KAGE_PF_U;
	acc->len = lens[pick(ARRAY_SIZE(lens))];
	acc->gva = random_gva() + pick(HOT_ENTRIES) * 8;
	acc->val = random_gpte();
	/* Now and then across two entries, or two cache lines. */
	if (one_in(16))
		acc->gva += pick(8);
}

/*
 * What another vCPU does meanwhile: it gets as far as it needs no exit, and
 * what it has cached leads farthest.
 */
static void other_access(struct kage_vcpu *vcpu)
{
	const struct hw *hw = hw_of(vcpu);
	struct access acc;
	u32 pfec;

	lane_end(vcpu);
	random_access(&acc);
	if (hw->nr && !one_in(4)) {
		acc.gva = hw->tlb[pick(hw->nr)].gva + pick(HOT_ENTRIES) * 8;
		acc.kind |= KAGE_PF_W;
		acc.kind &= ~KAGE_PF_I;
	}
	if (!hw_access(vcpu, &acc, &pfec)) {
		/* A device's store that kage has not heard of yet is no fault. */
		if (!exits(hw, pfec) && !device_is_at_it())
			check_routed(vcpu, acc.gva, pfec);
		return;
	}
	if (acc.kind & KAGE_PF_W)
		raced++;
}

static void device_stores(void)
{
	u64 val = random_gpte();
	struct store *s = &late[nr_late];

	s->gpa = random_entry();
	s->len = 8;
	if (nr_late == ARRAY_SIZE(late) || !host(s->gpa) ||
	    is_readonly(s->gpa >> PAGE_SHIFT))
		return;
	nr_late++;
	raced++;
	raw_store(s->gpa, &val, s->len);
}

/* What a scene has another vCPU do as soon as there is something to see. */
static void (*meanwhile)(void);

static void others_run(const char *where)
{
	struct kage_vcpu *vcpu = &vcpu_mem[pick(MAX_VCPUS)];

	if (meanwhile)
		meanwhile();
	if (!inside || !one_in(12) || vcpu->mode != KAGE_IN_GUEST ||
	    vcpu == storing)
		return;
	other_access(vcpu);
}

static void barrier_hook(void)
{
	if (inside && one_in(4))
		device_stores();
}

static void unlocked(void)
{
	if (vm.mmu.lock.held)
		return;
	storing = NULL;
	while (nr_late) {
		struct store s = late[--nr_late];

		kage_mem_written(&vm, s.gpa, s.len);
	}
}

/* kage waits: those it waits for do a little more and then leave. */
static void waiting(void)
{
	unsigned int i;

	if (storing)
		fail("vcpu%u is waited for while it stores", storing->id);
	flushing = true;
	for (i = 0; i < vm.nr_vcpus; i++) {
		struct kage_vcpu *vcpu = &vcpu_mem[i];

		if (vcpu->mode != KAGE_IN_GUEST || !vcpu->requests)
			continue;
		while (one_in(2))
			other_access(vcpu);
		leave(vcpu);
	}
	flushing = false;
}

/* As serve_requests() and enter() of vmx/run.c. */
static void enter(struct kage_vcpu *vcpu)
{
	unsigned int tries = 0;

	/* A kick may take its time; flushes alone are waited for. */
	if (vcpu->mode == KAGE_IN_GUEST && one_in(2))
		return;
	leave(vcpu);
	if (one_in(4))
		kage_route_relax(&vm);
	while (vcpu->requests || !vcpu->root) {
		if (++tries > MAX_TRIES)
			fail("vcpu%u cannot be entered", vcpu->id);
		if (test_and_clear_bit(KAGE_REQ_TOPUP, &vcpu->requests) &&
		    kage_mmu_topup(&vm))
			fail("no memory: %u host frames free", nr_free);
		if (test_and_clear_bit(KAGE_REQ_LOAD_ROOT, &vcpu->requests) ||
		    !vcpu->root) {
			set_bit(KAGE_REQ_TLB_FLUSH, &vcpu->requests);
			if (!kage_mmu_load_root(vcpu)) {
				set_bit(KAGE_REQ_LOAD_ROOT, &vcpu->requests);
				continue;
			}
		}
		if (test_and_clear_bit(KAGE_REQ_TLB_FLUSH, &vcpu->requests))
			hw_flush(vcpu);
	}
	hw_of(vcpu)->root = __pa(vcpu->root->spt);
	hw_of(vcpu)->route = kage_route(vcpu);
	vcpu->mode = KAGE_IN_GUEST;
}

static void check_emulated(struct kage_vcpu *vcpu, gpa_t gpa)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;

	observe();
	if (host(gpa) && !legal(vcpu, op.acc.gva, op.acc.kind, gfn))
		fail("vcpu%u: gva %#llx does not lead to %#llx", vcpu->id,
		     op.acc.gva, gpa);
}

/* The store that faulted, made by kage: what kage_emul_run() comes down to. */
static void emulate_store(struct kage_vcpu *vcpu, gpa_t gpa)
{
	u64 old = 0;
	int ret;

	observe();
	if (nr_stores == MAX_STORES)
		fail("too many stores in one step");
	stores[nr_stores++] = (struct store){ gpa, op.acc.len };
	memcpy(&old, host(gpa), op.acc.len);
	if (op.locked) {
		ret = kage_mmu_cmpxchg(vcpu, gpa, old, op.acc.val, op.acc.len);
		op.done = ret;
	} else {
		ret = kage_mmu_store(vcpu, gpa, op.acc.val, op.acc.len);
		op.done = true;
	}
	if ((ret == -EFAULT) != is_readonly(gpa >> PAGE_SHIFT))
		fail("store to %#llx gave %d", gpa, ret);
}

enum kage_emul_result kage_emul_run(struct kage_vcpu *vcpu, gva_t gva,
				    gpa_t gpa, bool write)
{
	if (gva != op.acc.gva || write != !!(op.acc.kind & KAGE_PF_W))
		fail("another access is emulated than faulted");
	check_emulated(vcpu, gpa);
	if (!host(gpa)) {
		op.done = true;		/* a device's */
		return KAGE_EMUL_DONE;
	}
	if (!write)
		fail("a read of RAM at %#llx is emulated", gpa);
	if (hot_index(gpa >> PAGE_SHIFT) < 0) {
		op.done = true;
		return KAGE_EMUL_DONE;
	}
	if (op.unknown && !is_readonly(gpa >> PAGE_SHIFT)) {
		op.unknown--;
		return one_in(2) ? KAGE_EMUL_UNKNOWN : KAGE_EMUL_RETRY;
	}
	emulate_store(vcpu, gpa);
	return op.done ? KAGE_EMUL_DONE : KAGE_EMUL_RETRY;
}

static void check_injected(struct kage_vcpu *vcpu, u64 races)
{
	struct ref ref;

	if (races != raced)
		return;
	if (ref_walk(vcpu, op.acc.gva, op.acc.kind, &ref))
		fail("vcpu%u: the guest gets a fault at %#llx that it did not earn",
		     vcpu->id, op.acc.gva);
	if (ref.code != op.code)
		fail("vcpu%u: fault at %#llx has code %#x, not %#x", vcpu->id,
		     op.acc.gva, op.code, ref.code);
}

/* As entry.S: nobody else knows that the vCPU is not in the guest. */
static bool store_express(struct kage_vcpu *vcpu, u32 pfec)
{
	unsigned int len;

	vcpu->mode = KAGE_IN_GUEST;
	storing = vcpu;
	len = kage_store_express(vcpu, op.acc.gva, pfec, op.rip);
	storing = NULL;
	vcpu->mode = KAGE_OUTSIDE_GUEST;
	if (!len)
		return false;
	nr_repeated++;
	kage_vcpu_skip(vcpu, len);
	return true;
}

/* Before anything else, as in vmx/exit.c. */
static bool store_fast(struct kage_vcpu *vcpu, u32 pfec)
{
	u64 old = vcpu->regs[KAGE_RAX], races = raced;
	struct ref ref;

	if (op.acc.len != 8 || !ref_walk(vcpu, op.acc.gva, op.acc.kind, &ref))
		ref.gfn = 0;
	stores[nr_stores++] = (struct store){
		(ref.gfn << PAGE_SHIFT) + (op.acc.gva & ~KAGE_PAGE_MASK), 8,
	};
	vcpu->regs[KAGE_RAX] = op.acc.val;
	if (!store_express(vcpu, pfec) &&
	    !kage_store_fast(vcpu, op.acc.gva, pfec)) {
		nr_stores--;
		vcpu->regs[KAGE_RAX] = old;
		return false;
	}
	if (patched && races == raced)
		fail("an instruction is executed that is not there any more");
	if (races == raced && (!ref.gfn || is_readonly(ref.gfn)))
		fail("a store is executed that the guest forbids");
	check_emulated(vcpu, ref.gfn << PAGE_SHIFT);
	nr_fast++;
	return true;
}

static void take_fault(struct kage_vcpu *vcpu, u32 pfec)
{
	u64 races = raced;
	bool fast;

	hw_of(vcpu)->faults++;
	leave(vcpu);
	/* The last one may have set a bit in what this one overwrites. */
	observe();
	inside = true;
	fast = op.acc.len == 8 && !op.vectoring && store_fast(vcpu, pfec);
	if (!fast)
		kage_mmu_fault(vcpu, op.acc.gva, pfec);
	inside = false;
	if (op.injected)
		check_injected(vcpu, races);
}

/* The access of a guest's instruction, with all the exits it takes. */
static void run_access(struct kage_vcpu *vcpu)
{
	unsigned int tries = 0;
	u32 pfec;

	/* Where the store goes there is code, too; else by chance. */
	if (!op.rip) {
		op.rip = one_in(3) ? random_gva() : start_of(op.acc.gva, 1);
		op.rip += CODE + (one_in(2) ? 0 : 8);
	}
	may_dirty = op.acc.kind & KAGE_PF_W;
	note("vcpu%u access %#x at %#llx len %u val %#llx%s", vcpu->id,
	     op.acc.kind, op.acc.gva, op.acc.len, op.acc.val,
	     op.locked ? " locked" : "");
	while (!op.done) {
		if (++tries > MAX_TRIES)
			fail("vcpu%u makes no progress", vcpu->id);
		inside = true;
		enter(vcpu);
		inside = false;
		if (hw_access(vcpu, &op.acc, &pfec))
			break;
		if (!exits(hw_of(vcpu), pfec)) {
			check_routed(vcpu, op.acc.gva, pfec);
			break;
		}
		take_fault(vcpu, pfec);
	}
}

#endif /* _KAGE_UNIT_MMU_MODEL_EXITS_H */
