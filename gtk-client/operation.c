/* SPDX-License-Identifier: MIT */
#include "operation.h"

#include "format.h"

typedef struct {
        char *source;
        char *target;
} Step;

typedef struct {
        char *source;
        char *answer;
} Done;

struct _BhOperation {
        GObject parent_instance;

        BhOperationKind kind;
        GArray *steps; /* of Step */
        GArray *done;  /* of Done */
        guint64 freed_bytes;
};

G_DEFINE_FINAL_TYPE(BhOperation, bh_operation, G_TYPE_OBJECT)

static void clear_step(gpointer data) {
        Step *step = data;

        g_free(step->source);
        g_free(step->target);
}

static void clear_done(gpointer data) {
        Done *done = data;

        g_free(done->source);
        g_free(done->answer);
}

void bh_operation_add(BhOperation *self, const char *source, const char *target) {
        Step step = {g_strdup(source), g_strdup(target)};

        g_array_append_val(self->steps, step);
}

BhOperationKind bh_operation_get_kind(BhOperation *self) {
        return self->kind;
}

guint bh_operation_get_n_sources(BhOperation *self) {
        return self->steps->len;
}

const char *bh_operation_get_source(BhOperation *self, guint index) {
        return g_array_index(self->steps, Step, index).source;
}

guint bh_operation_get_n_done(BhOperation *self) {
        return self->done->len;
}

const char *bh_operation_get_answer(BhOperation *self, guint index) {
        return g_array_index(self->done, Done, index).answer;
}

guint64 bh_operation_get_freed_bytes(BhOperation *self) {
        return self->freed_bytes;
}

/* Calls the method for one file. The answer is a new string. */
static gboolean call(BhOperation *self, BhConnection *connection, BhBusFiles *files, const Step *step, char **answer,
                     GCancellable *cancellable, GError **error) {
        g_autoptr(GVariant) entry = NULL;
        GVariant *options;
        guint64 freed = 0;

        /* To bring back what was deleted must not fail because its folder or its name is gone meanwhile. */
        if (self->kind == BH_OPERATION_RESTORE)
                options = bh_connection_options(connection, "keep_both", g_variant_new_boolean(TRUE), "parents",
                                                g_variant_new_boolean(TRUE), NULL);
        else
                options = bh_connection_options(connection, NULL);

        switch (self->kind) {
        case BH_OPERATION_CREATE_FOLDER:
                *answer = g_strdup(step->source);
                return bh_bus_files_call_create_folder_sync(files, step->source, options, BH_CALL_FLAGS,
                                                            BH_CALL_TIMEOUT, &entry, cancellable, error);
        case BH_OPERATION_RENAME:
                return bh_bus_files_call_rename_sync(files, step->source, step->target, options, BH_CALL_FLAGS,
                                                     BH_CALL_TIMEOUT, answer, cancellable, error);
        case BH_OPERATION_MOVE:
                return bh_bus_files_call_move_sync(files, step->source, step->target, options, BH_CALL_FLAGS,
                                                   BH_CALL_TIMEOUT, answer, cancellable, error);
        case BH_OPERATION_DELETE:
                return bh_bus_files_call_delete_sync(files, step->source, options, BH_CALL_FLAGS, BH_CALL_TIMEOUT,
                                                     answer, cancellable, error);
        case BH_OPERATION_RESTORE:
                return bh_bus_files_call_restore_trash_sync(files, step->source, options, BH_CALL_FLAGS,
                                                            BH_CALL_TIMEOUT, answer, cancellable, error);
        case BH_OPERATION_PURGE:
                if (!bh_bus_files_call_purge_trash_sync(files, step->source, options, BH_CALL_FLAGS, BH_CALL_TIMEOUT,
                                                        &freed, cancellable, error))
                        return FALSE;
                self->freed_bytes += freed;
                return TRUE;
        }
        g_assert_not_reached();
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
        BhOperation *self = source;
        BhConnection *connection = task_data;
        g_autoptr(GError) first_error = NULL;
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, &first_error);

        for (guint i = 0; files && i < self->steps->len; i++) {
                const Step *step = &g_array_index(self->steps, Step, i);
                g_autoptr(GError) error = NULL;
                Done done = {0};

                if (call(self, connection, files, step, &done.answer, cancellable, &error)) {
                        done.source = g_strdup(step->source);
                        g_array_append_val(self->done, done);
                        continue;
                }
                g_free(done.answer);
                if (!first_error)
                        first_error = g_steal_pointer(&error);
                /* Nobody is there for the rest. */
                if (bh_bus_error_is_disconnect(first_error) || g_cancellable_is_cancelled(cancellable))
                        break;
        }

        if (first_error)
                g_task_return_error(task, g_steal_pointer(&first_error));
        else
                g_task_return_boolean(task, TRUE);
}

void bh_operation_run_async(BhOperation *self, BhConnection *connection, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data) {
        g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);

        g_task_set_source_tag(task, bh_operation_run_async);
        g_task_set_task_data(task, g_object_ref(connection), g_object_unref);
        g_task_run_in_thread(task, run_in_thread);
}

gboolean bh_operation_run_finish(BhOperation *self, GAsyncResult *result, GError **error) {
        return g_task_propagate_boolean(G_TASK(result), error);
}

BhOperation *bh_operation_inverse(BhOperation *self) {
        g_autoptr(BhOperation) inverse = NULL;

        if (self->done->len == 0)
                return NULL;
        switch (self->kind) {
        case BH_OPERATION_CREATE_FOLDER:
        case BH_OPERATION_RESTORE:
                inverse = bh_operation_new(BH_OPERATION_DELETE);
                break;
        case BH_OPERATION_RENAME:
        case BH_OPERATION_MOVE:
                inverse = bh_operation_new(BH_OPERATION_MOVE);
                break;
        case BH_OPERATION_DELETE:
                inverse = bh_operation_new(BH_OPERATION_RESTORE);
                break;
        case BH_OPERATION_PURGE:
                return NULL;
        }
        for (guint i = 0; i < self->done->len; i++) {
                const Done *done = &g_array_index(self->done, Done, i);

                bh_operation_add(inverse, done->answer, inverse->kind == BH_OPERATION_MOVE ? done->source : NULL);
        }
        return g_steal_pointer(&inverse);
}

static void bh_operation_finalize(GObject *object) {
        BhOperation *self = BH_OPERATION(object);

        g_array_unref(self->steps);
        g_array_unref(self->done);
        G_OBJECT_CLASS(bh_operation_parent_class)->finalize(object);
}

static void bh_operation_class_init(BhOperationClass *klass) {
        G_OBJECT_CLASS(klass)->finalize = bh_operation_finalize;
}

static void bh_operation_init(BhOperation *self) {
        self->steps = g_array_new(FALSE, FALSE, sizeof(Step));
        self->done = g_array_new(FALSE, FALSE, sizeof(Done));
        g_array_set_clear_func(self->steps, clear_step);
        g_array_set_clear_func(self->done, clear_done);
}

BhOperation *bh_operation_new(BhOperationKind kind) {
        BhOperation *self = g_object_new(BH_TYPE_OPERATION, NULL);

        self->kind = kind;
        return self;
}
