/* SPDX-License-Identifier: MIT */
#pragma once

#include "directory-model.h"
#include "files-page.h"
#include "path-bar.h"
#include "transfer-button.h"

struct _BhFilesPage {
        GtkWidget parent_instance;

        BhConnection *connection;
        BhTransferQueue *transfers;
        BhDirectoryModel *directory;
        GtkStringFilter *filter;
        GtkSelectionModel *selection;
        GQueue *back;    /* of char *: folders, newest first */
        GQueue *forward; /* likewise */
        char *to_select; /* name to select once it is there */
        guint update_id; /* of the source that looks at the selection */
        gboolean folded;

        GtkBox *box;
        AdwWindowTitle *title;
        BhTransferButton *transfer_button;
        BhPathBar *path_bar;
        GtkSearchBar *search_bar;
        GtkSearchEntry *search_entry;
        GtkStack *view_stack;
        AdwStatusPage *error_page;
        GtkColumnView *view;
        GtkColumnViewColumn *name_column;
        GtkColumnViewColumn *modified_column;
        GtkColumnViewColumn *owner_column;
        GtkActionBar *action_bar;
        GtkLabel *selection_label;
        GtkPopoverMenu *context_menu;
};

/* The selected items, in the order shown. Returns an array of BhFileItem, transfer full. */
GPtrArray *bh_files_page_get_selected(BhFilesPage *self);

/* Shows another folder; history: where the present one is remembered, or NULL. */
void bh_files_page_go(BhFilesPage *self, const char *path, GQueue *history);

/* Uploads local files (GListModel of GFile) into a folder of the NAS. */
void bh_files_page_upload(BhFilesPage *self, GListModel *files, const char *folder);

/* In files-page-actions.c: the commands and their keys. */
void bh_files_page_class_install_actions(GtkWidgetClass *widget_class);
/* Enables those that make sense now. */
void bh_files_page_update_actions(BhFilesPage *self);
