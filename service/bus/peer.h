/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "worker.h"

/* Who is at the other end of a bus connection. Asked of the bus once for each connection, without waiting for the answer, and remembered until it leaves.
 * Event loop only. */

typedef struct BhPeers BhPeers;

typedef struct BhPeer {
        char *name; /* unique name, ":1.42" */
        uid_t uid;
        pid_t pid;      /* 0 when the bus does not know */
        char *unit;     /* systemd unit, or NULL */
        char *username; /* of the uid; "uid 1234" when it has none */
} BhPeer;

/* peer is NULL when the connection has left already. It lives until the connection leaves. */
typedef void (*BhPeerReady)(BhPeer *peer, void *userdata);

typedef void (*BhPeerLeft)(const char *name, void *userdata);

/* Errors: those of the bus. Blocks. */
int bh_peers_new(sd_bus *bus, BhWorkers *workers, BhPeers **ret);

/* The workers must have been freed before. NULL is fine. */
void bh_peers_free(BhPeers *peers);

/* Calls ready with the peer of that unique name: before it returns when the peer is known, later otherwise. Errors: those of sending; ready is not called
 * then. */
int bh_peers_get(BhPeers *peers, const char *name, BhPeerReady ready, void *userdata);

/* Calls left for every known peer that leaves the bus, from now on. At most eight such hooks. */
void bh_peers_add_hook(BhPeers *peers, BhPeerLeft left, void *userdata);
