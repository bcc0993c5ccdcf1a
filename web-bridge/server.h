/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* Connects @server's SoupServer to the guard and the table. @server must outlive it. */
void bh_server_attach(BhServer *server);
