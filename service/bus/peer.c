/* SPDX-License-Identifier: MIT */

#include "bus/peer.h"

#include <errno.h>
#include <glib.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-login.h>

#include "log.h"
#include "macro.h"

#define HOOKS_MAX 8

typedef struct Waiter {
        BhPeerReady ready;
        void *userdata;
} Waiter;

typedef struct Hook {
        BhPeerLeft left;
        void *userdata;
} Hook;

/* A peer and what we still want to know of it. Freed when it has left and no worker looks at it. */
typedef struct Entry {
        BhPeer peer; /* first, so that one pointer is the other */
        BhPeers *peers;
        bool is_known, has_left, is_looked_up;
        sd_bus_slot *query;
        GArray *waiters; /* of Waiter */
} Entry;

struct BhPeers {
        sd_bus *bus;
        sd_bus_slot *match;
        BhWorkers *workers;
        GHashTable *entries; /* name → Entry; it owns neither: see entry_forget() */
        Hook hooks[HOOKS_MAX];
        unsigned n_hooks;
};

static void entry_free(Entry *entry) {
        sd_bus_slot_unref(entry->query);
        g_array_unref(entry->waiters);
        g_free(entry->peer.name);
        g_free(entry->peer.unit);
        g_free(entry->peer.username);
        g_free(entry);
}

static void entry_tell_waiters(Entry *entry, BhPeer *peer) {
        g_autoptr(GArray) waiters = g_steal_pointer(&entry->waiters);

        entry->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
        for (unsigned i = 0; i < waiters->len; i++) {
                Waiter *waiter = &g_array_index(waiters, Waiter, i);

                waiter->ready(peer, waiter->userdata);
        }
}

/* The connection is gone: tells everybody, and frees the entry as soon as nobody looks at it. */
static void entry_forget(Entry *entry) {
        BhPeers *peers = entry->peers;

        if (entry->has_left)
                return;
        entry->has_left = true;
        g_hash_table_remove(peers->entries, entry->peer.name);
        entry->query = sd_bus_slot_unref(entry->query);
        entry_tell_waiters(entry, NULL);
        for (unsigned i = 0; i < peers->n_hooks; i++)
                peers->hooks[i].left(entry->peer.name, peers->hooks[i].userdata);
        if (!entry->is_looked_up)
                entry_free(entry);
}

static int on_name_lost(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhPeers *peers = userdata;
        const char *name;
        Entry *entry;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        entry = g_hash_table_lookup(peers->entries, name);
        if (entry)
                entry_forget(entry);
        return 0;
}

/* What takes reading files and asking name services. Worker thread; touches only these fields of the peer. */
static int look_up(void *userdata) {
        Entry *entry = userdata;
        g_autofree char *buffer = g_malloc(16384);
        struct passwd passwd, *found = NULL;
        char *unit = NULL;

        if (entry->peer.pid > 0 && sd_pid_get_unit(entry->peer.pid, &unit) >= 0)
                entry->peer.unit = g_strdup(unit);
        free(unit);
        if (getpwuid_r(entry->peer.uid, &passwd, buffer, 16384, &found) == 0 && found)
                entry->peer.username = g_strdup(found->pw_name);
        else
                entry->peer.username = g_strdup_printf("uid %lu", (unsigned long)entry->peer.uid);
        return 0;
}

static void looked_up(void *userdata, int result) {
        Entry *entry = userdata;

        entry->is_looked_up = false;
        if (entry->has_left) {
                entry_free(entry);
                return;
        }
        entry->is_known = true;
        entry_tell_waiters(entry, &entry->peer);
}

static int read_credentials(sd_bus_message *m, uint32_t *uid, uint32_t *pid) {
        const char *name, *contents;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                r = sd_bus_message_peek_type(m, NULL, &contents);
                if (r < 0)
                        return r;
                if (g_str_equal(name, "UnixUserID") && g_str_equal(contents, "u"))
                        r = sd_bus_message_read(m, "v", "u", uid);
                else if (g_str_equal(name, "ProcessID") && g_str_equal(contents, "u"))
                        r = sd_bus_message_read(m, "v", "u", pid);
                else
                        r = sd_bus_message_skip(m, "v");
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        return r;
}

static int on_credentials(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Entry *entry = userdata;
        uint32_t uid = UINT32_MAX, pid = 0;

        entry->query = sd_bus_slot_unref(entry->query);
        /* Without the uid nothing can be said about who it is: as good as gone. */
        if (sd_bus_message_is_method_error(m, NULL) || read_credentials(m, &uid, &pid) < 0 || uid == UINT32_MAX) {
                entry_forget(entry);
                return 0;
        }
        entry->peer.uid = uid;
        entry->peer.pid = (pid_t)pid;
        entry->is_looked_up = true;
        if (bh_workers_run(entry->peers->workers, BH_POOL_GENERAL, look_up, looked_up, entry) < 0) {
                entry->is_looked_up = false;
                entry_forget(entry);
        }
        return 0;
}

static int entry_ask(Entry *entry) {
        return sd_bus_call_method_async(entry->peers->bus, &entry->query, "org.freedesktop.DBus",
                                        "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials",
                                        on_credentials, entry, "s", entry->peer.name);
}

int bh_peers_get(BhPeers *peers, const char *name, BhPeerReady ready, void *userdata) {
        Waiter waiter = {ready, userdata};
        Entry *entry;
        int r;

        entry = g_hash_table_lookup(peers->entries, name);
        if (entry && entry->is_known) {
                ready(&entry->peer, userdata);
                return 0;
        }
        if (!entry) {
                entry = g_new0(Entry, 1);
                entry->peer.name = g_strdup(name);
                entry->peers = peers;
                entry->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
                r = entry_ask(entry);
                if (r < 0) {
                        entry_free(entry);
                        return r;
                }
                g_hash_table_insert(peers->entries, entry->peer.name, entry);
        }
        g_array_append_val(entry->waiters, waiter);
        return 0;
}

void bh_peers_add_hook(BhPeers *peers, BhPeerLeft left, void *userdata) {
        g_assert(peers->n_hooks < HOOKS_MAX);
        peers->hooks[peers->n_hooks++] = (Hook){left, userdata};
}

/* One match for whatever leaves the bus, rather than one for each peer: the bus allows a connection only so many, and how many peers there are is for
 * others to choose. It is in place before the first peer is asked about, and the bus works in order: who leaves before they are asked about is an error. */
int bh_peers_new(sd_bus *bus, BhWorkers *workers, BhPeers **ret) {
        BhPeers *peers = g_new0(BhPeers, 1);
        int r;

        peers->bus = sd_bus_ref(bus);
        peers->workers = workers;
        peers->entries = g_hash_table_new(g_str_hash, g_str_equal);
        r = sd_bus_add_match(bus, &peers->match,
                             "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                             "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                             on_name_lost, peers);
        if (r < 0) {
                bh_peers_free(peers);
                return r;
        }
        *ret = peers;
        return 0;
}

void bh_peers_free(BhPeers *peers) {
        GHashTableIter iter;
        gpointer entry;

        if (!peers)
                return;
        g_hash_table_iter_init(&iter, peers->entries);
        while (g_hash_table_iter_next(&iter, NULL, &entry)) {
                g_hash_table_iter_steal(&iter);
                entry_free(entry);
        }
        g_hash_table_unref(peers->entries);
        sd_bus_slot_unref(peers->match);
        sd_bus_unref(peers->bus);
        g_free(peers);
}
