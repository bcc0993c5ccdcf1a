/* SPDX-License-Identifier: MIT */
#pragma once

#include "access.h"
#include "storage.h"

/* How an item lies in the trash: a directory with a random name in the reserved directory's trash, in which "content"
 * is what was deleted, with its owners' marks, and "info" says where it was, when, and who deleted it. So the trash
 * needs no database. Any thread; blocks. */

#define BH_TRASH_CONTENT "content"

typedef struct BhTrashRecord {
        char id[BH_STORAGE_ID_SIZE];
        int fd;         /* its directory */
        BhNode content; /* without a mark it is nobody's */
        char *path;     /* owned; where it was, within its storage root */
        int64_t deleted_usec;
        char deleted_by[BH_UUID_SIZE]; /* owner mark of whoever deleted it, "" without an account */
} BhTrashRecord;

#define BH_TRASH_RECORD_INIT ((BhTrashRecord){.fd = -1, .content = BH_NODE_INIT})

void bh_trash_record_clear(BhTrashRecord *record);

/* Creates a durable record without content, under a new id. Errors: those of the system calls; nothing is left then. */
int bh_trash_record_create(const BhStorage *storage, const char *path, const char *deleted_by, BhTrashRecord *ret);

/* Opens the record with that id. When its info is lost it gets a path like "restored-1a2b3c4d". Errors: -ENOENT also
 * when it has no content. */
int bh_trash_record_open(const BhStorage *storage, const char *id, BhTrashRecord *ret);

/* Whether there is something of that id, content or not. */
bool bh_trash_record_exists(const BhStorage *storage, const char *id);

/* Removes the record, which has no content (any more). Errors: those of unlinkat(2). */
int bh_trash_record_remove(const BhStorage *storage, const BhTrashRecord *record);

/* Bytes of all that is in the content. Remembered with the record, for what is in the trash does not change. */
int bh_trash_record_get_size(const BhTrashRecord *record, uint64_t *ret);
void bh_trash_record_set_size(const BhTrashRecord *record, uint64_t size);

/* Ids of all records; free with g_strfreev(). Errors: those of getdents(2). */
int bh_trash_record_list(const BhStorage *storage, char ***ret);
