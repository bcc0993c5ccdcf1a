/* SPDX-License-Identifier: MIT */
#include "bus/files-methods.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/entry-view.h"
#include "bus/peer.h"
#include "errors.h"
#include "files.h"
#include "log.h"

#define INTERFACE "org.baluhost.NAS1.Upload"
#define UPLOADS_PATH BH_ROOT_PATH "/uploads"
#define ETAG_MAX 256
#define SHA256_LENGTH 64

/* How often it is looked whether uploads have outgrown their reservation, while there are any. */
#define CHECK_USEC BH_USEC_PER_SEC

/* Keeping an eye on uploads ------------------------------------------------------------------------------------------------------------------ */

static void arm_check(BhService *service);

static int check_work(void *userdata) {
        bh_files_upload_check(((BhService *)userdata)->files);
        return 0;
}

static void check_done(void *userdata, int result) {
        BhService *service = userdata;

        service->is_checking_uploads = false;
        if (!service->is_stopping && bh_files_upload_count(service->files) > 0)
                arm_check(service);
}

static int on_check(sd_event_source *source, uint64_t usec, void *userdata) {
        BhService *service = userdata;

        if (bh_workers_run(service->workers, BH_POOL_GENERAL, check_work, check_done, service) < 0)
                check_done(service, 0); /* too busy: again in a second */
        return 0;
}

/* One check is waited for, or runs, at a time. An idle service has no timer. */
static void arm_check(BhService *service) {
        int r;

        if (service->is_checking_uploads)
                return;
        if (service->upload_source)
                r = sd_event_source_set_time_relative(service->upload_source, CHECK_USEC);
        else
                r = sd_event_add_time_relative(service->event, &service->upload_source, CLOCK_MONOTONIC, CHECK_USEC,
                                               CHECK_USEC / 4, on_check, service);
        if (r >= 0)
                r = sd_event_source_set_enabled(service->upload_source, SD_EVENT_ONESHOT);
        service->is_checking_uploads = r >= 0;
        if (r < 0)
                bh_log_warning_errno(r, "Cannot watch uploads");
}

typedef struct PeerLeft {
        BhService *service;
        char *name;
} PeerLeft;

static int peer_left_work(void *userdata) {
        PeerLeft *left = userdata;

        bh_files_upload_peer_left(left->service->files, left->name);
        return 0;
}

static void peer_left_done(void *userdata, int result) {
        PeerLeft *left = userdata;

        g_free(left->name);
        g_free(left);
}

static void peer_left(const char *name, void *userdata) {
        BhService *service = userdata;

        if (!service->files || bh_files_upload_count(service->files) == 0)
                return;
        PeerLeft *left = g_new0(PeerLeft, 1);
        left->service = service;
        left->name = g_strdup(name);
        if (bh_workers_run(service->workers, BH_POOL_GENERAL, peer_left_work, peer_left_done, left) < 0) {
                (void)peer_left_work(left); /* too busy; it must not be forgotten */
                peer_left_done(left, 0);
        }
}

/* BeginUpload(s path, t size, a{sv} options) → o upload, h descriptor ------------------------------------------------------------------------- */

typedef struct Begin {
        char *path, *if_etag;
        BhUploadOptions options;
        char id[BH_UPLOAD_ID_SIZE];
        int fd;
} Begin;

static void begin_clear(void *data) {
        Begin *begin = data;

        g_free(begin->path);
        g_free(begin->if_etag);
        bh_closep(&begin->fd);
}

static int begin_work(BhCall *call, void *data) {
        Begin *begin = data;

        begin->options.if_etag = begin->if_etag;
        begin->fd = bh_files_upload_begin(call->service->files, &call->caller, begin->path, &begin->options, begin->id);
        if (begin->fd == -EINVAL)
                return bh_failure_set(&call->failure, begin->fd, NULL,
                                      "The option “modified_usec” must be from the year 1 to the year 9999");
        if (begin->fd == -EAGAIN)
                return bh_failure_set(&call->failure, begin->fd, NULL, "More than %u uploads are open", BH_UPLOADS_MAX);
        return begin->fd < 0
                       ? bh_files_method_fail(call, begin->fd, begin->path, NULL, "Cannot upload “%s”", begin->path)
                       : 0;
}

static int begin_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Begin *begin = data;
        g_autofree char *path = g_strconcat(UPLOADS_PATH "/", begin->id, NULL);

        return sd_bus_message_append(reply, "oh", path, begin->fd);
}

/* The peer may have left while the work was done, and nobody says so again. */
static void begin_done(BhCall *call, void *data) {
        if (!call->peer)
                peer_left(call->caller.bus_name, call->service);
        arm_check(call->service);
}

static const BhMethod begin_method = {
        .name = "Files.BeginUpload",
        .who = BH_WHO_FILES,
        .size = sizeof(Begin),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = begin_clear,
        .work = begin_work,
        .reply = begin_reply,
        .done = begin_done,
};

