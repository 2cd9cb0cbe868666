// SPDX-License-Identifier: GPL-2.0
/*
 * Makes requests by chance: honest ones, which kage may well serve; careless
 * ones, with values, lengths and attributes that are off; and damaged
 * ones, see netlink_fuzz_damage.c. Now and then comes a plan, the steps by
 * which a machine comes to run.
 */
#include "netlink_fuzz.h"
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#define ATTR(type)	(1U << KAGE_A_##type)
#define MEM(type)	(1U << KAGE_MEM_A_##type)
#define REG(type)	(1U << KAGE_REGS_A_##type)
#define NIC(type)	(1U << KAGE_NIC_A_##type)
#define VALUES(...)	((const uint64_t[]) { __VA_ARGS__, FUZZ_END })
#define WORDS(...)	((const char * const[]) { __VA_ARGS__, NULL })

#define U32(...)	{ FUZZ_U32, 4, 0, VALUES(__VA_ARGS__), 0 }
#define U64(...)	{ FUZZ_U64, 8, 0, VALUES(__VA_ARGS__), 0 }
#define TEXT(len, ...)	{ FUZZ_TEXT, len, 0, 0, WORDS(__VA_ARGS__) }
#define NEST(set)	{ FUZZ_NEST, 65535, &(set), 0, 0 }
#define PAD		{ FUZZ_PAD, 0, 0, 0, 0 }
#define NR_OF(table)	(sizeof(table) / sizeof((table)[0]))
#define SET(fields)	{ fields, NR_OF(fields) }

static const struct fuzz_field mem_fields[] = {
	[KAGE_MEM_A_SLOT] = U32(0, 1, 2, 3),
	[KAGE_MEM_A_FD] = U32(0),	/* chosen among the open ones */
	[KAGE_MEM_A_FD_OFFSET] = U64(0, 0, 0, 0x1000, 0x100000),
	[KAGE_MEM_A_GPA] = U64(0, 0, 0, 0x400000, 0x100000000),
	[KAGE_MEM_A_SIZE] = U64(FUZZ_RAM, 0x100000, 0x100000, 0x1000),
	[KAGE_MEM_A_FLAGS] = U32(0, 0, 0, KAGE_MEM_F_READONLY),
	[KAGE_MEM_A_PAD] = PAD,
};

/* A machine's vCPU starts where netlink_fuzz.c wrote a program. */
static const struct fuzz_field regs_fields[] = {
	[KAGE_REGS_A_RAX ... KAGE_REGS_A_R15] = U64(0, 1, 0x8000),
	[KAGE_REGS_A_RIP] = U64(0x4000),
	[KAGE_REGS_A_RFLAGS] = U64(2, 0x202),
	[KAGE_REGS_A_CR0] = U64(0x80050033, 0x80000021),
	[KAGE_REGS_A_CR2] = U64(0, 0x1000),
	[KAGE_REGS_A_CR3] = U64(0x1000),
	[KAGE_REGS_A_CR4] = U64(0x20, 0x6f0),
	[KAGE_REGS_A_EFER] = U64(0x500, 0xd01),
	[KAGE_REGS_A_GDT_BASE] = U64(0, 0x5000),
	[KAGE_REGS_A_GDT_LIMIT] = U64(0, 0xffff),
	[KAGE_REGS_A_IDT_BASE] = U64(0, 0x6000),
	[KAGE_REGS_A_IDT_LIMIT] = U64(0, 0xfff),
	[KAGE_REGS_A_PAD] = PAD,
};

static const struct fuzz_field nic_fields[] = {
	[KAGE_NIC_A_NAME] = TEXT(16, "fuzz%d", "fuzz%d", "fuzz-nic", "lo",
				 "fuzz%d%d", "a/b", ".", "", "fuzz4567890123"),
	[KAGE_NIC_A_IFINDEX] = U32(1, 2, 3, 4),
	[KAGE_NIC_A_MAC] = { FUZZ_BYTES, 6, 0, 0,
			     WORDS("\2abcde", "\6\1\2\3\4\5", "\1bcdef") },
	[KAGE_NIC_A_MTU] = U32(68, 1500, 9000, 65535),
	[KAGE_NIC_A_SLOT] = U32(1, 2, 31),
};

static const struct fuzz_field stat_fields[] = {
	[KAGE_STAT_A_NAME] = TEXT(64, "entries"),
	[KAGE_STAT_A_VALUE] = U64(0, 1),
	[KAGE_STAT_A_PAD] = PAD,
};

