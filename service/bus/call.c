/* SPDX-License-Identifier: MIT */

#include "bus/call.h"

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "bus/identity.h"
#include "bus/peer.h"
#include "bus/polkit.h"
#include "files.h"
#include "log.h"

/* Calls under way at once, of one Unix user and of all: what is more is refused, so that memory stays bounded and no user keeps the others out. */
#define CALLS_OF_UID_MAX 512u
#define CALLS_MAX 8192u

/* Questions to polkit at once, of one Unix user and of all: nobody may ever answer them, and the bus lets us wait for 128 replies. */
#define QUESTIONS_OF_UID_MAX 32u
#define QUESTIONS_MAX 100u

/* Audit rows for refusals: so many at once, and then one each second. Whoever is refused can ask again as fast as they like. */
#define REFUSALS_BURST 100.0
#define REFUSALS_PER_SECOND 1.0

#define TOKEN_MAX 4096

struct BhCalls {
        BhService *service;
        BhCall *first;
        unsigned n_calls;
        GHashTable *counts;    /* uid → calls of its peers under way */
        GHashTable *questions; /* uid → calls of its peers that wait for polkit */
        unsigned n_questions;
        double refusals_left;
        int64_t refusals_usec; /* when refusals_left was true; monotonic */
        unsigned refusals_dropped;
};

/* Starting and ending -------------------------------------------------------------------------------------------------------------------- */

BhCall *bh_call_new(BhService *service, sd_bus_message *message, const BhMethod *method) {
        BhCall *call = g_new0(BhCall, 1);

        call->service = service;
        call->method = method;
        call->data = g_malloc0(method->size);
        call->message = sd_bus_message_ref(message);
        return call;
}

static void call_free(BhCall *call) {
        if (call->method->clear)
                call->method->clear(call->data);
        g_free(call->data);
        bh_caller_clear(&call->caller);
        bh_failure_clear(&call->failure);
        g_free(call->token);
        g_free(call->client_address);
        g_free(call->client_agent);
        sd_bus_message_unref(call->message);
        g_free(call);
}

void bh_call_freep(BhCall **call) {
        if (*call)
                call_free(*call);
}

static void call_link(BhCall *call) {
        BhCalls *calls = call->service->calls;

        call->next = calls->first;
        if (calls->first)
                calls->first->previous = call;
        calls->first = call;
        calls->n_calls++;
}

/* Adds to the number that belongs to a Unix user, and returns what it is then. */
static unsigned count(GHashTable *counts, uid_t uid, int change) {
        unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, GUINT_TO_POINTER(uid))) + (unsigned)change;

        if (n > 0)
                g_hash_table_insert(counts, GUINT_TO_POINTER(uid), GUINT_TO_POINTER(n));
        else
                g_hash_table_remove(counts, GUINT_TO_POINTER(uid));
        return n;
}

/* The end of every call that was started. */
static void call_end(BhCall *call) {
        BhService *service = call->service;
        BhCalls *calls = service->calls;

        if (call->previous)
                call->previous->next = call->next;
        else
                calls->first = call->next;
        if (call->next)
                call->next->previous = call->previous;
        calls->n_calls--;
        if (call->is_counted)
                count(calls->counts, call->uid, -1);
        call_free(call);
        bh_service_check_idle(service);
}

int bh_call_fail(BhCall *call, int r, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return bh_failure_set(&call->failure, r, NULL, "%s: %s", text, bh_error_sentence(r, NULL));
}

int bh_call_read_options(BhCall *call, const BhOption *options, size_t n_options, sd_bus_error *error) {
        const BhOption common[] = {
                {"auth.token", 's', &call->token, NULL, TOKEN_MAX},
                {"auth.no_interaction", 'b', &call->no_interaction, NULL, 0},
        };

        return bh_options_read(call->message, "option", options, n_options, common, G_N_ELEMENTS(common), error);
}

/* Replies -------------------------------------------------------------------------------------------------------------------------------- */

static void send_error(BhCall *call, int result) {
        __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        bh_error_set_failure(&error, result, &call->failure);
        r = sd_bus_reply_method_error(call->message, &error);
        if (r < 0)
                bh_log_warning_errno(r, "%s: cannot send the error", call->method->name);
}

static int send_reply(BhCall *call) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r < 0)
                return r;
        if (call->method->reply) {
                r = call->method->reply(call, call->data, reply);
                if (r < 0)
                        return r;
        }
        return sd_bus_send(NULL, reply, NULL);
}

