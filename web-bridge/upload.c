/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "upload.h"

#include "arguments.h"
#include "call.h"
#include "work.h"

#include "../dbus/errors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* libsoup hands out at most 8 KiB at a time; this much is written at once. One block is filled while the other one is written. */
#define BLOCK (256 * 1024)
/* The service sees our descriptor closed a moment after we closed it, for the bus daemon had one too. */
#define BUSY_RETRIES 50
#define BUSY_RETRY_MS 20

struct BhUpload {
        BhServer *server;
        char *token;
        char *object;        /* of the Upload, below the root: "uploads/3" */
        BhWriter writer;     /* the worker's while it is busy */
        GByteArray *filling; /* grows to BLOCK and what one more chunk brings */
        GByteArray *writing; /* the worker's while it is busy */
        int failure;         /* errno of the worker */
        gboolean busy;       /* a worker has it */
        gboolean waiting;    /* room is to be called */
        gboolean aborted;
        GError *error;
        BhUploadRoom room;
        gpointer room_data;
        BhUploadEnded ended; /* set when it is to be committed */
        gpointer ended_data;
        guint retries;
};

static void upload_free(BhUpload *upload) {
        if (upload->writer.fd >= 0)
                close(upload->writer.fd);
        g_clear_pointer(&upload->filling, g_byte_array_unref);
        g_clear_pointer(&upload->writing, g_byte_array_unref);
        g_clear_error(&upload->error);
        g_free(upload->object);
        g_free(upload->token);
        g_free(upload);
}

static GVariantBuilder *options_new(BhUpload *upload) {
        GVariantBuilder *options = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);

        bh_options_add_caller(options, upload->token);
        return options;
}

/* --- begin --- */

typedef struct {
        BhUpload *upload;
        BhUploadBegun begun;
        gpointer data;
} Beginning;

/* "/org/baluhost/NAS1/uploads/3" → "uploads/3" */
static char *below_root(const char *path) {
        return g_str_has_prefix(path, BH_ROOT_PATH "/") ? g_strdup(path + strlen(BH_ROOT_PATH "/")) : NULL;
}

static gboolean take_reply(BhUpload *upload, GVariant *reply, GUnixFDList *descriptors, GError **error) {
        const char *path;
        int index, count;
        g_autofree int *fds = NULL;

        g_variant_get(reply, "(&oh)", &path, &index);
        upload->object = below_root(path);
        fds = descriptors ? g_unix_fd_list_steal_fds(descriptors, &count) : NULL;
        for (int i = 0; fds && i < count; i++) {
                if (i == index)
                        upload->writer.fd = fds[i];
                else
                        close(fds[i]);
        }
        if (upload->object && upload->writer.fd >= 0)
                return TRUE;
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "BeginUpload answered without an upload or a descriptor");
        return FALSE;
}

static void begin_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autofree Beginning *beginning = data;
        g_autoptr(GUnixFDList) descriptors = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, &descriptors, &error);

        if (reply && take_reply(beginning->upload, reply, descriptors, &error)) {
                beginning->begun(beginning->data, beginning->upload, NULL);
                return;
        }
        beginning->begun(beginning->data, NULL, error);
        upload_free(beginning->upload);
}

void bh_upload_begin(BhServer *server, const char *token, const char *path, guint64 size, GVariant *options,
                     BhUploadBegun begun, gpointer data) {
        BhUpload *upload = g_new0(BhUpload, 1);
        Beginning *beginning = g_new0(Beginning, 1);

        upload->server = server;
        upload->token = g_strdup(token);
        upload->writer.fd = -1;
        upload->filling = g_byte_array_new();
        upload->writing = g_byte_array_new();
        *beginning = (Beginning){upload, begun, data};
        bh_bus_call(server->bus, NULL, "Files", "BeginUpload", g_variant_new("(st@a{sv})", path, size, options), "(oh)",
                    BH_CALL_TIMEOUT_MS, begin_answered, beginning);
}

/* --- write --- */

static void set_failure(BhUpload *upload, int number) {
        static const struct {
                int number;
                const char *name;
        } known[] = {{ENOSPC, "NoSpace"}, {EDQUOT, "QuotaExceeded"}, {EFBIG, "QuotaExceeded"}};
        const char *name = "Failed";
        g_autofree char *remote = NULL;

        for (guint i = 0; i < G_N_ELEMENTS(known); i++)
                if (known[i].number == number)
                        name = known[i].name;
        remote = g_strconcat(BH_ERROR_PREFIX, name, NULL);
        upload->error = g_dbus_error_new_for_dbus_error(remote, g_strerror(number));
}

/* In a worker. */
static void write_block(gpointer data) {
        BhUpload *upload = data;

        upload->failure = bh_writer_write(&upload->writer, upload->writing->data, upload->writing->len);
}

