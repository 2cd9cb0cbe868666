// SPDX-License-Identifier: GPL-2.0
/*
 * kage_decode() against Capstone over random instructions. Where both accept,
 * length, operation, sizes and the memory operand must agree; where Capstone
 * sees an admitted operation on memory, we must accept.
 */
#include "emul/decode.h"
#include "ktap.h"
#include <linux/kernel.h>
#include <string.h>

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>

#define ROUNDS		1000000
#define MAX_REPORTS	20

static u64 next_random(void)
{
	static u64 state = 0x2545f4914f6cdd1dULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static const struct { unsigned int id; enum kage_op op; } classes[] = {
	{ X86_INS_MOV, KAGE_OP_MOV },
	{ X86_INS_MOVABS, KAGE_OP_MOV },
	{ X86_INS_MOVNTI, KAGE_OP_MOV },
	{ X86_INS_MOVZX, KAGE_OP_MOVZX },
	{ X86_INS_MOVSX, KAGE_OP_MOVSX },
	{ X86_INS_MOVSXD, KAGE_OP_MOVSX },
	{ X86_INS_STOSB, KAGE_OP_STOS },
	{ X86_INS_STOSW, KAGE_OP_STOS },
	{ X86_INS_STOSD, KAGE_OP_STOS },
	{ X86_INS_STOSQ, KAGE_OP_STOS },
	{ X86_INS_LODSB, KAGE_OP_LODS },
	{ X86_INS_LODSW, KAGE_OP_LODS },
	{ X86_INS_LODSD, KAGE_OP_LODS },
	{ X86_INS_LODSQ, KAGE_OP_LODS },
	{ X86_INS_MOVSB, KAGE_OP_MOVS },
	{ X86_INS_MOVSW, KAGE_OP_MOVS },
	{ X86_INS_MOVSD, KAGE_OP_MOVS },
	{ X86_INS_MOVSQ, KAGE_OP_MOVS },
	{ X86_INS_XCHG, KAGE_OP_XCHG },
	{ X86_INS_CMPXCHG, KAGE_OP_CMPXCHG },
	{ X86_INS_XADD, KAGE_OP_XADD },
	{ X86_INS_ADD, KAGE_OP_ADD },
	{ X86_INS_OR, KAGE_OP_OR },
	{ X86_INS_ADC, KAGE_OP_ADC },
	{ X86_INS_SBB, KAGE_OP_SBB },
	{ X86_INS_AND, KAGE_OP_AND },
	{ X86_INS_SUB, KAGE_OP_SUB },
	{ X86_INS_XOR, KAGE_OP_XOR },
	{ X86_INS_CMP, KAGE_OP_CMP },
	{ X86_INS_TEST, KAGE_OP_TEST },
	{ X86_INS_NOT, KAGE_OP_NOT },
	{ X86_INS_NEG, KAGE_OP_NEG },
	{ X86_INS_INC, KAGE_OP_INC },
	{ X86_INS_DEC, KAGE_OP_DEC },
	{ X86_INS_BT, KAGE_OP_BT },
	{ X86_INS_BTS, KAGE_OP_BTS },
	{ X86_INS_BTR, KAGE_OP_BTR },
	{ X86_INS_BTC, KAGE_OP_BTC },
	{ X86_INS_CLFLUSH, KAGE_OP_FLUSH },
	{ X86_INS_CLFLUSHOPT, KAGE_OP_FLUSH },
	{ X86_INS_CLWB, KAGE_OP_FLUSH },
};

/* The operation, or KAGE_NR_OPS for a mnemonic that is not admitted. */
static enum kage_op class_of(const cs_insn *cs)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].id == cs->id)
			return classes[i].op;
	return KAGE_NR_OPS;
}

/* Address registers by encoding, for 2, 4 and 8 bytes. */
static const x86_reg reg_ids[3][KAGE_NR_REGS] = {
	{ X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX,
	  X86_REG_SP, X86_REG_BP, X86_REG_SI, X86_REG_DI },
	{ X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX,
	  X86_REG_ESP, X86_REG_EBP, X86_REG_ESI, X86_REG_EDI,
	  X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D,
	  X86_REG_R12D, X86_REG_R13D, X86_REG_R14D, X86_REG_R15D },
	{ X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX,
	  X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI,
	  X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11,
	  X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15 },
};

static x86_reg reg_id(u8 reg, u8 size)
{
	return reg == KAGE_NO_REG ? X86_REG_INVALID : reg_ids[size / 4][reg];
}

static x86_reg rip_id(u8 size)
{
	return size == 8 ? X86_REG_RIP : X86_REG_EIP;
}

