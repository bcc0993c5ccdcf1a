/* SPDX-License-Identifier: MIT */
#include "bus/files-methods.h"

#include <glib.h>

#include "bus/adapters.h"
#include "errors.h"
#include "roots.h"

#define INTERFACE "org.baluhost.NAS1.Files"

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("List", SD_BUS_ARGS("s", path, "a{sv}", options),
                                SD_BUS_RESULT("a(sstxtsb)", entries, "s", next_cursor, "t", total, "s", version),
                                bh_files_method_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Stat", SD_BUS_ARGS("s", path, "a{sv}", options), SD_BUS_RESULT("a{sv}", entry),
                                bh_files_method_stat, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Open", SD_BUS_ARGS("s", path, "a{sv}", options),
                                SD_BUS_RESULT("h", descriptor, "a{sv}", entry), bh_files_method_open,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateFolder", SD_BUS_ARGS("s", path, "a{sv}", options), SD_BUS_RESULT("a{sv}", entry),
                                bh_files_method_create_folder, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Rename", SD_BUS_ARGS("s", path, "s", new_name, "a{sv}", options),
                                SD_BUS_RESULT("s", new_path), bh_files_method_rename, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Move", SD_BUS_ARGS("s", source, "s", target, "a{sv}", options),
                                SD_BUS_RESULT("s", new_path), bh_files_method_move, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Copy", SD_BUS_ARGS("s", source, "s", target, "a{sv}", options),
                                SD_BUS_RESULT("o", job), bh_files_method_copy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_ARGS("s", path, "a{sv}", options), SD_BUS_RESULT("s", trash_id),
                                bh_files_method_delete, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListTrash", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a(ssstxxt)", items),
                                bh_files_method_list_trash, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RestoreTrash", SD_BUS_ARGS("s", trash_id, "a{sv}", options), SD_BUS_RESULT("s", path),
                                bh_files_method_restore_trash, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PurgeTrash", SD_BUS_ARGS("s", trash_id, "a{sv}", options),
                                SD_BUS_RESULT("t", freed_bytes), bh_files_method_purge_trash,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("BeginUpload", SD_BUS_ARGS("s", path, "t", size, "a{sv}", options),
                                SD_BUS_RESULT("o", upload, "h", descriptor), bh_files_method_begin_upload,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS(
                "ExplainAccess", SD_BUS_ARGS("t", user_id, "s", path, "a{sv}", options),
                SD_BUS_RESULT("b", may_view, "b", may_change, "b", may_add, "s", rule, "s", explanation),
                bh_files_method_explain_access, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetUsage", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", usage),
                                bh_files_method_get_usage, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int bh_files_method_fail(BhCall *call, int r, const char *path, const char *to, const char *format, ...) {
        g_autofree char *why = bh_files_explain_error(call->service->files, r, path, to), *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return why ? bh_failure_set(&call->failure, r, NULL, "%s: %s", text, why) : bh_call_fail(call, r, "%s", text);
}

int bh_bus_files_add(BhService *service) {
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}