static void send_commit(BhUpload *upload);
static void send_abort(BhUpload *upload);
static void start_writing(BhUpload *upload);

static void block_written(gpointer data) {
        BhUpload *upload = data;

        upload->busy = FALSE;
        g_byte_array_set_size(upload->writing, 0);
        if (upload->failure != 0 && !upload->error)
                set_failure(upload, upload->failure);
        if (upload->aborted)
                send_abort(upload);
        else if (upload->ended && (upload->error || upload->filling->len == 0))
                send_commit(upload);
        else {
                if (upload->filling->len >= BLOCK || upload->ended)
                        start_writing(upload);
                if (upload->waiting && upload->room) {
                        upload->waiting = FALSE;
                        upload->room(upload->room_data);
                }
        }
}

static void start_writing(BhUpload *upload) {
        GByteArray *full = upload->filling;

        upload->filling = upload->writing;
        upload->writing = full;
        upload->busy = TRUE;
        bh_work(upload->server->workers, write_block, block_written, upload);
}

void bh_upload_set_room(BhUpload *upload, BhUploadRoom room, gpointer data) {
        upload->room = room;
        upload->room_data = data;
}

gboolean bh_upload_write(BhUpload *upload, gconstpointer data, gsize length) {
        if (upload->error)
                return TRUE;
        g_byte_array_append(upload->filling, data, length);
        if (upload->filling->len < BLOCK)
                return TRUE;
        if (!upload->busy) {
                start_writing(upload);
                return TRUE;
        }
        upload->waiting = TRUE;
        return FALSE;
}

const GError *bh_upload_get_error(BhUpload *upload) {
        return upload->error;
}

BhWriter *bh_upload_get_writer(BhUpload *upload) {
        return &upload->writer;
}

void bh_upload_note_failure(BhUpload *upload, int failure) {
        if (!upload->error)
                set_failure(upload, failure);
}

/* --- end --- */

static void close_descriptor(BhUpload *upload) {
        if (upload->writer.fd >= 0)
                close(upload->writer.fd);
        upload->writer.fd = -1;
}

static gboolean commit_again(gpointer data) {
        send_commit(data);
        return G_SOURCE_REMOVE;
}

static gboolean is_busy(const GError *error) {
        g_autofree char *remote = g_dbus_error_get_remote_error(error);

        return g_strcmp0(remote, BH_ERROR_PREFIX "Busy") == 0;
}

static void commit_answered(GObject *source, GAsyncResult *result, gpointer data) {
        BhUpload *upload = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        g_autoptr(GVariant) entry = reply ? g_variant_get_child_value(reply, 0) : NULL;

        if (!reply && is_busy(error) && upload->retries++ < BUSY_RETRIES) {
                g_timeout_add(BUSY_RETRY_MS, commit_again, upload);
                return;
        }
        upload->ended(upload->ended_data, entry, error);
        if (!reply && is_busy(error))
                send_abort(upload);
        else
                upload_free(upload);
}

static void call_upload(BhUpload *upload, const char *method, GVariant *options, const char *reply_type,
                        GAsyncReadyCallback callback) {
        bh_bus_call(upload->server->bus, upload->object, "Upload", method, g_variant_new("(@a{sv})", options),
                    reply_type, callback ? G_MAXINT : BH_CALL_TIMEOUT_MS, callback, upload);
}

static void send_commit(BhUpload *upload) {
        g_autoptr(GVariantBuilder) options = NULL;

        close_descriptor(upload);
        if (upload->error) {
                upload->ended(upload->ended_data, NULL, upload->error);
                send_abort(upload);
                return;
        }
        options = options_new(upload);
        g_variant_builder_add(options, "{sv}", "size", g_variant_new_uint64(upload->writer.position));
        call_upload(upload, "Commit", g_variant_builder_end(options), "(a{sv})", commit_answered);
}

static void send_abort(BhUpload *upload) {
        g_autoptr(GVariantBuilder) options = options_new(upload);

        close_descriptor(upload);
        call_upload(upload, "Abort", g_variant_builder_end(options), "()", NULL);
        upload_free(upload);
}

void bh_upload_commit(BhUpload *upload, BhUploadEnded ended, gpointer data) {
        upload->ended = ended;
        upload->ended_data = data;
        upload->room = NULL;
        if (upload->busy)
                return; /* block_written() goes on */
        if (upload->filling->len > 0 && !upload->error)
                start_writing(upload);
        else
                send_commit(upload);
}

void bh_upload_abort(BhUpload *upload) {
        upload->aborted = TRUE;
        upload->room = NULL;
        if (!upload->busy)
                send_abort(upload);
}
