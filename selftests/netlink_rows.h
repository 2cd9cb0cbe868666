/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong to ask of kage, and what it answers. The machines that the
 * rows name are made by netlink_rows.c:
 *
 *   idle     created: 2 MiB at 0 (memfd FD_USED), the interface "kage-idle"
 *   full     created: no free memory slot, no free place for an interface
 *   running, paused, stopped: in that state, a halted vCPU in 2 MiB at 0
 */
#ifndef _KAGE_NETLINK_ROWS_H
#define _KAGE_NETLINK_ROWS_H

#include <errno.h>
#include <linux/kage.h>
#include <linux/netlink.h>
#include <stdint.h>

#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)
#define RAM	(2 * MIB)	/* of the machines that have any */

/* The requests have at most this many attributes. */
#define MAX_ATTRS	10

enum kind { K_NONE, K_U32, K_U64, K_BYTES, K_FD, K_NEST, K_RAW };

struct attr {
	enum kind kind;
	int type;
	uint64_t num;		/* K_U32, K_U64; enum fd of a K_FD */
	const char *data;	/* K_BYTES, K_RAW: without a head */
	unsigned int len;
};

/* Descriptors to pass, all but FD_CLOSED open. */
enum fd {
	FD_NEW,			/* 2 GiB that nobody uses */
	FD_USED,
	FD_CLOSED,
	FD_PIPE,
	FD_PROC,		/* an ordinary file that is no memfd */
	FD_DIRECTORY,
	FD_PATH,		/* a memfd, but opened with O_PATH */
	FD_READ,		/* a memfd opened to read only */
	FD_WRITE,
	FD_SEALED,
	FD_SEALED_FUTURE,
	FD_HUGE,		/* a memfd of huge pages; -1 where there is none */
	NR_FDS
};

enum who {
	ROOT,
	NOBODY,
	NET_ADMIN,		/* root without CAP_SYS_ADMIN */
	OWN_USERNS,		/* nobody who is root in a namespace of his own */
};

/* An attribute by its type, and by that of the nest it is in, if any. */
struct place {
	int outer, inner;
};

struct row {
	const char *name;
	int cmd;
	struct attr attrs[MAX_ATTRS];
	int err;
	const char *say;	/* the whole sentence, or NULL: none */
	struct place at;	/* the attribute to be blamed */
	struct place miss;	/* or the one that is missing */
	enum who who;
	int flags;
};

#define U32(type, num)		{ K_U32, type, num, 0, 0 }
#define U64(type, num)		{ K_U64, type, num, 0, 0 }
#define BYTES(type, bytes)	{ K_BYTES, type, 0, bytes, sizeof(bytes) - 1 }
/* With its zero byte. */
#define TEXT(type, text)	{ K_BYTES, type, 0, text, sizeof(text) }
#define RAW(bytes)		{ K_RAW, 0, 0, bytes, sizeof(bytes) - 1 }
/* What follows is inside. */
#define NEST(type)		{ K_NEST, type, 0, 0, 0 }

#define ID(num)		U32(KAGE_A_VM_ID, num)
#define NAME(text)	TEXT(KAGE_A_VM_NAME, text)
#define VCPU(num)	U32(KAGE_A_VCPU_ID, num)
#define FD(fd)		{ K_FD, KAGE_MEM_A_FD, fd, 0, 0 }
#define RANGE(offset, gpa, size)		\
	U64(KAGE_MEM_A_FD_OFFSET, offset),	\
	U64(KAGE_MEM_A_GPA, gpa),		\
	U64(KAGE_MEM_A_SIZE, size)
#define MAP(fd, offset, gpa, size)	\
	{ NAME("idle"), NEST(KAGE_A_MEM), FD(fd), RANGE(offset, gpa, size) }
#define SLOT(vm, num)	\
	{ NAME(vm), NEST(KAGE_A_MEM), U32(KAGE_MEM_A_SLOT, num) }
