/* SPDX-License-Identifier: MIT */
#include "plan-view.h"

#include "accessibility.h"
#include "format.h"
#include "job-progress.h"
#include "storage-words.h"

#include <glib/gi18n.h>

struct _BhPlanView {
        GtkWidget parent_instance;

        BhStorageModel *storage;
        char *method;
        GVariant *arguments;
        GVariant *options;
        gboolean is_asking;
        gboolean asks_again; /* something else, as soon as the answer is there, which comes too late */
        char *token;
        char *name; /* to be typed; NULL: nothing needs to be */
        gboolean is_applied;
        gboolean is_busy;

        GtkStack *stack;
        AdwStatusPage *refused_page;
        GtkButton *refused_alternative;
        GtkButton *plan_alternative;
        GtkLabel *title_label;
        GtkLabel *text_label;
        GtkListBox *facts_list;
        GtkBox *warnings_box;
        GtkBox *losses_box;
        GtkListBox *losses_list;
        GtkBox *confirm_box;
        GtkLabel *confirm_label;
        AdwEntryRow *confirm_row;
        GtkLabel *error_label;
        GtkButton *apply_button;
        BhJobProgress *progress;
        AdwStatusPage *done_page;
        AdwStatusPage *failed_page;
};

enum { PROP_IS_APPLIED = 1, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhPlanView, bh_plan_view, GTK_TYPE_WIDGET)

gboolean bh_plan_view_is_applied(BhPlanView *self) {
        return self->is_applied;
}

static void set_applied(BhPlanView *self, gboolean is_applied) {
        if (self->is_applied == is_applied)
                return;
        self->is_applied = is_applied;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_IS_APPLIED]);
}

static void describe_page(AdwStatusPage *page, const char *text) {
        g_autofree char *markup = g_markup_escape_text(text ? text : "", -1);

        adw_status_page_set_description(page, markup);
}

static void update_apply(BhPlanView *self) {
        const char *typed = gtk_editable_get_text(GTK_EDITABLE(self->confirm_row));

        gtk_widget_action_set_enabled(GTK_WIDGET(self), "plan.apply",
                                      self->token && !self->is_busy && (!self->name || g_str_equal(typed, self->name)));
}

static void set_error(BhPlanView *self, const char *sentence) {
        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), sentence != NULL);
}

/* --- Showing a plan --------------------------------------------------------------------------------------------------- */

static void clear_list(GtkListBox *list) {
        GtkListBoxRow *row;

        while ((row = gtk_list_box_get_row_at_index(list, 0)))
                gtk_list_box_remove(list, GTK_WIDGET(row));
}

static void clear_box(GtkBox *box) {
        GtkWidget *child;

        while ((child = gtk_widget_get_first_child(GTK_WIDGET(box))))
                gtk_box_remove(box, child);
}

/* Plain text. */
static void add_row(GtkListBox *list, const char *title, const char *subtitle) {
        GtkWidget *row = adw_action_row_new();

        g_object_set(row, "use-markup", FALSE, "title", title, "subtitle", subtitle, "activatable", FALSE, NULL);
        gtk_list_box_append(list, row);
}

static void show_facts(BhPlanView *self, GVariant *plan) {
        g_autoptr(GVariant) failed = g_variant_lookup_value(plan, "failed", G_VARIANT_TYPE_VARDICT),
                            replacement = g_variant_lookup_value(plan, "replacement", G_VARIANT_TYPE_VARDICT);
        guint64 usable = 0, sync_usec = 0;
        guint32 survives = 0;

        clear_list(self->facts_list);
        if (failed) {
                g_autofree char *disk = bh_words_disk_of(failed);

                add_row(self->facts_list, disk, _("Failed: take it out"));
        }
        if (replacement) {
                g_autofree char *disk = bh_words_disk_of(replacement), *subtitle = NULL;
                const char *why = "";

                g_variant_lookup(replacement, "why", "&s", &why);
                subtitle = *why ? g_strdup_printf(_("Takes its place: %s"), why) : g_strdup(_("Takes its place"));
                add_row(self->facts_list, disk, subtitle);
        }
        if (g_variant_lookup(plan, "usable_bytes", "t", &usable) && usable > 0) {
                g_autofree char *size = g_format_size(usable);

                add_row(self->facts_list, size, _("Usable capacity"));
        }
        if (g_variant_lookup(plan, "survives", "u", &survives)) {
                g_autofree char *text = bh_words_survives(survives);

                add_row(self->facts_list, text, _("Safety"));
        }
        if (g_variant_lookup(plan, "sync_usec", "t", &sync_usec) && sync_usec > 0) {
                g_autofree char *duration = bh_words_duration(sync_usec);

                add_row(self->facts_list, duration, _("Time to bring the disks into sync, about"));
        }
        gtk_widget_set_visible(GTK_WIDGET(self->facts_list),
                               gtk_list_box_get_row_at_index(self->facts_list, 0) != NULL);
}

