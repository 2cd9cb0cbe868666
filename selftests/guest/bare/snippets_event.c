// SPDX-License-Identifier: GPL-2.0
#include "snippets.h"

void event_rows(void)
{
}
