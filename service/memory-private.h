/* SPDX-License-Identifier: MIT */
#pragma once

#include "memory.h"

/* What memory.c (learning) and memory-rows.c (the database) share. */

/* What is to be written, in one transaction; rows are copies. */
typedef struct BhMemoryBatch {
        GPtrArray *disks, *arrays, *members; /* BhKnownDisk, BhKnownArray, BhKnownMember: written as they are now */
        GPtrArray *gone;                     /* BhKnownMember: not members any more */
        int *is_lost;                        /* atomic, counted: set when it could not be written */
} BhMemoryBatch;

BhMemoryBatch *bh_memory_batch_new(int *is_lost);
void bh_memory_batch_free(void *batch);
bool bh_memory_batch_is_empty(const BhMemoryBatch *batch);

/* Hands the batch to the database, which frees it. */
void bh_memory_batch_post(BhMemoryBatch *batch, BhDatabase *database);

void bh_known_disk_free(gpointer disk);
void bh_known_array_free(gpointer array);
void bh_known_member_free(gpointer member);
BhKnownDisk *bh_known_disk_copy(const BhKnownDisk *disk);
BhKnownArray *bh_known_array_copy(const BhKnownArray *array);
BhKnownMember *bh_known_member_copy(const BhKnownMember *member);

struct BhMemory {
        BhDatabase *database;
        GHashTable *disks, *arrays; /* id → BhKnownDisk, UUID → BhKnownArray; owned */
        GPtrArray *members;         /* BhKnownMember, owned */
        int *is_lost;               /* atomic, counted: what was learned was not written; the next time everything is */
};

/* Fills the memory from the database. BhDatabaseWork, with the memory as userdata. */
int bh_memory_read_rows(sqlite3 *db, void *userdata);
