// SPDX-License-Identifier: GPL-2.0
/*
 * The shadow MMU against processors that keep everything they may keep: random
 * operations of up to three vCPUs and of devices, and after each of them the
 * audit, the lists, and the judge of mmu_model_guest.h.
 *
 * usage: mmu_model_test [SEED [STEPS [RUNS]]]
 */
#include "mmu_model_exits.h"
#include "mmu_model_check.h"
#include "mmu_model_scenes.h"
#include "mmu_model_shortage.h"
#include <time.h>

static u64 nr_express;

static void op_access(struct kage_vcpu *vcpu)
{
	random_access(&op.acc);
	op.unknown = one_in(8) ? 1 + pick(3) : 0;
	op.vectoring = one_in(16);
	op.locked = one_in(3);
	/* An access across pages is two; here it stays in one. */
	if ((op.acc.gva & ~KAGE_PAGE_MASK) + op.acc.len <= PAGE_SIZE)
		run_access(vcpu);
}

/* A store by kage for the guest, or a device's, that no address led to. */
static void op_store(struct kage_vcpu *vcpu)
{
	bool device = one_in(2);
	u64 val = random_gpte();
	gpa_t gpa = random_entry();
	unsigned int len = one_in(4) ? 1 + pick(7) : 8;

	if (one_in(16))
		gpa += pick(8);
	if (!host(gpa) || is_readonly(gpa >> PAGE_SHIFT))
		return;
	note("%s store %#llx to %#llx len %u", device ? "device" : "string",
	     val, gpa, len);
	leave(vcpu);
	if (device) {
		raw_store(gpa, &val, len);
		inside = true;
		kage_mem_written(&vm, gpa, len);
	} else {
		stores[nr_stores++] = (struct store){ gpa, len };
		inside = true;
		if (kage_mmu_store(vcpu, gpa, val, len))
			fail("store to %#llx refused", gpa);
	}
	inside = false;
}

static void op_translate(struct kage_vcpu *vcpu)
{
	u64 races = raced;
	struct ref ref;
	u32 err = 0;
	gpa_t gpa;
	int ret;

	random_access(&op.acc);
	may_dirty = op.acc.kind & KAGE_PF_W;
	note("vcpu%u translate %#x at %#llx", vcpu->id, op.acc.kind,
	     op.acc.gva);
	leave(vcpu);
	inside = true;
	ret = kage_mmu_translate(vcpu, op.acc.gva, op.acc.kind, &gpa, &err);
	inside = false;
	if (races != raced)
		return;
	if (!ref_walk(vcpu, op.acc.gva, op.acc.kind, &ref)) {
		if (!ret || err != ref.code)
			fail("translate gave %d code %#x, not %#x", ret, err,
			     ref.code);
		return;
	}
	if (ret || gpa >> PAGE_SHIFT != ref.gfn)
		fail("translate gave %d gpa %#llx, not gfn %#llx", ret, gpa,
		     ref.gfn);
	if (!ref.accessed || ((op.acc.kind & KAGE_PF_W) && !ref.dirty))
		fail("translate left accessed or dirty bits unset");
}

/* As the express lane of vmx/entry.S: the vCPU stays in the guest. */
static bool express_cr3(struct kage_vcpu *vcpu)
{
	const struct kage_root_ref *ref = kage_root_set(vcpu, vcpu->cr3);
	unsigned int i;

	if (vcpu->mode != KAGE_IN_GUEST)
		return false;
	for (i = 0; i < KAGE_ROOT_WAYS; i++, ref++) {
		if (ref->cr3 != vcpu->cr3)
			continue;
		if (!ref->sp)
			return false;
		lanes[vcpu->id] = (struct lane) { ref, ref->sp };
		nr_express++;
		/* Others may be faster. */
		if (one_in(2))
			lane_end(vcpu);
		return true;
	}
	return false;
}

/* What is loaded as CR3 must not go away. */
static void op_cr3(struct kage_vcpu *vcpu)
{
	const struct kage_root_ref *again = &vcpu->roots[pick(KAGE_ROOTS)];

	if (again->sp && one_in(2))
		vcpu->cr3 = again->cr3;
	else
		vcpu->cr3 = hot_gfn(pick(4) + (tidy ? 0 : 8 * pick(2)))
			    << PAGE_SHIFT;
	note("vcpu%u cr3 %#llx", vcpu->id, vcpu->cr3);
	if (express_cr3(vcpu))
		return;
	leave(vcpu);
	kage_vcpu_request(vcpu, KAGE_REQ_LOAD_ROOT);
	guest_flushed(vcpu->id);
}

