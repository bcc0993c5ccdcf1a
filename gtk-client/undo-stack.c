/* SPDX-License-Identifier: MIT */
#include "undo-stack.h"

typedef struct {
        guint number;
        BhOperation *inverse;
} Entry;

struct _BhUndoStack {
        GObject parent_instance;

        GArray *entries; /* of Entry */
        guint last_number;
};

enum { PROP_CAN_UNDO = 1, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhUndoStack, bh_undo_stack, G_TYPE_OBJECT)

static void clear_entry(gpointer data) {
        g_clear_object(&((Entry *)data)->inverse);
}

guint bh_undo_stack_push(BhUndoStack *self, BhOperation *inverse) {
        Entry entry = {++self->last_number, g_object_ref(inverse)};

        if (self->entries->len == BH_UNDO_DEPTH)
                g_array_remove_index(self->entries, 0);
        g_array_append_val(self->entries, entry);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_UNDO]);
        return entry.number;
}

BhOperation *bh_undo_stack_take(BhUndoStack *self, guint number) {
        for (guint i = self->entries->len; i > 0; i--) {
                Entry *entry = &g_array_index(self->entries, Entry, i - 1);
                BhOperation *inverse;

                if (number != 0 && entry->number != number)
                        continue;
                inverse = g_object_ref(entry->inverse);
                g_array_remove_index(self->entries, i - 1);
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_UNDO]);
                return inverse;
        }
        return NULL;
}

gboolean bh_undo_stack_can_undo(BhUndoStack *self) {
        return self->entries->len > 0;
}

void bh_undo_stack_clear(BhUndoStack *self) {
        g_array_set_size(self->entries, 0);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_UNDO]);
}

static void bh_undo_stack_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        if (id == PROP_CAN_UNDO)
                g_value_set_boolean(value, bh_undo_stack_can_undo(BH_UNDO_STACK(object)));
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_undo_stack_finalize(GObject *object) {
        g_array_unref(BH_UNDO_STACK(object)->entries);
        G_OBJECT_CLASS(bh_undo_stack_parent_class)->finalize(object);
}

static void bh_undo_stack_class_init(BhUndoStackClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);

        object_class->finalize = bh_undo_stack_finalize;
        object_class->get_property = bh_undo_stack_get_property;
        properties[PROP_CAN_UNDO] =
                g_param_spec_boolean("can-undo", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void bh_undo_stack_init(BhUndoStack *self) {
        self->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
        g_array_set_clear_func(self->entries, clear_entry);
}

BhUndoStack *bh_undo_stack_new(void) {
        return g_object_new(BH_TYPE_UNDO_STACK, NULL);
}
