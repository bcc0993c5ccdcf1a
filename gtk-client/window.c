/* SPDX-License-Identifier: MIT */
#include "window.h"

#include "accessibility.h"
#include "confirm.h"
#include "conflict-dialog.h"
#include "download.h"
#include "files-page.h"
#include "format.h"
#include "setup-page.h"
#include "sign-in-page.h"
#include "storage-page.h"
#include "trash-page.h"
#include "undo-stack.h"
#include "usage-bar.h"
#include "users-page.h"

#include <glib/gi18n.h>

/* How long the toast stays that offers to undo: time to read it, think and get there by keyboard. */
#define UNDO_SECONDS 10

/* How often what others do is looked for, while somebody looks at the window. */
#define POLL_SECONDS 5

struct _BhWindow {
        AdwApplicationWindow parent_instance;

        BhConnection *connection;
        BhTransferQueue *transfers;
        BhUndoStack *undo;
        guint64 shown_user;     /* whose files are shown and whose changes can be undone */
        char *wanted_folder;    /* to show once there is a connection */
        char *wanted_page;      /* likewise */
        gboolean wants_sign_in; /* although there is somebody already */
        AdwToast *toast;        /* the one shown, NULL: none */

        guint poll_id;

        AdwToastOverlay *toast_overlay;
        GtkStack *state_stack;
        AdwStatusPage *status_page;
        GtkSpinner *status_spinner;
        GtkButton *start_button;
        GtkButton *retry_button;
        BhSetupPage *setup_page;
        BhSignInPage *sign_in_page;
        AdwLeaflet *leaflet;
        AdwWindowTitle *sidebar_title;
        GtkListBox *sidebar_list;
        GtkListBoxRow *files_row;
        GtkListBoxRow *users_row;
        BhUsageBar *usage_bar;
        GtkStack *content_stack;
        BhFilesPage *files_page;
        BhTrashPage *trash_page;
        BhStoragePage *storage_page;
        BhUsersPage *users_page;
};

G_DEFINE_FINAL_TYPE(BhWindow, bh_window, ADW_TYPE_APPLICATION_WINDOW)

BhWindow *bh_window_of(GtkWidget *widget) {
        return BH_WINDOW(gtk_widget_get_ancestor(widget, BH_TYPE_WINDOW));
}

BhConnection *bh_window_get_connection(BhWindow *self) {
        return self->connection;
}

BhTransferQueue *bh_window_get_transfers(BhWindow *self) {
        return self->transfers;
}

/* --- Toasts and undo -------------------------------------------------------------------------------------------------- */

static AdwToast *toast_new(const char *text) {
        g_autofree char *markup = g_markup_escape_text(text, -1);

        return adw_toast_new(markup);
}

static void on_toast_dismissed(BhWindow *self, AdwToast *toast) {
        if (self->toast == toast)
                g_clear_object(&self->toast);
}

/* Shows a toast at once in place of the one before, which is about something older. Takes over the reference. */
static void show_toast(BhWindow *self, AdwToast *toast) {
        if (self->toast)
                adw_toast_dismiss(self->toast);
        self->toast = g_object_ref(toast);
        g_signal_connect_object(toast, "dismissed", G_CALLBACK(on_toast_dismissed), self, G_CONNECT_SWAPPED);
        adw_toast_overlay_add_toast(self->toast_overlay, toast);
}

void bh_window_toast(BhWindow *self, const char *text) {
        show_toast(self, toast_new(text));
}

void bh_window_toast_error(BhWindow *self, const GError *error) {
        g_autofree char *sentence = NULL;

        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                return;
        sentence = bh_bus_error_message(error);
        bh_window_toast(self, sentence);
        bh_connection_note_error(self->connection, error);
}

