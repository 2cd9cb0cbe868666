/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual CPU: a kernel thread that runs the guest in bursts.
 *
 * Field tags: I immutable after create, C the vCPU's own thread only (or
 * anyone while it is not running), a atomic, M vm->mmu.lock.
 */
#ifndef _KAGE_VCPU_H
#define _KAGE_VCPU_H

#include "types.h"
#include "vmx/state.h"
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/sched.h>

struct kage_lapic;
struct kage_shadow;
struct kage_ahead_cache;
struct kage_device_cache;
struct kage_store_cache;

/* Requests: raised by anyone, served by the vCPU before it enters the guest. */
enum kage_req {
	KAGE_REQ_EVENT,		/* look at the interrupt controllers again */
	KAGE_REQ_TLB_FLUSH,	/* drop all translations of this vCPU */
	KAGE_REQ_LOAD_ROOT,	/* the root in use is gone: find CR3's again */
	KAGE_REQ_TOPUP,		/* refill the MMU's reserves, outside a burst */
	KAGE_REQ_BREAK,		/* end the burst: pause, stop or kill */
	KAGE_REQ_REBURST,	/* end the burst and begin another */
	KAGE_NR_REQS
};

enum kage_vcpu_mode { KAGE_OUTSIDE_GUEST, KAGE_IN_GUEST };

struct kage_segment {
	u64 base;
	u32 limit;
	u16 selector;
	u16 attr;		/* SDM: "Segment-Register Access Rights" layout */
};

struct kage_dtable {
	u64 base;
	u16 limit;
};

/* What a vCPU can wait for and report about; indexes of stats[]. */
enum kage_vcpu_stat {
	KAGE_STAT_ENTRIES,
	KAGE_STAT_BURSTS,
	KAGE_STAT_HALTS,
	KAGE_STAT_KICKS,
	KAGE_STAT_INJECTIONS,
	KAGE_STAT_IRQ_WINDOWS,
	KAGE_STAT_TLB_FLUSHES,
	KAGE_STAT_IBPB,
	KAGE_STAT_PF_GUEST,	/* true faults, handed to the guest */
	KAGE_STAT_PF_HIDDEN,	/* faults that only filled the shadow */
	KAGE_STAT_PF_STORE,	/* stores to page tables */
	KAGE_STAT_PF_MMIO,
	KAGE_STAT_PF_SPURIOUS,
	KAGE_STAT_ROOT_HITS,	/* CR3 loads that found their root */
	KAGE_STAT_ROOT_MISSES,
	KAGE_STAT_AHEAD,	/* CR3 loads done where CR3 was read */
	KAGE_STAT_INSNS,	/* instructions executed for the guest */
	KAGE_STAT_UNSHADOWS,	/* tables given up because of a foreign store */
	KAGE_NR_VCPU_STATS
};

/* 8 variable pairs, 11 fixed ranges, the default type. */
#define KAGE_NR_MTRRS	(16 + 11 + 1)

#define KAGE_NR_EXITS	80	/* basic exit reasons counted, SDM 3C app. C */

/*
 * Roots that a vCPU loaded lately, the present one among them. It may load them
 * again without asking the MMU: one that was given up meanwhile lets nothing
 * through, and the next fault asks for another. A guest that isolates its kernel
 * has two of them for each process. Where a value may stand depends on it:
 * kage_root_set().
 */
#define KAGE_ROOT_SETS	16
#define KAGE_ROOT_WAYS	4
#define KAGE_ROOTS	(KAGE_ROOT_SETS * KAGE_ROOT_WAYS)

#define KAGE_BURST_HABITS	4

struct kage_root_ref {
	u64 cr3;			/* the guest's value */
	hpa_t spt;
	struct kage_shadow *sp;		/* NULL: unused */
};

struct kage_vcpu {
	u64 regs[KAGE_NR_REGS];		/* C; RSP is valid through the accessors */
	struct kage_vmx vmx;		/* C; vmx/ only */

	struct kage_vm *vm;		/* I */
	unsigned int id;		/* I; 0 is the bootstrap processor */
	struct task_struct *task;	/* I */
	unsigned long requests;		/* a bits of enum kage_req */
	int mode;			/* a enum kage_vcpu_mode */
	bool halted;			/* C the guest executed HLT */
	bool halted_if;			/* C RFLAGS.IF when it did */
	bool halted_nmi;		/* C NMIs were not blocked then */
	bool fresh;			/* C the VMCS waits for its set-up */
	bool parked;			/* a thread sees the VM not running */
	bool stopped;			/* V thread has ended */

	/* Control registers as the guest sees them. */
	u64 cr0, cr2, cr3, cr4, efer;	/* C */
	u64 xcr0;			/* C */
	u64 dr[4], dr6, dr7;		/* C */
	u64 pat;			/* C */
	u64 tsc_offset;			/* C guest TSC = host TSC + what it
					 * lost in sleep + offset
					 */
	u64 tsc_adjust;			/* C IA32_TSC_ADJUST */
	u64 msr_misc_enable;		/* C */
	u64 mtrr[KAGE_NR_MTRRS];	/* C stored, without effect: all is WB */
	u64 start_rflags;		/* C RFLAGS at power-on */
	struct kage_dtable gdt, idt;	/* C at power-on */

