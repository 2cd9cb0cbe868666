// SPDX-License-Identifier: GPL-2.0
/*
 * IN, OUT, INS and OUTS, to ports that keep what they are given, and from one that
 * has a number to tell.
 */
#include "snippets.h"

#define ENABLE		0x602	/* of the power management: 16 bits */
#define PCI_ADDR	0xcf8	/* 32 bits */
#define PCI_DATA	0xcfc
#define NO_PORT		0x2e8
#define PCI_ON		0x80000000
#define HIGH		0xdeadbeef00000000ULL
#define IOPL3		(3ULL << 12)
#define BYTES		(4 * PAGE)
#define FILL		0xa5

/*
 * Four pages in a row; MID is the beginning of the third, so that what begins
 * below crosses into it. ABSENT is the end of what is mapped of SPARE.
 */
static uint8_t *buf;
#define MID		((uint64_t)buf + 2 * PAGE)
#define ABSENT		(SPARE + PAGE)

static uint32_t id;		/* of the host bridge */

static void reset_ports(void)
{
	outl(PCI_ADDR, PCI_ON);
	outw(ENABLE, 0);
}

static void plain_rows(void)
{
	const uint8_t b = id;
	const uint16_t w = id;

#define IN(text, port, val, ...) \
	ROW(text, .how = PRIVILEGED, .in = { { RDX, HIGH | (port) }, \
	    { RAX, ~0ULL } }, .out = { { RAX, val } }, __VA_ARGS__)
	IN("in dx, al", PCI_DATA, ~0xffULL | b);
	IN("in dx, al", PCI_DATA + 3, ~0xffULL | id >> 24);
	IN("in dx, ax", PCI_DATA, ~0xffffULL | w);
	IN("in dx, ax", PCI_DATA + 2, ~0xffffULL | id >> 16);
	IN("in dx, eax", PCI_DATA, id);
	IN("in dx, eax", PCI_ADDR, PCI_ON);
	IN("in dx, eax", NO_PORT, 0xffffffff, .note = "nothing there");
	IN("in dx, ax", NO_PORT, ~0ULL, .note = "nothing there");
	IN("in $0x21, al", 0, ~0ULL, .note = "all masked");
	IN("in $0xe9, eax", 0, 0xffffffff, .note = "nothing there");
	IN("in dx, eax", 0xffff, 0xffffffff, .note = "over the last port");
	/* With enough privilege for ports CPL 3 is like CPL 0. */
	ROW("in dx, eax", .note = "IOPL 3", .how = USER, .flags = IOPL3,
	    .in = { { RDX, PCI_DATA } }, .out = { { RAX, id } });
#define OUT(text, back, port, val, want) \
	ROW(text "; mov rsi, rax;" back, .how = PRIVILEGED, .steps = 3, \
	    .in = { { RDX, HIGH | (port) }, { RAX, val }, { RSI, 0 } }, \
	    .out = { { RAX, want } }, .after = reset_ports)
	OUT("out al, dx", "in dx, al", ENABLE, HIGH | 0x1234, 0x34);
	OUT("out ax, dx", "in dx, ax", ENABLE, HIGH | 0x1234, 0x1234);
	OUT("out al, dx", "in dx, ax", ENABLE + 1, 0x56, 0x100 | 0x56);
	OUT("out eax, dx", "in dx, eax", PCI_ADDR, HIGH | 0x80000804,
	    0x80000804);
	ROW("out eax, dx", .note = "IOPL 3", .how = USER, .flags = IOPL3,
	    .in = { { RDX, NO_PORT } });
	ROW("out al, $0xe9", .how = PRIVILEGED);
}

/* What a row of string instructions moves, for before and after. */
static struct {
	uint64_t at;		/* of the first element */
	unsigned int size, count;
	bool down;
} move;

static uint64_t low_end(void)
{
	if (!move.down || !move.count)
		return move.at;
	return move.at - (move.count - 1) * move.size;
}

static void fill(void)
{
	uint64_t i, *words = (uint64_t *)buf;

	for (i = 0; i < BYTES / 8; i++)
		words[i] = FILL * 0x0101010101010101ULL;
}

/* All elements are the same: the bridge's number, from its beginning. */
static void check_filled(void)
{
	const uint64_t from = low_end(), to = from + move.count * move.size;
	uint64_t at, want;

	if (seen.f.vector != VEC_BP)
		return;
	for (at = from - 16; at < to + 16; at++) {
		want = FILL;
		if (at >= from && at < to)
			want = id >> ((at - from) % move.size * 8) & 0xff;
		if (*(uint8_t *)at != want) {
			check("address of a byte that differs", at, 0);
			break;
		}
	}
}

