/* SPDX-License-Identifier: MIT */
#include "openapi.h"

#include <stdio.h>

/* Prints the OpenAPI document, like baluhost-web --print-openapi: the build of the web UI takes its types from it, before there is a baluhost-web. */
int main(void) {
        g_autoptr(GBytes) text = bh_openapi_print();
        gsize length;
        const char *data = g_bytes_get_data(text, &length);

        if (fwrite(data, 1, length, stdout) != length || fputc('\n', stdout) == EOF || fflush(stdout) != 0)
                return 1;
        return 0;
}
