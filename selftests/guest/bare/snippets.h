/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of snippets: pieces of code, and what a processor does with them.
 *
 * A row runs its code with every register known, to the INT3 at its end or to an
 * exception. What is not said to change must not.
 */
#ifndef _SNIPPETS_H
#define _SNIPPETS_H

#include "attempt.h"

#define BIT(n)		(1ULL << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define FLAG_CF		BIT(0)
#define FLAG_PF		BIT(2)
#define FLAG_AF		BIT(4)
#define FLAG_ZF		BIT(6)
#define FLAG_SF		BIT(7)
#define FLAG_TF		BIT(8)
#define FLAG_IF		BIT(9)
#define FLAG_DF		BIT(10)
#define FLAG_OF		BIT(11)
#define FLAG_RF		BIT(16)
#define FLAG_AC		BIT(18)
#define FLAGS_ARITH	(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | \
			 FLAG_OF)

/* A row without a vector has 0. */
#define VEC_DE	0x100
enum {
	VEC_DB = 1, VEC_NMI, VEC_BP, VEC_OF, VEC_BR, VEC_UD, VEC_NM, VEC_DF,
	VEC_TS = 10, VEC_NP, VEC_SS, VEC_GP, VEC_PF, VEC_MF = 16, VEC_AC,
};

#define LAPIC		0xfee00000ULL
#define LAPIC_COUNT	0x380
#define EFER		0xc0000080
#define EFER_SCE	BIT(0)
#define EFER_NX		BIT(11)
#define FS_BASE		0xc0000100
#define GS_BASE		0xc0000101

/* Numbers of registers in a frame; 0 ends a list of them. */
enum {
	END, RAX, RCX, RDX, RBX, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14,
	R15, NR_REGS = R15, RSP = 21,
};

#define REG(f, nr)	(((uint64_t *)(f))[(nr) - 1])

struct code {
	const uint8_t *start, *end;	/* an INT3 is at its end */
};

/* Registers are without their %, which the compiler would take for its own. */
#define CODE(text) ({							\
	struct code code;						\
	asm(".pushsection .text.snippets, \"ax\"\n"			\
	    "771:\t.att_syntax noprefix\n\t" text			\
	    "\n\t.att_syntax prefix\n772:\tint3\n\t.popsection\n\t"	\
	    "lea 771b(%%rip), %0\n\tlea 772b(%%rip), %1"		\
	    : "=&r" (code.start), "=r" (code.end));			\
	code;								\
})

/* The same for 32-bit code. */
#define CODE32(text)	CODE(".code32\n\t" text "\n\t.code64")

/* What a piece of code ended with. */
#define NR_STEPS	8
struct outcome {
	struct frame f;
	uint64_t cr2, dr6;
	uint64_t step[NR_STEPS];	/* where single-step traps came */
	uint64_t nr_steps;
};

extern struct outcome seen;

/* snippets.c */
/* Asked first about what comes while nothing runs, and about NMIs. */
extern handler_fn on_event;
extern uint64_t nr_rows, nr_wrong, nr_left_out;
/** next_row() - of each row only the first differences are told */
void next_row(void);
/** begin() - names what runs now, and counts it */
void begin(const char *name, const char *note);
/** group() - says what comes now */
void group(const char *name);
/** differs() - what is wrong with what runs now */
void differs(const char *what, uint64_t found, uint64_t expected);
static inline void check(const char *what, uint64_t found, uint64_t expected)
{
	if (found != expected)
		differs(what, found, expected);
}
/** left_out() - the row needs what this processor has not */
void left_out(const char *name);

/** run_code() - what comes of it is in seen */
void run_code(const struct frame *start);
/** fresh() - a frame with a value of its own in each register */
struct frame fresh(const uint8_t *rip);
/** compare_frames() - registers and RFLAGS; @any, @flags: bits not looked at */
void compare_frames(const struct frame *want, uint64_t any, uint64_t flags);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpuid(uint32_t leaf, uint32_t sub);
bool has_leaf1_ecx(unsigned int bit);
bool has_leaf7_ebx(unsigned int bit);
bool has_leaf7_ecx(unsigned int bit);

/* Address space: what can be had for use, all in the trusted root. */
#define WINDOW		0x40000000ULL	/* two pages; also in snippets_forms.S */
#define TARGET		(WINDOW + LAPIC_COUNT)
#define SHADOWED	(2ULL << 39)	/* 2 MiB that one leaf table maps */
#define SCRATCH		(3ULL << 39)	/* two pages for code */
#define USER_SCRATCH	(4ULL << 39)	/* the same for CPL 3 */
#define POOL		(48ULL << 20)	/* frames; each begins with its address */
#define SPARE		(5ULL << 39)	/* pages for whoever runs */

extern uint64_t *trusted_root, *leaf_table;
extern uint8_t *scratch;		/* its own mapping of SCRATCH */
/** follows() - does @gva translate as @pte says? */
void follows(uint64_t gva, uint64_t pte);

/* snippets_row.c: a row that says what is expected */
struct value {
	uint8_t nr;
	uint64_t val;
};

struct row {
	const char *name, *note;
	struct code code;
	struct value in[7], out[6];
	uint64_t any;		/* BIT(nr) of registers not looked at */
	uint64_t flags, flags_out;	/* RFLAGS before and after */
	uint64_t flags_any;
	int vector;		/* 0: it comes to its end */
	uint64_t error, cr2;	/* cr2: if not 0 */
	int at;			/* offset of a fault's RIP */
	unsigned int steps;	/* with TF; 0: 1, or none before a fault */
	unsigned int how;
	void (*before)(void), (*after)(void);
};

#define PRIVILEGED	1	/* #GP(0) at CPL 3 */
#define USER		2	/* the same at CPL 3 as at CPL 0 */
#define ONCE		4	/* neither stepped nor in a shadow */
#define OWN_FLAGS	8	/* flags_out says what they are */
#define NO_STEP		16	/* not stepped */
#define NOT_CPL0	32
#define ONLY_USER	(NOT_CPL0 | PRIVILEGED | ONCE)
#define AT_USER		(NOT_CPL0 | USER | ONCE)
#define IN_32		64	/* 32-bit code at CPL 3 */

#define ROW_OF(text, what, ...) do {					\
	const struct row row = {					\
		.name = text, .code = what(text), __VA_ARGS__		\
	};								\
	run_row(&row);							\
} while (0)
#define ROW(text, ...)		ROW_OF(text, CODE, __VA_ARGS__)
#define ROW32(text, ...)						\
	ROW_OF(text, CODE32, .how = AT_USER | IN_32, __VA_ARGS__)

void run_row(const struct row *row);

/* snippets_compare.c: code that does on a table what it does on other RAM */
#define LOGIC_FLAGS	1	/* AF is undefined */
#define BIT_FLAGS	2	/* all but CF and ZF are */
#define ON_DEVICE	4	/* four bytes at TARGET */
#define NOT_ON_TABLE	8

struct form {
	const char *name;
	struct code code;
	uint64_t kind;
};

/* Code that CPL 3 can run; 32-bit code, too */
#define USER_CODE	(WINDOW + 16 * PAGE)

void compare_init(void);
/** compare() - @in: registers; @entry: what is at TARGET before */
void compare(const struct form *form, const struct frame *in, uint64_t entry);
/** leading_frame() - registers that lead to TARGET, as snippets_forms.S has them */
struct frame leading_frame(const uint8_t *rip);
void form_rows(void);
void string_rows(void);

void cpu_rows(void);
void msr_rows(void);
void port_rows(void);
void event_rows(void);

#endif /* _SNIPPETS_H */