static void op_mode(struct kage_vcpu *vcpu)
{
	/* Most often off: the guest's pages are the user's, too. */
	switch (one_in(2) ? 5 : pick(5)) {
	case 0:
		vcpu->cr0 ^= X86_CR0_WP;
		break;
	case 1:
		vcpu->efer ^= EFER_NX;
		break;
	case 2:
		vcpu->cr4 ^= X86_CR4_SMEP;
		break;
	case 3:
		vcpu->cr4 ^= X86_CR4_SMAP;
		break;
	case 4:
		vcpu->start_rflags ^= X86_EFLAGS_AC;
		return;
	default:
		vcpu->cr4 = 0;
		break;
	}
	note("vcpu%u cr0 %#llx cr4 %#llx efer %#llx", vcpu->id, vcpu->cr0,
	     vcpu->cr4, vcpu->efer);
	leave(vcpu);
	kage_vcpu_request(vcpu, KAGE_REQ_LOAD_ROOT);
	guest_flushed(vcpu->id);
}

static void op_flush(struct kage_vcpu *vcpu)
{
	note("vcpu%u flush", vcpu->id);
	leave(vcpu);
	kage_vcpu_request(vcpu, KAGE_REQ_TLB_FLUSH);
	guest_flushed(vcpu->id);
}

/* The guest executes it; kage hears nothing of it, where that is a feature. */
static void op_invlpg(struct kage_vcpu *vcpu)
{
	const struct hw *hw = hw_of(vcpu);
	gva_t gva = random_gva();

	if (hw->nr && !one_in(4))
		gva = hw->tlb[pick(hw->nr)].gva + (pick(2) << PAGE_SHIFT);
	note("vcpu%u invlpg %#llx", vcpu->id, gva);
	inside = true;
	enter(vcpu);
	inside = false;
	if (kage_has(KAGE_FEATURE_INVLPG)) {
		hw_invlpg(vcpu, gva);
	} else {
		leave(vcpu);
		kage_vcpu_request(vcpu, KAGE_REQ_TLB_FLUSH);
	}
	guest_invlpg(vcpu->id, gva);
}

/*
 * The guest changes one entry of a table after the other, as where it unmaps a
 * range, and flushes none or each of them.
 */
static void op_burst(struct kage_vcpu *vcpu)
{
	bool clear = one_in(2), flush = one_in(2);
	gva_t to = random_gva() & KAGE_PAGE_MASK;
	unsigned int i, turns = 1 + pick(12);
	u64 rip = 0;

	if (tidy)
		map(vcpu, to, P | W | A | D);
	for (i = 0; i < turns; i++) {
		observe();
		nr_stores = 0;
		memset(&op, 0, sizeof(op));
		op.vcpu = vcpu;
		op.rip = rip;
		op.acc = (struct access){
			.kind = KAGE_PF_W, .len = 8,
			.gva = to + (i + 1) % HOT_ENTRIES * 8,
			.val = clear ? 0 : random_gpte(),
		};
		run_access(vcpu);
		rip = op.rip;
		if (flush)
			op_invlpg(vcpu);
	}
}

static const struct {
	void (*run)(struct kage_vcpu *vcpu);
	unsigned int weight;
} kinds[] = {
	{ op_access, 60 },
	{ op_store, 18 },
	{ op_map, 12 },
	{ op_translate, 4 },
	{ op_cr3, 8 },
	{ op_mode, 3 },
	{ op_flush, 3 },
	{ op_invlpg, 6 },
	{ op_burst, 8 },
	{ op_unlink, 6 },
	{ op_set_and_use, 6 },
	{ op_watch, 3 },
	{ op_move, 3 },
	{ op_grant, 2 },
	{ op_overtake, 2 },
	{ op_patch, 2 },
	{ op_slots, 1 },
	{ op_shorten, 1 },
	{ op_unload, 1 },
};

/* What begins to be withheld is hardly ever all gone again: early, or never. */
static void (*random_kind(void))(struct kage_vcpu *vcpu)
{
	unsigned int i, n = 0;

	if (step < 8)
		return op_watch;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		n += kinds[i].weight;
	n = pick(n);
	for (i = 0; n >= kinds[i].weight; i++)
		n -= kinds[i].weight;
	return kinds[i].run;
}

static void random_op(struct kage_vcpu *vcpu)
{
	unsigned int i;

	memset(&op, 0, sizeof(op));
	op.vcpu = vcpu;
	lane_end(vcpu);
	nr_stores = 0;
	may_dirty = false;
	random_kind()(vcpu);
	for (i = 0; i < vm.nr_vcpus; i++)
		if (vcpu_mem[i].mode == KAGE_IN_GUEST && vcpu_mem[i].requests)
			other_access(&vcpu_mem[i]);
	observe();
}