static const struct fuzz_set mem_set = SET(mem_fields);
static const struct fuzz_set regs_set = SET(regs_fields);
static const struct fuzz_set nic_set = SET(nic_fields);
static const struct fuzz_set stat_set = SET(stat_fields);

static const struct fuzz_field top_fields[] = {
	[KAGE_A_VM_ID] = U32(1, 2, 3),
	[KAGE_A_VM_NAME] = TEXT(KAGE_NAME_MAX + 1, "fuzz-a", "fuzz-b",
				"fuzz-c", "fuzz-d"),
	[KAGE_A_VM_STATE] = U32(1, 2, 3, 4),
	[KAGE_A_VM_VCPUS] = U32(1, 1, 1, 2, KAGE_MAX_VCPUS),
	[KAGE_A_VM_CONSOLE] = U32(0, 1),
	[KAGE_A_VM_SHADOW_PAGES] = U32(0, 1, 64, 4096, 0xffffffff),
	[KAGE_A_VM_REASON] = TEXT(KAGE_REASON_MAX + 1, "no reason"),
	[KAGE_A_VM_BOOT] = TEXT(KAGE_BOOT_MAX + 1, "", "{}", "note"),
	[KAGE_A_EVENT] = U32(1, 10),
	[KAGE_A_VCPU_ID] = U32(0, 0, 0, 0, 1, KAGE_MAX_VCPUS - 1),
	[KAGE_A_MEM] = NEST(mem_set),
	[KAGE_A_REGS] = NEST(regs_set),
	[KAGE_A_NIC] = NEST(nic_set),
	[KAGE_A_STATS_SOURCE] = TEXT(32, "vm", "mmu", "vcpu0"),
	[KAGE_A_STAT] = NEST(stat_set),
	[KAGE_A_AUDIT_ERRORS] = U32(0),
	[KAGE_A_PAD] = PAD,
};

const struct fuzz_set fuzz_top = SET(top_fields);

#define VM		ATTR(VM_NAME)	/* or its id instead */
#define ON_VM(verb, times)						\
	{ #verb, KAGE_CMD_##verb, true, .weight = times, .need = VM }

const struct fuzz_command fuzz_commands[] = {
	{ "VM_NEW", KAGE_CMD_VM_NEW, true, .weight = 6, .need = VM,
	  .may = ATTR(VM_VCPUS) | ATTR(VM_SHADOW_PAGES) | ATTR(VM_BOOT) },
	ON_VM(VM_DEL, 2),
	{ "VM_GET", KAGE_CMD_VM_GET, .dump = true, .weight = 2, .need = VM },
	ON_VM(VM_START, 6),
	ON_VM(VM_STOP, 4),
	ON_VM(VM_PAUSE, 5),
	ON_VM(VM_RESUME, 6),
	ON_VM(VM_RESET, 5),
	{ "MEM_MAP", KAGE_CMD_MEM_MAP, true, .weight = 9,
	  .need = VM | ATTR(MEM), .inner_may = MEM(FLAGS),
	  .inner_need = MEM(FD) | MEM(FD_OFFSET) | MEM(GPA) | MEM(SIZE) },
	{ "MEM_UNMAP", KAGE_CMD_MEM_UNMAP, true, .weight = 3,
	  .need = VM | ATTR(MEM), .inner_need = MEM(SLOT) },
	{ "MEM_GET", KAGE_CMD_MEM_GET, false, true, true, 2, .may = VM },
	{ "MEM_OPEN", KAGE_CMD_MEM_OPEN, true, .weight = 4,
	  .need = VM | ATTR(MEM), .inner_need = MEM(SLOT) },
	{ "VCPU_SET", KAGE_CMD_VCPU_SET, true, .weight = 9,
	  .need = VM | ATTR(VCPU_ID) | ATTR(REGS),
	  .inner_need = REG(CR3) | REG(RIP), .inner_may = ~0U },
	{ "VCPU_GET", KAGE_CMD_VCPU_GET, true, .weight = 4,
	  .need = VM | ATTR(VCPU_ID) },
	{ "NIC_NEW", KAGE_CMD_NIC_NEW, true, .weight = 4, .need = VM,
	  .may = ATTR(NIC), .inner_may = NIC(NAME) | NIC(MAC) | NIC(MTU) },
	{ "NIC_DEL", KAGE_CMD_NIC_DEL, true, .weight = 3,
	  .need = VM | ATTR(NIC), .inner_need = NIC(IFINDEX) },
	{ "NIC_GET", KAGE_CMD_NIC_GET, false, true, true, 2, .may = VM },
	{ "STATS_GET", KAGE_CMD_STATS_GET, false, true, true, 2, .may = VM },
	ON_VM(MMU_AUDIT, 2),
	{ "VM_EVENT", KAGE_CMD_VM_EVENT, .weight = 1, .need = VM },
};

const unsigned int fuzz_nr_commands =
	NR_OF(fuzz_commands);

/*
 * Chance.
 */

uint32_t fuzz_roll(struct fuzz *fuzz)
{
	uint64_t x;

	fuzz->state = fuzz->state * 0x5851f42d4c957f2dULL +
		      0x14057b7ef767814fULL;
	x = fuzz->state;
	x ^= x >> 29;
	x *= 0x9e3779b97f4a7c15ULL;
	return x >> 32;
}

uint32_t fuzz_below(struct fuzz *fuzz, uint32_t end)
{
	return fuzz_roll(fuzz) % end;
}

bool fuzz_once_in(struct fuzz *fuzz, uint32_t times)
{
	return !fuzz_below(fuzz, times);
}

uint64_t fuzz_odd_number(struct fuzz *fuzz)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 7, 8, 9, 31, 32, 255, 4095, 4096, 4097, 65535,
		65536, 0x7fffffff, 0x80000000, 0xc0000000, 0xfee00000,
		0xffffffff, 1ULL << 32, 1ULL << 40, (1ULL << 40) - 4096,
		1ULL << 47, 1ULL << 63, (1ULL << 63) - 4096, -4096ULL, -1ULL,
	};
	const uint32_t pick = fuzz_below(fuzz, 32);

	if (pick < NR_OF(odd))
		return odd[pick];
	return (uint64_t)fuzz_roll(fuzz) << 32 | fuzz_roll(fuzz);
}

