/* SPDX-License-Identifier: GPL-2.0 */
/* Runs a piece of code until it raises an exception. */
#ifndef _ATTEMPT_H
#define _ATTEMPT_H

#include "bare.h"

/* Set while a piece of code runs; for the handler to look at and to clear. */
extern uint32_t attempting;
/** attempt() - run with these registers until anything is raised */
void attempt(const struct frame *start);
/** rescue() - attempt() returns; for the handler of what was raised */
void rescue(void) __attribute__((noreturn));

#endif /* _ATTEMPT_H */
