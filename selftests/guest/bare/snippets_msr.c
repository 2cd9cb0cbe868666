// SPDX-License-Identifier: GPL-2.0
#include "snippets.h"

void msr_rows(void)
{
}