/* Ends the call with what came of it. */
static void call_finish(BhCall *call, int result) {
        if (call->is_prepared && call->method->end)
                call->method->end(call, call->data);
        if (result >= 0) {
                if (call->method->done)
                        call->method->done(call, call->data);
                result = send_reply(call);
                if (result < 0 && !call->failure.message)
                        bh_log_error_errno(result, "%s: cannot reply", call->method->name);
        }
        if (result < 0)
                send_error(call, result);
        call_end(call);
}

static bool refusal_is_audited(BhCalls *calls) {
        int64_t now = g_get_monotonic_time();
        double seconds = (double)(now - calls->refusals_usec) / (double)BH_USEC_PER_SEC;

        calls->refusals_left = MIN(REFUSALS_BURST, calls->refusals_left + seconds * REFUSALS_PER_SECOND);
        calls->refusals_usec = now;
        if (calls->refusals_left < 1) {
                calls->refusals_dropped++;
                return false;
        }
        calls->refusals_left -= 1;
        if (calls->refusals_dropped > 0) {
                bh_log_warning("%u more calls were refused without a row in the audit trail", calls->refusals_dropped);
                calls->refusals_dropped = 0;
        }
        return true;
}

/* Ends a call that the caller may not make. */
static void call_refuse(BhCall *call, int result) {
        const char *message = call->failure.message ?: bh_error_sentence(result, call->failure.name);

        if (refusal_is_audited(call->service->calls))
                bh_audit_post(call->service->database, &call->caller,
                              &(BhAudit){BH_AUDIT_SECURITY, call->method->name, NULL, result, message, 0});
        call_finish(call, result);
}

/* Work ----------------------------------------------------------------------------------------------------------------------------------- */

static int run_work(void *userdata) {
        BhCall *call = userdata;

        return call->method->work(call, call->data);
}

static void work_done(void *userdata, int result) {
        call_finish(userdata, result);
}

static int prepare(BhCall *call) {
        const BhService *service = call->service;

        if (call->method->needs_storage && !service->files)
                return bh_failure_set(&call->failure, -ENODEV, NULL, "%s", service->storage_problem);
        call->is_prepared = true;
        return call->method->prepare ? call->method->prepare(call, call->data) : 0;
}

static void call_hand_in(BhCall *call) {
        int r = bh_workers_run(call->service->workers, call->method->pool, run_work, work_done, call);

        if (r < 0)
                call_finish(call,
                            bh_failure_set(&call->failure, r, NULL, "Too much to do at the moment (retry after 1 s)"));
}

static void call_run(BhCall *call) {
        int r;

        r = prepare(call);
        if (r == -EAGAIN) {
                call_refuse(call, r);
                return;
        }
        if (r < 0 || !call->method->work) {
                call_finish(call, r);
                return;
        }
        if (call->method->waits_for_recovery && call->service->files && bh_files_is_recovering(call->service->files))
                call->is_waiting = true;
        else
                call_hand_in(call);
}

/* Who asks ------------------------------------------------------------------------------------------------------------------------------- */

/* Counts the call's question to polkit, or the end of it. Returns false when there are too many, with nothing counted. */
static bool count_question(BhCall *call, int change) {
        BhCalls *calls = call->service->calls;

        if (count(calls->questions, call->uid, change) > QUESTIONS_OF_UID_MAX ||
            calls->n_questions + (unsigned)change > QUESTIONS_MAX) {
                count(calls->questions, call->uid, -change);
                return false;
        }
        calls->n_questions += (unsigned)change;
        return true;
}

static void polkit_done(BhPolkitAnswer answer, void *userdata) {
        BhCall *call = userdata;
        const char *who = call->caller.username;
        int r;

        call->polkit = NULL;
        count_question(call, -1);
        switch (answer) {
        case BH_POLKIT_ALLOWED:
                call->caller.role = BH_ROLE_ADMIN;
                call_run(call);
                return;
        case BH_POLKIT_DENIED:
                r = bh_failure_set(&call->failure, -EACCES, NULL, "The Unix user %s is not permitted to do this", who);
                break;
        case BH_POLKIT_CHALLENGE:
                r = bh_failure_set(&call->failure, -EACCES, NULL,
                                   "The Unix user %s would have to authenticate as an administrator to do this", who);
                break;
        default:
                r = bh_failure_set(&call->failure, -ENODEV, NULL,
                                   "polkit is not running, so nobody can say whether the Unix user %s may do this",
                                   who);
        }
        call_refuse(call, r);
}

