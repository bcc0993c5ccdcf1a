/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caller.h"
#include "database.h"
#include "failure.h"
#include "key.h"

/* Channels over which notifications are sent, in the database. All functions block, on any thread but the event loop, and those that change something are
 * audited, failure or not. */

typedef enum BhChannelKind {
        BH_CHANNEL_EMAIL,
        BH_CHANNEL_WEBHOOK,
        BH_CHANNEL_PUSH,
        BH_CHANNEL_DESKTOP,
        BH_CHANNEL_KINDS,
} BhChannelKind;

/* Owned; NULL and port 0: not given, or not set. */
typedef struct BhChannelSettings {
        char *server, *security, *username, *sender, *url, *topic, *ca_file;
        char **recipients;
        char *password, *secret, *token; /* whichever its kind has; only ever on the way in, "" takes it away */
        uint32_t port;
        bool is_port_given;
} BhChannelSettings;

typedef struct BhChannel {
        uint64_t id;
        BhChannelKind kind;
        char *name;
        bool is_enabled;
        BhChannelSettings settings; /* without the secret */
        GBytes *sealed;             /* the secret; NULL: it has none */
        int64_t last_delivery_usec; /* since 1970; 0 never */
        char *last_error;           /* "" the last attempt did not fail */
} BhChannel;

/* What changes; what is not given stays. */
typedef struct BhChannelChanges {
        char *name; /* owned; NULL not given */
        bool is_enabled, is_enabled_given;
        BhChannelSettings settings;
} BhChannelChanges;

#define BH_CHANNELS_MAX 32
#define BH_CHANNEL_NAME_MAX 64
#define BH_CHANNEL_RECIPIENTS_MAX 20
#define BH_CHANNEL_SETTING_MAX 2048

/* "email", … */
const char *bh_channel_kind_to_string(BhChannelKind kind);

void bh_channel_settings_clear(BhChannelSettings *settings);
void bh_channel_changes_clear(BhChannelChanges *changes);
void bh_channel_free(BhChannel *channel);
void bh_channel_freep(BhChannel **channel);

/* Errors of the next four: -EINVAL, -EAGAIN too many, -ENOENT; failure says which setting and why. Those of bh_database_write(). */
int bh_channels_create(BhDatabase *database, const BhKey *key, const BhCaller *caller, const char *kind,
                       const char *name, const BhChannelSettings *settings, BhFailure *failure, uint64_t *ret_id);
int bh_channels_update(BhDatabase *database, const BhKey *key, const BhCaller *caller, uint64_t id,
                       const BhChannelChanges *changes, BhFailure *failure);
int bh_channels_delete(BhDatabase *database, const BhCaller *caller, uint64_t id);
int bh_channels_get(BhDatabase *database, uint64_t id, BhChannel **ret);

/* All of them, by id: an array of BhChannel (owned). */
int bh_channels_list(BhDatabase *database, GPtrArray **ret);

/* What came of the last attempt; error NULL: it was delivered at that time. In BhDatabaseWork. */
int bh_channel_write_outcome(sqlite3 *db, uint64_t id, int64_t time_usec, const char *error);

/* Whether text is one line without control characters, of 1 to max bytes, that UTF-8 has. */
bool bh_channel_is_line(const char *text, size_t max);
