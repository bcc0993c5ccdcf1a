/* SPDX-License-Identifier: MIT */
#pragma once

#include "application.h"
#include "operation.h"
#include "transfer-queue.h"

G_BEGIN_DECLS

/* The window: what the connection allows to show, the pages, and what they share: the transfers, undo and toasts. */
#define BH_TYPE_WINDOW (bh_window_get_type())
G_DECLARE_FINAL_TYPE(BhWindow, bh_window, BH, WINDOW, AdwApplicationWindow)

BhWindow *bh_window_new(BhApplication *application);

/* The window that a widget is in. */
BhWindow *bh_window_of(GtkWidget *widget);

/* Shows a folder of the NAS, now or as soon as there is a connection. */
void bh_window_show_folder(BhWindow *self, const char *path);

/* Shows a page by its name ("storage"), now or as soon as there is a connection. */
void bh_window_show_page(BhWindow *self, const char *name);

BhConnection *bh_window_get_connection(BhWindow *self);
BhTransferQueue *bh_window_get_transfers(BhWindow *self);

/* Says something in passing; plain text. */
void bh_window_toast(BhWindow *self, const char *text);

/* Says that something failed, in the words of the service, and tells the connection. */
void bh_window_toast_error(BhWindow *self, const GError *error);

/* Runs an operation, then says what came of it, offers to undo it, and refreshes what is shown. Takes a reference. */
void bh_window_run(BhWindow *self, BhOperation *operation);

/* Asks the service anew for what is shown. */
void bh_window_refresh(BhWindow *self);

G_END_DECLS