static void ask_polkit(BhCall *call) {
        bool interactive;
        int r;

        if (!count_question(call, 1)) {
                call_finish(call, bh_failure_set(&call->failure, -EAGAIN, NULL,
                                                 "Too many calls wait for polkit (retry after 1 s)"));
                return;
        }
        interactive = !call->no_interaction && sd_bus_message_get_allow_interactive_authorization(call->message) > 0;
        r = bh_polkit_check(call->service->bus, call->peer->name, bh_identity_polkit_action(call), interactive,
                            polkit_done, call, &call->polkit);
        if (r < 0) {
                count_question(call, -1);
                call_finish(call, r);
        }
}

static void peer_ready(BhPeer *peer, void *userdata) {
        BhCall *call = userdata;
        int result = 0;

        if (!peer) { /* nobody is there to reply to */
                call_end(call);
                return;
        }
        call->peer = peer;
        call->uid = peer->uid;
        call->is_counted = true;
        if (count(call->service->calls->counts, peer->uid, 1) > CALLS_OF_UID_MAX) {
                call_finish(call,
                            bh_failure_set(&call->failure, -EAGAIN, NULL, "Too many calls at once (retry after 1 s)"));
                return;
        }
        switch (bh_identity_settle(call, peer, &result)) {
        case BH_STANDING_REFUSED:
                call_refuse(call, result);
                break;
        case BH_STANDING_SETTLED:
                if (call->token)
                        bh_service_note_use(call->service);
                call_run(call);
                break;
        case BH_STANDING_POLKIT:
                ask_polkit(call);
                break;
        }
}

int bh_call_start(BhCall *call) {
        BhService *service = call->service;
        const char *sender = sd_bus_message_get_sender(call->message);
        int r;

        call_link(call);
        if (service->is_stopping)
                r = bh_failure_set(&call->failure, -ENODEV, NULL, "The service is stopping");
        else if (service->calls->n_calls > CALLS_MAX)
                r = bh_failure_set(&call->failure, -EAGAIN, NULL, "Too many calls at once (retry after 1 s)");
        else if (!sender)
                r = -EACCES;
        else
                r = bh_peers_get(service->peers, sender, peer_ready, call);
        if (r < 0)
                call_finish(call, r);
        return 1;
}

int bh_call_read_options_and_start(BhCall **call, const BhOption *options, size_t n_options, sd_bus_error *error) {
        int r = bh_call_read_options(*call, options, n_options, error);

        return r < 0 ? r : bh_call_start(bh_call_steal(call));
}

/* All of them ---------------------------------------------------------------------------------------------------------------------------- */

/* Nobody is left to give a password, or to take the reply. Work that has begun is brought to its end. */
static void peer_left(const char *name, void *userdata) {
        BhCalls *calls = userdata;
        BhCall *next;

        for (BhCall *call = calls->first; call; call = next) {
                next = call->next;
                if (!call->peer || !g_str_equal(call->peer->name, name))
                        continue;
                call->peer = NULL;
                if (call->polkit) {
                        bh_polkit_cancel(g_steal_pointer(&call->polkit));
                        count_question(call, -1);
                        call_end(call);
                }
        }
}

BhCalls *bh_calls_new(BhService *service) {
        BhCalls *calls = g_new0(BhCalls, 1);

        calls->service = service;
        calls->counts = g_hash_table_new(NULL, NULL);
        calls->questions = g_hash_table_new(NULL, NULL);
        calls->refusals_left = REFUSALS_BURST;
        calls->refusals_usec = g_get_monotonic_time();
        bh_peers_add_hook(service->peers, peer_left, calls);
        return calls;
}

void bh_calls_resume(BhCalls *calls) {
        BhCall *next;

        for (BhCall *call = calls->first; call; call = next) {
                next = call->next;
                if (!call->is_waiting)
                        continue;
                call->is_waiting = false;
                call_hand_in(call);
        }
}

bool bh_calls_are_idle(BhCalls *calls) {
        return calls->n_calls == 0;
}

void bh_calls_free(BhCalls *calls) {
        BhCall *next;

        if (!calls)
                return;
        for (BhCall *call = calls->first; call; call = next) {
                next = call->next;
                bh_polkit_cancel(call->polkit);
                call_free(call);
        }
        g_hash_table_unref(calls->counts);
        g_hash_table_unref(calls->questions);
        g_free(calls);
}
