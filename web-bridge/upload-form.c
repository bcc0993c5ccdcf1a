/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "upload-form.h"

#include "call.h"
#include "multipart.h"
#include "reply.h"
#include "upload.h"

#include "../dbus/errors.h"

#include <string.h>

#define MAX_FIELD 8192
#define MAX_FILES 10000

typedef struct {
        BhRequest *request;
        BhMultipart *parser;
        GByteArray *pending; /* received while the parser waits for the service */
        gboolean waits;      /* the service has been asked to begin or to commit */
        gboolean starved;    /* the worker has enough to write */
        gboolean is_over;    /* the body is complete */
        gboolean done;       /* answered, or the client has gone: no more events */

        char *folder, *relative_path;
        gboolean overwrite, has_files;

        char *field;    /* name of the field that is being read, NULL: a file or something ignored */
        GString *value; /* of that field */
        char *path;     /* of the file that is being read, NULL: none or a refused one */
        BhUpload *upload;

        GPtrArray *stored;  /* GVariant: entries */
        GPtrArray *errors;  /* BhFailure */
        GPtrArray *refused; /* char *: the path of each of errors */
} Form;

static void failure_free(gpointer data) {
        bh_failure_clear(data);
        g_free(data);
}

static void form_free(gpointer data) {
        Form *form = data;

        if (form->upload)
                bh_upload_abort(form->upload);
        bh_multipart_free(form->parser);
        g_byte_array_unref(form->pending);
        g_string_free(form->value, TRUE);
        g_ptr_array_unref(form->stored);
        g_ptr_array_unref(form->errors);
        g_ptr_array_unref(form->refused);
        g_free(form->folder);
        g_free(form->relative_path);
        g_free(form->field);
        g_free(form->path);
        g_free(form);
}

static void form_stop(Form *form) {
        form->done = TRUE;
        g_clear_pointer(&form->upload, bh_upload_abort);
        g_byte_array_set_size(form->pending, 0);
}

/* --- the answer --- */

static void write_stored(yajl_gen json, Form *form) {
        bh_json_string(json, "uploaded");
        bh_json_uint(json, form->stored->len);
        bh_json_string(json, "files");
        yajl_gen_array_open(json);
        for (guint i = 0; i < form->stored->len; i++) {
                yajl_gen_map_open(json);
                bh_call_write_file(json, g_ptr_array_index(form->stored, i));
                yajl_gen_map_close(json);
        }
        yajl_gen_array_close(json);
}

static void write_errors(yajl_gen json, Form *form) {
        bh_json_string(json, "errors");
        yajl_gen_array_open(json);
        for (guint i = 0; i < form->errors->len; i++) {
                const BhFailure *failure = g_ptr_array_index(form->errors, i);

                yajl_gen_map_open(json);
                bh_json_member(json, "path", g_ptr_array_index(form->refused, i));
                bh_json_string(json, "status");
                bh_json_uint(json, failure->status);
                bh_json_member(json, "detail", failure->detail);
                yajl_gen_map_close(json);
        }
        yajl_gen_array_close(json);
}

/* @status and @detail are those of the whole; 200 when all are stored. */
static void report(Form *form, guint status, const char *name, const char *detail) {
        g_auto(yajl_gen) json = bh_json_new();
        g_autoptr(GBytes) text = NULL;
        g_autofree char *type = g_strconcat("urn:baluhost:error:", name ? name : "InvalidArgument", NULL);

        yajl_gen_map_open(json);
        if (status == 200) {
                bh_json_member(json, "message", "Files uploaded");
                bh_json_string(json, "file");
                yajl_gen_map_open(json);
                bh_call_write_file(json, g_ptr_array_index(form->stored, 0));
                yajl_gen_map_close(json);
        } else {
                bh_json_member(json, "detail", detail);
                bh_json_member(json, "type", type);
                bh_json_member(json, "title", bh_status_phrase(status));
                bh_json_string(json, "status");
                bh_json_uint(json, status);
                write_errors(json, form);
        }
        write_stored(json, form);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        form_stop(form);
        if (status == 401)
                soup_message_headers_replace(soup_server_message_get_response_headers(form->request->msg),
                                             "WWW-Authenticate", "Bearer");
        bh_reply_json(form->request, status, text);
}