static void show_warnings(BhPlanView *self, GVariant *plan) {
        g_autofree const char **warnings = NULL;

        clear_box(self->warnings_box);
        g_variant_lookup(plan, "warnings", "^a&s", &warnings);
        for (guint i = 0; warnings && warnings[i]; i++) {
                GtkWidget *label = gtk_label_new(warnings[i]);

                g_object_set(label, "xalign", 0.0, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, NULL);
                gtk_box_append(self->warnings_box, label);
        }
        gtk_widget_set_visible(gtk_widget_get_parent(GTK_WIDGET(self->warnings_box)), warnings && warnings[0]);
}

/* Returns whether anything is destroyed. */
static gboolean show_losses(BhPlanView *self, GVariant *plan) {
        g_autoptr(GVariant) losses = g_variant_lookup_value(plan, "losses", G_VARIANT_TYPE("aa{sv}"));
        gboolean destroys_any = FALSE;

        clear_list(self->losses_list);
        for (gsize i = 0; losses && i < g_variant_n_children(losses); i++) {
                g_autoptr(GVariant) loss = g_variant_get_child_value(losses, i);
                g_autofree char *disk = bh_words_disk_of(loss), *size = NULL, *subtitle = NULL;
                const char *contents = "";
                gboolean destroys = FALSE;
                guint64 bytes = 0;

                g_variant_lookup(loss, "contents", "&s", &contents);
                g_variant_lookup(loss, "destroys", "b", &destroys);
                g_variant_lookup(loss, "size", "t", &bytes);
                size = g_format_size(bytes);
                /* Translators: size of a disk, and what is on it */
                subtitle = destroys ? g_strdup_printf(_("%s · is lost: %s"), size, contents)
                                    : g_strdup_printf("%s · %s", size, contents);
                add_row(self->losses_list, disk, subtitle);
                destroys_any = destroys_any || destroys;
        }
        gtk_widget_set_visible(GTK_WIDGET(self->losses_box),
                               gtk_list_box_get_row_at_index(self->losses_list, 0) != NULL);
        return destroys_any;
}

static const char *apply_label(const char *kind) {
        static const struct {
                const char *kind, *label;
        } labels[] = {
                {"array-create", N_("_Create Array")}, {"array-delete", N_("_Delete Array")},
                {"format", N_("_Create Pool")},        {"pool-delete", N_("_Delete Pool")},
                {"array-add", N_("_Add Disk")},        {"array-repair", N_("_Repair")},
        };

        for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
                if (g_str_equal(labels[i].kind, kind))
                        return _(labels[i].label);
        }
        return _("_Apply");
}