/* What was done, as a sentence. */
static char *describe(BhOperation *operation) {
        guint n = bh_operation_get_n_done(operation);
        g_autofree char *freed = NULL;
        const char *name;

        switch (bh_operation_get_kind(operation)) {
        case BH_OPERATION_CREATE_FOLDER:
                return g_strdup_printf(_("Folder “%s” created"), bh_path_name(bh_operation_get_answer(operation, 0)));
        case BH_OPERATION_RENAME:
                return g_strdup_printf(_("Renamed to “%s”"), bh_path_name(bh_operation_get_answer(operation, 0)));
        case BH_OPERATION_MOVE:
                name = bh_path_name(bh_operation_get_answer(operation, 0));
                return n == 1 ? g_strdup_printf(_("“%s” moved"), name)
                              : g_strdup_printf(ngettext("%u item moved", "%u items moved", n), n);
        case BH_OPERATION_DELETE:
                name = bh_path_name(bh_operation_get_source(operation, 0));
                return n == 1 && bh_operation_get_n_sources(operation) == 1
                               ? g_strdup_printf(_("“%s” moved to the trash"), name)
                               : g_strdup_printf(
                                         ngettext("%u item moved to the trash", "%u items moved to the trash", n), n);
        case BH_OPERATION_RESTORE:
                name = bh_path_name(bh_operation_get_answer(operation, 0));
                return n == 1 ? g_strdup_printf(_("“%s” restored"), name)
                              : g_strdup_printf(ngettext("%u item restored", "%u items restored", n), n);
        case BH_OPERATION_PURGE:
                freed = g_format_size(bh_operation_get_freed_bytes(operation));
                return g_strdup_printf(_("Deleted for good, %s freed"), freed);
        }
        g_assert_not_reached();
}

static void toast_result(BhWindow *self, BhOperation *operation, gboolean is_undo) {
        g_autofree char *text = describe(operation);
        g_autoptr(BhOperation) inverse = is_undo ? NULL : bh_operation_inverse(operation);
        AdwToast *toast = toast_new(text);

        if (inverse) {
                guint number = bh_undo_stack_push(self->undo, inverse);

                adw_toast_set_timeout(toast, UNDO_SECONDS);
                adw_toast_set_button_label(toast, _("Undo"));
                adw_toast_set_action_name(toast, "win.undo-number");
                adw_toast_set_action_target_value(toast, g_variant_new_uint32(number));
        }
        show_toast(self, toast);
}

typedef struct {
        BhWindow *window;
        gboolean is_undo;
} Run;

static void on_run(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autofree Run *run = user_data;
        g_autoptr(BhWindow) self = run->window;
        BhOperation *operation = BH_OPERATION(source);
        g_autoptr(GError) error = NULL;
        gboolean all = bh_operation_run_finish(operation, result, &error);

        if (!self->connection)
                return; /* the window is closed */
        if (bh_operation_get_n_done(operation) > 0)
                toast_result(self, operation, run->is_undo);
        if (!all)
                bh_window_toast_error(self, error);
        bh_window_refresh(self);
        if (bh_operation_get_kind(operation) == BH_OPERATION_CREATE_FOLDER && bh_operation_get_n_done(operation) > 0)
                bh_files_page_select(self->files_page, bh_operation_get_answer(operation, 0));
}

static void run_operation(BhWindow *self, BhOperation *operation, gboolean is_undo) {
        Run *run = g_new0(Run, 1);

        run->window = g_object_ref(self);
        run->is_undo = is_undo;
        bh_operation_run_async(operation, self->connection, NULL, on_run, run);
}

void bh_window_run(BhWindow *self, BhOperation *operation) {
        run_operation(self, operation, FALSE);
}

static void undo(BhWindow *self, guint number) {
        g_autoptr(BhOperation) inverse = bh_undo_stack_take(self->undo, number);

        if (inverse)
                run_operation(self, inverse, TRUE);
}

void bh_window_refresh(BhWindow *self) {
        if (bh_connection_get_state(self->connection) != BH_CONNECTION_READY)
                return;
        bh_files_page_refresh(self->files_page);
        bh_usage_bar_refresh(self->usage_bar, self->connection);
        if (g_strcmp0(gtk_stack_get_visible_child_name(self->content_stack), "trash") == 0)
                bh_trash_page_refresh(self->trash_page);
        if (g_strcmp0(gtk_stack_get_visible_child_name(self->content_stack), "users") == 0)
                bh_users_page_refresh(self->users_page);
}

