/* SPDX-License-Identifier: MIT */
#include "multipart-check.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        bh_multipart_check(data, size);
        return 0;
}
