/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "audit-chain.h"
#include "audit-query.h"
#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/dictionary.h"
#include "bus/polkit.h"
#include "errors.h"

/* org.baluhost.NAS1.Audit */

#define INTERFACE "org.baluhost.NAS1.Audit"

#define PAGE_DEFAULT 100

/* Longest text that is taken for a filter. */
#define TEXT_MAX 1024

/* What Query and Statistics have in common. */
typedef struct Filters {
        char *event_type, *action, *user, *text;
        bool success, by_success, has_to;
        int64_t from_usec, to_usec;
} Filters;

static void filters_clear(Filters *filters) {
        g_free(filters->event_type);
        g_free(filters->action);
        g_free(filters->user);
        g_free(filters->text);
}

/* "" is as if it were not given. Borrows from filters. */
static BhAuditFilter filter_of(const Filters *filters, const BhCaller *caller) {
#define UNLESS_EMPTY(text) ((text) && (text)[0] ? (text) : NULL)
        return (BhAuditFilter){
                .event_type = UNLESS_EMPTY(filters->event_type),
                .action = UNLESS_EMPTY(filters->action),
                .username = UNLESS_EMPTY(filters->user),
                .text = UNLESS_EMPTY(filters->text),
                .user_id = bh_caller_is_admin(caller) ? 0 : caller->user_id,
                .by_success = filters->by_success,
                .success = filters->success,
                .from_usec = filters->from_usec,
                .to_usec = filters->has_to ? filters->to_usec : INT64_MAX,
        };
#undef UNLESS_EMPTY
}

/* Without an account and not an administrator nobody has records of their own; the filter would let through all. */
static int check_caller(BhCall *call) {
        return bh_caller_is_admin(&call->caller) || call->caller.user_id != 0 ? 0 : -EACCES;
}

/* Query(a{sv} options) → aa{sv} records, s next_cursor, t total --------------------------------------------------------------------------- */

typedef struct Query {
        Filters filters;
        char *cursor;
        uint32_t limit;
        uint64_t offset, before, total;
        bool count, more;
        GPtrArray *records;
} Query;

static void query_clear(void *data) {
        Query *query = data;

        filters_clear(&query->filters);
        g_free(query->cursor);
        g_clear_pointer(&query->records, g_ptr_array_unref);
}

static int query_prepare(BhCall *call, void *data) {
        Query *query = data;
        guint64 before;

        if (query->limit == 0 || query->limit > BH_AUDIT_PAGE_MAX)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“limit” must be from 1 to %d", BH_AUDIT_PAGE_MAX);
        if (query->cursor && query->cursor[0]) {
                if (!g_ascii_string_to_unsigned(query->cursor, 10, 1, G_MAXINT64, &before, NULL))
                        return bh_failure_set(&call->failure, -EINVAL, NULL, "“cursor” is none that Query gave");
                query->before = before;
        }
        return check_caller(call);
}

static int query_work(BhCall *call, void *data) {
        Query *query = data;
        const BhAuditFilter filter = filter_of(&query->filters, &call->caller);
        int r;

        query->records = g_ptr_array_new_with_free_func(bh_audit_record_free);
        r = bh_audit_query(call->service->database, &filter, query->before, query->offset, query->limit, query->records,
                           &query->more);
        if (r >= 0 && query->count)
                r = bh_audit_count(call->service->database, &filter, &query->total);
        return r < 0 ? bh_call_fail(call, r, "Cannot read the audit trail") : 0;
}

static int append_record(sd_bus_message *reply, const BhAuditRecord *record) {
        const char *error_name = record->result == 0 ? "" : bh_error_full_name(record->result, NULL);

        return sd_bus_message_append(reply, "a{sv}", 16, "id", "t", record->id, "time_usec", "x", record->time_usec,
                                     "event_type", "s", record->event_type, "action", "s", record->action, "target",
                                     "s", record->target, "success", "b", (int)(record->result == 0), "error_name", "s",
                                     error_name, "message", "s", record->message, "size", "t", record->size, "user_id",
                                     "t", record->user_id, "username", "s", record->username, "uid", "u", record->uid,
                                     "pid", "u", record->pid, "unit", "s", record->unit, "client_address", "s",
                                     record->client_address, "client_agent", "s", record->client_agent);
}

