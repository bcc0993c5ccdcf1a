/* SPDX-License-Identifier: MIT */
#pragma once

#include "files-private.h"

/* What upload.c (uploads from begin to end) and publish.c (the commit) share. */

/* What is to be written, as the disk says now. */
typedef struct BhUploadTarget {
        bool is_replaced;         /* there is a file that the content will take the place of */
        bool is_marked;           /* what the content's mark must be: */
        char mark[BH_UUID_SIZE];  /* only when is_marked */
        char owner[BH_UUID_SIZE]; /* who the content will belong to and is charged to */
        uint64_t replaced_size;
        struct stat replaced;
} BhUploadTarget;

typedef struct BhUpload {
        gatomicrefcount references;
        GMutex lock; /* over all that follows and can change */
        char id[BH_UPLOAD_ID_SIZE];
        BhCaller caller;
        BhPath path;
        BhRoot *root;             /* held until the file is closed; NULL then */
        BhUploadOptions options;  /* if_etag is owned */
        int fd;                   /* of the staging file, to read; -1 once it has been let go of */
        char owner[BH_UUID_SIZE]; /* whom the reservation is charged to */
        uint64_t reserved;
        uint64_t flushed; /* bytes that the kernel has been told to write */
        uint64_t credit;  /* bytes of the file that will be replaced, which may be used again */
        bool is_over;     /* has been published or given up: staging has no such name any more */
        int result;       /* why it was given up by the service */
} BhUpload;

/* Checks the caller's rights and the options against a target: child_result is what bh_node_open_child() returned for
 * child. Errors: those of bh_files_upload_begin(). */
int bh_upload_check_target(const BhUpload *upload, const BhNode *parent, const char *name, int child_result,
                           const BhNode *child, BhUploadTarget *ret);

/* Says that it is over: has been published or given up. upload->lock is held. */
void bh_upload_end(BhUpload *upload);

/* Changes whom and what the reservation is for. Errors: -EDQUOT, it is as before then. */
int bh_upload_rebook(BhFiles *files, BhUpload *upload, const char *owner, uint64_t bytes);

/* Makes the written content durable and gives it its name; upload->lock is held. Errors: those of
 * bh_files_upload_commit(). */
int bh_upload_publish(BhFiles *files, BhUpload *upload, uint64_t size, const char *sha256, BhEntry *ret);