static void begin(unsigned int nr_vcpus)
{
	u32 block = 0, i;

	rng_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	arena_init(1024);
	memset(&vm, 0, sizeof(vm));
	memset(vcpu_mem, 0, sizeof(vcpu_mem));
	memset(hws, 0, sizeof(hws));
	memset(lanes, 0, sizeof(lanes));
	vm.nr_vcpus = nr_vcpus;
	for (i = 0; i < NR_RAMS; i++)
		slots.slot[i] = slot_make(&rams[i], &block);
	slots.nr = NR_RAMS;
	tidy = one_in(2);
	guest_init();
	kept_back = NULL;
	kage_mmu_init(&vm, KAGE_MMU_MIN_PAGES);
	for (i = 0; i < nr_vcpus; i++) {
		struct kage_vcpu *vcpu = &vcpu_mem[i];

		vcpu->vm = &vm;
		vcpu->id = i;
		vcpu->cr0 = X86_CR0_WP;
		vcpu->efer = EFER_NX;
		vcpu->cr3 = hot_gfn(pick(4)) << PAGE_SHIFT;
		vcpu->requests = BIT(KAGE_REQ_TOPUP);
		vcpu->stores = kage_store_cache_alloc();
		vm.vcpus[i] = vcpu;
	}
	kage_shim_bug = one_in(4);
	kage_spte_lazy = KAGE_SPTE_LOOK;
	if (!one_in(4))
		kage_spte_reserve(48);
	/* All of them mostly, else some. */
	kage_features = one_in(4) ? pick(BIT(KAGE_NR_FEATURES)) : ~0UL;
	raced = 0;
	nr_fast = 0;
	nr_repeated = 0;
	nr_express = 0;
	nr_ops = 0;
}

/* Takes all apart; everything that was taken from the host must come back. */
static void end(void)
{
	u32 i;

	for (i = 0; i < vm.nr_vcpus; i++)
		leave(&vcpu_mem[i]);
	kage_mmu_slots_changed(&vm);
	check_all();
	while (slots.nr)
		slot_drop(slots.slot[--slots.nr]);
	kage_mmu_uninit(&vm);
	for (i = 0; i < vm.nr_vcpus; i++)
		kage_store_cache_free(vcpu_mem[i].stores);
	if (nr_free != NR_FRAMES)
		fail("%u host frames are lost", NR_FRAMES - nr_free);
	forget(true);
}

static void run(unsigned int steps)
{
	unsigned int nr_vcpus = 1 + seed % MAX_VCPUS, i;
	u64 uses = 0, faults = 0, routed = 0, flushes = 0;

	begin(nr_vcpus);
	for (step = 0; step < steps; step++) {
		random_op(&vcpu_mem[pick(nr_vcpus)]);
		check_all();
		if (step % 64 == 0)
			forget(false);
	}
	for (i = 0; i < nr_vcpus; i++) {
		uses += hws[i].uses;
		faults += hws[i].faults;
		routed += hws[i].routed;
		flushes += hws[i].flushes;
	}
	ktap_diag("uses %llu faults %llu routed %llu fast %llu repeated %llu express %llu flushes %llu races %llu tables %llu recycled %llu orphans %llu unshadowed %llu unlinked %llu relinked %llu",
		  uses, faults, routed, nr_fast, nr_repeated, nr_express, flushes, raced, vm.mmu.stats[KAGE_MMU_CREATED],
		  vm.mmu.stats[KAGE_MMU_RECYCLED],
		  vm.mmu.stats[KAGE_MMU_ORPHANED],
		  vm.mmu.stats[KAGE_MMU_UNSHADOWED],
		  vm.mmu.stats[KAGE_MMU_UNLINKED],
		  vm.mmu.stats[KAGE_MMU_RELINKED]);
	end();
	ktap_ok(true, "seed %llu: %u vCPUs, %u steps", seed, nr_vcpus, steps);
}

int main(int argc, char **argv)
{
	u64 first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned int steps = argc > 2 ? strtoul(argv[2], NULL, 0) : 2000;
	unsigned int runs = argc > 3 ? strtoul(argv[3], NULL, 0) :
			    argc > 1 ? 1 : 9;
	struct timespec from, to;
	double secs;

	/* Whatever ends the program, what it said is not lost. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ktap_plan(runs);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (seed = first; seed < first + runs; seed++)
		run(steps);
	clock_gettime(CLOCK_MONOTONIC, &to);
	secs = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
	ktap_diag("%.0f steps per second", runs * steps / secs);
	free(arena);
	return ktap_done();
}