static void report_end(Form *form) {
        if (!bh_multipart_is_complete(form->parser))
                report(form, 422, NULL, "The form ends before its closing boundary");
        else if (form->errors->len > 0) {
                const BhFailure *first = g_ptr_array_index(form->errors, 0);

                report(form, first->status, first->name, first->detail);
        } else if (form->stored->len == 0) {
                form_stop(form);
                bh_reply_problem(form->request, "body", "files", "Field required");
        } else
                report(form, 200, NULL, NULL);
}

/* --- what the parser finds --- */

static void note_failure(Form *form, const GError *error) {
        BhFailure *failure = g_new0(BhFailure, 1);

        bh_failure_from_error(error, failure);
        g_ptr_array_add(form->errors, failure);
        g_ptr_array_add(form->refused, g_steal_pointer(&form->path));
        /* Who may not do this, or finds no room, will not fare better with the files that follow: not one byte more is taken. */
        if (failure->status == 401 || failure->status == 503 || failure->status == 507)
                report(form, failure->status, failure->name, failure->detail);
}

static void proceed(Form *form);

static void on_room(gpointer data) {
        Form *form = data;

        form->starved = FALSE;
        proceed(form);
}

static void begun(gpointer data, BhUpload *upload, const GError *error) {
        g_autoptr(BhRequest) request = data;
        Form *form = request->stream;

        form->waits = FALSE;
        if (form->done) {
                if (upload)
                        bh_upload_abort(upload);
                return;
        }
        if (error)
                note_failure(form, error);
        else {
                form->upload = upload;
                bh_upload_set_room(upload, on_room, form);
        }
        proceed(form);
}

static void committed(gpointer data, GVariant *entry, const GError *error) {
        g_autoptr(BhRequest) request = data;
        Form *form = request->stream;

        form->waits = FALSE;
        if (form->done)
                return;
        if (error)
                note_failure(form, error);
        else {
                g_ptr_array_add(form->stored, g_variant_ref(entry));
                g_clear_pointer(&form->path, g_free);
        }
        proceed(form);
}

static char *path_in_folder(Form *form, const char *name) {
        return form->folder && *form->folder ? g_strconcat(form->folder, "/", name, NULL) : g_strdup(name);
}

static gboolean begin_file(Form *form, const char *filename) {
        g_auto(GVariantBuilder) options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
        const char *name = form->relative_path ? form->relative_path : filename;

        form->has_files = TRUE;
        if (form->stored->len + form->errors->len >= MAX_FILES) {
                report(form, 413, "InvalidArgument", "The form has too many files");
                return FALSE;
        }
        form->path = path_in_folder(form, name);
        bh_options_add_caller(&options, form->request->token);
        g_variant_builder_add(&options, "{sv}", "overwrite", g_variant_new_boolean(form->overwrite));
        if (strchr(name, '/'))
                g_variant_builder_add(&options, "{sv}", "parents", g_variant_new_boolean(TRUE));
        form->waits = TRUE;
        bh_upload_begin(form->request->server, form->request->token, form->path, BH_SIZE_UNKNOWN,
                        g_variant_builder_end(&options), begun, bh_request_ref(form->request));
        g_clear_pointer(&form->relative_path, g_free);
        return FALSE;
}

static gboolean on_part(gpointer user, const char *name, const char *filename) {
        Form *form = user;

        g_clear_pointer(&form->field, g_free);
        g_string_truncate(form->value, 0);
        if (!filename) {
                form->field = g_strdup(name);
                return TRUE;
        }
        if (!*filename) /* a file input in which nothing was chosen */
                return TRUE;
        if (!g_str_equal(name, "files") && !g_str_equal(name, "file")) {
                report(form, 422, NULL, "Files belong into the fields “files” or “file”");
                return FALSE;
        }
        return begin_file(form, filename);
}

static gboolean on_data(gpointer user, const char *data, gsize length) {
        Form *form = user;

        if (form->upload) {
                form->starved = !bh_upload_write(form->upload, data, length);
                return !form->starved;
        }
        if (!form->field)
                return TRUE; /* of a file that has been refused */
        g_string_append_len(form->value, data, length);
        if (form->value->len <= MAX_FIELD)
                return TRUE;
        report(form, 422, NULL, "A field of the form is too long");
        return FALSE;
}

static void take_folder(Form *form) {
        if (form->has_files && g_strcmp0(form->folder ? form->folder : "", form->value->str) != 0) {
                report(form, 422, NULL, "The field “path” must come before the files");
                return;
        }
        g_free(form->folder);
        form->folder = g_strdup(form->value->str);
}

