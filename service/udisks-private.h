/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "udisks-store.h"
#include "udisks.h"

/* What udisks.c (watching), udisks-mdstat.c and udisks-call.c (verbs) share. */

#define BH_UDISKS_NAME "org.freedesktop.UDisks2"
#define BH_UDISKS_PREFIX "org.freedesktop.UDisks2."
#define BH_UDISKS_PATH "/org/freedesktop/UDisks2"
#define BH_UDISKS_MANAGER "/org/freedesktop/UDisks2/Manager"

#define BH_UDISKS_LISTENERS_MAX 8

typedef struct BhMdstat BhMdstat;

struct BhUdisks {
        /* Any thread. */
        char *bus_address; /* NULL: the system bus */
        int stop_fd;       /* readable when is_stopped */
        GMutex lock;
        GCond changed;
        BhInventory *inventory; /* under lock; never NULL */
        bool is_stopped;        /* under lock */

        /* Event loop only. */
        sd_bus *bus;
        sd_event *event;
        sd_bus_slot *owner_match, *signal_match, *owner_query, *start_call, *objects_call;
        sd_event_source *build_timer, *start_timer;
        char *owner; /* unique name; NULL while UDisks2 is absent */
        BhUdisksStore *store;
        bool is_loaded;  /* the store has everything; before, signals say nothing that we will not be told anyway */
        bool is_pending; /* build_timer is set */
        GPtrArray *filesystems; /* of those that we format, what UDisks2 can format; ends with NULL */
        sd_bus_slot *filesystem_calls[3];
        unsigned n_filesystem_calls; /* that have not been answered */
        int64_t start_delay_usec, present_since_usec;
        uint64_t generation;
        struct {
                BhUdisksListener listener;
                void *userdata;
        } listeners[BH_UDISKS_LISTENERS_MAX];
        unsigned n_listeners;
        BhMdstat *mdstat;
        char *mdstat_path;
};

/* Watches the kernel's file about arrays, if it is there; changed is called soon after it has changed, and not too often. Event loop. */
typedef void (*BhMdstatChanged)(void *userdata);
BhMdstat *bh_mdstat_new(sd_event *event, const char *path, BhMdstatChanged changed, void *userdata);
void bh_mdstat_free(BhMdstat *mdstat);

/* How far the array with that device ("md0") has come with its sync, 0 to 1, by the text of the file; negative when it does not say. Any thread. */
double bh_mdstat_progress(const char *text, const char *name);

/* Tries again if it was not there: it comes with the kernel's module. */
void bh_mdstat_retry(BhMdstat *mdstat);

/* A call of a method of UDisks2's, of the interface (without its prefix), with arguments that append puts in front of the options; more are put into the
 * dictionary by options (may be NULL). read (may be NULL) takes the reply. Blocks; worker thread. Errors: as in udisks.h, with a sentence in failure (may
 * be NULL). timeout_usec 0: as long as it takes. */
typedef struct BhUdisksCall {
        const char *object, *interface, *method;
        int64_t timeout_usec;
        int (*append)(sd_bus_message *m, void *userdata);
        int (*options)(sd_bus_message *m, void *userdata);
        int (*read)(sd_bus_message *m, void *userdata);
        void *userdata;
} BhUdisksCall;

int bh_udisks_call(BhUdisks *udisks, const BhUdisksCall *call, BhFailure *failure);

/* As bh_udisks_call() for ObjectManager.GetManagedObjects, which takes no options. */
int bh_udisks_get_objects(BhUdisks *udisks, const BhUdisksCall *call, BhFailure *failure);

/* The same for a property's value: read gets a message inside the variant of that type. */
int bh_udisks_get_property(BhUdisks *udisks, const BhUdisksCall *call, const char *property, const char *type,
                           BhFailure *failure);

/* The negative errno that an error of UDisks2's or the bus's stands for, with a sentence in failure. */
int bh_udisks_errno(const sd_bus_error *error, BhFailure *failure);