static const cs_x86_op *mem_operand(const cs_insn *cs)
{
	const cs_x86 *x86 = &cs->detail->x86;
	unsigned int i;

	for (i = 0; i < x86->op_count; i++)
		if (x86->operands[i].type == X86_OP_MEM)
			return &x86->operands[i];
	return NULL;
}

/*
 * Capstone names no segment where the default is used. In 64-bit code it names
 * ES, CS, SS and DS too, though they neither work there nor undo FS and GS
 * before them.
 */
static bool same_segment(const struct kage_insn *insn, unsigned int mode,
			 x86_reg seg)
{
	static const x86_reg ids[] = {
		X86_REG_ES, X86_REG_CS, X86_REG_SS, X86_REG_DS, X86_REG_FS,
		X86_REG_GS,
	};
	const bool stack = insn->base == KAGE_RSP || insn->base == KAGE_RBP;

	if (mode == 8 && seg && seg != X86_REG_FS && seg != X86_REG_GS)
		return true;
	if (seg == X86_REG_INVALID)
		return insn->seg == (stack ? KAGE_SS : KAGE_DS);
	return ids[insn->seg] == seg;
}

static bool same_memory(const struct kage_insn *insn, unsigned int mode,
			const cs_x86_op *op)
{
	const u64 mask = insn->adsize == 8 ? ~0ULL :
					     BIT_ULL(insn->adsize * 8) - 1;
	const x86_reg base = insn->rip_rel ? rip_id(insn->adsize) :
					     reg_id(insn->base, insn->adsize);

	if (insn->dst != KAGE_OPND_MEM && insn->src != KAGE_OPND_MEM)
		return true;
	return op->mem.base == base &&
	       op->mem.index == reg_id(insn->index, insn->adsize) &&
	       (!op->mem.index || op->mem.scale == insn->scale) &&
	       !((op->mem.disp ^ insn->disp) & mask) &&
	       same_segment(insn, mode, op->mem.segment);
}

static bool same_immediate(const struct kage_insn *insn, const cs_insn *cs)
{
	const cs_x86 *x86 = &cs->detail->x86;
	const cs_x86_op *last = &x86->operands[x86->op_count - 1];
	u64 mask = insn->opsize == 8 ? ~0ULL : BIT_ULL(insn->opsize * 8) - 1;

	if (insn->op >= KAGE_OP_BT && insn->op <= KAGE_OP_BTC)
		mask = 0xff;	/* an unsigned byte to Capstone */
	return insn->src != KAGE_OPND_IMM ||
	       (last->type == X86_OP_IMM && !((last->imm ^ insn->imm) & mask));
}

/* More than random bytes begin with; one too many only hides a case. */
#define MAX_PREFIXES	8

static bool has_prefix(const u8 *bytes, u8 prefix)
{
	return memchr(bytes, prefix, MAX_PREFIXES);
}

static bool rep_prefix(const u8 *bytes)
{
	return has_prefix(bytes, 0xf2) || has_prefix(bytes, 0xf3);
}

static bool any_prefix(const u8 *bytes)
{
	return has_prefix(bytes, 0x66) || rep_prefix(bytes);
}

/* Capstone misreads 66 before MOVSXD, and where F2 or F3 stands beside it. */
static bool confused(const u8 *bytes)
{
	return has_prefix(bytes, 0x66) &&
	       (rep_prefix(bytes) || has_prefix(bytes, 0x63));
}

/* In 16-bit code and after REX.W Capstone overlooks the 66 that makes CLWB. */
static bool clwb_misread(const struct kage_insn *insn, const cs_insn *cs)
{
	return insn->op == KAGE_OP_FLUSH && has_prefix(cs->bytes, 0x66) &&
	       (cs->id == X86_INS_XSAVEOPT || cs->id == X86_INS_XSAVEOPT64);
}

static bool agrees(const struct kage_insn *insn, unsigned int mode,
		   const cs_insn *cs)
{
	const cs_x86_op *op = mem_operand(cs);

	if (insn->len != cs->size || !op)
		return false;
	if (clwb_misread(insn, cs))
		return same_memory(insn, mode, op);
	if (insn->op != class_of(cs))
		return false;
	return (insn->memsize == op->size || confused(cs->bytes)) &&
	       same_memory(insn, mode, op) && same_immediate(insn, cs);
}