static void take_field(Form *form) {
        if (strlen(form->value->str) != form->value->len || !g_utf8_validate(form->value->str, -1, NULL))
                report(form, 422, NULL, "A field of the form is not valid UTF-8");
        else if (g_str_equal(form->field, "path"))
                take_folder(form);
        else if (g_str_equal(form->field, "overwrite"))
                form->overwrite = g_str_equal(form->value->str, "true") || g_str_equal(form->value->str, "1");
        else if (g_str_equal(form->field, "relative_path")) {
                g_free(form->relative_path);
                form->relative_path = *form->value->str ? g_strdup(form->value->str) : NULL;
        }
}

static gboolean on_part_end(gpointer user) {
        Form *form = user;

        if (form->upload) {
                form->waits = TRUE;
                bh_upload_commit(g_steal_pointer(&form->upload), committed, bh_request_ref(form->request));
                return FALSE;
        }
        if (form->field)
                take_field(form);
        return !form->done;
}

static const BhMultipartEvents events = {on_part, on_data, on_part_end};

/* --- the body comes in --- */

/* Feeds as much as the parser takes; returns how much that was. */
static gsize feed(Form *form, const char *data, gsize length) {
        gsize done = 0;

        while (done < length && !form->waits && !form->starved && !form->done && !bh_multipart_get_error(form->parser))
                done += bh_multipart_feed(form->parser, data + done, length - done);
        if (bh_multipart_get_error(form->parser) && !form->done)
                report(form, 422, NULL, bh_multipart_get_error(form->parser));
        return form->done ? length : done;
}

static gboolean is_held_up(Form *form) {
        return form->waits || form->starved;
}

/* Goes on after a wait: with what has come meanwhile, then with the body or to its end. */
static void proceed(Form *form) {
        g_autoptr(BhRequest) request = bh_request_ref(form->request);

        if (form->done)
                return;
        if (form->upload && bh_upload_get_error(form->upload)) {
                g_autoptr(GError) error = g_error_copy(bh_upload_get_error(form->upload));

                g_clear_pointer(&form->upload, bh_upload_abort);
                note_failure(form, error);
                if (form->done)
                        return;
        }
        if (form->pending->len > 0) {
                gsize done = feed(form, (const char *)form->pending->data, form->pending->len);

                if (form->done)
                        return;
                g_byte_array_remove_range(form->pending, 0, done);
        }
        if (is_held_up(form))
                return;
        if (form->is_over)
                report_end(form);
        else
                bh_request_resume(request);
}

static void on_chunk(SoupServerMessage *msg, GBytes *chunk, gpointer data) {
        Form *form = data;
        gsize length, done;
        const char *bytes = g_bytes_get_data(chunk, &length);

        if (form->done)
                return;
        done = form->pending->len == 0 ? feed(form, bytes, length) : 0;
        if (form->done)
                return;
        g_byte_array_append(form->pending, (const guint8 *)bytes + done, length - done);
        if (is_held_up(form))
                bh_request_pause(form->request);
}

static void on_gone(BhRequest *request) {
        form_stop(request->stream);
}

void bh_upload_form_begin(BhRequest *request) {
        Form *form = g_new0(Form, 1);

        form->request = request;
        form->parser = bh_multipart_new(bh_request_header(request, "Content-Type"), &events, form);
        if (!form->parser) {
                g_free(form);
                bh_reply_error(request, 415, "The body must be multipart/form-data with a boundary");
                return;
        }
        form->pending = g_byte_array_new();
        form->value = g_string_new(NULL);
        form->stored = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
        form->errors = g_ptr_array_new_with_free_func(failure_free);
        form->refused = g_ptr_array_new_with_free_func(g_free);
        form->folder = g_strdup(bh_request_query_value(request, "path"));
        form->overwrite = bh_request_query_flag(request, "overwrite");
        request->stream = form;
        request->stream_free = form_free;
        request->stream_gone = on_gone;
        g_signal_connect(request->msg, "got-chunk", G_CALLBACK(on_chunk), form);
}

void bh_upload_form_end(BhRequest *request) {
        Form *form = request->stream;

        if (!form || form->done)
                return;
        form->is_over = TRUE;
        bh_request_pause(request);
        if (!is_held_up(form))
                proceed(form);
}
