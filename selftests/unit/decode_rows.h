/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions and what kage_decode() must make of them, written as
 *
 *   op opsize/memsize aADSIZE dst,src [lock] [rep] seg:[address]
 *
 * or as an error. The whole of the bytes is one instruction.
 */
#ifndef _KAGE_UNIT_DECODE_ROWS_H
#define _KAGE_UNIT_DECODE_ROWS_H

struct row {
	unsigned int mode;
	const char *bytes;
	const char *expect;
};

/* The four memory forms of an arithmetic operation. */
#define ALU_FORMS(name, code0, code1, code2, code3)			\
	{ 8, code0 " 33", name " 1/1 a8 m,r2h ds:[r3]" },		\
	{ 8, code1 " 33", name " 4/4 a8 m,r6 ds:[r3]" },		\
	{ 8, code2 " 33", name " 1/1 a8 r2h,m ds:[r3]" },		\
	{ 8, "48 " code3 " 33", name " 8/8 a8 r6,m ds:[r3]" }

/* The three opcodes of a group of immediates; the ModRM bytes name [rbx]. */
#define ALU_IMMS(name, modrm)						\
	{ 8, "80 " modrm " 81", name " 1/1 a8 m,-0x7f ds:[r3]" },	\
	{ 8, "66 81 " modrm " 34 12", name " 2/2 a8 m,0x1234 ds:[r3]" }, \
	{ 8, "81 " modrm " 00 00 00 80",				\
	  name " 4/4 a8 m,-0x80000000 ds:[r3]" },			\
	{ 8, "48 81 " modrm " 78 56 34 12",				\
	  name " 8/8 a8 m,0x12345678 ds:[r3]" },			\
	{ 8, "48 83 " modrm " ff", name " 8/8 a8 m,-0x1 ds:[r3]" }

/* The same ModRM byte in all three code sizes. */
#define ERROR_EVERYWHERE(bytes, error) \
	{ 8, bytes, error }, { 4, bytes, error }, { 2, bytes, error }