static gboolean on_poll(gpointer user_data) {
        BhWindow *self = user_data;

        if (bh_connection_get_state(self->connection) == BH_CONNECTION_READY)
                bh_files_page_poll(self->files_page);
        return G_SOURCE_CONTINUE;
}

/* The service does not tell of changes: look when somebody comes back to the window, and now and then while they stay. */
static void on_active_changed(BhWindow *self) {
        g_clear_handle_id(&self->poll_id, g_source_remove);
        if (!gtk_window_is_active(GTK_WINDOW(self)) || !self->connection)
                return;
        on_poll(self);
        self->poll_id = g_timeout_add_seconds(POLL_SECONDS, on_poll, self);
}

/* --- Pages ------------------------------------------------------------------------------------------------------------ */

static void show_page(BhWindow *self, const char *name) {
        gtk_stack_set_visible_child_name(self->content_stack, name);
        if (g_str_equal(name, "trash"))
                bh_trash_page_refresh(self->trash_page);
        if (g_str_equal(name, "users"))
                bh_users_page_refresh(self->users_page);
}

static void on_row_selected(BhWindow *self, GtkListBoxRow *row) {
        if (row)
                show_page(self, gtk_widget_get_name(GTK_WIDGET(row)));
}

/* To what is shown, and the keyboard with it: its shortcuts are for whoever is there. */
static void enter_page(BhWindow *self) {
        adw_leaflet_navigate(self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
        gtk_widget_grab_focus(gtk_stack_get_visible_child(self->content_stack));
}

static void on_row_activated(BhWindow *self, GtkListBoxRow *row) {
        enter_page(self);
}

/* Nothing happens when it is not for this user. */
static void select_page(BhWindow *self, const char *name) {
        GtkListBoxRow *row;

        for (int i = 0; (row = gtk_list_box_get_row_at_index(self->sidebar_list, i)); i++) {
                if (!gtk_widget_get_visible(GTK_WIDGET(row)) ||
                    !g_str_equal(gtk_widget_get_name(GTK_WIDGET(row)), name))
                        continue;
                gtk_list_box_select_row(self->sidebar_list, row);
                enter_page(self);
                return;
        }
}

void bh_window_show_page(BhWindow *self, const char *name) {
        g_return_if_fail(BH_IS_WINDOW(self));

        if (bh_connection_get_state(self->connection) == BH_CONNECTION_READY) {
                select_page(self, name);
                return;
        }
        g_free(self->wanted_page);
        self->wanted_page = g_strdup(name);
}

void bh_window_show_folder(BhWindow *self, const char *path) {
        g_return_if_fail(BH_IS_WINDOW(self));

        g_free(self->wanted_folder);
        self->wanted_folder = g_strdup(path);
        if (bh_connection_get_state(self->connection) != BH_CONNECTION_READY)
                return;
        gtk_list_box_select_row(self->sidebar_list, self->files_row);
        adw_leaflet_navigate(self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
        bh_files_page_show_folder(self->files_page, path);
        g_clear_pointer(&self->wanted_folder, g_free);
}

/* --- What the connection allows --------------------------------------------------------------------------------------- */

static void show_status(BhWindow *self, const char *icon, const char *title, const char *text, gboolean waits) {
        const char *message = bh_connection_get_message(self->connection);
        g_autofree char *plain = message ? g_strdup_printf("%s\n\n%s", text, message) : g_strdup(text);
        g_autofree char *markup = g_markup_escape_text(plain, -1);

        adw_status_page_set_icon_name(self->status_page, icon);
        adw_status_page_set_title(self->status_page, title);
        adw_status_page_set_description(self->status_page, markup);
        gtk_widget_set_visible(GTK_WIDGET(self->status_spinner), waits);
        gtk_stack_set_visible_child_name(self->state_stack, "status");
}

static void show_state(BhWindow *self) {
        BhConnectionState state = bh_connection_get_state(self->connection);

        gtk_widget_set_visible(GTK_WIDGET(self->start_button), state == BH_CONNECTION_ABSENT);
        gtk_widget_set_visible(GTK_WIDGET(self->retry_button), state == BH_CONNECTION_NO_BUS);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "win.sign-out",
                                      bh_connection_is_signed_in_by_password(self->connection));
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "win.sign-in", state == BH_CONNECTION_READY);

        switch (state) {
        case BH_CONNECTION_CONNECTING:
                show_status(self, NULL, _("Connecting…"), "", TRUE);
                break;
        case BH_CONNECTION_STARTING:
                show_status(self, NULL, _("Starting the Service…"), "", TRUE);
                break;
        case BH_CONNECTION_NO_BUS:
                show_status(self, "network-error-symbolic", _("No System Bus"),
                            _("BaluHost talks to the NAS over the system bus of this computer, which does not answer."),
                            FALSE);
                break;
        case BH_CONNECTION_ABSENT:
                show_status(self, "network-offline-symbolic", _("The NAS Service Is Not Running"),
                            _("Your files are safe, but they cannot be shown before the service runs."), FALSE);
                break;
        case BH_CONNECTION_SETUP:
                bh_setup_page_reset(self->setup_page);
                gtk_stack_set_visible_child_name(self->state_stack, "setup");
                break;
        case BH_CONNECTION_SIGNED_OUT:
                bh_sign_in_page_reset(self->sign_in_page, FALSE);
                gtk_stack_set_visible_child_name(self->state_stack, "sign-in");
                break;
        case BH_CONNECTION_READY:
                if (self->wants_sign_in)
                        bh_sign_in_page_reset(self->sign_in_page, TRUE);
                gtk_stack_set_visible_child_name(self->state_stack, self->wants_sign_in ? "sign-in" : "main");
                break;
        }
}

