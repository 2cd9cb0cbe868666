// SPDX-License-Identifier: GPL-2.0
/*
 * Ticks per operation of what costs a guest exits, measured by the guest: a
 * line "bench: row NAME N TICKS UNIT" each. Before each row and after it the
 * guest waits for a byte from the host, which reads its counters meanwhile.
 * "rows=NAME,NAME..." on the command line takes only these.
 */
#include "bench.h"

#define TEST		0x8000000000ULL
#define CMDLINE		0x20000ULL	/* where kagectl puts it */
#define POLL_TICKS	100000		/* a millisecond on the stage */
#define UART_LSR	0x3fd
#define MSR_EFER	0xc0000080
#define EFER_NXE	0x800

uint64_t *root;
uint64_t used, wrong, faults, ticks_fired;
static uint64_t frames, cow_frames, resume, refused;
static uint64_t *used_ptes;
static uint64_t next_region = TEST;

uint64_t fresh_region(void)
{
	next_region += REGION;
	return next_region;
}

uint64_t *pde_of(uint64_t *top, uint64_t gva)
{
	uint64_t *table = top;
	int shift;

	pte_of(top, gva);
	for (shift = 39; shift > 21; shift -= 9)
		table = (uint64_t *)(table[gva >> shift & 511] & ~(PAGE - 1));
	return &table[gva >> 21 & 511];
}

uint64_t frame(int i)
{
	return frames + i % PER_TABLE * PAGE;
}

void fill(uint64_t *pte, int n, uint64_t flags)
{
	int i;

	for (i = 0; i < n; i++)
		set_pte(pte + i, flags ? frame(i) | flags : 0);
}

void flush(void)
{
	write_cr3(read_cr3());
}

/* While @resume is set, a page fault goes there. */
bool read_faults(uint64_t gva)
{
	refused = 0;
	asm volatile("movq $1f, %0; movb (%1), %%al; 1: movq $0, %0"
		     : "=m" (resume) : "r" (gva) : "rax", "memory");
	return refused;
}

bool write_faults(uint64_t gva)
{
	uint8_t val = *(volatile uint8_t *)gva;

	refused = 0;
	asm volatile("movq $1f, %0; movb %2, (%1); 1: movq $0, %0"
		     : "=m" (resume) : "r" (gva), "r" (val) : "memory");
	return refused;
}

static bool handle_page_fault(struct frame *frame)
{
	uint64_t gva = read_cr2() & ~(PAGE - 1), off = gva - used, *pte;
	uint64_t need = frame->error & 2 ? PTE_P | PTE_W : PTE_P;
	uint64_t flags = PTE_RW;

	if (resume) {
		refused = 1;
		frame->rip = resume;
		return true;
	}
	if (off >= REGION)
		return false;
	pte = used_ptes + off / PAGE;
	if ((*pte & need) == need) {
		/* A translation that was cached before the entry allowed it. */
		invlpg(gva);
		return true;
	}
	faults++;
	if (frame->error & 4)
		flags |= PTE_U;
	if (*pte & PTE_P) {
		set_pte(pte, (cow_frames + off) | flags);
		invlpg(gva);
	} else {
		set_pte(pte, (frames + off) | flags);
	}
	return true;
}

static bool handle(struct frame *frame)
{
	if (frame->vector == 14)
		return handle_page_fault(frame);
	if (frame->vector != TIMER_VECTOR)
		return user_ends(frame);
	ticks_fired++;
	wrmsr(0x80b, 0);		/* EOI */
	return true;
}

/*
 * Most of the time without an exit, so that what the host counts between two
 * rows stays small.
 */
static void wait_quietly(void)
{
	uint64_t start;

	while (!(inb(UART_LSR) & 1)) {
		start = rdtsc();
		while (rdtsc() - start < POLL_TICKS)
			asm volatile("pause");
	}
	wait_for_host();
}

static bool is_word(const char *word, const char *s)
{
	while (*word && *word == *s)
		word++, s++;
	return !*word && (!*s || *s == ',' || *s == ' ');
}

static bool wanted(const char *name)
{
	static const char key[] = "rows=";
	const char *s = (const char *)CMDLINE;
	int i;

	for (i = 0; key[i]; i++)
		if (s[i] != key[i])
			return true;
	for (s += i; *s && *s != ' '; s++)
		if ((s[-1] == ',' || s[-1] == '=') && is_word(name, s))
			return true;
	return false;
}

static bool measure(const struct row *row)
{
	uint64_t start, ticks;

	faults = 0;
	wrong = 0;
	if (row->before)
		row->before(row);
	print("bench: ready %s\n", row->name);
	wait_quietly();
	start = rdtsc();
	ticks = row->run(row);
	ticks = rdtsc() - start - ticks;
	print("bench: row %s %u %u %s\n", row->name, (uint64_t)row->n, ticks,
	      row->unit);
	wait_quietly();
	write_cr3((uint64_t)root);
	if (!wrong && (!row->right || row->right(row)))
		return true;
	print("bench: wrong %s\n", row->name);
	return false;
}

/* Pages come one behind the other. */
static uint64_t make_frames(void)
{
	uint64_t first = 0, *page;
	int i;

	for (i = 0; i < PER_TABLE; i++) {
		page = page_alloc();
		page[0] = MAGIC;
		if (!i)
			first = (uint64_t)page;
	}
	return first;
}

static void set_up(void)
{
	/* The interrupt controller of old stays silent. */
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	root = new_root();
	frames = make_frames();
	cow_frames = make_frames();
	used = fresh_region();
	used_ptes = pte_of(root, used);
	user_init();
	/* As every kernel does that has it. */
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	on_exception = handle;
	write_cr3((uint64_t)root);
	asm volatile("sti");
}

int guest_main(void)
{
	static const struct row *const parts[] = {
		cpu_rows, pte_rows, space_rows,
	};
	const struct row *row;
	int bad = 0;
	size_t i;

	set_up();
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (row = parts[i]; row->name; row++)
			if (wanted(row->name))
				bad += !measure(row);
	return bad;
}