static uint64_t good_number(struct fuzz *fuzz, const struct fuzz_field *field)
{
	unsigned int nr = 0;

	while (field->good[nr] != FUZZ_END)
		nr++;
	return field->good[fuzz_below(fuzz, nr)];
}

/*
 * Attributes.
 */

struct nlattr *fuzz_put(struct fuzz_msg *msg, int type, const void *data,
			unsigned int len)
{
	struct nlattr *attr = (struct nlattr *)(msg->data + msg->len);
	const unsigned int all = NLA_HDRLEN + len;

	/* What follows may need room for some heads. */
	if (msg->len + NLA_ALIGN(all) + 64 > sizeof(msg->data))
		return NULL;
	memset(attr, 0, NLA_ALIGN(all));
	attr->nla_type = type;
	attr->nla_len = all;
	if (len)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	msg->len += NLA_ALIGN(all);
	return attr;
}

void fuzz_end_nest(struct fuzz_msg *msg, struct nlattr *nest)
{
	if (nest)
		nest->nla_len = msg->data + msg->len - (char *)nest;
}

static void put_number(struct fuzz *fuzz, struct fuzz_msg *msg,
		       const struct fuzz_field *field, int type, bool careless)
{
	uint64_t num = good_number(fuzz, field);

	/* A descriptor is no constant. */
	if (field == &mem_fields[KAGE_MEM_A_FD])
		num = fuzz->fds[fuzz_below(fuzz, FUZZ_NR_FDS)];
	if (careless)
		num = fuzz_odd_number(fuzz);
	fuzz_put(msg, type, &num, field->len);
}

static void put_words(struct fuzz *fuzz, struct fuzz_msg *msg,
		      const struct fuzz_field *field, int type, bool careless)
{
	unsigned int nr = 0, len, i;
	char text[6000];

	while (field->words[nr])
		nr++;
	strcpy(text, field->words[fuzz_below(fuzz, nr)]);
	len = field->kind == FUZZ_TEXT ? strlen(text) + 1 : field->len;
	if (careless) {
		len = fuzz_once_in(fuzz, 8) ? sizeof(text) : 40;
		len = fuzz_below(fuzz, len);
		for (i = 0; i < len; i++)
			text[i] = fuzz_once_in(fuzz, 8) ? fuzz_roll(fuzz) : 'a';
	}
	fuzz_put(msg, type, text, len);
}

static void put_junk(struct fuzz *fuzz, struct fuzz_msg *msg, int type)
{
	unsigned int len = fuzz_below(fuzz, 24), i;
	char junk[24];

	for (i = 0; i < len; i++)
		junk[i] = fuzz_roll(fuzz);
	fuzz_put(msg, type, junk, len);
}

