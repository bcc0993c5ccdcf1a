/* SPDX-License-Identifier: MIT */
#include "bus/entry-view.h"

#include <gio/gio.h>

#include "account.h"

void bh_entry_view_clear(BhEntryView *view) {
        bh_entry_clear(&view->entry);
        g_free(view->owner_name);
        g_free(view->content_type);
        *view = (BhEntryView){};
}

void bh_entry_view_complete(BhService *service, BhEntryView *view) {
        const BhEntry *entry = &view->entry;
        BhAccount *owner = entry->owner[0] ? bh_accounts_get_by_owner(service->accounts, entry->owner) : NULL;

        view->owner_name = g_strdup(owner ? owner->username : "");
        if (owner)
                bh_account_free(owner);
        view->content_type =
                entry->is_directory ? g_strdup("inode/directory") : g_content_type_guess(entry->name, NULL, 0, NULL);
}

int bh_entry_view_append(sd_bus_message *reply, const BhEntryView *view) {
        const BhEntry *entry = &view->entry;

        return sd_bus_message_append(reply, "a{sv}", 10, "path", "s", entry->path, "name", "s", entry->name, "type",
                                     "s", entry->is_directory ? "directory" : "file", "size", "t", entry->size,
                                     "modified_usec", "x", entry->modified_usec, "owner_id", "t", entry->owner_id,
                                     "owner_name", "s", view->owner_name, "etag", "s", entry->etag, "content_type", "s",
                                     view->content_type, "is_writable", "b", (int)entry->is_writable);
}