static void show_plan(BhPlanView *self, GVariant *plan) {
        const char *kind = "", *title = "", *text = "", *name = "";
        gboolean destroys;

        g_variant_lookup(plan, "kind", "&s", &kind);
        g_variant_lookup(plan, "title", "&s", &title);
        g_variant_lookup(plan, "text", "&s", &text);
        g_variant_lookup(plan, "name", "&s", &name);
        gtk_label_set_text(self->title_label, title);
        gtk_label_set_text(self->text_label, text);
        show_facts(self, plan);
        show_warnings(self, plan);
        destroys = show_losses(self, plan) || g_str_has_suffix(kind, "-delete");

        g_clear_pointer(&self->name, g_free);
        gtk_editable_set_text(GTK_EDITABLE(self->confirm_row), "");
        if (destroys && *name) {
                /* Translators: the name of an array or pool */
                g_autofree char *ask = g_strdup_printf(_("This cannot be taken back. Type “%s” to go on:"), name);

                self->name = g_strdup(name);
                gtk_label_set_text(self->confirm_label, ask);
        }
        gtk_widget_set_visible(GTK_WIDGET(self->confirm_box), self->name != NULL);
        gtk_button_set_label(self->apply_button, apply_label(kind));
        gtk_widget_remove_css_class(GTK_WIDGET(self->apply_button),
                                    destroys ? "suggested-action" : "destructive-action");
        gtk_widget_add_css_class(GTK_WIDGET(self->apply_button), destroys ? "destructive-action" : "suggested-action");
        set_error(self, NULL);
        gtk_stack_set_visible_child_name(self->stack, "plan");
        update_apply(self);
        gtk_widget_grab_focus(GTK_WIDGET(self->name ? GTK_WIDGET(self->confirm_row) : GTK_WIDGET(self->apply_button)));
}

/* --- Asking for it ---------------------------------------------------------------------------------------------------- */

static void ask(BhPlanView *self);

static void on_plan(GVariant *reply, const GError *error, gpointer owner) {
        BhPlanView *self = owner;
        g_autoptr(GVariant) plan = NULL;
        g_autofree char *sentence = NULL;
        gboolean asks_again = self->asks_again;

        self->is_asking = self->asks_again = FALSE;
        if (!self->stack)
                return; /* the window is closed */
        if (asks_again) {
                ask(self);
                return;
        }
        if (error) {
                sentence = bh_bus_error_message(error);
                describe_page(self->refused_page, sentence);
                gtk_stack_set_visible_child_name(self->stack, "refused");
                return;
        }
        g_variant_get(reply, "(s@a{sv})", &self->token, &plan);
        show_plan(self, plan);
}

static void ask(BhPlanView *self) {
        g_clear_pointer(&self->token, g_free);
        gtk_stack_set_visible_child_name(self->stack, "asking");
        update_apply(self);
        if (self->is_asking) {
                self->asks_again = TRUE;
                return;
        }
        self->is_asking = TRUE;
        bh_storage_model_call(self->storage, NULL, self->method, self->arguments, self->options, on_plan, self);
}

void bh_plan_view_ask(BhPlanView *self, BhStorageModel *storage, const char *method, GVariant *arguments,
                      GVariant *options) {
        g_return_if_fail(BH_IS_PLAN_VIEW(self));

        g_set_object(&self->storage, storage);
        g_free(self->method);
        self->method = g_strdup(method);
        g_clear_pointer(&self->arguments, g_variant_unref);
        g_clear_pointer(&self->options, g_variant_unref);
        self->arguments = arguments ? g_variant_ref_sink(arguments) : NULL;
        self->options = options ? g_variant_ref_sink(options) : NULL;
        ask(self);
}

void bh_plan_view_set_alternative(BhPlanView *self, const char *label, const char *action_name) {
        GtkButton *buttons[] = {self->refused_alternative, self->plan_alternative};

        for (guint i = 0; i < G_N_ELEMENTS(buttons); i++) {
                gtk_widget_set_visible(GTK_WIDGET(buttons[i]), label != NULL);
                if (!label)
                        continue;
                gtk_button_set_label(buttons[i], label);
                gtk_actionable_set_action_name(GTK_ACTIONABLE(buttons[i]), action_name);
        }
}

/* --- Carrying it out -------------------------------------------------------------------------------------------------- */

static void on_ended(BhPlanView *self, gboolean succeeded, const char *text) {
        if (!succeeded)
                describe_page(self->failed_page, text);
        gtk_stack_set_visible_child_name(self->stack, succeeded ? "done" : "failed");
}

static void on_job(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhPlanView) self = user_data;
        g_autoptr(GError) error = NULL;
        g_autoptr(BhBusJob) job = bh_bus_job_proxy_new_finish(result, &error);
        g_autofree char *sentence = NULL;

        if (!self->stack)
                return; /* it goes on without anybody who looks */
        if (job) {
                bh_job_progress_set_job(self->progress, self->storage, job);
                return;
        }
        sentence = bh_bus_error_message(error);
        on_ended(self, FALSE, sentence);
}

