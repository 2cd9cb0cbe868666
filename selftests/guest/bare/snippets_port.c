// SPDX-License-Identifier: GPL-2.0
#include "snippets.h"

void port_rows(void)
{
}
