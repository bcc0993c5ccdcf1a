/* SPDX-License-Identifier: MIT */
#include "member-row.h"

#include "state-badge.h"

#include <glib/gi18n.h>

struct _BhMemberRow {
        GtkWidget parent_instance;

        GtkBox *box;
        GtkLabel *label;
        BhStateBadge *badge;
};

G_DEFINE_FINAL_TYPE(BhMemberRow, bh_member_row, GTK_TYPE_WIDGET)

static void bh_member_row_dispose(GObject *object) {
        g_clear_pointer((GtkWidget **)&BH_MEMBER_ROW(object)->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_member_row_parent_class)->dispose(object);
}

static void bh_member_row_class_init(BhMemberRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_member_row_dispose;
        g_type_ensure(BH_TYPE_STATE_BADGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/member-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhMemberRow, box);
        gtk_widget_class_bind_template_child(widget_class, BhMemberRow, label);
        gtk_widget_class_bind_template_child(widget_class, BhMemberRow, badge);
}

static void bh_member_row_init(BhMemberRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_member_row_new(GVariant *member) {
        BhMemberRow *self = g_object_new(BH_TYPE_MEMBER_ROW, NULL);
        g_autofree char *line = bh_words_disk_of(member), *with_errors = NULL;
        const char *state = "";
        guint64 errors = 0;

        g_variant_lookup(member, "state", "&s", &state);
        g_variant_lookup(member, "errors", "t", &errors);
        if (errors > 0) {
                g_autofree char *text = g_strdup_printf(
                        ngettext("%u read error was corrected", "%u read errors were corrected", (gulong)errors),
                        (guint)errors);

                with_errors = g_strdup_printf("%s · %s", line, text);
        }
        gtk_label_set_text(self->label, with_errors ? with_errors : line);
        bh_state_badge_show(self->badge, bh_words_member_state(state));
        return GTK_WIDGET(self);
}