static void on_state_changed(BhWindow *self) {
        /* The page of a person who is kept waiting for a moment must not jump. */
        if (bh_connection_get_state(self->connection) != BH_CONNECTION_READY)
                self->wants_sign_in = FALSE;
        show_state(self);
}

static void on_ready(BhWindow *self) {
        g_autofree char *folder = g_steal_pointer(&self->wanted_folder), *page = g_steal_pointer(&self->wanted_page);
        guint64 user = bh_connection_get_user_id(self->connection);

        self->wants_sign_in = FALSE;
        if (user != self->shown_user) {
                bh_undo_stack_clear(self->undo);
                bh_files_page_forget(self->files_page);
        }
        self->shown_user = user;
        adw_window_title_set_subtitle(self->sidebar_title, bh_connection_get_user_name(self->connection));
        gtk_widget_set_visible(GTK_WIDGET(self->users_row), bh_connection_may_administer(self->connection));
        if (!bh_connection_may_administer(self->connection) &&
            gtk_list_box_get_selected_row(self->sidebar_list) == self->users_row)
                gtk_list_box_select_row(self->sidebar_list, self->files_row);
        show_state(self);
        if (folder)
                bh_files_page_show_folder(self->files_page, folder);
        bh_window_refresh(self);
        gtk_widget_grab_focus(gtk_stack_get_visible_child(self->content_stack));
        if (page)
                select_page(self, page);
}

/* --- Transfers -------------------------------------------------------------------------------------------------------- */

static void on_conflict(BhWindow *self, BhTransfer *transfer, const char *name) {
        bh_conflict_dialog_ask(GTK_WINDOW(self), transfer, name);
}

static void on_transfer_finished(BhWindow *self, BhTransfer *transfer) {
        g_autofree char *title = bh_transfer_dup_title(transfer), *text = NULL, *sentence = NULL;

        if (!BH_IS_DOWNLOAD(transfer))
                bh_window_refresh(self);
        if (bh_transfer_get_state(transfer) != BH_TRANSFER_FAILED)
                return;
        sentence = bh_bus_error_message(bh_transfer_get_error(transfer));
        /* Translators: what was tried, and why it failed */
        text = g_strdup_printf(_("%s failed: %s"), title, sentence);
        bh_window_toast(self, text);
}