#define SMALL(reg)	((reg) & 0xffffffff)

/* @moved: what RDI or RSI has moved by. */
static uint64_t moved(void)
{
	const uint64_t n = (uint64_t)move.count * move.size;

	return move.down ? -n : n;
}

static void set_move(uint64_t at, unsigned int size, unsigned int count,
		     bool down)
{
	move.at = at;
	move.size = size;
	move.count = count;
	move.down = down;
}

#define FLAGS	(move.down ? FLAG_DF : 0)

static void ins_rows_at(uint64_t at, bool down)
{
#define INS(text, bytes) \
	set_move(at, bytes, 1, down); \
	ROW(text, .how = PRIVILEGED, .flags = FLAGS, .before = fill, \
	    .in = { { RDX, PCI_DATA }, { RDI, at } }, \
	    .out = { { RDI, at + moved() } }, .after = check_filled)
	INS("insb", 1);
	INS("insw", 2);
	INS("insl", 4);
#define REP_INS(text, bytes, n) \
	set_move(at, bytes, n, down); \
	ROW(text, .note = #n, .how = PRIVILEGED, .flags = FLAGS, \
	    .steps = (n) ? (n) : 1, .before = fill, \
	    .in = { { RDX, PCI_DATA }, { RDI, at }, { RCX, n } }, \
	    .out = { { RDI, at + moved() }, { RCX, 0 } }, \
	    .after = check_filled)
#define REP_INS_ALL(n) \
	REP_INS("rep insb", 1, n); \
	REP_INS("rep insw", 2, n); \
	REP_INS("rep insl", 4, n)
	REP_INS_ALL(0);
	REP_INS_ALL(1);
	REP_INS_ALL(3);
	REP_INS_ALL(65);
	REP_INS_ALL(200);
	REP_INS("repne insb", 1, 5);
#define REP_INS_32(text, bytes, n) \
	set_move(at, bytes, n, down); \
	ROW(text, .note = "32-bit addresses, " #n, .how = PRIVILEGED, \
	    .flags = FLAGS, .steps = (n) ? (n) : 1, .before = fill, \
	    .in = { { RDX, PCI_DATA }, { RDI, HIGH | at }, \
		    { RCX, HIGH | (n) } }, \
	    .out = { { RDI, SMALL(at + moved()) }, { RCX, 0 } }, \
	    .after = check_filled)
	REP_INS_32("rep insb (dx), es:(edi)", 1, 3);
	REP_INS_32("rep insl (dx), es:(edi)", 4, 66);
	set_move(at, 4, 1, down);
	ROW("insl (dx), es:(edi)", .note = "32-bit addresses",
	    .how = PRIVILEGED, .flags = FLAGS, .before = fill,
	    .in = { { RDX, PCI_DATA }, { RDI, HIGH | at } },
	    .out = { { RDI, SMALL(at + moved()) } }, .after = check_filled);
	/* Whether registers are cut off where nothing is done differs. */
	set_move(at, 4, 0, down);
	ROW("rep insl (dx), es:(edi)", .note = "32-bit addresses, 0",
	    .flags = FLAGS, .before = fill, .any = BIT(RCX) | BIT(RDI),
	    .in = { { RDX, PCI_DATA }, { RDI, HIGH | at }, { RCX, HIGH } },
	    .after = check_filled);
}

/* The third element is not there; the first two are. */
static void ins_fault_rows(void)
{
	set_move(MID, 4, 0, false);
	ROW("rep insl", .note = "no page", .vector = VEC_PF, .error = 2,
	    .steps = 2, .in = { { RDX, PCI_DATA }, { RDI, ABSENT - 8 },
				{ RCX, 5 } },
	    .out = { { RDI, ABSENT }, { RCX, 3 } });
	ROW("rep insl", .note = "no page for its end", .vector = VEC_PF,
	    .error = 2, .steps = 1,
	    .in = { { RDX, PCI_DATA }, { RDI, ABSENT - 6 }, { RCX, 5 } },
	    .out = { { RDI, ABSENT - 2 }, { RCX, 4 } });
	ROW("insb", .note = "no page", .vector = VEC_PF, .error = 2,
	    .in = { { RDX, PCI_DATA }, { RDI, ABSENT } });
	ROW("insb", .note = "not canonical", .vector = VEC_GP,
	    .in = { { RDX, PCI_DATA }, { RDI, BIT(47) } });
	ROW("outsb", .note = "not canonical", .vector = VEC_GP,
	    .in = { { RDX, NO_PORT }, { RSI, BIT(47) } });
	ROW("outsl", .note = "no page", .vector = VEC_PF, .error = 0,
	    .in = { { RDX, NO_PORT }, { RSI, ABSENT - 1 } });
	ROW("rep outsw", .note = "no page", .vector = VEC_PF, .error = 0,
	    .steps = 2,
	    .in = { { RDX, NO_PORT }, { RSI, ABSENT - 4 }, { RCX, 9 } },
	    .out = { { RSI, ABSENT }, { RCX, 7 } });
}

