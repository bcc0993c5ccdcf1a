/* SPDX-License-Identifier: MIT */
#pragma once

#include "operation.h"

G_BEGIN_DECLS

/* What can be taken back: the inverse operations, newest last, at most BH_UNDO_DEPTH. Property "can-undo" (boolean). Main thread. */
#define BH_UNDO_DEPTH 20

#define BH_TYPE_UNDO_STACK (bh_undo_stack_get_type())
G_DECLARE_FINAL_TYPE(BhUndoStack, bh_undo_stack, BH, UNDO_STACK, GObject)

BhUndoStack *bh_undo_stack_new(void);

/* Remembers how to take something back; returns the number to ask for it by, never 0. */
guint bh_undo_stack_push(BhUndoStack *self, BhOperation *inverse);

/* Takes the operation of that number off the stack, or the newest for 0. Returns it (transfer full), or NULL when it is not there (any more). */
BhOperation *bh_undo_stack_take(BhUndoStack *self, guint number);

gboolean bh_undo_stack_can_undo(BhUndoStack *self);

/* Forgets everything, because somebody else is signed in now. */
void bh_undo_stack_clear(BhUndoStack *self);

G_END_DECLS