static void put_set(struct fuzz *fuzz, struct fuzz_msg *msg,
		    const struct fuzz_set *set, uint32_t need, uint32_t may,
		    bool careless);

/* Any field of any kind, its value good unless careless by chance. */
static void put_field(struct fuzz *fuzz, struct fuzz_msg *msg,
		      const struct fuzz_set *set, int type, bool careless)
{
	const struct fuzz_field *field = &set->fields[type];
	const bool off = careless && fuzz_once_in(fuzz, 6);
	struct nlattr *nest;

	if (off && fuzz_once_in(fuzz, 3)) {
		put_junk(fuzz, msg, type | (fuzz_roll(fuzz) & 0xc000));
		return;
	}
	switch (field->kind) {
	case FUZZ_U32:
	case FUZZ_U64:
		put_number(fuzz, msg, field, type, off);
		break;
	case FUZZ_TEXT:
	case FUZZ_BYTES:
		put_words(fuzz, msg, field, type, off);
		break;
	case FUZZ_NEST:
		nest = fuzz_put(msg, type | (off ? 0 : NLA_F_NESTED), NULL, 0);
		put_set(fuzz, msg, field->nest, msg->command->inner_need,
			msg->command->inner_may, careless);
		fuzz_end_nest(msg, nest);
		break;
	default:
		put_junk(fuzz, msg, type);
		break;
	}
}

static void put_set(struct fuzz *fuzz, struct fuzz_msg *msg,
		    const struct fuzz_set *set, uint32_t need, uint32_t may,
		    bool careless)
{
	const unsigned int rare = may == ~0U ? 8 : 2;
	unsigned int type;

	for (type = 1; type < set->nr; type++) {
		bool wanted = need & 1U << type;

		if (set->fields[type].kind == FUZZ_PAD && !careless)
			continue;
		if (may & 1U << type && fuzz_once_in(fuzz, rare))
			wanted = true;
		if (careless && fuzz_once_in(fuzz, 16))
			wanted = !wanted;
		if (wanted)
			put_field(fuzz, msg, set, type, careless);
		if (wanted && careless && fuzz_once_in(fuzz, 24))
			put_field(fuzz, msg, set, type, careless);
	}
	if (careless && fuzz_once_in(fuzz, 12))
		put_junk(fuzz, msg, fuzz_roll(fuzz) & 0xffff);
}

/* A part that there is, of the machine that it is of. */
static bool put_known_part(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	const struct fuzz_known *known = &fuzz->known;
	const int cmd = msg->command->cmd;
	const bool nic = cmd == KAGE_CMD_NIC_DEL;
	struct nlattr *nest;

	if (!nic && cmd != KAGE_CMD_MEM_UNMAP && cmd != KAGE_CMD_MEM_OPEN)
		return false;
	fuzz_put(msg, KAGE_A_VM_ID, nic ? &known->nic_vm : &known->mem_vm, 4);
	nest = fuzz_put(msg, (nic ? KAGE_A_NIC : KAGE_A_MEM) | NLA_F_NESTED,
			NULL, 0);
	if (nic)
		fuzz_put(msg, KAGE_NIC_A_IFINDEX, &known->nic, 4);
	else
		fuzz_put(msg, KAGE_MEM_A_SLOT, &known->slot, 4);
	fuzz_end_nest(msg, nest);
	return true;
}

static void put_attrs(struct fuzz *fuzz, struct fuzz_msg *msg, bool careless)
{
	uint32_t need = msg->command->need;

	if (!careless && !fuzz_once_in(fuzz, 4) && put_known_part(fuzz, msg))
		return;
	if (msg->command->cmd != KAGE_CMD_VM_NEW && need & VM &&
	    fuzz_once_in(fuzz, 4)) {
		fuzz_put(msg, KAGE_A_VM_ID, &fuzz->known.vm, 4);
		need &= ~VM;
	}
	put_set(fuzz, msg, &fuzz_top, need, msg->command->may, careless);
}

static void begin(struct fuzz *fuzz, struct fuzz_msg *msg, int cmd, int flags)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)msg->data;
	struct genlmsghdr *genl = NLMSG_DATA(hdr);

	memset(hdr, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	hdr->nlmsg_type = fuzz->family;
	hdr->nlmsg_flags = flags;
	hdr->nlmsg_seq = ++msg->seq;
	genl->cmd = cmd;
	genl->version = KAGE_GENL_VERSION;
	msg->len = NLMSG_HDRLEN + GENL_HDRLEN;
}