static void on_close_confirmed(gpointer user_data) {
        BhWindow *self = user_data;

        bh_transfer_queue_cancel_all(self->transfers);
        gtk_window_destroy(GTK_WINDOW(self));
}

static gboolean bh_window_close_request(GtkWindow *window) {
        BhWindow *self = BH_WINDOW(window);
        guint n = bh_transfer_queue_get_n_unfinished(self->transfers);
        g_autofree char *body = NULL;

        if (n == 0)
                return GTK_WINDOW_CLASS(bh_window_parent_class)->close_request(window);
        body = g_strdup_printf(ngettext("%u transfer is not finished. Files that are complete stay.",
                                        "%u transfers are not finished. Files that are complete stay.", n),
                               n);
        bh_confirm(window, _("Stop Transfers and Quit?"), body, _("_Stop and Quit"), on_close_confirmed, self);
        return GDK_EVENT_STOP;
}

/* --- Actions ---------------------------------------------------------------------------------------------------------- */

static void action_undo(GtkWidget *widget, const char *name, GVariant *parameter) {
        undo(BH_WINDOW(widget), 0);
}

static void action_undo_number(GtkWidget *widget, const char *name, GVariant *parameter) {
        undo(BH_WINDOW(widget), g_variant_get_uint32(parameter));
}

static void action_show_page(GtkWidget *widget, const char *name, GVariant *parameter) {
        select_page(BH_WINDOW(widget), g_variant_get_string(parameter, NULL));
}

static void action_show_sidebar(GtkWidget *widget, const char *name, GVariant *parameter) {
        adw_leaflet_navigate(BH_WINDOW(widget)->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void action_start_service(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_connection_start_service(BH_WINDOW(widget)->connection);
}

static void action_retry_connection(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_connection_retry(BH_WINDOW(widget)->connection);
}

static void action_sign_in(GtkWidget *widget, const char *name, GVariant *parameter) {
        BH_WINDOW(widget)->wants_sign_in = TRUE;
        show_state(BH_WINDOW(widget));
}

static void action_cancel_sign_in(GtkWidget *widget, const char *name, GVariant *parameter) {
        BH_WINDOW(widget)->wants_sign_in = FALSE;
        show_state(BH_WINDOW(widget));
}

static void action_sign_out(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_connection_sign_out(BH_WINDOW(widget)->connection);
}

static void on_can_undo(BhWindow *self) {
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "win.undo", bh_undo_stack_can_undo(self->undo));
}

static void bh_window_dispose(GObject *object) {
        BhWindow *self = BH_WINDOW(object);

        g_clear_handle_id(&self->poll_id, g_source_remove);
        if (self->transfers)
                bh_transfer_queue_cancel_all(self->transfers);
        g_clear_object(&self->toast);
        g_clear_object(&self->transfers);
        g_clear_object(&self->connection);
        g_clear_object(&self->undo);
        G_OBJECT_CLASS(bh_window_parent_class)->dispose(object);
}

static void bh_window_finalize(GObject *object) {
        g_free(BH_WINDOW(object)->wanted_folder);
        g_free(BH_WINDOW(object)->wanted_page);
        G_OBJECT_CLASS(bh_window_parent_class)->finalize(object);
}

static void bh_window_class_init(BhWindowClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        object_class->dispose = bh_window_dispose;
        object_class->finalize = bh_window_finalize;
        GTK_WINDOW_CLASS(klass)->close_request = bh_window_close_request;

        g_type_ensure(BH_TYPE_FILES_PAGE);
        g_type_ensure(BH_TYPE_SETUP_PAGE);
        g_type_ensure(BH_TYPE_SIGN_IN_PAGE);
        g_type_ensure(BH_TYPE_STORAGE_PAGE);
        g_type_ensure(BH_TYPE_TRASH_PAGE);
        g_type_ensure(BH_TYPE_USAGE_BAR);
        g_type_ensure(BH_TYPE_USERS_PAGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/window.ui");
        gtk_widget_class_bind_template_child(widget_class, BhWindow, toast_overlay);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, state_stack);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, status_page);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, status_spinner);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, start_button);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, retry_button);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, setup_page);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, sign_in_page);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, leaflet);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, sidebar_title);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, sidebar_list);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, files_row);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, users_row);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, usage_bar);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, content_stack);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, files_page);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, trash_page);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, storage_page);
        gtk_widget_class_bind_template_child(widget_class, BhWindow, users_page);
        gtk_widget_class_bind_template_callback(widget_class, on_row_selected);
        gtk_widget_class_bind_template_callback(widget_class, on_row_activated);

        gtk_widget_class_install_action(widget_class, "win.undo", NULL, action_undo);
        gtk_widget_class_install_action(widget_class, "win.undo-number", "u", action_undo_number);
        gtk_widget_class_install_action(widget_class, "win.show-page", "s", action_show_page);
        gtk_widget_class_install_action(widget_class, "win.show-sidebar", NULL, action_show_sidebar);
        gtk_widget_class_install_action(widget_class, "win.start-service", NULL, action_start_service);
        gtk_widget_class_install_action(widget_class, "win.retry-connection", NULL, action_retry_connection);
        gtk_widget_class_install_action(widget_class, "win.sign-in", NULL, action_sign_in);
        gtk_widget_class_install_action(widget_class, "win.cancel-sign-in", NULL, action_cancel_sign_in);
        gtk_widget_class_install_action(widget_class, "win.sign-out", NULL, action_sign_out);
}