int bh_files_method_begin_upload(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &begin_method);
        Begin *begin = call->data;
        BhUploadOptions *o = &begin->options;
        const BhOption options[] = {
                {"overwrite", 'b', &o->overwrite, NULL, 0},
                {"parents", 'b', &o->parents, NULL, 0},
                {"modified_usec", 'x', &o->modified_usec, &o->has_modified_usec, 0},
                {"if_etag", 's', &begin->if_etag, NULL, ETAG_MAX},
        };
        int r;

        begin->fd = -1;
        r = bh_options_read_string(m, "path", BH_CALL_PATH_MAX, &begin->path, error);
        if (r < 0)
                return r;
        r = sd_bus_message_read(m, "t", &o->size);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Upload.Commit(a{sv} options) → a{sv} entry --------------------------------------------------------------------------------------------------- */

typedef struct Upload {
        char id[BH_UPLOAD_ID_SIZE];
        uint64_t size;
        char *sha256;
        BhEntryView view;
} Upload;

static void upload_clear(void *data) {
        Upload *upload = data;

        g_free(upload->sha256);
        bh_entry_view_clear(&upload->view);
}

static int commit_work(BhCall *call, void *data) {
        Upload *upload = data;
        int r;

        if (upload->sha256 &&
            (strlen(upload->sha256) != SHA256_LENGTH || strspn(upload->sha256, "0123456789abcdef") != SHA256_LENGTH))
                return bh_failure_set(&call->failure, -EINVAL, NULL,
                                      "The option “sha256” must be %d lower-case hexadecimal digits", SHA256_LENGTH);
        r = bh_files_upload_commit(call->service->files, &call->caller, upload->id, upload->size, upload->sha256,
                                   &upload->view.entry);
        if (r == -EBUSY)
                return bh_failure_set(
                        &call->failure, r, NULL,
                        "A descriptor is still open that can write to the upload: close it and try again");
        if (r == -EINVAL)
                return bh_failure_set(&call->failure, r, NULL,
                                      "What was written is not of the size or digest that was given");
        if (r < 0)
                return bh_call_fail(call, r, "Cannot finish the upload");
        bh_entry_view_complete(call->service, &upload->view);
        return 0;
}

static int commit_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return bh_entry_view_append(reply, &((Upload *)data)->view);
}

static const BhMethod commit_method = {
        .name = "Upload.Commit",
        .who = BH_WHO_FILES,
        .size = sizeof(Upload),
        .needs_storage = true,
        .clear = upload_clear,
        .work = commit_work,
        .reply = commit_reply,
};

static const char *id_of(const char *path) {
        return path + strlen(UPLOADS_PATH "/");
}

static int method_commit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &commit_method);
        Upload *upload = call->data;
        const BhOption options[] = {
                {"size", 't', &upload->size, NULL, 0},
                {"sha256", 's', &upload->sha256, NULL, ETAG_MAX},
        };

        upload->size = BH_UPLOAD_SIZE_UNKNOWN;
        g_strlcpy(upload->id, id_of(sd_bus_message_get_path(m)), sizeof(upload->id));
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Upload.Abort(a{sv} options) -------------------------------------------------------------------------------------------------------------------- */

static int abort_work(BhCall *call, void *data) {
        int r = bh_files_upload_abort(call->service->files, &call->caller, ((Upload *)data)->id);

        return r < 0 ? bh_call_fail(call, r, "Cannot give up the upload") : 0;
}

static const BhMethod abort_method = {
        .name = "Upload.Abort",
        .who = BH_WHO_FILES,
        .size = sizeof(Upload),
        .needs_storage = true,
        .clear = upload_clear,
        .work = abort_work,
};

static int method_abort(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &abort_method);
        Upload *upload = call->data;

        g_strlcpy(upload->id, id_of(sd_bus_message_get_path(m)), sizeof(upload->id));
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* The objects ------------------------------------------------------------------------------------------------------------------------------------ */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Commit", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", entry), method_commit,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Abort", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_abort,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* An upload is there for the peer that began it only. */
static int find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                sd_bus_error *error) {
        BhService *service = userdata;
        sd_bus_message *m = sd_bus_get_current_message(bus);

        if (!service->files || !m || strlen(path) <= strlen(UPLOADS_PATH "/"))
                return 0;
        if (!bh_files_upload_is_of_peer(service->files, id_of(path), sd_bus_message_get_sender(m)))
                return 0;
        *ret_found = service;
        return 1;
}

int bh_bus_uploads_add(BhService *service) {
        bh_peers_add_hook(service->peers, peer_left, service);
        return sd_bus_add_fallback_vtable(service->bus, NULL, UPLOADS_PATH, INTERFACE, vtable, find, service);
}
