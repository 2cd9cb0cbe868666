// SPDX-License-Identifier: GPL-2.0
#include "snippets.h"

void cpu_rows(void)
{
}
