/* SPDX-License-Identifier: MIT */
#include "bus/files-methods.h"

#include <errno.h>
#include <glib.h>

#include "bus/call.h"
#include "bus/entry-view.h"
#include "files.h"

#define CURSOR_MAX 1024
#define WORD_MAX 64

/* List(s path, a{sv} options) → a(sstxtsb) entries, s next_cursor, t total, s version ---------------------------------------------------------- */

typedef struct List {
        char *path, *cursor, *sort, *order, *if_version;
        uint32_t limit;
        BhList list;
} List;

static void list_clear(void *data) {
        List *list = data;

        g_free(list->path);
        g_free(list->cursor);
        g_free(list->sort);
        g_free(list->order);
        g_free(list->if_version);
        bh_list_clear(&list->list);
}

static int parse_order(BhCall *call, const List *list, BhListOptions *options) {
        static const char *const sorts[] = {
                [BH_SORT_NAME] = "name", [BH_SORT_SIZE] = "size", [BH_SORT_MODIFIED] = "modified"};

        if (list->limit < 1 || list->limit > BH_LIST_LIMIT_MAX)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "The limit must be from 1 to %u",
                                      BH_LIST_LIMIT_MAX);
        options->descending = g_strcmp0(list->order, "desc") == 0;
        if (list->order && !options->descending && !g_str_equal(list->order, "asc"))
                return bh_failure_set(&call->failure, -EINVAL, NULL, "The order must be “asc” or “desc”");
        if (!list->sort)
                return 0;
        for (size_t i = 0; i < G_N_ELEMENTS(sorts); i++)
                if (g_str_equal(list->sort, sorts[i])) {
                        options->sort = (BhSort)i;
                        return 0;
                }
        return bh_failure_set(&call->failure, -EINVAL, NULL, "The sort must be “name”, “size” or “modified”");
}

static int list_work(BhCall *call, void *data) {
        List *list = data;
        BhListOptions options = {.limit = list->limit, .cursor = list->cursor, .if_version = list->if_version};
        int r;

        r = parse_order(call, list, &options);
        if (r < 0)
                return r;
        r = bh_files_list(call->service->files, &call->caller, list->path, &options, &list->list);
        if (r == -EINVAL)
                return bh_failure_set(&call->failure, r, NULL, "The cursor is not of a list in this order");
        return r < 0 ? bh_files_method_fail(call, r, list->path, NULL, "Cannot list “%s”", list->path) : 0;
}

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhList *list = &((List *)data)->list;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sstxtsb)");
        for (size_t i = 0; r >= 0 && i < list->n_entries; i++) {
                const BhEntry *entry = &list->entries[i];

                r = sd_bus_message_append(reply, "(sstxtsb)", entry->name, entry->is_directory ? "directory" : "file",
                                          entry->size, entry->modified_usec, entry->owner_id, entry->etag,
                                          (int)entry->is_writable);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "sts", list->next_cursor, list->total, list->version);
}

static const BhMethod list_method = {
        .name = "Files.List",
        .who = BH_WHO_FILES,
        .size = sizeof(List),
        .needs_storage = true,
        .clear = list_clear,
        .work = list_work,
        .reply = list_reply,
};

int bh_files_method_list(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);
        List *list = call->data;
        const BhOption options[] = {
                {"limit", 'u', &list->limit, NULL, 0},
                {"cursor", 's', &list->cursor, NULL, CURSOR_MAX},
                {"sort", 's', &list->sort, NULL, WORD_MAX},
                {"order", 's', &list->order, NULL, WORD_MAX},
                {"if_version", 's', &list->if_version, NULL, WORD_MAX},
        };
        int r;

        list->limit = BH_LIST_LIMIT_DEFAULT;
        r = bh_options_read_string(m, "path", BH_CALL_PATH_MAX, &list->path, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Stat(s path, a{sv} options) → a{sv} entry ------------------------------------------------------------------------------------------------- */

typedef struct Look {
        char *path;
        bool audit;
        int fd;
        BhEntryView view;
} Look;

static void look_clear(void *data) {
        Look *look = data;

        g_free(look->path);
        bh_closep(&look->fd);
        bh_entry_view_clear(&look->view);
}

static int stat_work(BhCall *call, void *data) {
        Look *look = data;
        int r;

        r = bh_files_stat(call->service->files, &call->caller, look->path, &look->view.entry);
        if (r < 0)
                return bh_files_method_fail(call, r, look->path, NULL, "Cannot look at “%s”", look->path);
        bh_entry_view_complete(call->service, &look->view);
        return 0;
}

static int stat_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return bh_entry_view_append(reply, &((Look *)data)->view);
}

static const BhMethod stat_method = {
        .name = "Files.Stat",
        .who = BH_WHO_FILES,
        .size = sizeof(Look),
        .needs_storage = true,
        .clear = look_clear,
        .work = stat_work,
        .reply = stat_reply,
};

