// SPDX-License-Identifier: GPL-2.0
/*
 * What a program does with its memory.
 */
#include "linux_bench.h"
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#define PAGE	4096UL

static volatile char *fault_page;

static char *map(size_t pages, int flags)
{
	void *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* The same in one page table: maps lie at random, and what is next lies below. */
static char *map_in_one(size_t pages)
{
	char *mem = map(pages, 0), *below;

	if (!mem || ((uintptr_t)mem ^ ((uintptr_t)mem + pages * PAGE - 1)) <
	    512 * PAGE)
		return mem;
	below = map(pages, 0);
	munmap(mem, pages * PAGE);
	return below;
}

static void touch(char *mem, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		*(volatile char *)(mem + i * PAGE) = 1;
}

static int read_all(const char *mem, size_t pages)
{
	size_t i;
	int sum = 0;

	for (i = 0; i < pages; i++)
		sum += *(volatile const char *)(mem + i * PAGE);
	return sum;
}

static int run_syscall(const struct row *row)
{
	int i;

	for (i = 0; i < row->n; i++)
		syscall(SYS_getppid);
	return 0;
}

/* @a pages a time, as a program that grows. */
static int run_page_fault(const struct row *row)
{
	char *mem;
	int i;

	for (i = 0; i < row->n; i += row->a) {
		mem = map(row->a, 0);
		if (!mem)
			return -1;
		touch(mem, row->a);
		munmap(mem, row->a * PAGE);
	}
	return 0;
}

/* Pages that a child shares with its parent, and writes to. */
static int run_cow(const struct row *row)
{
	char *mem = map(row->n, 0);
	int status = -1;
	pid_t pid;

	if (!mem)
		return -1;
	touch(mem, row->n);
	pid = fork();
	if (!pid) {
		touch(mem, row->n);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	munmap(mem, row->n * PAGE);
	return status;
}

static int run_file_fault(const struct row *row)
{
	int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600), i;
	char page[PAGE] = { 1 };
	char *mem;

	for (i = 0; i < row->n; i++)
		if (write(fd, page, PAGE) != PAGE)
			return -1;
	mem = mmap(NULL, row->n * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return -1;
	if (read_all(mem, row->n) != row->n)
		return -1;
	munmap(mem, row->n * PAGE);
	close(fd);
	return 0;
}

static int run_mmap(const struct row *row)
{
	char *mem;
	int i;

	for (i = 0; i < row->n; i++) {
		mem = map(row->a, 0);
		if (!mem)
			return -1;
		touch(mem, 1);
		munmap(mem, row->a * PAGE);
	}
	return 0;
}

static int run_mprotect(const struct row *row)
{
	char *mem = map_in_one(row->a);
	int i;

	if (!mem)
		return -1;
	touch(mem, row->a);
	for (i = 0; i < row->n; i++) {
		if (mprotect(mem, row->a * PAGE, PROT_READ) ||
		    read_all(mem, row->a) != row->a ||
		    mprotect(mem, row->a * PAGE, PROT_READ | PROT_WRITE))
			return -1;
		touch(mem, row->a);
	}
	munmap(mem, row->a * PAGE);
	return 0;
}

static void allow(int signal)
{
	(void)signal;
	mprotect((void *)fault_page, PAGE, PROT_READ | PROT_WRITE);
}

static int run_prot_fault(const struct row *row)
{
	char *mem = map(1, 0);
	int i;

	if (!mem || signal(SIGSEGV, allow) == SIG_ERR)
		return -1;
	fault_page = mem;
	touch(mem, 1);
	for (i = 0; i < row->n; i++) {
		mprotect(mem, PAGE, PROT_READ);
		touch(mem, 1);
	}
	signal(SIGSEGV, SIG_DFL);
	munmap(mem, PAGE);
	return 0;
}

static volatile int caught;

static void count(int signal)
{
	(void)signal;
	caught++;
}

static int run_signal(const struct row *row)
{
	int i;

	caught = 0;
	signal(SIGUSR1, count);
	for (i = 0; i < row->n; i++)
		kill(getpid(), SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	return caught != row->n;
}

const struct row mem_rows[] = {
	{ "syscall", "getppid()", 20000, run_syscall },
	{ "page-fault", "new page touched, 256 at a time", 8192,
	  run_page_fault, 256 },
	{ "cow-fault", "page shared with the parent written to", 1024,
	  run_cow },
	{ "file-fault", "page of a file written, mapped and read", 1024,
	  run_file_fault },
	{ "mmap", "16 pages mapped, one touched, unmapped", 1000, run_mmap, 16 },
	{ "mprotect", "64 pages read-only, read, and back, written to", 200,
	  run_mprotect, 64 },
	{ "prot-fault", "write to a read-only page caught", 1000,
	  run_prot_fault },
	{ "signal", "signal sent to oneself and caught", 4000, run_signal },
	{ }
};
