/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* What baluhost-web was told by its configuration file. Immutable once it serves. */
typedef struct {
        char *listen;             /* address to listen on, "127.0.0.1" */
        guint port;               /* TCP port; 0: any free one */
        char *tls_certificate;    /* PEM file, NULL: plain HTTP */
        char *tls_key;            /* PEM file */
        char **trusted_proxies;   /* addresses and networks ("10.0.0.0/8") whose X-Forwarded-For is believed */
        char **cors_origins;      /* origins that scripts of other sites may call from; empty: none */
        guint max_connections;    /* in all */
        guint max_per_client;     /* of one address; a trusted proxy counts only towards the total */
        guint header_timeout;     /* seconds for a complete request head */
        guint body_timeout;       /* seconds without a byte of a request body or of an accepted reply */
        guint keep_alive_timeout; /* seconds between requests */
        guint events_heartbeat;   /* seconds between two signs of life of a stream of events */
} BhConfig;

/* Reads @path, or the defaults when it is NULL. A key that is unknown, and a value out of its range, is an error: a misspelt limit must not
 * go unnoticed. */
BhConfig *bh_config_load(const char *path, GError **error);
void bh_config_free(BhConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhConfig, bh_config_free)