#define REG(reg, val)	\
	{ NAME("idle"), VCPU(0), NEST(KAGE_A_REGS), \
	  U64(KAGE_REGS_A_##reg, val) }
#define NIC(vm, ...)	{ NAME(vm), NEST(KAGE_A_NIC), __VA_ARGS__ }
#define IFNAME(text)	TEXT(KAGE_NIC_A_NAME, text)
#define MAC(bytes)	BYTES(KAGE_NIC_A_MAC, bytes)
#define MTU(num)	U32(KAGE_NIC_A_MTU, num)

#define AT_ID		.at = { KAGE_A_VM_ID, 0 }
#define AT_NAME		.at = { KAGE_A_VM_NAME, 0 }
#define AT_VCPUS	.at = { KAGE_A_VM_VCPUS, 0 }
#define AT_VCPU		.at = { KAGE_A_VCPU_ID, 0 }
#define AT_MEM(part)	.at = { KAGE_A_MEM, part }
#define AT_REG(reg)	.at = { KAGE_A_REGS, KAGE_REGS_A_##reg }
#define AT_NIC(part)	.at = { KAGE_A_NIC, part }
#define MISS(attr)	.miss = { 0, attr }
#define MISS_MEM(part)	.miss = { KAGE_A_MEM, part }

/* Sentences of the kernel's attribute parser. */
#define POLICY	"Attribute failed policy validation"
#define LENGTH	"invalid attribute length"
#define NUMBER	"integer out of range"
#define UNKNOWN	"Unknown attribute type"
#define NOT_HERE "Unsupported attribute"
#define NO_NEST	"NLA_F_NESTED is missing"
#define REST	"bytes leftover after parsing attributes"

/* Sentences of kage that several rows see. */
#define NAME_RULE "a vm's name is a letter, then letters, digits, '.', '_' or '-'"
#define NOT_FOUND "there is no such vm"
#define STARTABLE "only a vm that is created or reset can be started"
#define STOPPABLE "only a running or paused vm can be stopped"
#define PAUSABLE "only a running vm can be paused"
#define RESUMABLE "only a paused vm can be resumed"
#define RESETTABLE "a running or paused vm must be stopped before it is reset"
#define NO_MEMFD "the descriptor is not a memfd"
#define NOT_OPEN "the descriptor is not open"
#define MODE	"the memfd is not open for reading and writing"
#define SEALED	"the memfd is sealed against writing"
#define END	"the range goes past the end of the memfd"
#define ALIGNED	"address and offset must be multiples of 4096"
#define DEVICES	"the range overlaps device memory at 3 to 4 GiB"
#define OVERLAP	"the range overlaps another slot"
#define NO_SLOT	"the vm has no such memory slot"
#define BUSY	"the vm is running: pause or stop it first"
#define START	"not a state in which a vcpu can start"
#define NO_NAME	"that is not an interface name"
#define NO_STATION "the address must be unicast and not zero"
#define NIC_BUSY "the vm is running or paused: stop it first"
#define NIC_LATE "the machine must not be running or paused"
#define NEED_CAP "this needs CAP_SYS_ADMIN"

#define LONG_31	"a234567890123456789012345678901"

extern const struct row rows[];
extern const unsigned int nr_rows;

/* What replies carry, one after the other. */
struct bytes {
	unsigned int len;
	char data[65536];
};

struct answer {
	int err;		/* a positive errno, or 0 */
	char say[160];
	unsigned int offset;	/* of the attribute blamed; 0: none */
	unsigned int miss, miss_nest;
};

/* Where the attributes of a row are that its answer is to name; 0: none. */
struct expected {
	unsigned int at, nest;
};

/* Descriptors of this process, by enum fd; -1: there is none. */
extern int fds[NR_FDS];

/** die() - say what could not be done, and errno, and end the program */
void die(const char *what) __attribute__((noreturn));
/** resolve_family() - before the first request; returns its number */
int resolve_family(void);
/** ask() - send a row; @payload, if any, is appended what replies carry */
void ask(const struct row *row, struct answer *answer, struct expected *want,
	 struct bytes *payload);
/** ask_deaf() - send a row whose answer finds no room in the socket */
void ask_deaf(const struct row *row);
/** must() - send a row that is to succeed, or end the program */
void must(const struct row *row);
/**
 * write_program() - tables at 0x1000 that map the first 2 MiB, and at 0x4000
 * HLT for ever with interrupts off
 */
void write_program(int fd);
/** ask_as() - the same as row->who */
void ask_as(const struct row *row, struct answer *answer,
	    struct expected *want);

#endif /* _KAGE_NETLINK_ROWS_H */