/* Each element differs from the others, and is one that the ports keep. */
static void number(void)
{
	uint32_t *words = (uint32_t *)buf;
	unsigned int i;

	reset_ports();
	for (i = 0; i < BYTES / 4; i++)
		words[i] = PCI_ON | i << 8 | ((i * 4) & 0xfc);
}

static uint64_t element(uint64_t at)
{
	number();
	if (move.size == 4 && (at & 3))
		return *(uint32_t *)at & 0x80fffffc;
	return *(uint64_t *)at & ((1ULL << (move.size * 8)) - 1);
}

/* What the port keeps is the last of them. */
static uint64_t last_element(void)
{
	if (!move.count)
		return move.size == 4 ? PCI_ON : 0;
	return element(move.down ? low_end() : move.at + moved() - move.size);
}

static void outs_rows_at(uint64_t at, bool down)
{
#define OUTS(text, back, port, bytes) \
	set_move(at, bytes, 1, down); \
	ROW(text "; " back, .how = PRIVILEGED, .flags = FLAGS, \
	    .steps = 2, .before = number, \
	    .in = { { RDX, port }, { RSI, at }, { RAX, 0 } }, \
	    .out = { { RSI, at + moved() }, { RAX, last_element() } })
	OUTS("outsb", "in dx, al", ENABLE, 1);
	OUTS("outsw", "in dx, ax", ENABLE, 2);
	OUTS("outsl", "in dx, eax", PCI_ADDR, 4);
#define REP_OUTS(text, back, port, bytes, n) \
	set_move(at, bytes, n, down); \
	ROW(text "; " back, .note = #n, .how = PRIVILEGED, .flags = FLAGS, \
	    .steps = ((n) ? (n) : 1) + 1, .before = number, \
	    .in = { { RDX, port }, { RSI, at }, { RCX, n }, { RAX, 0 } }, \
	    .out = { { RSI, at + moved() }, { RCX, 0 }, \
		     { RAX, last_element() } })
#define REP_OUTS_ALL(n) \
	REP_OUTS("rep outsb", "in dx, al", ENABLE, 1, n); \
	REP_OUTS("rep outsw", "in dx, ax", ENABLE, 2, n); \
	REP_OUTS("rep outsl", "in dx, eax", PCI_ADDR, 4, n)
	REP_OUTS_ALL(0);
	REP_OUTS_ALL(1);
	REP_OUTS_ALL(3);
	REP_OUTS_ALL(65);
	REP_OUTS_ALL(200);
	set_move(at, 4, 3, down);
	ROW("rep outsl (esi), dx; in dx, eax", .note = "32-bit addresses",
	    .how = PRIVILEGED, .flags = FLAGS, .steps = 4, .before = number,
	    .in = { { RDX, PCI_ADDR }, { RSI, HIGH | at },
		    { RCX, HIGH | 3 } },
	    .out = { { RSI, SMALL(at + moved()) }, { RCX, 0 },
		     { RAX, last_element() } });
	wrmsr(GS_BASE, 0x10000);
	ROW("rep outsl gs:(rsi), dx; in dx, eax", .note = "GS",
	    .how = PRIVILEGED, .flags = FLAGS, .steps = 4, .before = number,
	    .in = { { RDX, PCI_ADDR }, { RSI, at - 0x10000 }, { RCX, 3 } },
	    .out = { { RSI, at + moved() - 0x10000 }, { RCX, 0 },
		     { RAX, last_element() } });
	wrmsr(GS_BASE, 0);
}

void port_rows(void)
{
	unsigned int i;

	buf = page_alloc();
	for (i = 1; i < BYTES / PAGE; i++)
		page_alloc();
	reset_ports();
	id = inl(PCI_DATA);
	plain_rows();
	ins_rows_at(MID + 0x400, false);
	ins_rows_at(MID - 6, false);
	ins_rows_at(MID - 5, false);
	ins_rows_at(MID + 0x400, true);
	ins_rows_at(MID + 5, true);
	ins_fault_rows();
	outs_rows_at(MID + 0x400, false);
	outs_rows_at(MID - 8, false);
	outs_rows_at(MID + 0x400, true);
	outs_rows_at(MID + 4, true);
}