static int query_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Query *query = data;
        const GPtrArray *records = query->records;
        g_autofree char *cursor = NULL;
        int r;

        if (query->more)
                cursor = g_strdup_printf("%" PRIu64, ((BhAuditRecord *)records->pdata[records->len - 1])->id);
        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (unsigned i = 0; r >= 0 && i < records->len; i++)
                r = append_record(reply, records->pdata[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_append(reply, "st", cursor ?: "", query->total);
}

static const BhMethod query_method = {
        .name = "Audit.Query",
        .who = BH_WHO_FILES,
        .action = BH_POLKIT_AUDIT_READ,
        .size = sizeof(Query),
        .clear = query_clear,
        .prepare = query_prepare,
        .work = query_work,
        .reply = query_reply,
};

static int method_query(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &query_method);
        Query *query = call->data;
        const BhOption options[] = {
                {"event_type", 's', &query->filters.event_type, NULL, TEXT_MAX},
                {"action", 's', &query->filters.action, NULL, TEXT_MAX},
                {"user", 's', &query->filters.user, NULL, TEXT_MAX},
                {"text", 's', &query->filters.text, NULL, TEXT_MAX},
                {"success", 'b', &query->filters.success, &query->filters.by_success, 0},
                {"from_usec", 'x', &query->filters.from_usec, NULL, 0},
                {"to_usec", 'x', &query->filters.to_usec, &query->filters.has_to, 0},
                {"cursor", 's', &query->cursor, NULL, 32},
                {"limit", 'u', &query->limit, NULL, 0},
                {"offset", 't', &query->offset, NULL, 0},
                {"count", 'b', &query->count, NULL, 0},
        };

        query->limit = PAGE_DEFAULT;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Verify(a{sv} options) → b intact, t checked, t first_bad_id, s problem ------------------------------------------------------------------ */

static int verify_work(BhCall *call, void *data) {
        int r = bh_audit_chain_verify(call->service->database, &call->service->audit_key, data);

        return r < 0 ? bh_call_fail(call, r, "Cannot check the audit trail") : 0;
}

static int verify_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhAuditCheck *check = data;

        return sd_bus_message_append(reply, "btts", (int)(check->first_bad_id == 0), check->checked,
                                     check->first_bad_id, check->problem);
}

static const BhMethod verify_method = {
        .name = "Audit.Verify",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_AUDIT_READ,
        .pool = BH_POOL_JOBS,
        .size = sizeof(BhAuditCheck),
        .work = verify_work,
        .reply = verify_reply,
};

static int method_verify(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &verify_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Statistics(x from_usec, x to_usec, u buckets, a{sv} options) → a{sv} statistics ---------------------------------------------------------- */

typedef struct Statistics {
        Filters filters;
        uint32_t buckets;
        BhAuditStatistics statistics;
} Statistics;

static void statistics_clear(void *data) {
        Statistics *asked = data;

        filters_clear(&asked->filters);
        bh_audit_statistics_clear(&asked->statistics);
}

static int statistics_prepare(BhCall *call, void *data) {
        const Statistics *asked = data;

        if (asked->filters.from_usec < 0)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“from_usec” must not be negative");
        if (asked->filters.to_usec <= asked->filters.from_usec)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“to_usec” must be after “from_usec”");
        if (asked->buckets == 0 || asked->buckets > BH_AUDIT_BUCKETS_MAX)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“buckets” must be from 1 to %d",
                                      BH_AUDIT_BUCKETS_MAX);
        return check_caller(call);
}

