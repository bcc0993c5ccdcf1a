/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "bus/error.h"
#include "bus/options.h"
#include "caller.h"
#include "failure.h"
#include "macro.h"
#include "service.h"
#include "worker.h"

/* One method call, from its arrival to its reply. The one pattern that every adapter follows:
 *
 *   1. The handler (event loop) takes the arguments out of the message into a struct of its own, and starts the call.
 *   2. The caller's identity is settled (bus/identity.c) and, if the method takes it, polkit is asked. Both may have to wait for others; the loop does not.
 *   3. work (worker thread) does what blocks, with call->caller as who asks. It never touches an sd_bus_message.
 *   4. reply (event loop) appends the results to the reply, which is sent.
 *
 * Whatever goes wrong becomes the error reply: the negative errno of work by the table in dbus/errors.h, with the sentence of bh_call_fail() if it was
 * called. What was refused for who asked is audited here; what failed in work is audited by the domain, which knows what it was about.
 *
 *   // Files.Rename(s path, s new_name, a{sv} options) → s new_path
 *   typedef struct Rename { char *path, *new_name, *new_path; } Rename;
 *
 *   static void rename_clear(void *data) {
 *           Rename *rename = data;
 *           g_free(rename->path);
 *           g_free(rename->new_name);
 *           g_free(rename->new_path);
 *   }
 *
 *   static int rename_work(BhCall *call, void *data) {
 *           Rename *rename = data;
 *           int r = bh_files_rename(call->service->files, &call->caller, rename->path, rename->new_name, &rename->new_path);
 *           return r < 0 ? bh_call_fail(call, r, "Cannot rename “%s”", rename->path) : 0;
 *   }
 *
 *   static int rename_reply(BhCall *call, void *data, sd_bus_message *reply) {
 *           return sd_bus_message_append(reply, "s", ((Rename *)data)->new_path);
 *   }
 *
 *   static const BhMethod rename_method = {
 *           .name = "Files.Rename", .who = BH_WHO_FILES, .size = sizeof(Rename), .clear = rename_clear, .work = rename_work, .reply = rename_reply,
 *   };
 *
 *   static int method_rename(sd_bus_message *m, void *userdata, sd_bus_error *error) {
 *           _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &rename_method);
 *           Rename *rename = call->data;
 *           int r;
 *
 *           r = bh_options_read_string(m, "path", BH_CALL_PATH_MAX, &rename->path, error);
 *           if (r < 0)
 *                   return r;
 *           r = bh_options_read_string(m, "new_name", BH_CALL_PATH_MAX, &rename->new_name, error);
 *           if (r < 0)
 *                   return r;
 *           return bh_call_read_options_and_start(&call, NULL, 0, error);
 *   }
 */

/* Longest string that is taken for a path or a name: longer than any valid one, so that the domain can say what is wrong with it. */
#define BH_CALL_PATH_MAX 16384

typedef struct BhCall BhCall;

/* Who may call a method. */
typedef enum BhWho {
        BH_WHO_ANYBODY, /* also the bridge without a token. caller may be nobody: role none, no name */
        BH_WHO_PEER,    /* everybody whose identity is known, account or not; not the bridge without a token */
        BH_WHO_ACCOUNT, /* who has an account: by token or as a linked Unix user */
        BH_WHO_FILES,   /* who has an account; another Unix user if polkit allows files-manage, as an administrator */
        BH_WHO_USERS,   /* an administrator by token; a Unix user if polkit allows user-manage, as an administrator */
        BH_WHO_ADMIN, /* an administrator by token; a Unix user if polkit allows the method's own action, as an administrator */
} BhWho;

/* A method; static const. */
typedef struct BhMethod {
        const char *name; /* "Files.Rename", for the audit trail and the log */
        BhWho who;
        const char *action; /* BH_POLKIT_…, with BH_WHO_ADMIN; with BH_WHO_FILES in place of files-manage; or NULL */
        BhPool pool;
        size_t size;               /* of the struct of arguments and results, which starts zeroed */
        void (*clear)(void *data); /* frees what is in it; NULL when there is nothing */
        bool needs_storage;        /* NotAvailable while service->files is NULL */
        bool waits_for_recovery; /* changes files: held back, without a thread, as long as their usage is counted anew */

        /* Event loop, before work. Refuses what needs no waiting to be refused; returns 0 or a negative errno. May be NULL. */
        int (*prepare)(BhCall *call, void *data);

        /* Worker thread. Returns 0 or a negative errno. NULL when nothing blocks. */
        int (*work)(BhCall *call, void *data);

        /* Event loop. Appends to the reply; returns 0 or more, or a negative errno. NULL when there is nothing in it. */
        int (*reply)(BhCall *call, void *data, sd_bus_message *reply);

        /* Event loop, after work succeeded and before the reply is sent; for signals. May be NULL. */
        void (*done)(BhCall *call, void *data);

        /* Event loop, once, before the reply or error is sent, whatever came of prepare and work, if prepare was called. May be NULL. */
        void (*end)(BhCall *call, void *data);
} BhMethod;

struct BhCall {
        BhService *service;
        const BhMethod *method;
        void *data;              /* of method->size bytes */
        sd_bus_message *message; /* event loop only */
        BhCaller caller;         /* settled before work */
        BhFailure failure;

        /* For methods that everyone may use on their own account: with BH_WHO_USERS, this account needs no more than to be the caller's. 0: none. */
        uint64_t self_id;

        /* Set by the handler where it depends on the arguments which polkit action a method with BH_WHO_ADMIN takes; NULL: that of the method. Static. */
        const char *action;

        /* Options that all methods understand, and those that only the bridge is believed (see bh_call_read_options()). */
        char *token;
        bool no_interaction;
        char *client_address, *client_agent;

        /* For call.c alone. */
        struct BhPeer *peer;
        struct BhPolkitCheck *polkit;
        uid_t uid; /* of the peer, if is_counted */
        bool is_counted, is_waiting, is_prepared;
        BhCall *previous, *next;
};

/* A call for that message. Never fails. Event loop. */
BhCall *bh_call_new(BhService *service, sd_bus_message *message, const BhMethod *method);

/* For _cleanup_: frees a call that was not started. */
void bh_call_freep(BhCall **call);

/* Takes the call out of *call, for bh_call_start(). */
static inline BhCall *bh_call_steal(BhCall **call) {
        BhCall *taken = *call;

        *call = NULL;
        return taken;
}

/* Reads the options at the message's position: those of the method, and those that all methods understand. Returns 0 or a negative errno. */
int bh_call_read_options(BhCall *call, const BhOption *options, size_t n_options, sd_bus_error *error);

/* The end of most handlers: reads the options, which are the last argument, and starts the call, which it takes out of *call. Returns what the handler has
 * to return. */
int bh_call_read_options_and_start(BhCall **call, const BhOption *options, size_t n_options, sd_bus_error *error);

/* Takes over the call and sees to its reply, error or not. Returns what the handler has to return. */
int bh_call_start(BhCall *call);

/* Sets the sentence of the error, followed by what r means in general, and returns r. In work. */
__attribute__((format(printf, 3, 4))) int bh_call_fail(BhCall *call, int r, const char *format, ...);

/* All the calls of the service that are under way. */
BhCalls *bh_calls_new(BhService *service);
void bh_calls_free(BhCalls *calls);
bool bh_calls_are_idle(BhCalls *calls);

/* Goes on with the calls that waited for the end of recovery. Event loop. */
void bh_calls_resume(BhCalls *calls);