/* Forms that share a mnemonic with an admitted one, but are not admitted. */
static bool other_form(const cs_insn *cs)
{
	const cs_x86 *x86 = &cs->detail->x86;
	const u8 *op = x86->opcode;

	switch (op[0]) {
	case 0x8c:	/* segment registers */
	case 0x8e:
	case 0x82:	/* alias of 80 outside 64-bit code */
		return true;
	case 0xf6:	/* undocumented alias of /0 */
	case 0xf7:
		return (x86->modrm >> 3 & 7) == 1;
	case 0x0f:
		/* The SSE instruction of the name; prefixes make it #UD. */
		return cs->id == X86_INS_MOVSD ||
		       (cs->id == X86_INS_MOVNTI && any_prefix(cs->bytes)) ||
		       (class_of(cs) == KAGE_OP_FLUSH &&
			rep_prefix(cs->bytes));
	}
	return false;
}

static bool must_accept(const cs_insn *cs, const u8 *bytes)
{
	/* LOCK is checked by the rows; Capstone does not check it. */
	return class_of(cs) != KAGE_NR_OPS && mem_operand(cs) &&
	       !other_form(cs) && !has_prefix(bytes, 0xf0);
}

struct tally {
	unsigned int both, ours, theirs, wrong;
};

static void report(const u8 *bytes, const cs_insn *cs, int ret,
		   unsigned int len)
{
	char hex[3 * KAGE_INSN_MAX + 1];
	unsigned int i;

	for (i = 0; i < KAGE_INSN_MAX; i++)
		snprintf(hex + 3 * i, 4, "%02x ", bytes[i]);
	ktap_diag("%s: error %d, %u bytes; Capstone %u bytes: %s %s", hex, ret,
		  len, cs ? cs->size : 0, cs ? cs->mnemonic : "none",
		  cs ? cs->op_str : "");
}

static void compare(csh handle, cs_insn *cs, unsigned int mode,
		    const u8 *bytes, struct tally *tally)
{
	struct kage_insn insn;
	const u8 *code = bytes;
	size_t size = KAGE_INSN_MAX;
	uint64_t address = 0;
	const int ret = kage_decode(bytes, KAGE_INSN_MAX, mode, &insn);
	const bool known = cs_disasm_iter(handle, &code, &size, &address, cs);
	bool ok = true;

	if (!ret && known) {
		tally->both++;
		ok = agrees(&insn, mode, cs);
	} else if (known) {
		tally->theirs++;
		ok = !must_accept(cs, bytes);
	} else if (!ret) {
		tally->ours++;
		ok = confused(bytes);
	}
	if (!ok && tally->wrong++ < MAX_REPORTS)
		report(bytes, known ? cs : NULL, ret, ret ? 0 : insn.len);
}

/* Random bytes, bent towards prefixes and opcodes that are admitted. */
static void make_bytes(u8 *bytes)
{
	static const u8 prefixes[] = {
		0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64,
		0x65, 0x40, 0x41, 0x42, 0x44, 0x48, 0x4f,
	};
	static const u8 opcodes[] = {
		0x63, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
		0x8a, 0x8b, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xaa, 0xab,
		0xac, 0xad, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff,
	};
	unsigned int i, n = next_random() % 4;

	for (i = 0; i < KAGE_INSN_MAX; i++)
		bytes[i] = next_random() >> 20;
	for (i = 0; i < n; i++)
		bytes[i] = prefixes[next_random() % ARRAY_SIZE(prefixes)];
	switch (next_random() % 4) {
	case 0:
		bytes[n] = 0x0f;
		break;
	case 1:
		bytes[n] = opcodes[next_random() % ARRAY_SIZE(opcodes)];
		break;
	case 2:
		bytes[n] &= 0x3b;
		break;
	}
}

static void test_mode(unsigned int mode, cs_mode theirs)
{
	struct tally tally = { 0 };
	u8 bytes[KAGE_INSN_MAX];
	unsigned int i;
	cs_insn *cs;
	csh handle;

	if (cs_open(CS_ARCH_X86, theirs, &handle)) {
		ktap_ok(false, "%u-bit code: Capstone does not open", mode * 8);
		return;
	}
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	cs = cs_malloc(handle);
	for (i = 0; i < ROUNDS; i++) {
		make_bytes(bytes);
		compare(handle, cs, mode, bytes, &tally);
	}
	cs_free(cs, 1);
	cs_close(&handle);
	ktap_diag("both %u, we alone %u, Capstone alone %u, wrong %u",
		  tally.both, tally.ours, tally.theirs, tally.wrong);
	ktap_ok(tally.both && !tally.wrong, "%u-bit code against Capstone",
		mode * 8);
}

int main(void)
{
	ktap_plan(3);
	test_mode(8, CS_MODE_64);
	test_mode(4, CS_MODE_32);
	test_mode(2, CS_MODE_16);
	return ktap_done();
}

#else

int main(void)
{
	ktap_plan(1);
	ktap_skip("decoder against Capstone", "libcapstone-dev is missing");
	return ktap_done();
}

#endif
