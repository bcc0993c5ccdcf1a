/* SPDX-License-Identifier: MIT */
#include "what-if.h"

#include "state-badge.h"

#include <glib/gi18n.h>

struct _BhWhatIf {
        GtkWidget parent_instance;

        BhStorageModel *storage;
        char **disks; /* those that are asked for, or are shown */
        gboolean is_asking;
        gboolean asks_again; /* other disks are chosen meanwhile */
        GtkBox *box;
        GtkLabel *hint_label;
        GtkListBox *list;
};

G_DEFINE_FINAL_TYPE(BhWhatIf, bh_what_if, GTK_TYPE_WIDGET)

static void set_hint(BhWhatIf *self, const char *text) {
        gtk_label_set_text(self->hint_label, text);
        gtk_widget_set_visible(GTK_WIDGET(self->hint_label), *text != '\0');
        if (*text)
                gtk_widget_set_visible(GTK_WIDGET(self->list), FALSE);
}

static void add_effect(BhWhatIf *self, GVariant *effect) {
        const char *name = "", *what = "", *text = "", *kind = "";
        GtkWidget *row = adw_action_row_new(), *badge = bh_state_badge_new();
        g_autofree char *title = NULL;

        g_variant_lookup(effect, "name", "&s", &name);
        g_variant_lookup(effect, "kind", "&s", &kind);
        g_variant_lookup(effect, "effect", "&s", &what);
        g_variant_lookup(effect, "text", "&s", &text);
        title = g_strdup_printf(g_str_equal(kind, "pool") ? _("Pool “%s”") : _("Array “%s”"), name);
        bh_state_badge_show(BH_STATE_BADGE(badge), bh_words_effect(what));
        gtk_widget_set_valign(badge, GTK_ALIGN_CENTER);
        g_object_set(row, "use-markup", FALSE, "title", title, "subtitle", text, NULL);
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), badge);
        gtk_list_box_append(self->list, row);
}

static void ask(BhWhatIf *self);

static void on_effects(GVariant *reply, const GError *error, gpointer owner) {
        BhWhatIf *self = owner;
        gboolean asks_again = self->asks_again;
        g_autoptr(GVariant) effects = NULL;
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;
        GtkListBoxRow *old;

        self->is_asking = self->asks_again = FALSE;
        if (!self->storage || !self->disks || !*self->disks)
                return;
        if (asks_again) {
                ask(self);
                return;
        }
        if (sentence) {
                set_hint(self, sentence);
                return;
        }
        effects = g_variant_get_child_value(reply, 0);
        while ((old = gtk_list_box_get_row_at_index(self->list, 0)))
                gtk_list_box_remove(self->list, GTK_WIDGET(old));
        for (gsize i = 0; i < g_variant_n_children(effects); i++) {
                g_autoptr(GVariant) effect = g_variant_get_child_value(effects, i);

                add_effect(self, effect);
        }
        set_hint(self,
                 g_variant_n_children(effects) == 0 ? _("Nothing would be lost: there is no array and no pool.") : "");
        gtk_widget_set_visible(GTK_WIDGET(self->list), g_variant_n_children(effects) > 0);
}

static void ask(BhWhatIf *self) {
        GVariant *disks = g_variant_new_objv((const char *const *)self->disks, -1);

        self->is_asking = TRUE;
        bh_storage_model_call(self->storage, NULL, "SimulateFailure", g_variant_new_tuple(&disks, 1), NULL, on_effects,
                              self);
}

void bh_what_if_show(BhWhatIf *self, BhStorageModel *storage, const char *const *disks) {
        g_return_if_fail(BH_IS_WHAT_IF(self));

        g_set_object(&self->storage, storage);
        g_strfreev(self->disks);
        self->disks = g_strdupv((char **)disks);
        if (!*self->disks)
                set_hint(self, _("Choose a disk above to see what would be lost if it died. Choose more to have them "
                                 "die, too."));
        else if (self->is_asking)
                self->asks_again = TRUE;
        else
                ask(self);
}

static void bh_what_if_dispose(GObject *object) {
        BhWhatIf *self = BH_WHAT_IF(object);

        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_pointer(&self->disks, g_strfreev);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_what_if_parent_class)->dispose(object);
}

static void bh_what_if_class_init(BhWhatIfClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_what_if_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/what-if.ui");
        gtk_widget_class_bind_template_child(widget_class, BhWhatIf, box);
        gtk_widget_class_bind_template_child(widget_class, BhWhatIf, hint_label);
        gtk_widget_class_bind_template_child(widget_class, BhWhatIf, list);
}

static void bh_what_if_init(BhWhatIf *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