void fuzz_end(struct fuzz_msg *msg)
{
	((struct nlmsghdr *)msg->data)->nlmsg_len = msg->len;
}

/*
 * Messages.
 */

static const struct fuzz_command *find_command(int cmd)
{
	unsigned int i;

	for (i = 0; fuzz_commands[i].cmd != cmd; i++)
		;
	return &fuzz_commands[i];
}

static const struct fuzz_command *choose_command(struct fuzz *fuzz)
{
	unsigned int sum = 0, i;

	for (i = 0; i < fuzz_nr_commands; i++)
		sum += fuzz_commands[i].weight;
	sum = fuzz_below(fuzz, sum);
	for (i = 0; sum >= fuzz_commands[i].weight; i++)
		sum -= fuzz_commands[i].weight;
	return &fuzz_commands[i];
}

static void put_step_attrs(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	const char *name = top_fields[KAGE_A_VM_NAME].words[fuzz->plan_name];
	const uint64_t zero = 0, size = FUZZ_RAM, cr3 = 0x1000, rip = 0x4000;
	struct nlattr *nest;

	fuzz_put(msg, KAGE_A_VM_NAME, name, strlen(name) + 1);
	if (msg->command->cmd == KAGE_CMD_MEM_MAP) {
		nest = fuzz_put(msg, KAGE_A_MEM | NLA_F_NESTED, NULL, 0);
		fuzz_put(msg, KAGE_MEM_A_FD,
			 &fuzz->fds[fuzz_below(fuzz, FUZZ_NR_FDS)], 4);
		fuzz_put(msg, KAGE_MEM_A_FD_OFFSET, &zero, 8);
		fuzz_put(msg, KAGE_MEM_A_GPA, &zero, 8);
		fuzz_put(msg, KAGE_MEM_A_SIZE, &size, 8);
		fuzz_end_nest(msg, nest);
	} else if (msg->command->cmd == KAGE_CMD_VCPU_SET) {
		fuzz_put(msg, KAGE_A_VCPU_ID, &zero, 4);
		nest = fuzz_put(msg, KAGE_A_REGS | NLA_F_NESTED, NULL, 0);
		fuzz_put(msg, KAGE_REGS_A_CR3, &cr3, 8);
		fuzz_put(msg, KAGE_REGS_A_RIP, &rip, 8);
		fuzz_end_nest(msg, nest);
	}
}

/* Return: false if there is no plan now. What fails on the way is no harm. */
static bool make_step(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	static const int plan[] = {
		KAGE_CMD_VM_DEL, KAGE_CMD_VM_NEW, KAGE_CMD_MEM_MAP,
		KAGE_CMD_VCPU_SET, KAGE_CMD_VM_START, KAGE_CMD_VM_PAUSE,
		KAGE_CMD_VM_RESUME,
	};

	if (!fuzz->plan_left && fuzz_once_in(fuzz, 48)) {
		fuzz->plan_left = NR_OF(plan);
		fuzz->plan_name = fuzz_below(fuzz, 4);
	}
	if (!fuzz->plan_left)
		return false;
	fuzz_make_plain(fuzz, msg, plan[NR_OF(plan) - fuzz->plan_left--], 0,
			0);
	put_step_attrs(fuzz, msg);
	fuzz_end(msg);
	return true;
}

void fuzz_make(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	const uint32_t mood = fuzz_below(fuzz, 8);
	int flags = NLM_F_REQUEST | NLM_F_ACK;

	if (make_step(fuzz, msg))
		return;
	msg->command = choose_command(fuzz);
	msg->clean = mood < 6;
	msg->wants_dump = msg->command->only_dump ||
			  (msg->command->dump && fuzz_once_in(fuzz, 2));
	if (msg->wants_dump)
		flags |= NLM_F_DUMP;
	begin(fuzz, msg, msg->command->cmd, flags);
	put_attrs(fuzz, msg, mood >= 4);
	fuzz_end(msg);
	if (!msg->clean)
		fuzz_damage(fuzz, msg);
}

void fuzz_make_plain(struct fuzz *fuzz, struct fuzz_msg *msg, int cmd,
		     uint32_t vm, int flags)
{
	msg->command = find_command(cmd);
	msg->clean = true;
	msg->wants_dump = flags & NLM_F_DUMP;
	begin(fuzz, msg, cmd, flags | NLM_F_REQUEST | NLM_F_ACK);
	if (vm)
		fuzz_put(msg, KAGE_A_VM_ID, &vm, sizeof(vm));
	fuzz_end(msg);
}
