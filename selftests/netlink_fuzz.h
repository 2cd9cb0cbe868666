/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to kage made by chance, from a seed. What is described here of
 * attributes and commands serves both to make requests and to judge replies.
 */
#ifndef _KAGE_NETLINK_FUZZ_H
#define _KAGE_NETLINK_FUZZ_H

#include <linux/kage.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#define FUZZ_NR_FDS	8
#define FUZZ_MAX_VMS	64
#define FUZZ_RAM	(4ULL << 20)	/* of each descriptor's file */

enum fuzz_kind {
	FUZZ_NONE, FUZZ_U32, FUZZ_U64, FUZZ_TEXT, FUZZ_BYTES, FUZZ_NEST,
	FUZZ_PAD,
};

struct fuzz_field {
	enum fuzz_kind kind;
	unsigned int len;		/* at most, of a text or bytes */
	const struct fuzz_set *nest;
	const uint64_t *good;		/* ends with FUZZ_END */
	const char * const *words;	/* ends with NULL */
};

#define FUZZ_END	0xfe0dULL	/* nowhere a value of its own */

struct fuzz_set {
	const struct fuzz_field *fields;	/* by type */
	unsigned int nr;
};

struct fuzz_command {
	const char *name;
	int cmd;
	bool admin;			/* needs privilege */
	bool dump;			/* there is a dump of it */
	bool only_dump;
	unsigned int weight;
	uint32_t need, may;		/* top-level attributes, by bit */
	uint32_t inner_need, inner_may;	/* of the nest among them */
};

/* What replies told, so that requests can name what there is. */
struct fuzz_known {
	uint32_t vm;
	uint32_t nic_vm, nic;
	uint32_t mem_vm, slot;
};

struct fuzz {
	uint64_t state;			/* of the generator */
	int family;
	int fds[FUZZ_NR_FDS];
	struct fuzz_known known;
	unsigned int plan_left;		/* steps to come */
	unsigned int plan_name;
};

struct fuzz_msg {
	const struct fuzz_command *command;
	bool clean;			/* its answer is known in part */
	bool wants_dump;
	uint32_t seq;
	unsigned int len;		/* bytes to send */
	char data[16384] __attribute__((aligned(8)));
};

/* What a process that sends tells the one that waits for it. */
struct fuzz_report {
	volatile unsigned int sent;
	unsigned int replies, errors[4096];
	unsigned int served[__KAGE_CMD_MAX];
	char complaint[160];
	unsigned int bad_len;
	char bad[sizeof(((struct fuzz_msg *)0)->data)];
};

struct fuzz_caller {
	bool privileged;
	int fd;
	struct fuzz fuzz;
	struct fuzz_msg msg;
	struct fuzz_report *report;
	unsigned int ends;		/* of the message sent last */
	int err;			/* of its first end */
	unsigned int nr_ids;		/* machines that replies named */
	uint32_t ids[FUZZ_MAX_VMS];
};

extern const struct fuzz_set fuzz_top;
extern const struct fuzz_command fuzz_commands[];
extern const unsigned int fuzz_nr_commands;

/** fuzz_make() - the next request of the sequence that the seed began */
void fuzz_make(struct fuzz *fuzz, struct fuzz_msg *msg);
/** fuzz_make_plain() - @cmd with the machine's id, or with nothing if 0 */
void fuzz_make_plain(struct fuzz *fuzz, struct fuzz_msg *msg, int cmd,
		     uint32_t vm, int flags);

/** fuzz_damage() - change what fuzz_make() made; its answer may be anything */
void fuzz_damage(struct fuzz *fuzz, struct fuzz_msg *msg);

/** fuzz_roll() - the next number that comes of the seed */
uint32_t fuzz_roll(struct fuzz *fuzz);
/** fuzz_below() - one that is less than @end */
uint32_t fuzz_below(struct fuzz *fuzz, uint32_t end);
/** fuzz_once_in() - true so often */
bool fuzz_once_in(struct fuzz *fuzz, uint32_t times);
/** fuzz_odd_number() - one that programs may stumble over */
uint64_t fuzz_odd_number(struct fuzz *fuzz);
/** fuzz_put() - append an attribute; NULL if there is no room */
struct nlattr *fuzz_put(struct fuzz_msg *msg, int type, const void *data,
			unsigned int len);
/** fuzz_end_nest() - what was put since @nest is inside of it */
void fuzz_end_nest(struct fuzz_msg *msg, struct nlattr *nest);
/** fuzz_end() - the message's head tells its length */
void fuzz_end(struct fuzz_msg *msg);

/** fuzz_complain() - the first complaint is kept, with caller->msg */
void fuzz_complain(struct fuzz_caller *caller, const char *what, int value);
/** fuzz_judge() - read and judge all that came back for caller->msg */
void fuzz_judge(struct fuzz_caller *caller);

#endif /* _KAGE_NETLINK_FUZZ_H */