static void on_applied(GVariant *reply, const GError *error, gpointer owner) {
        BhPlanView *self = owner;
        g_autofree char *sentence = NULL;
        BhBusStorage *service;
        const char *path;

        if (!self->stack)
                return;
        self->is_busy = FALSE;
        if (error) {
                sentence = bh_bus_error_message(error);
                if (bh_bus_error_is(error, BH_BUS_ERROR_Stale) || bh_bus_error_is(error, BH_BUS_ERROR_NotFound)) {
                        /* Such a plan is of no use any more. */
                        describe_page(self->refused_page, sentence);
                        gtk_stack_set_visible_child_name(self->stack, "refused");
                } else {
                        set_error(self, sentence);
                }
                update_apply(self);
                return;
        }
        set_applied(self, TRUE);
        gtk_stack_set_visible_child_name(self->stack, "running");
        service = bh_connection_get_storage(bh_storage_model_get_connection(self->storage));
        if (!service) {
                on_ended(self, FALSE, _("The NAS service is not running"));
                return;
        }
        g_variant_get(reply, "(&o)", &path);
        bh_bus_job_proxy_new(g_dbus_proxy_get_connection(G_DBUS_PROXY(service)), G_DBUS_PROXY_FLAGS_NONE,
                             g_dbus_proxy_get_name(G_DBUS_PROXY(service)), path, NULL, on_job, g_object_ref(self));
}

static void action_apply(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhPlanView *self = BH_PLAN_VIEW(widget);

        set_error(self, NULL);
        self->is_busy = TRUE;
        update_apply(self);
        bh_storage_model_call(self->storage, NULL, "Apply", g_variant_new("(s)", self->token), NULL, on_applied, self);
}

static void action_ask_again(GtkWidget *widget, const char *name, GVariant *parameter) {
        ask(BH_PLAN_VIEW(widget));
}

static void on_confirm_activated(BhPlanView *self) {
        gtk_widget_activate_action(GTK_WIDGET(self), "plan.apply", NULL);
}

static void bh_plan_view_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        if (id == PROP_IS_APPLIED)
                g_value_set_boolean(value, BH_PLAN_VIEW(object)->is_applied);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_plan_view_dispose(GObject *object) {
        BhPlanView *self = BH_PLAN_VIEW(object);

        g_clear_pointer((GtkWidget **)&self->stack, gtk_widget_unparent);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_plan_view_parent_class)->dispose(object);
}

static void bh_plan_view_finalize(GObject *object) {
        BhPlanView *self = BH_PLAN_VIEW(object);

        g_free(self->method);
        g_free(self->token);
        g_free(self->name);
        g_clear_pointer(&self->arguments, g_variant_unref);
        g_clear_pointer(&self->options, g_variant_unref);
        G_OBJECT_CLASS(bh_plan_view_parent_class)->finalize(object);
}

static void bh_plan_view_class_init(BhPlanViewClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        object_class->dispose = bh_plan_view_dispose;
        object_class->finalize = bh_plan_view_finalize;
        object_class->get_property = bh_plan_view_get_property;
        properties[PROP_IS_APPLIED] =
                g_param_spec_boolean("is-applied", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        g_type_ensure(BH_TYPE_JOB_PROGRESS);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/plan-view.ui");
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, stack);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, refused_page);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, refused_alternative);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, plan_alternative);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, text_label);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, facts_list);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, warnings_box);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, losses_box);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, losses_list);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, confirm_box);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, confirm_label);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, confirm_row);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, apply_button);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, progress);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, done_page);
        gtk_widget_class_bind_template_child(widget_class, BhPlanView, failed_page);
        gtk_widget_class_bind_template_callback(widget_class, update_apply);
        gtk_widget_class_bind_template_callback(widget_class, on_confirm_activated);
        gtk_widget_class_bind_template_callback(widget_class, on_ended);
        gtk_widget_class_install_action(widget_class, "plan.apply", NULL, action_apply);
        gtk_widget_class_install_action(widget_class, "plan.ask-again", NULL, action_ask_again);
}

static void bh_plan_view_init(BhPlanView *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
}
