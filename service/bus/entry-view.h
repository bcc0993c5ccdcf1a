/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "files.h"
#include "service.h"

/* An entry as org.baluhost.NAS1.Files describes it. */

typedef struct BhEntryView {
        BhEntry entry;
        char *owner_name;   /* "" for nobody */
        char *content_type; /* by the name; "inode/directory" for directories */
} BhEntryView;

void bh_entry_view_clear(BhEntryView *view);

/* Fills in what goes beyond view->entry. Worker thread: what is known of content types may have to be read. */
void bh_entry_view_complete(BhService *service, BhEntryView *view);

/* Appends it as a{sv}. */
int bh_entry_view_append(sd_bus_message *reply, const BhEntryView *view);