int bh_files_method_stat(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &stat_method);
        Look *look = call->data;
        int r;

        look->fd = -1;
        r = bh_options_read_string(m, "path", BH_CALL_PATH_MAX, &look->path, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Open(s path, a{sv} options) → h descriptor, a{sv} entry ----------------------------------------------------------------------------------- */

static int open_work(BhCall *call, void *data) {
        Look *look = data;

        look->fd = bh_files_open_file(call->service->files, &call->caller, look->path, look->audit, &look->view.entry);
        if (look->fd < 0)
                return bh_files_method_fail(call, look->fd, look->path, NULL, "Cannot open “%s”", look->path);
        bh_entry_view_complete(call->service, &look->view);
        return 0;
}

/* The message has a descriptor of its own then, of the same open file. */
static int open_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Look *look = data;
        int r = sd_bus_message_append(reply, "h", look->fd);

        return r < 0 ? r : bh_entry_view_append(reply, &look->view);
}

static const BhMethod open_method = {
        .name = "Files.Open",
        .who = BH_WHO_FILES,
        .size = sizeof(Look),
        .needs_storage = true,
        .clear = look_clear,
        .work = open_work,
        .reply = open_reply,
};

int bh_files_method_open(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &open_method);
        Look *look = call->data;
        const BhOption options[] = {{"audit", 'b', &look->audit, NULL, 0}};
        int r;

        look->fd = -1;
        look->audit = true;
        r = bh_options_read_string(m, "path", BH_CALL_PATH_MAX, &look->path, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* ExplainAccess(t user_id, s path, a{sv} options) → b may_view, b may_change, b may_add, s rule, s explanation ------------------------------- */

typedef struct Explain {
        uint64_t user_id;
        char *path;
        BhAccess access;
} Explain;

static void explain_clear(void *data) {
        Explain *explain = data;

        g_free(explain->path);
        bh_access_clear(&explain->access);
}

static int explain_work(BhCall *call, void *data) {
        Explain *explain = data;
        int r = bh_files_explain_access(call->service->files, &call->caller, explain->user_id, explain->path,
                                        &explain->access);

        if (r == -ENOENT)
                return bh_failure_set(&call->failure, r, NULL, "User not found");
        return r < 0 ? bh_files_method_fail(call, r, explain->path, NULL, "Cannot explain the access to “%s”",
                                            explain->path)
                     : 0;
}

static int explain_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhAccess *access = &((Explain *)data)->access;

        return sd_bus_message_append(reply, "bbbss", (int)access->may_view, (int)access->may_change,
                                     (int)access->may_add, access->rule, access->explanation);
}

static const BhMethod explain_method = {
        .name = "Files.ExplainAccess",
        .who = BH_WHO_FILES,
        .size = sizeof(Explain),
        .needs_storage = true,
        .clear = explain_clear,
        .work = explain_work,
        .reply = explain_reply,
};

int bh_files_method_explain_access(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &explain_method);
        Explain *explain = call->data;
        int r;

        r = sd_bus_message_read(m, "t", &explain->user_id);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "path", BH_CALL_PATH_MAX, &explain->path, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* GetUsage(a{sv} options) → a{sv} usage ------------------------------------------------------------------------------------------------------ */

static int usage_work(BhCall *call, void *data) {
        int r = bh_files_get_usage(call->service->files, &call->caller, data);

        return r < 0 ? bh_call_fail(call, r, "Cannot look at the storage") : 0;
}

static int usage_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhUsage *usage = data;

        return sd_bus_message_append(reply, "a{sv}", 12, "used_bytes", "t", usage->used_bytes, "trash_bytes", "t",
                                     usage->trash_bytes, "reserved_bytes", "t", usage->reserved_bytes, "quota_bytes",
                                     "t", usage->quota_bytes, "total_used_bytes", "t", usage->total_used_bytes,
                                     "total_quota_bytes", "t", usage->total_quota_bytes, "available_bytes", "t",
                                     usage->available_bytes, "filesystem_bytes", "t", usage->filesystem_bytes,
                                     "filesystem_free_bytes", "t", usage->filesystem_free_bytes, "all_used_bytes", "t",
                                     usage->all_used_bytes, "all_filesystem_bytes", "t", usage->all_filesystem_bytes,
                                     "all_filesystem_free_bytes", "t", usage->all_filesystem_free_bytes);
}

static const BhMethod usage_method = {
        .name = "Files.GetUsage",
        .who = BH_WHO_FILES,
        .size = sizeof(BhUsage),
        .needs_storage = true,
        .work = usage_work,
        .reply = usage_reply,
};

int bh_files_method_get_usage(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &usage_method);
        int r = bh_call_read_options(call, NULL, 0, error);

        return r < 0 ? r : bh_call_start(bh_call_steal(&call));
}
