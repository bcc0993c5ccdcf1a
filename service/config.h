/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The configuration file, a GKeyFile. Every key has a default; data/baluhost.conf documents them. Read once at start, constant afterwards. */

#define BH_CONFIG_PATH "/etc/baluhost/baluhost.conf"
#define BH_UID_NONE ((uid_t)-1)

typedef struct BhConfig {
        char *state_directory; /* owned; absolute */
        char *bridge_user;     /* owned; name or number, "" for none */
        uid_t bridge_uid;      /* of bridge_user; BH_UID_NONE when there is no such user */
        bool development_mode;
        uint64_t worker_threads;

        char *storage_root;               /* owned; absolute */
        uint64_t storage_quota;           /* bytes; 0: none */
        uint64_t trash_days;              /* 0: kept until emptied by hand */
        char *pools_directory;            /* owned; absolute: where mount points of pools are */
        char *mdstat;                     /* owned; absolute: the kernel's file about arrays */
        char *sysfs;                      /* owned; absolute: where sysfs is mounted */
        uint64_t smart_interval;          /* seconds */
        uint64_t temperature_limit;       /* °C, of disks that turn */
        uint64_t temperature_limit_solid; /* °C, of those that do not */

        uint64_t access_lifetime;              /* seconds */
        uint64_t access_lifetime_with_refresh; /* seconds */
        uint64_t refresh_lifetime;             /* seconds */
        bool registration;

        uint64_t password_opslimit;
        uint64_t password_memlimit_kib;

        uint64_t notification_retry;   /* seconds until the second attempt */
        uint64_t notification_give_up; /* seconds */
        uint64_t notification_timeout; /* seconds */
        uint64_t notification_keep_days;

        uint64_t login_attempts_per_account;
        uint64_t login_attempts_per_address;
        uint64_t login_window; /* seconds */
} BhConfig;

/* Reads the file; path NULL means BH_CONFIG_PATH if it exists, else the defaults. Warns in the log about unknown sections and keys. On error sets
 * *message (free with g_free()) to a sentence that names section and key. Errors: -EINVAL, and those of reading a file. */
int bh_config_load(BhConfig *config, const char *path, char **message);

/* Frees what it owns and zeroes it. */
void bh_config_clear(BhConfig *config);
