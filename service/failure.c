/* SPDX-License-Identifier: MIT */

#include "failure.h"

#include <glib.h>

int bh_failure_set(BhFailure *failure, int r, const char *name, const char *format, ...) {
        va_list args;

        if (!failure || failure->name || failure->message)
                return r;
        failure->name = name;
        va_start(args, format);
        failure->message = g_strdup_vprintf(format, args);
        va_end(args);
        return r;
}

void bh_failure_clear(BhFailure *failure) {
        g_free(failure->message);
        *failure = (BhFailure){};
}