	struct kage_shadow *root;	/* C root in use: one of roots[] */
	struct kage_root_ref roots[KAGE_ROOTS];	/* M; C reads without it */
	u32 roots_role;			/* C what they were made for */
	unsigned int next_root;		/* C the way to be replaced next */
	struct kage_lapic *lapic;	/* I */

	struct kage_store_cache *stores;	/* I contents C */
	struct kage_ahead_cache *aheads;	/* I contents C */
	struct kage_device_cache *devices;	/* I contents C */

	int absent_favour;		/* C which true faults exited: route.c */

	/* Stores in a row that changed present entries of one table. */
	struct kage_burst {
		gfn_t gfn;
		u64 old;		/* the last of these entries */
		u64 entries;		/* into the guest, up to then */
		unsigned int nr;
		unsigned int limit;	/* so many, and the table is unlinked */
		unsigned int tables;	/* that lost entries in a row */
		bool more;		/* another table was unlinked just now */

		/* Instructions that began long ones. */
		struct kage_burst_habit {
			u64 rip;
			unsigned int credit;
		} habit[KAGE_BURST_HABITS];
		unsigned int next_habit;
	} burst;			/* M */

	/* The store that last made us give a table up (livelock guard). */
	u64 retry_rip, retry_gfn, retry_entries;	/* C */
	unsigned int retry_count;	/* C */

	u64 stats[KAGE_NR_VCPU_STATS];	/* C, read by anyone */
	u64 exits[KAGE_NR_EXITS];	/* C, read by anyone */
};

/* Where a vCPU keeps a root for @cr3, if it does. As entry.S finds it. */
static inline struct kage_root_ref *kage_root_set(struct kage_vcpu *vcpu,
						  u64 cr3)
{
	u64 gfn = cr3 >> KAGE_PAGE_SHIFT;

	return &vcpu->roots[(gfn ^ gfn >> 4) % KAGE_ROOT_SETS * KAGE_ROOT_WAYS];
}

/**
 * kage_vcpu_request() - raise a request and make the vCPU see it
 *
 * Wakes a halted vCPU and kicks one that runs the guest. When it returns the
 * request will be served before the next guest instruction that was not yet
 * under way. Context: any.
 */
void kage_vcpu_request(struct kage_vcpu *vcpu, enum kage_req req);

/**
 * kage_vcpu_kill() - stop the machine because of this vCPU
 * @reason: printf format of one sentence without a full stop; the first sticks
 *
 * Context: the vCPU's thread. The caller returns; the run loop stops.
 */
__printf(2, 3)
void kage_vcpu_kill(struct kage_vcpu *vcpu, const char *reason, ...);

/** kage_vcpu_create() - allocate vCPU @id of @vm; ERR_PTR on failure */
struct kage_vcpu *kage_vcpu_create(struct kage_vm *vm, unsigned int id);
/** kage_vcpu_destroy() - the reverse; its thread must be gone */
void kage_vcpu_destroy(struct kage_vcpu *vcpu);
/** kage_vcpu_reset() - power-on state; the thread must not be running */
void kage_vcpu_reset(struct kage_vcpu *vcpu);
/** kage_vcpu_start() - let the thread go; it parks until the VM runs */
void kage_vcpu_start(struct kage_vcpu *vcpu);
/** kage_vcpu_stop() - end the thread and wait for it; once is enough */
void kage_vcpu_stop(struct kage_vcpu *vcpu);

/**
 * kage_vcpu_set_regs() - where the guest is to start
 * @val: values by enum kage_regs_attr
 * @mask: bit n says that @val[n] is given; the others stay
 * @bad: on -EINVAL the attribute that cannot be
 *
 * Context: the VM is not running, vm->lock held.
 * Return: 0; -EINVAL for a state that is not 64-bit mode with four-level
 * paging or has reserved bits set. Nothing changes then.
 */
int kage_vcpu_set_regs(struct kage_vcpu *vcpu, const u64 *val, u64 mask,
		       int *bad);

/** kage_vcpu_get_regs() - all values by enum kage_regs_attr; not running */
void kage_vcpu_get_regs(struct kage_vcpu *vcpu, u64 *val);

/** kage_vcpu_stats() - report this vCPU's counters, exits by reason too */
int kage_vcpu_stats(struct kage_vcpu *vcpu, struct kage_stat_sink *sink);

/** kage_vcpu_tsc() - the guest's time-stamp counter now */
u64 kage_vcpu_tsc(const struct kage_vcpu *vcpu);

static inline bool kage_vcpu_has(const struct kage_vcpu *vcpu,
				 enum kage_req req)
{
	return test_bit(req, &vcpu->requests);
}

#endif /* _KAGE_VCPU_H */
