/* SPDX-License-Identifier: MIT */
#pragma once

#include "service.h"

/* Connects to the bus (address NULL: the system bus) with the service's event loop, puts every interface on it, and takes the name last: whoever calls the
 * name finds everything in its place. Errors have been logged: -EEXIST when the name is taken, -EACCES when the bus does not allow it, and others. Blocks. */
int bh_bus_connect(BhService *service, const char *address);
