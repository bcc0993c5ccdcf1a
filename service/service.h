/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "config.h"
#include "key.h"
#include "worker.h"

/* The service as a whole: what main.c puts together and every bus adapter gets as its userdata. The pointers are set once at start. */

typedef struct BhAccounts BhAccounts;
typedef struct BhAlertWatch BhAlertWatch;
typedef struct BhAlerts BhAlerts;
typedef struct BhBitmapWishes BhBitmapWishes;
typedef struct BhCalls BhCalls;
typedef struct BhDatabase BhDatabase;
typedef struct BhDisks BhDisks;
typedef struct BhFiles BhFiles;
typedef struct BhJobs BhJobs;
typedef struct BhNotifier BhNotifier;
typedef struct BhPeers BhPeers;
typedef struct BhPlans BhPlans;
typedef struct BhPools BhPools;
typedef struct BhSessions BhSessions;
typedef struct BhSetup BhSetup;
typedef struct BhSignin BhSignin;
typedef struct BhSmartReader BhSmartReader;
typedef struct BhSmarts BhSmarts;
typedef struct BhStorageObjects BhStorageObjects;
typedef struct BhSuspects BhSuspects;
typedef struct BhTelemetry BhTelemetry;
typedef struct BhTelemetryWatches BhTelemetryWatches;
typedef struct BhUdisks BhUdisks;
typedef struct BhUsers BhUsers;

typedef struct BhService {
        BhConfig config;
        int64_t started_usec; /* monotonic */

        /* Domain; thread-safe. */
        BhKey key;       /* of access tokens */
        BhKey audit_key; /* of the audit trail */
        BhDatabase *database;
        BhAccounts *accounts;
        BhSessions *sessions;
        BhSignin *signin;
        BhUsers *users;
        BhFiles *files;        /* NULL while there is no storage */
        char *storage_problem; /* owned; a sentence why, when there is none */
        BhSetup *setup;
        BhJobs *jobs;
        BhUdisks *udisks;
        BhDisks *disks;
        BhPlans *plans;
        BhSuspects *suspects;
        BhBitmapWishes *bitmap_wishes;
        BhNotifier *notifier; /* NULL until the objects are on the bus */

        /* Event loop only. */
        BhAlerts *alerts;
        BhAlertWatch *alert_watch;
        BhSmarts *smarts;
        BhSmartReader *smart_reader;
        BhWorkers *workers;
        sd_event *event;
        sd_event_source *workers_source, *sigterm_source, *sigint_source, *flush_source, *upkeep_source, *upload_source,
                *bitmap_source;
        sd_bus *bus;
        BhPeers *peers;
        BhCalls *calls;
        BhPools *pools;
        BhStorageObjects *storage_objects;
        BhTelemetry *telemetry;
        BhTelemetryWatches *telemetry_watches;
        bool is_stopping, is_recovering, is_flush_pending, is_checking_uploads, is_setting_bitmap;
        unsigned n_upkeep; /* upkeep under way */
        int exit_code;     /* 0 or a negative errno */
} BhService;

/* Opens database and storage, connects to the bus (bus_address NULL: the system bus) and takes the name. On error what was done is undone by
 * bh_service_clear(). Errors: a negative errno, which has been logged. */
int bh_service_start(BhService *service, const char *bus_address);

/* Serves until SIGTERM, SIGINT or the end of the bus connection. Returns 0 or a negative errno. */
int bh_service_run(BhService *service);

/* Begins the clean stop: new calls are refused, what runs is finished, then the event loop ends. */
void bh_service_stop(BhService *service);

/* Ends the event loop when we are stopping and nothing is under way any more. For whoever finishes something. */
void bh_service_check_idle(BhService *service);

/* Bytes that an account uses; owner is its mark. Any thread, does not block. */
uint64_t bh_service_used_bytes(BhService *service, const char *owner);

/* A session was used: it is written down before long. Event loop. */
void bh_service_note_use(BhService *service);

/* Frees everything. */
void bh_service_clear(BhService *service);