static const struct row rows[] = {
	/* mov */
	{ 8, "88 0b", "mov 1/1 a8 m,r1 ds:[r3]" },
	{ 8, "89 0b", "mov 4/4 a8 m,r1 ds:[r3]" },
	{ 8, "66 89 0b", "mov 2/2 a8 m,r1 ds:[r3]" },
	{ 8, "48 89 0b", "mov 8/8 a8 m,r1 ds:[r3]" },
	{ 8, "8a 0b", "mov 1/1 a8 r1,m ds:[r3]" },
	{ 8, "8b 0b", "mov 4/4 a8 r1,m ds:[r3]" },
	{ 8, "66 8b 0b", "mov 2/2 a8 r1,m ds:[r3]" },
	{ 8, "4c 8b 0b", "mov 8/8 a8 r9,m ds:[r3]" },
	{ 4, "89 0b", "mov 4/4 a4 m,r1 ds:[r3]" },
	{ 4, "66 89 0b", "mov 2/2 a4 m,r1 ds:[r3]" },
	{ 2, "67 89 0b", "mov 2/2 a4 m,r1 ds:[r3]" },
	{ 2, "66 67 89 0b", "mov 4/4 a4 m,r1 ds:[r3]" },
	{ 8, "a0 ef cd ab 89 67 45 23 01",
	  "mov 1/1 a8 r0,m ds:[0x123456789abcdef]" },
	{ 8, "48 a1 00 00 00 00 00 80 ff ff",
	  "mov 8/8 a8 r0,m ds:[-0x800000000000]" },
	{ 8, "a2 01 00 00 00 00 00 00 00", "mov 1/1 a8 m,r0 ds:[0x1]" },
	{ 8, "66 a3 01 00 00 00 00 00 00 00", "mov 2/2 a8 m,r0 ds:[0x1]" },
	{ 8, "65 48 a3 01 00 00 00 00 00 00 00", "mov 8/8 a8 m,r0 gs:[0x1]" },
	{ 8, "67 a1 78 56 34 f2", "mov 4/4 a4 r0,m ds:[0xf2345678]" },
	{ 4, "a1 78 56 34 12", "mov 4/4 a4 r0,m ds:[0x12345678]" },
	{ 4, "67 a1 34 f2", "mov 4/4 a2 r0,m ds:[0xf234]" },
	{ 2, "a3 34 12", "mov 2/2 a2 m,r0 ds:[0x1234]" },
	{ 8, "c6 00 7f", "mov 1/1 a8 m,0x7f ds:[r0]" },
	{ 8, "c6 00 80", "mov 1/1 a8 m,-0x80 ds:[r0]" },
	{ 8, "c7 00 ff ff ff ff", "mov 4/4 a8 m,-0x1 ds:[r0]" },
	{ 8, "66 c7 00 fe ff", "mov 2/2 a8 m,-0x2 ds:[r0]" },
	{ 8, "48 c7 00 78 56 34 12", "mov 8/8 a8 m,0x12345678 ds:[r0]" },
	{ 8, "c7 80 10 00 00 00 01 00 00 00",
	  "mov 4/4 a8 m,0x1 ds:[r0+0x10]" },
	{ 2, "c7 07 34 12", "mov 2/2 a2 m,0x1234 ds:[r3]" },
	{ 8, "c6 08 00", "EOPNOTSUPP" },
	{ 8, "c7 38 00 00 00 00", "EOPNOTSUPP" },
	{ 8, "0f c3 0b", "mov 4/4 a8 m,r1 ds:[r3]" },
	{ 8, "48 0f c3 0b", "mov 8/8 a8 m,r1 ds:[r3]" },
	{ 2, "0f c3 07", "mov 4/4 a2 m,r0 ds:[r3]" },
	{ 8, "66 0f c3 0b", "EOPNOTSUPP" },
	{ 8, "f3 0f c3 0b", "EOPNOTSUPP" },

	/* Legacy high bytes, and the registers that REX puts there. */
	{ 8, "88 23", "mov 1/1 a8 m,r0h ds:[r3]" },
	{ 8, "88 2b", "mov 1/1 a8 m,r1h ds:[r3]" },
	{ 8, "8a 33", "mov 1/1 a8 r2h,m ds:[r3]" },
	{ 8, "88 3b", "mov 1/1 a8 m,r3h ds:[r3]" },
	{ 4, "88 3b", "mov 1/1 a4 m,r3h ds:[r3]" },
	{ 8, "40 88 23", "mov 1/1 a8 m,r4 ds:[r3]" },
	{ 8, "41 88 3b", "mov 1/1 a8 m,r7 ds:[r11]" },
	{ 8, "44 88 23", "mov 1/1 a8 m,r12 ds:[r3]" },
	{ 8, "89 23", "mov 4/4 a8 m,r4 ds:[r3]" },

	/* movzx, movsx, movsxd */
	{ 8, "0f b6 03", "movzx 4/1 a8 r0,m ds:[r3]" },
	{ 8, "66 0f b6 03", "movzx 2/1 a8 r0,m ds:[r3]" },
	{ 8, "48 0f b6 03", "movzx 8/1 a8 r0,m ds:[r3]" },
	{ 8, "0f b6 63 01", "movzx 4/1 a8 r4,m ds:[r3+0x1]" },
	{ 8, "0f b7 03", "movzx 4/2 a8 r0,m ds:[r3]" },
	{ 8, "66 0f b7 03", "movzx 2/2 a8 r0,m ds:[r3]" },
	{ 8, "4d 0f b7 03", "movzx 8/2 a8 r8,m ds:[r11]" },
	{ 8, "0f be 03", "movsx 4/1 a8 r0,m ds:[r3]" },
	{ 8, "48 0f be 03", "movsx 8/1 a8 r0,m ds:[r3]" },
	{ 8, "0f bf 03", "movsx 4/2 a8 r0,m ds:[r3]" },
	{ 2, "0f be 07", "movsx 2/1 a2 r0,m ds:[r3]" },
	{ 2, "66 0f bf 07", "movsx 4/2 a2 r0,m ds:[r3]" },
	{ 8, "48 63 03", "movsx 8/4 a8 r0,m ds:[r3]" },
	{ 8, "63 03", "movsx 4/4 a8 r0,m ds:[r3]" },
	{ 8, "66 63 03", "movsx 2/2 a8 r0,m ds:[r3]" },
	{ 4, "63 03", "EOPNOTSUPP" },

	/* Strings. */
	{ 8, "aa", "stos 1/1 a8 di,r0 es:" },
	{ 8, "ab", "stos 4/4 a8 di,r0 es:" },
	{ 8, "66 ab", "stos 2/2 a8 di,r0 es:" },
	{ 8, "f3 48 ab", "stos 8/8 a8 di,r0 rep es:" },
	{ 8, "f2 aa", "stos 1/1 a8 di,r0 rep es:" },
	{ 8, "67 f3 ab", "stos 4/4 a4 di,r0 rep es:" },
	{ 8, "64 ab", "stos 4/4 a8 di,r0 es:" },
	{ 4, "2e ab", "stos 4/4 a4 di,r0 es:" },
	{ 8, "ac", "lods 1/1 a8 r0,si ds:" },
	{ 8, "f3 48 ad", "lods 8/8 a8 r0,si rep ds:" },
	{ 8, "65 ac", "lods 1/1 a8 r0,si gs:" },
	{ 8, "2e ac", "lods 1/1 a8 r0,si ds:" },
	{ 4, "2e ac", "lods 1/1 a4 r0,si cs:" },
	{ 8, "a4", "movs 1/1 a8 di,si ds:" },
	{ 8, "48 a5", "movs 8/8 a8 di,si ds:" },
	{ 8, "f3 64 a5", "movs 4/4 a8 di,si rep fs:" },
	{ 4, "67 a5", "movs 4/4 a2 di,si ds:" },
	{ 2, "a5", "movs 2/2 a2 di,si ds:" },
	{ 2, "66 67 a5", "movs 4/4 a4 di,si ds:" },
	{ 8, "a6", "EOPNOTSUPP" },
	{ 8, "ae", "EOPNOTSUPP" },
	{ 8, "6c", "EOPNOTSUPP" },

	/* xchg, cmpxchg, xadd */
	{ 8, "86 03", "xchg 1/1 a8 m,r0 lock ds:[r3]" },
	{ 8, "48 87 03", "xchg 8/8 a8 m,r0 lock ds:[r3]" },
	{ 8, "f0 87 03", "xchg 4/4 a8 m,r0 lock ds:[r3]" },
	{ 8, "0f b0 23", "cmpxchg 1/1 a8 m,r0h ds:[r3]" },
	{ 8, "f0 48 0f b1 0b", "cmpxchg 8/8 a8 m,r1 lock ds:[r3]" },
	{ 8, "f0 0f c0 0b", "xadd 1/1 a8 m,r1 lock ds:[r3]" },
	{ 8, "0f c1 0b", "xadd 4/4 a8 m,r1 ds:[r3]" },
	{ 8, "0f c7 0b", "EOPNOTSUPP" },	/* cmpxchg8b */

	/* Arithmetic. */
	ALU_FORMS("add", "00", "01", "02", "03"),
	ALU_FORMS("or", "08", "09", "0a", "0b"),
	ALU_FORMS("adc", "10", "11", "12", "13"),
	ALU_FORMS("sbb", "18", "19", "1a", "1b"),
	ALU_FORMS("and", "20", "21", "22", "23"),
	ALU_FORMS("sub", "28", "29", "2a", "2b"),
	ALU_FORMS("xor", "30", "31", "32", "33"),
	ALU_FORMS("cmp", "38", "39", "3a", "3b"),
	ALU_IMMS("add", "03"),
	ALU_IMMS("or", "0b"),
	ALU_IMMS("adc", "13"),
	ALU_IMMS("sbb", "1b"),
	ALU_IMMS("and", "23"),
	ALU_IMMS("sub", "2b"),
	ALU_IMMS("xor", "33"),
	ALU_IMMS("cmp", "3b"),
	{ 2, "81 07 34 12", "add 2/2 a2 m,0x1234 ds:[r3]" },
	{ 8, "04 01", "EOPNOTSUPP" },
	{ 8, "05 01 00 00 00", "EOPNOTSUPP" },
	{ 4, "82 03 01", "EOPNOTSUPP" },
	{ 8, "84 0b", "test 1/1 a8 m,r1 ds:[r3]" },
	{ 8, "48 85 0b", "test 8/8 a8 m,r1 ds:[r3]" },
	{ 8, "f6 03 80", "test 1/1 a8 m,-0x80 ds:[r3]" },
	{ 8, "48 f7 03 01 00 00 00", "test 8/8 a8 m,0x1 ds:[r3]" },
	{ 8, "f6 0b 80", "EOPNOTSUPP" },
	{ 8, "f6 13", "not 1/1 a8 m,- ds:[r3]" },
	{ 8, "f7 13", "not 4/4 a8 m,- ds:[r3]" },
	{ 8, "f6 1b", "neg 1/1 a8 m,- ds:[r3]" },
	{ 8, "48 f7 1b", "neg 8/8 a8 m,- ds:[r3]" },
	{ 8, "f7 23", "EOPNOTSUPP" },		/* mul */
	{ 8, "fe 03", "inc 1/1 a8 m,- ds:[r3]" },
	{ 8, "f0 ff 03", "inc 4/4 a8 m,- lock ds:[r3]" },
	{ 8, "fe 0b", "dec 1/1 a8 m,- ds:[r3]" },
	{ 8, "66 ff 0b", "dec 2/2 a8 m,- ds:[r3]" },
	{ 8, "fe 13", "EOPNOTSUPP" },
	{ 8, "ff 13", "EOPNOTSUPP" },		/* call */
	{ 8, "ff 33", "EOPNOTSUPP" },		/* push */

	/* Bits. */
	{ 8, "0f a3 0b", "bt 4/4 a8 m,r1 ds:[r3]" },
	{ 8, "f0 48 0f ab 0b", "bts 8/8 a8 m,r1 lock ds:[r3]" },
	{ 8, "66 0f b3 0b", "btr 2/2 a8 m,r1 ds:[r3]" },
	{ 8, "0f bb 0b", "btc 4/4 a8 m,r1 ds:[r3]" },
	{ 8, "0f ba 23 07", "bt 4/4 a8 m,0x7 ds:[r3]" },
	{ 8, "48 0f ba 2b 3f", "bts 8/8 a8 m,0x3f ds:[r3]" },
	{ 8, "f0 0f ba 33 05", "btr 4/4 a8 m,0x5 lock ds:[r3]" },
	{ 8, "0f ba 3b ff", "btc 4/4 a8 m,-0x1 ds:[r3]" },
	{ 8, "0f ba 1b 00", "EOPNOTSUPP" },

	/* Flushes of cache lines; what else is in their group is not admitted. */
	{ 8, "0f ae 3b", "flush 1/1 a8 m,- ds:[r3]" },
	{ 8, "66 0f ae 3b", "flush 1/1 a8 m,- ds:[r3]" },
	{ 8, "66 0f ae 33", "flush 1/1 a8 m,- ds:[r3]" },
	{ 8, "48 0f ae 3b", "flush 1/1 a8 m,- ds:[r3]" },
	{ 8, "65 41 0f ae 7c 24 40", "flush 1/1 a8 m,- gs:[r12+0x40]" },
	{ 4, "0f ae 3b", "flush 1/1 a4 m,- ds:[r3]" },
	{ 2, "66 0f ae 37", "flush 1/1 a2 m,- ds:[r3]" },
	{ 8, "0f ae 33", "EOPNOTSUPP" },	/* xsaveopt */
	{ 8, "f3 66 0f ae 33", "EOPNOTSUPP" },
	{ 8, "f3 0f ae 33", "EOPNOTSUPP" },	/* clrssbsy */
	{ 8, "f2 0f ae 3b", "EOPNOTSUPP" },
	{ 8, "0f ae 03", "EOPNOTSUPP" },	/* fxsave */
	{ 8, "0f ae 2b", "EOPNOTSUPP" },	/* xrstor */
	{ 8, "0f ae f8", "EOPNOTSUPP" },	/* sfence */
	{ 8, "66 0f ae f3", "EOPNOTSUPP" },	/* tpause */
	{ 8, "f0 0f ae 3b", "EINVAL" },

	/* Addresses in 64-bit code. */
	{ 8, "89 43 f0", "mov 4/4 a8 m,r0 ds:[r3-0x10]" },
	{ 8, "89 83 00 f0 ff ff", "mov 4/4 a8 m,r0 ds:[r3-0x1000]" },
	{ 8, "89 04 24", "mov 4/4 a8 m,r0 ss:[r4]" },
	{ 8, "89 45 00", "mov 4/4 a8 m,r0 ss:[r5]" },
	{ 8, "41 89 04 24", "mov 4/4 a8 m,r0 ds:[r12]" },
	{ 8, "41 89 45 00", "mov 4/4 a8 m,r0 ds:[r13]" },
	{ 8, "89 04 8b", "mov 4/4 a8 m,r0 ds:[r3+r1*4]" },
	{ 8, "42 89 04 a3", "mov 4/4 a8 m,r0 ds:[r3+r12*4]" },
	{ 8, "43 89 04 df", "mov 4/4 a8 m,r0 ds:[r15+r11*8]" },
	{ 8, "89 04 e4", "mov 4/4 a8 m,r0 ss:[r4]" },
	{ 8, "89 04 0c", "mov 4/4 a8 m,r0 ss:[r4+r1*1]" },
	{ 8, "89 04 69", "mov 4/4 a8 m,r0 ds:[r1+r5*2]" },
	{ 8, "89 04 8d 10 00 00 00", "mov 4/4 a8 m,r0 ds:[r1*4+0x10]" },
	{ 8, "89 04 25 00 10 00 80", "mov 4/4 a8 m,r0 ds:[-0x7ffff000]" },
	{ 8, "41 89 04 25 00 10 00 00", "mov 4/4 a8 m,r0 ds:[0x1000]" },
	{ 8, "41 89 44 0d 08", "mov 4/4 a8 m,r0 ds:[r13+r1*1+0x8]" },
	{ 8, "89 44 0d 08", "mov 4/4 a8 m,r0 ss:[r5+r1*1+0x8]" },
	{ 8, "89 84 cb 00 01 00 00", "mov 4/4 a8 m,r0 ds:[r3+r1*8+0x100]" },
	{ 8, "89 05 10 00 00 00", "mov 4/4 a8 m,r0 ds:[rip+0x10]" },
	{ 8, "41 89 05 10 00 00 00", "mov 4/4 a8 m,r0 ds:[rip+0x10]" },
	{ 8, "67 89 05 10 00 00 00", "mov 4/4 a4 m,r0 ds:[rip+0x10]" },
	{ 8, "c7 05 fc ff ff ff 01 00 00 00",
	  "mov 4/4 a8 m,0x1 ds:[rip-0x4]" },
	{ 8, "67 89 03", "mov 4/4 a4 m,r0 ds:[r3]" },
	{ 8, "64 89 03", "mov 4/4 a8 m,r0 fs:[r3]" },
	{ 8, "65 89 04 24", "mov 4/4 a8 m,r0 gs:[r4]" },
	{ 8, "36 89 03", "mov 4/4 a8 m,r0 ds:[r3]" },
	{ 8, "3e 89 45 00", "mov 4/4 a8 m,r0 ss:[r5]" },
	{ 8, "64 2e 89 03", "mov 4/4 a8 m,r0 fs:[r3]" },
	{ 8, "64 65 89 03", "mov 4/4 a8 m,r0 gs:[r3]" },

	/* Addresses in 32-bit code. */
	{ 4, "89 05 00 10 00 00", "mov 4/4 a4 m,r0 ds:[0x1000]" },
	{ 4, "89 04 24", "mov 4/4 a4 m,r0 ss:[r4]" },
	{ 4, "89 44 8d fc", "mov 4/4 a4 m,r0 ss:[r5+r1*4-0x4]" },
	{ 4, "26 89 03", "mov 4/4 a4 m,r0 es:[r3]" },
	{ 4, "2e 8b 03", "mov 4/4 a4 r0,m cs:[r3]" },
	{ 4, "36 89 03", "mov 4/4 a4 m,r0 ss:[r3]" },
	{ 4, "3e 89 45 00", "mov 4/4 a4 m,r0 ds:[r5]" },
	{ 4, "64 89 03", "mov 4/4 a4 m,r0 fs:[r3]" },

	/* 16-bit addresses. */
	{ 2, "89 00", "mov 2/2 a2 m,r0 ds:[r3+r6*1]" },
	{ 2, "89 01", "mov 2/2 a2 m,r0 ds:[r3+r7*1]" },
	{ 2, "89 02", "mov 2/2 a2 m,r0 ss:[r5+r6*1]" },
	{ 2, "89 03", "mov 2/2 a2 m,r0 ss:[r5+r7*1]" },
	{ 2, "89 04", "mov 2/2 a2 m,r0 ds:[r6]" },
	{ 2, "89 05", "mov 2/2 a2 m,r0 ds:[r7]" },
	{ 2, "89 06 34 12", "mov 2/2 a2 m,r0 ds:[0x1234]" },
	{ 2, "89 07", "mov 2/2 a2 m,r0 ds:[r3]" },
	{ 2, "89 46 fe", "mov 2/2 a2 m,r0 ss:[r5-0x2]" },
	{ 2, "89 80 00 01", "mov 2/2 a2 m,r0 ds:[r3+r6*1+0x100]" },
	{ 2, "65 89 46 00", "mov 2/2 a2 m,r0 gs:[r5]" },
	{ 2, "66 89 07", "mov 4/4 a2 m,r0 ds:[r3]" },
	{ 4, "67 89 00", "mov 4/4 a2 m,r0 ds:[r3+r6*1]" },

	/* Prefixes. */
	{ 8, "48 66 89 03", "mov 2/2 a8 m,r0 ds:[r3]" },
	{ 8, "48 40 89 03", "mov 4/4 a8 m,r0 ds:[r3]" },
	{ 8, "66 48 89 03", "mov 8/8 a8 m,r0 ds:[r3]" },
	{ 8, "66 67 f0 01 03", "add 2/2 a4 m,r0 lock ds:[r3]" },
	{ 8, "f3 89 03", "mov 4/4 a8 m,r0 ds:[r3]" },
	{ 8, "f2 f0 01 03", "add 4/4 a8 m,r0 lock ds:[r3]" },
	{ 8, "66 66 66 66 66 66 66 66 66 66 66 66 66 89 03",
	  "mov 2/2 a8 m,r0 ds:[r3]" },
	{ 8, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 89", "ENODATA" },
	{ 8, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", "ENODATA" },
	{ 4, "40 89 03", "EOPNOTSUPP" },	/* inc eax */

	/* LOCK where it may not stand. */
	ERROR_EVERYWHERE("f0 88 03", "EINVAL"),
	{ 8, "f0 8b 03", "EINVAL" },
	{ 8, "f0 a1 00 00 00 00 00 00 00 00", "EINVAL" },
	{ 8, "f0 c7 00 00 00 00 00", "EINVAL" },
	{ 8, "f0 39 03", "EINVAL" },
	{ 8, "f0 03 03", "EINVAL" },
	{ 8, "f0 80 38 00", "EINVAL" },
	{ 8, "f0 84 03", "EINVAL" },
	{ 8, "f0 f6 03 00", "EINVAL" },
	{ 8, "f0 aa", "EINVAL" },
	{ 8, "f0 0f a3 03", "EINVAL" },
	{ 8, "f0 0f ba 23 00", "EINVAL" },
	{ 8, "f0 0f b6 03", "EINVAL" },
	{ 8, "f0 01 c3", "EINVAL" },
	{ 8, "f0 87 c3", "EINVAL" },

	/* Nothing in memory, and what is not admitted at all. */
	ERROR_EVERYWHERE("89 c3", "EOPNOTSUPP"),
	ERROR_EVERYWHERE("0f b6 c0", "EOPNOTSUPP"),
	{ 8, "80 c0 01", "EOPNOTSUPP" },
	{ 8, "c7 f8 00 00 00 00", "EOPNOTSUPP" },
	{ 8, "0f ba e0 01", "EOPNOTSUPP" },
	{ 8, "f7 d0", "EOPNOTSUPP" },
	ERROR_EVERYWHERE("c5 f8 77", "EOPNOTSUPP"),
	ERROR_EVERYWHERE("c4 e2 79 18 03", "EOPNOTSUPP"),
	ERROR_EVERYWHERE("62 f1 7c 48 10 03", "EOPNOTSUPP"),
	{ 4, "c4 03", "EOPNOTSUPP" },		/* les */
	{ 8, "d5 48 89 03", "EOPNOTSUPP" },	/* REX2 */
	{ 8, "90", "EOPNOTSUPP" },
	{ 8, "0f 05", "EOPNOTSUPP" },
	{ 8, "0f 0b", "EOPNOTSUPP" },
	{ 8, "0f 38 f1 03", "EOPNOTSUPP" },	/* movbe */
	{ 8, "f3 0f 6f 03", "EOPNOTSUPP" },	/* movdqu */
	{ 8, "0f 11 03", "EOPNOTSUPP" },
	{ 8, "8c 03", "EOPNOTSUPP" },
	{ 8, "8f 03", "EOPNOTSUPP" },
	{ 8, "d1 23", "EOPNOTSUPP" },

	/* Bytes that end too early. */
	ERROR_EVERYWHERE("66", "ENODATA"),
	{ 8, "48", "ENODATA" },
	{ 8, "f0 0f", "ENODATA" },
	{ 8, "89", "ENODATA" },
	{ 8, "80", "ENODATA" },
	{ 8, "89 04", "ENODATA" },
	{ 8, "89 44 24", "ENODATA" },
	{ 8, "89 05 00 00 00", "ENODATA" },
	{ 8, "80 00", "ENODATA" },
	{ 8, "c7 00 00 00 00", "ENODATA" },
	{ 8, "66 c7 00 00", "ENODATA" },
	{ 8, "a0 00 00 00 00 00 00 00", "ENODATA" },
	{ 2, "89 06 34", "ENODATA" },
};

#endif /* _KAGE_UNIT_DECODE_ROWS_H */