static void bh_window_init(BhWindow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->state_stack);
        bh_accessibility_name_toast_buttons(self->toast_overlay);
        bh_accessibility_hide_other_pages(self->content_stack);
        bh_accessibility_hide_folded_pages(self->leaflet);
}

/* What the app has for all windows. */
static void follow(BhWindow *self, BhStorageModel *storage) {
        self->connection = g_object_ref(bh_storage_model_get_connection(storage));
        self->transfers = bh_transfer_queue_new(self->connection);
        self->undo = bh_undo_stack_new();

        bh_setup_page_set_connection(self->setup_page, self->connection);
        bh_sign_in_page_set_connection(self->sign_in_page, self->connection);
        bh_files_page_set_connection(self->files_page, self->connection, self->transfers);
        bh_trash_page_set_connection(self->trash_page, self->connection);
        bh_storage_page_set_storage(self->storage_page, storage);
        bh_users_page_set_connection(self->users_page, self->connection);

        g_signal_connect_object(self->undo, "notify::can-undo", G_CALLBACK(on_can_undo), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->connection, "notify::state", G_CALLBACK(on_state_changed), self,
                                G_CONNECT_SWAPPED);
        g_signal_connect_object(self->connection, "notify::message", G_CALLBACK(on_state_changed), self,
                                G_CONNECT_SWAPPED);
        g_signal_connect_object(self->connection, "ready", G_CALLBACK(on_ready), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->transfers, "conflict", G_CALLBACK(on_conflict), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->transfers, "finished", G_CALLBACK(on_transfer_finished), self, G_CONNECT_SWAPPED);
        gtk_list_box_select_row(self->sidebar_list, self->files_row);
        g_signal_connect(self, "notify::is-active", G_CALLBACK(on_active_changed), NULL);
        on_can_undo(self);
        show_state(self);
        if (bh_connection_get_state(self->connection) == BH_CONNECTION_READY)
                on_ready(self);
}

BhWindow *bh_window_new(BhApplication *application) {
        BhWindow *self = g_object_new(BH_TYPE_WINDOW, "application", application, NULL);

        follow(self, bh_alert_model_get_storage(bh_application_get_alerts(application)));
        return self;
}
