/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "files-private.h"
#include "macro.h"

void bh_entry_clear(BhEntry *entry) {
        g_free(entry->path);
        g_free(entry->name);
        *entry = (BhEntry){};
}

int64_t bh_time_to_nsec(const struct timespec *time) {
        const int64_t nsec_per_sec = INT64_C(1000000000), sec_max = INT64_MAX / nsec_per_sec;

        if (time->tv_sec >= sec_max || time->tv_sec <= -sec_max)
                return time->tv_sec > 0 ? INT64_MAX : INT64_MIN;
        return time->tv_sec * nsec_per_sec + time->tv_nsec;
}

/* Likewise in microseconds. */
static int64_t to_usec(const struct timespec *time) {
        const int64_t sec_max = INT64_MAX / BH_USEC_PER_SEC;

        if (time->tv_sec >= sec_max || time->tv_sec <= -sec_max)
                return time->tv_sec > 0 ? INT64_MAX : INT64_MIN;
        return time->tv_sec * BH_USEC_PER_SEC + time->tv_nsec / 1000;
}

/* A strong tag: whatever changes the content also changes the time of the inode's last change, which nobody can set
 * back. The device is left out, because its number may differ after a restart: a path leads to one filesystem, and to
 * another one of the same times and numbers only when that is a copy of the whole. */
void bh_entry_format_etag(char etag[static BH_ETAG_SIZE], const struct stat *st) {
        snprintf(etag, BH_ETAG_SIZE,
                 "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                 (guint64)st->st_ino, (guint64)st->st_size, (guint64)bh_time_to_nsec(&st->st_mtim),
                 (guint64)bh_time_to_nsec(&st->st_ctim));
}

void bh_entry_fill(BhFiles *files, const BhCaller *caller, const char *path, const char *name, const struct stat *st,
                   const char *owner, BhEntry *ret) {
        *ret = (BhEntry){
                .path = g_strdup(path),
                .name = g_strdup(name),
                .is_directory = S_ISDIR(st->st_mode),
                .is_writable = bh_access_may_change(caller, owner),
                .size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
                .modified_usec = to_usec(&st->st_mtim),
        };
        g_strlcpy(ret->owner, owner, sizeof(ret->owner));
        if (owner[0])
                ret->owner_id = bh_accounts_id_of_owner(files->accounts, owner);
        if (!ret->is_directory)
                bh_entry_format_etag(ret->etag, st);
}
