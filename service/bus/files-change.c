/* SPDX-License-Identifier: MIT */
#include "bus/files-methods.h"

#include <errno.h>
#include <glib.h>

#include "bus/call.h"
#include "bus/entry-view.h"
#include "bus/job.h"
#include "files.h"

/* What these methods take and return, all in one. */
typedef struct Change {
        char *path, *to;
        bool parents, missing_ok, keep_both;
        char *result;
        BhEntryView view;
        BhCopy *copy;
        const char *job;
} Change;

static void change_clear(void *data) {
        Change *change = data;

        g_free(change->path);
        g_free(change->to);
        g_free(change->result);
        bh_entry_view_clear(&change->view);
        bh_copy_free(change->copy);
}

static int result_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", ((Change *)data)->result);
}

/* Reads one or two strings and the options, and starts the call. */
static int start(BhService *service, sd_bus_message *m, const BhMethod *method, const char *first, const char *second,
                 const char *option, size_t option_offset, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(service, m, method);
        Change *change = call->data;
        const BhOption options[] = {{option, 'b', (char *)change + option_offset, NULL, 0}};
        int r;

        r = bh_options_read_string(m, first, BH_CALL_PATH_MAX, &change->path, error);
        if (r >= 0 && second)
                r = bh_options_read_string(m, second, BH_CALL_PATH_MAX, &change->to, error);
        if (r >= 0)
                r = bh_call_read_options(call, options, option ? 1 : 0, error);
        if (r < 0)
                return r;
        return bh_call_start(bh_call_steal(&call));
}

/* CreateFolder(s path, a{sv} options) → a{sv} entry ------------------------------------------------------------------------------------------ */

static int create_folder_work(BhCall *call, void *data) {
        Change *change = data;
        int r = bh_files_create_folder(call->service->files, &call->caller, change->path, change->parents,
                                       &change->view.entry);

        if (r < 0)
                return bh_files_method_fail(call, r, change->path, NULL, "Cannot create the folder “%s”", change->path);
        bh_entry_view_complete(call->service, &change->view);
        return 0;
}

static int create_folder_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return bh_entry_view_append(reply, &((Change *)data)->view);
}

static const BhMethod create_folder_method = {
        .name = "Files.CreateFolder",
        .who = BH_WHO_FILES,
        .size = sizeof(Change),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = change_clear,
        .work = create_folder_work,
        .reply = create_folder_reply,
};

int bh_files_method_create_folder(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start(userdata, m, &create_folder_method, "path", NULL, "parents", offsetof(Change, parents), error);
}

/* Rename(s path, s new_name, a{sv} options) → s new_path ------------------------------------------------------------------------------------- */

static int rename_work(BhCall *call, void *data) {
        Change *change = data;
        int r = bh_files_rename(call->service->files, &call->caller, change->path, change->to, &change->result);

        return r < 0 ? bh_files_method_fail(call, r, change->path, NULL, "Cannot rename “%s” to “%s”", change->path,
                                            change->to)
                     : 0;
}

static const BhMethod rename_method = {
        .name = "Files.Rename",
        .who = BH_WHO_FILES,
        .size = sizeof(Change),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = change_clear,
        .work = rename_work,
        .reply = result_reply,
};

int bh_files_method_rename(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start(userdata, m, &rename_method, "path", "new_name", NULL, 0, error);
}

/* Move(s source, s target, a{sv} options) → s new_path --------------------------------------------------------------------------------------- */

static int move_work(BhCall *call, void *data) {
        Change *change = data;
        int r = bh_files_move(call->service->files, &call->caller, change->path, change->to, &change->result);

        return r < 0 ? bh_files_method_fail(call, r, change->path, change->to, "Cannot move “%s” to “%s”", change->path,
                                            change->to)
                     : 0;
}

static const BhMethod move_method = {
        .name = "Files.Move",
        .who = BH_WHO_FILES,
        .size = sizeof(Change),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = change_clear,
        .work = move_work,
        .reply = result_reply,
};

int bh_files_method_move(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start(userdata, m, &move_method, "source", "target", NULL, 0, error);
}

/* Copy(s source, s target, a{sv} options) → o job --------------------------------------------------------------------------------------------- */

/* The copy as a job: it outlives the call. */
static void copy_progress(uint64_t bytes_done, uint64_t bytes_total, void *userdata) {
        bh_job_report(userdata, bytes_done, bytes_total);
}

static int copy_run(BhJob *job, void *data, char **result, BhFailure *failure) {
        int r = bh_copy_run(data, copy_progress, job, result);
        g_autofree char *why = r < 0 ? bh_copy_explain_error(data, r) : NULL;

        return why ? bh_failure_set(failure, r, NULL, "%s", why) : r;
}

static void copy_cancel(void *data) {
        bh_copy_cancel(data);
}

static void copy_free(void *data) {
        bh_copy_free(data);
}

static const BhJobKind copy_kind = {
        .operation = "copy", .pool = BH_POOL_JOBS, .run = copy_run, .cancel = copy_cancel, .free = copy_free};

static int copy_work(BhCall *call, void *data) {
        Change *change = data;
        int r = bh_files_copy_begin(call->service->files, &call->caller, change->path, change->to, change->keep_both,
                                    &change->copy);

        return r < 0 ? bh_files_method_fail(call, r, change->path, change->to, "Cannot copy “%s” to “%s”", change->path,
                                            change->to)
                     : 0;
}

static int copy_reply(BhCall *call, void *data, sd_bus_message *reply) {
        Change *change = data;
        int r = bh_job_start(call->service, &call->caller, &copy_kind, NULL, g_steal_pointer(&change->copy),
                             &change->job);

        if (r < 0)
                return bh_call_fail(call, r, "Cannot copy “%s”", change->path);
        return sd_bus_message_append(reply, "o", change->job);
}

static const BhMethod copy_method = {
        .name = "Files.Copy",
        .who = BH_WHO_FILES,
        .size = sizeof(Change),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = change_clear,
        .work = copy_work,
        .reply = copy_reply,
};

int bh_files_method_copy(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start(userdata, m, &copy_method, "source", "target", "keep_both", offsetof(Change, keep_both), error);
}

/* Delete(s path, a{sv} options) → s trash_id -------------------------------------------------------------------------------------------------- */

static int delete_work(BhCall *call, void *data) {
        Change *change = data;
        int r = bh_files_delete(call->service->files, &call->caller, change->path, change->missing_ok, &change->result);

        return r < 0 ? bh_files_method_fail(call, r, change->path, NULL, "Cannot delete “%s”", change->path) : 0;
}

static const BhMethod delete_method = {
        .name = "Files.Delete",
        .who = BH_WHO_FILES,
        .size = sizeof(Change),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = change_clear,
        .work = delete_work,
        .reply = result_reply,
};

int bh_files_method_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start(userdata, m, &delete_method, "path", NULL, "missing_ok", offsetof(Change, missing_ok), error);
}