static int statistics_work(BhCall *call, void *data) {
        Statistics *asked = data;
        const BhAuditFilter filter = filter_of(&asked->filters, &call->caller);
        int r;

        r = bh_audit_statistics(call->service->database, &filter, asked->buckets, &asked->statistics);
        return r < 0 ? bh_call_fail(call, r, "Cannot read the audit trail") : 0;
}

static int append_groups(sd_bus_message *reply, const char *key, const GArray *groups) {
        int r;

        r = bh_dictionary_open_list(reply, key, "a{st}");
        for (unsigned i = 0; r >= 0 && i < groups->len; i++) {
                const BhAuditGroup *group = &g_array_index(groups, BhAuditGroup, i);

                r = sd_bus_message_append(reply, "{st}", group->name, group->count);
        }
        return r < 0 ? r : bh_dictionary_close_list(reply);
}

/* Several errnos may mean one error. */
static GArray *name_errors(const GArray *groups) {
        GArray *named = g_array_new(FALSE, FALSE, sizeof(BhAuditGroup));

        for (unsigned i = 0; i < groups->len; i++) {
                const BhAuditGroup *group = &g_array_index(groups, BhAuditGroup, i);
                const char *name = bh_error_full_name(group->result, NULL);
                unsigned at = 0;

                while (at < named->len && !g_str_equal(g_array_index(named, BhAuditGroup, at).name, name))
                        at++;
                if (at < named->len)
                        g_array_index(named, BhAuditGroup, at).count += group->count;
                else
                        g_array_append_val(named, ((BhAuditGroup){(char *)name, group->result, group->count}));
        }
        return named;
}

static int append_timeline(sd_bus_message *reply, const BhAuditStatistics *statistics) {
        int r;

        r = bh_dictionary_open_list(reply, "timeline", "a(xtt)");
        for (uint32_t i = 0; r >= 0 && i < statistics->n_buckets; i++)
                r = sd_bus_message_append(reply, "(xtt)", statistics->buckets[i].start_usec,
                                          statistics->buckets[i].succeeded, statistics->buckets[i].failed);
        return r < 0 ? r : bh_dictionary_close_list(reply);
}

static int statistics_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhAuditStatistics *statistics = &((Statistics *)data)->statistics;
        g_autoptr(GArray) errors = name_errors(statistics->by_error);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "total", "t",
                                          statistics->succeeded + statistics->failed, "succeeded", "t",
                                          statistics->succeeded, "failed", "t", statistics->failed, "bytes", "t",
                                          statistics->bytes);
        if (r >= 0)
                r = append_groups(reply, "by_user", statistics->by_user);
        if (r >= 0)
                r = append_groups(reply, "by_action", statistics->by_action);
        if (r >= 0)
                r = append_groups(reply, "by_event_type", statistics->by_event_type);
        if (r >= 0)
                r = append_groups(reply, "by_error", errors);
        if (r >= 0)
                r = append_timeline(reply, statistics);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod statistics_method = {
        .name = "Audit.Statistics",
        .who = BH_WHO_FILES,
        .action = BH_POLKIT_AUDIT_READ,
        .size = sizeof(Statistics),
        .clear = statistics_clear,
        .prepare = statistics_prepare,
        .work = statistics_work,
        .reply = statistics_reply,
};

static int method_statistics(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &statistics_method);
        Statistics *asked = call->data;
        const BhOption options[] = {{"event_type", 's', &asked->filters.event_type, NULL, TEXT_MAX}};
        int r;

        asked->filters.has_to = true;
        r = sd_bus_message_read(m, "xxu", &asked->filters.from_usec, &asked->filters.to_usec, &asked->buckets);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Interface ------------------------------------------------------------------------------------------------------------------------------ */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Query", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", records, "s", next_cursor, "t", total), method_query,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Verify", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("b", intact, "t", checked, "t", first_bad_id, "s", problem),
                                method_verify, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Statistics", SD_BUS_ARGS("x", from_usec, "x", to_usec, "u", buckets, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", statistics), method_statistics, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int bh_bus_audit_add(BhService *service) {
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}
