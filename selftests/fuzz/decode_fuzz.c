// SPDX-License-Identifier: GPL-2.0
/*
 * The instruction decoder over any bytes. Input, up to MAX_INSNS times: a byte
 * for the size and shape of code, the bytes of an instruction, and, if it was
 * accepted, registers for what is done with it.
 *
 * What must hold of all bytes and what Capstone must agree to is stated by the
 * unit tests, which are part of this program under another name of main().
 */
#define main decode_test_main
#include "../unit/decode_test.c"
#undef main
#define main decode_diff_test_main
#include "../unit/decode_diff_test.c"
#undef main
#include "fuzz.h"

#define MAX_INSNS	8

/* SDM: "EFLAGS Register", the status flags. */
#define STATUS_FLAGS	0x8d5ULL

static const unsigned int modes[] = { 8, 4, 2 };

static bool is_size(u8 size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool is_memory(u8 opnd)
{
	return opnd == KAGE_OPND_MEM || opnd == KAGE_OPND_SI ||
	       opnd == KAGE_OPND_DI;
}

static bool is_gpr(u8 reg, unsigned int mode)
{
	return reg < (mode == 8 ? KAGE_NR_REGS : KAGE_R8);
}

static void check_sizes(const struct kage_insn *insn, unsigned int mode)
{
	FUZZ_CHECK(is_size(insn->opsize) && is_size(insn->memsize));
	FUZZ_CHECK(is_size(insn->adsize) && insn->adsize > 1);
	FUZZ_CHECK(is_size(insn->scale));
	FUZZ_CHECK(insn->memsize <= insn->opsize);
	FUZZ_CHECK(mode == 8 || (insn->opsize < 8 && insn->adsize < 8));
	FUZZ_CHECK(mode != 8 || insn->adsize > 2);
}

static void check_operands(const struct kage_insn *insn, unsigned int mode)
{
	FUZZ_CHECK(insn->dst <= KAGE_OPND_DI && insn->dst != KAGE_OPND_NONE);
	FUZZ_CHECK(insn->src <= KAGE_OPND_DI && insn->dst != KAGE_OPND_IMM);
	FUZZ_CHECK(is_memory(insn->dst) || is_memory(insn->src));
	FUZZ_CHECK(insn->dst != KAGE_OPND_MEM || !is_memory(insn->src));
	FUZZ_CHECK(is_gpr(insn->reg, mode));
	FUZZ_CHECK(!insn->high_byte ||
		   (insn->opsize == 1 && insn->reg <= KAGE_RBX));
	FUZZ_CHECK(insn->base == KAGE_NO_REG || is_gpr(insn->base, mode));
	FUZZ_CHECK(insn->index == KAGE_NO_REG || is_gpr(insn->index, mode));
	FUZZ_CHECK(insn->index != KAGE_RSP);
	FUZZ_CHECK(!insn->rip_rel ||
		   (mode == 8 && insn->base == KAGE_NO_REG &&
		    insn->index == KAGE_NO_REG));
}

/* LOCK takes an operation that writes memory; REP a string operation. */
static void check_prefixes(const struct kage_insn *insn)
{
	FUZZ_CHECK(!insn->lock || insn->dst == KAGE_OPND_MEM);
	FUZZ_CHECK(!insn->lock || (insn->op != KAGE_OP_CMP &&
				   insn->op != KAGE_OP_TEST &&
				   insn->op != KAGE_OP_BT &&
				   insn->op != KAGE_OP_FLUSH));
	FUZZ_CHECK(!insn->rep || (insn->op >= KAGE_OP_STOS &&
				  insn->op <= KAGE_OP_MOVS));
	FUZZ_CHECK(insn->seg <= KAGE_GS);
}

static u64 mask_of(u8 size)
{
	return size == 8 ? ~0ULL : BIT_ULL(size * 8) - 1;
}

static void use(const struct kage_insn *insn, struct feed *feed)
{
	const u64 flags = feed_take(feed, 4);
	const u64 rip = feed_take(feed, 8);
	u64 regs[KAGE_NR_REGS], after = flags, mask = mask_of(insn->opsize);
	unsigned int i;
	u64 val;

	for (i = 0; i < KAGE_NR_REGS; i++)
		regs[i] = feed_take(feed, 1) * 0x0101010101010101ULL;
	val = kage_insn_ea(insn, regs, rip, is_memory(insn->dst) ? insn->dst :
								   insn->src);
	FUZZ_CHECK(!(val & ~mask_of(insn->adsize)));
	if (insn->op >= KAGE_OP_STOS && insn->op <= KAGE_OP_MOVS)
		return;
	val = kage_insn_alu(insn, regs[0] & mask, regs[1] & mask,
			    regs[2] & mask, &after);
	FUZZ_CHECK(!(val & ~mask));
	FUZZ_CHECK(!((flags ^ after) & ~STATUS_FLAGS));
}

#ifdef HAVE_CAPSTONE

static csh handles[3];
static cs_insn *theirs[3];

static void open_handle(unsigned int i)
{
	static const cs_mode names[] = { CS_MODE_64, CS_MODE_32, CS_MODE_16 };

	FUZZ_CHECK(!cs_open(CS_ARCH_X86, names[i], &handles[i]));
	cs_option(handles[i], CS_OPT_DETAIL, CS_OPT_ON);
	theirs[i] = cs_malloc(handles[i]);
}

static bool is_prefix(u8 byte, unsigned int mode)
{
	static const u8 prefixes[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2,
		0xf3,
	};

	return (mode == 8 && (byte & 0xf0) == 0x40) ||
	       memchr(prefixes, byte, sizeof(prefixes));
}

/* The excuses look for prefixes in so many bytes, which must hold them all. */
static bool excusable(const u8 *bytes, unsigned int mode)
{
	unsigned int i;

	for (i = 0; i < MAX_PREFIXES; i++)
		if (!is_prefix(bytes[i], mode))
			return true;
	return false;
}

static void second_opinion(unsigned int i, const u8 *bytes)
{
	struct tally tally = { 0 };

	if (!excusable(bytes, modes[i]))
		return;
	if (!theirs[i])
		open_handle(i);
	compare(handles[i], theirs[i], modes[i], bytes, &tally);
	fflush(stdout);
	FUZZ_CHECK(!tally.wrong);
}

#else

static void second_opinion(unsigned int i, const u8 *bytes)
{
}

#endif

/*
 * A table of opcodes gives the fuzzer no hint which are in it. So it may ask
 * for a prefix, and for one of the second bytes that are admitted after 0F.
 */
static void take_bytes(struct feed *feed, u64 shape, u8 *bytes)
{
	static const u8 prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x48 };
	static const u8 seconds[] = {
		0xa3, 0xab, 0xb0, 0xb1, 0xb3, 0xb6, 0xb7, 0xba, 0xbb, 0xbe,
		0xbf, 0xc0, 0xc1, 0xc3, 0xae,
	};
	unsigned int at = 0;

	if (shape & 1)
		bytes[at++] = prefixes[feed_take(feed, 1) %
				       ARRAY_SIZE(prefixes)];
	if (shape & 2) {
		bytes[at++] = 0x0f;
		bytes[at++] = seconds[feed_take(feed, 1) %
				      ARRAY_SIZE(seconds)];
	}
	while (at < KAGE_INSN_MAX)
		bytes[at++] = feed_take(feed, 1);
}

static void try_insn(struct feed *feed)
{
	const u64 head = feed_take(feed, 1);
	const unsigned int i = head % ARRAY_SIZE(modes);
	u8 bytes[KAGE_INSN_MAX];
	struct kage_insn insn;

	take_bytes(feed, head / ARRAY_SIZE(modes), bytes);
	FUZZ_CHECK(consistent(bytes, modes[i]));
	if (!kage_decode(bytes, KAGE_INSN_MAX, modes[i], &insn)) {
		FUZZ_CHECK(insn.len >= 1 && insn.len <= KAGE_INSN_MAX);
		check_sizes(&insn, modes[i]);
		check_operands(&insn, modes[i]);
		check_prefixes(&insn);
		use(&insn, feed);
	}
	second_opinion(i, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed feed = { data, size };
	unsigned int nr;

	for (nr = 0; nr < MAX_INSNS && feed.left; nr++)
		try_insn(&feed);
	return 0;
}
