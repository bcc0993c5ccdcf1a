/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* GET and HEAD of a file's content: whole or by ranges, or 304 when the client has it already. */
void bh_download(BhRequest *request);
