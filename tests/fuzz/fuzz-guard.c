/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The end of a head is found in the same place in one go and byte by byte, and a head that passes the guard is what it says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *)data, *reason = NULL;
        gssize whole = bh_guard_find_end(text, size, 0), pieces = 0;
        guint status;

        for (gsize length = 1; length <= size && pieces == 0; length++)
                pieces = bh_guard_find_end(text, length, length - 1);
        g_assert_cmpint(whole, ==, pieces);
        if (whole <= 0)
                return 0;
        status = bh_guard_check(text, whole, &reason);
        g_assert_cmpint(status == 0, ==, reason == NULL);
        return 0;
}
