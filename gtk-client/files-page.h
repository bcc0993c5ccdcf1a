/* SPDX-License-Identifier: MIT */
#pragma once

#include "file-item.h"
#include "transfer-queue.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* One folder of the NAS, and everything that can be done there. Property "folded" (boolean): there is little room.
 * Actions: "files.…", for the selected or the folder. */
#define BH_TYPE_FILES_PAGE (bh_files_page_get_type())
G_DECLARE_FINAL_TYPE(BhFilesPage, bh_files_page, BH, FILES_PAGE, GtkWidget)

void bh_files_page_set_connection(BhFilesPage *self, BhConnection *connection, BhTransferQueue *transfers);

/* Shows a folder and remembers the one before for going back. */
void bh_files_page_show_folder(BhFilesPage *self, const char *path);

/* Asks the service again; shows the root when nothing was shown yet. */
void bh_files_page_refresh(BhFilesPage *self);

/* Shows what others have changed, if asking costs next to nothing. */
void bh_files_page_poll(BhFilesPage *self);

/* Goes back to the root and forgets the way, because somebody else is signed in now. */
void bh_files_page_forget(BhFilesPage *self);

/* Selects a file of the folder by its path, now or when the refresh that runs has found it. */
void bh_files_page_select(BhFilesPage *self, const char *path);

/* What a drag that begins at an item takes along: all selected when it is one of them. Returns an array of BhFileItem. */
GPtrArray *bh_files_page_get_dragged(BhFilesPage *self, BhFileItem *item);

/* Something was dropped on a folder. value: GdkFileList (uploads) or BhFileList (moves). Returns FALSE when nothing is to be done. */
gboolean bh_files_page_drop(BhFilesPage *self, const GValue *value, const char *folder);

G_END_DECLS
