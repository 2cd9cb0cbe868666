/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address types and the words that the whole of kage shares.
 *
 *   gva  guest-virtual address      gpa  guest-physical address
 *   gfn  guest frame number         hpa  host-physical address
 *   pfn  host frame number          gpte an entry of a guest's page table
 *   spte an entry of a shadow table role what a shadow page stands for
 *   root the top-level table that a vCPU's CR3 names
 */
#ifndef _KAGE_TYPES_H
#define _KAGE_TYPES_H

#include <linux/types.h>
#include <linux/bits.h>

typedef u64 gva_t;
typedef u64 gpa_t;
typedef u64 gfn_t;
typedef u64 hpa_t;

struct kage_vm;
struct kage_vcpu;

#define KAGE_PAGE_SHIFT		12
#define KAGE_PAGE_SIZE		BIT_ULL(KAGE_PAGE_SHIFT)
#define KAGE_PAGE_MASK		(~(KAGE_PAGE_SIZE - 1))

/* Guest-physical address bits, whatever the host's: the tables are our own. */
#define KAGE_MAXPHYADDR		40

/* General registers in the order in which instructions encode them. */
enum kage_reg {
	KAGE_RAX, KAGE_RCX, KAGE_RDX, KAGE_RBX,
	KAGE_RSP, KAGE_RBP, KAGE_RSI, KAGE_RDI,
	KAGE_R8, KAGE_R9, KAGE_R10, KAGE_R11,
	KAGE_R12, KAGE_R13, KAGE_R14, KAGE_R15,
	KAGE_NR_REGS
};

/* Segment registers in the order in which instructions encode them. */
enum kage_seg {
	KAGE_ES, KAGE_CS, KAGE_SS, KAGE_DS, KAGE_FS, KAGE_GS,
	KAGE_TR, KAGE_LDTR,
	KAGE_NR_SEGS
};

/**
 * struct kage_stat_sink - where counters are reported to
 * @put: take one counter; a non-zero return ends the report
 */
struct kage_stat_sink {
	int (*put)(struct kage_stat_sink *sink, const char *name, u64 value);
};

/* Page faults of a guest that are its own: see mmu/route.h. */
enum kage_route {
	KAGE_ROUTE_EXIT,	/* every fault exits */
	KAGE_ROUTE_ABSENT,	/* those at absent entries do not */
	KAGE_ROUTE_USER,	/* those of users, but at LAZY entries, do not */
};

#endif /* _KAGE_TYPES_H */
